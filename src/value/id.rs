//! Identities: small numbers that stand for the contract's systems, groups, lists, domains, types and shapes.
//!
//! Each indexes the table of the same name in the compiled contract; names are only for people.

macro_rules! identity {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// Returns the position in the contract's table.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl From<usize> for $name {
            fn from(index: usize) -> Self {
                Self(u32::try_from(index).expect("a contract has far fewer than 2^32 entries"))
            }
        }
    };
}

identity!(
    /// A system: a named connection to an ERP, PIM or shop.
    SystemId
);
identity!(
    /// A field group: the fields of one type that one system answers in one query.
    GroupId
);
identity!(
    /// A named list query of an owner.
    ListId
);
identity!(
    /// A freshness domain.
    DomainId
);
identity!(
    /// A type of the graph.
    TypeId
);
identity!(
    /// A commercial rule, as the contract calls it for one type.
    RuleId
);
identity!(
    /// The layout of a record or of a part inside one.
    ShapeId
);
identity!(
    /// An audience: those who are answered by the same schema.
    AudienceId
);
