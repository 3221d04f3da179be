//! The compiled contract: what the program runs on. Everything is resolved to a number; nothing is looked up by name.
//!
//! Made only by the loader, after every lint has passed. Plain data: fields are public and never changed afterwards.

use std::{collections::BTreeMap, time::Duration};

use super::{
    Access, Documents, Guards, Limits, ListSize, Weight,
    binding::{
        Crossref, FileGroup, FileList, GraphQlGroup, GraphQlList, GraphQlMeaning, GraphQlPaging, InsideGroup,
        InsideList, KeyMapping, OdataDialect, OdataGroup, OdataList, RestGroup, RestList, SqlGroup, SqlList,
    },
    changes::Changes,
    dialect::Dialect,
    drop::FileSystem,
    hierarchy::Hierarchy,
    http::HttpSystem,
    visibility::Visibility,
};
use crate::rules::{self, Rule};
use crate::value::{
    Adaptations, AudienceId, DomainId, GroupId, Input, Key, Leaf, ListId, Pointer, RuleId, Scalar, Shape, ShapeId,
    SystemId, TypeId,
};

/// A contract: which types exist, which system owns each field, how fresh it must be, how each owner is reached.
#[derive(Debug)]
pub struct Contract {
    /// A hash of what the contract means; formatting and the order of files do not change it.
    pub version: String,
    /// The types, built-in scalars included.
    pub types: Vec<Type>,
    /// The query root.
    pub query: TypeId,
    /// The systems.
    pub systems: Vec<System>,
    /// The freshness domains.
    pub domains: Vec<Domain>,
    /// The field groups; behind them the groups that answer cross-references and those that answer copies, of which no field
    /// is served.
    pub groups: Vec<Group>,
    /// The named lists.
    pub lists: Vec<List>,
    /// The commercial rules, each for one type.
    pub rule_uses: Vec<RuleUse>,
    /// What is configured of the rules.
    pub rules: rules::Settings,
    /// The layouts of groups, parts and rules' answers.
    pub shapes: Vec<Shape>,
    /// Whether the contract marks data that is not everyone's (`@scope`, `@visible`).
    pub marks_protected_data: bool,
    /// How the accounts below an account are found, where it says so.
    pub hierarchy: Option<Hierarchy>,
    /// The names of the audiences.
    pub audiences: Vec<String>,
    /// Who is let in, and as whom; none: nobody is told apart. It means nothing to an answer.
    pub access: Option<Access>,
    /// The documents that callers have registered. They mean nothing to an answer.
    pub documents: Documents,
    /// How much requests of each audience may take. It means nothing to an answer.
    pub limits: Limits,
    /// Type numbers by name.
    pub type_names: BTreeMap<String, TypeId>,
    /// How it is heard of changes, for each system. They mean nothing to an answer.
    pub changes: Vec<Changes>,
    /// Keys that a check of the live systems may ask for, by entity type. They mean nothing to an answer.
    pub samples: BTreeMap<TypeId, Vec<Key>>,
}

/// A type of the graph.
#[derive(Debug)]
pub struct Type {
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// What it is.
    pub kind: TypeKind,
    /// `@cost`: what a value of it costs, where it says so.
    pub weight: Option<Weight>,
}

/// What a type is.
#[derive(Debug)]
pub enum TypeKind {
    /// A built-in or custom scalar.
    Scalar {
        /// How its leaves are checked.
        scalar: Scalar,
        /// `@specifiedBy(url:)`
        specified_by: Option<String>,
    },
    /// An enum.
    Enum {
        /// The leaf its slots have.
        leaf: Leaf,
        /// The values, in order.
        values: Vec<EnumValue>,
    },
    /// An input object.
    Input {
        /// The fields.
        fields: Vec<Argument>,
        /// `@oneOf`: exactly one field is given.
        one_of: bool,
    },
    /// An object.
    Object(Object),
    /// An interface.
    Interface {
        /// The fields.
        fields: Vec<Field>,
        /// The interfaces it implements.
        implements: Vec<TypeId>,
        /// The object types that implement it, in order of name.
        possible: Vec<TypeId>,
    },
    /// A union.
    Union {
        /// The member types, in order of declaration.
        possible: Vec<TypeId>,
    },
}

/// One value of an enum.
#[derive(Debug)]
pub struct EnumValue {
    /// The word.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// Why not to use it any more.
    pub deprecation: Option<String>,
}

/// An object type.
#[derive(Debug)]
pub struct Object {
    /// What part it plays.
    pub role: Role,
    /// The fields, in order.
    pub fields: Vec<Field>,
    /// The interfaces it implements.
    pub implements: Vec<TypeId>,
}

/// What part an object type plays.
#[derive(Debug)]
pub enum Role {
    /// The query root.
    Root,
    /// A thing with an identity.
    Entity(Entity),
    /// A thing that lives in the record of the entity that holds it.
    Part {
        /// Its layout, the same wherever it is held.
        shape: ShapeId,
    },
    /// A Relay connection onto a list, its edge type, or `PageInfo`.
    Paging,
}

/// What makes an object type an entity.
#[derive(Debug)]
pub struct Entity {
    /// The positions of the key fields in the object's fields, in the order of `@key`.
    pub key: Vec<usize>,
    /// The group that decides whether the entity exists.
    pub identity: GroupId,
    /// `@scope`: whose rows these are.
    pub scope: Option<Scope>,
    /// `@handover(from:)`: the group of the system that owns it before.
    pub handover: Option<GroupId>,
}

/// Whose rows an entity type has, and who may see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The position of the field that names the account: one of the key's, or the identity group's.
    pub account: usize,
    /// The permission it takes to see the rows of one's accounts; none: no more than to have the account.
    pub permission: Option<String>,
    /// The permission it takes to see the rows of the accounts below as well; none: nobody's does.
    pub children: Option<String>,
    /// What is still seen without `permission`.
    pub own: Option<Own>,
}

/// The rows that are a login's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// The position of the field that names the login: one of the key's, or the identity group's.
    pub login: usize,
    /// The permission it takes to see them.
    pub permission: String,
}

/// A field of an object or interface.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// Why not to use it any more.
    pub deprecation: Option<String>,
    /// Its arguments.
    pub arguments: Vec<Argument>,
    /// Its type.
    pub ty: TypeRef,
    /// Where its value comes from. On an interface, where it never decides, `Answer::Abstract`.
    pub answer: Answer,
    /// The system that owns it; `None` for paging and for root fields that only lead to an entity.
    pub owner: Option<SystemId>,
    /// Its freshness domain.
    pub domain: Option<DomainId>,
    /// `@internal`: input for rules, in nobody's schema.
    pub internal: bool,
    /// `@visible(to:)`, its own and that of what it stands in and leads to: who has it.
    pub visible_to: Visibility,
    /// `@needs(permission:)`: whoever lacks it finds null.
    pub needs: Option<String>,
    /// `@copy`: where other systems hold a copy.
    pub copies: Vec<HeldCopy>,
    /// `@cost`: what it costs beside its values.
    pub weight: Option<Weight>,
    /// `@listSize`: how many values it is taken to have.
    pub list_size: Option<ListSize>,
}

/// Where a system holds a copy of a field that another owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldCopy {
    /// The system.
    pub system: SystemId,
    /// The name of the binding that reads it, where it has one.
    pub name: Option<String>,
    /// The group that answers it, and nothing but copies.
    pub group: GroupId,
    /// The slot in the group's shape.
    pub slot: usize,
}

/// An argument, or a field of an input object.
#[derive(Debug)]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// Why not to use it any more.
    pub deprecation: Option<String>,
    /// Its type.
    pub ty: TypeRef,
    /// Its default, as declared.
    pub default: Option<Input>,
    /// `@visible(to:)`: who has it.
    pub visible_to: Visibility,
    /// `@cost`: what it costs to give it.
    pub weight: Option<Weight>,
}

/// A type in use: named or a list, nullable or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeRef {
    /// What it is.
    pub of: TypeRefKind,
    /// Whether null is refused.
    pub non_null: bool,
}

/// A named type or a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeRefKind {
    /// A named type.
    Named(TypeId),
    /// A list.
    List(Box<TypeRef>),
}

impl TypeRef {
    /// Returns the named type inside all lists.
    pub fn named(&self) -> TypeId {
        match &self.of {
            TypeRefKind::Named(ty) => *ty,
            TypeRefKind::List(item) => item.named(),
        }
    }

    /// Whether it is a list.
    pub fn is_list(&self) -> bool {
        matches!(self.of, TypeRefKind::List(_))
    }
}

/// Where a field's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The entity's key: the position among the key's fields.
    Key(usize),
    /// A slot of one of the entity's field groups.
    Slot {
        /// The group.
        group: GroupId,
        /// The slot in the group's shape.
        slot: usize,
    },
    /// A slot of the part the field belongs to.
    Part {
        /// The slot in the part's shape.
        slot: usize,
    },
    /// Another entity, or several, by key: `@ref`.
    Reference(Reference),
    /// Entities from a list query: `@list`.
    List(ListUse),
    /// A slot of what a commercial rule comes to: `@rule`.
    Rule {
        /// The rule, as the contract calls it for the type.
        rule: RuleId,
        /// The slot in the shape of its answer.
        slot: usize,
    },
    /// Where the values of the fields beside it came from: `_provenance`.
    Provenance,
    /// A field of a connection, an edge or `PageInfo`.
    Paging(PagingField),
    /// An interface's field: the concrete type decides.
    Abstract,
}

/// How a reference finds its entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Where each key field's text comes from, in the order of the target's `@key`. At most one is a list; the field is
    /// then a list of entities, in the list's order.
    pub key: Vec<Feed>,
    /// Where the concrete type's name comes from, where the field's type is an interface or a union.
    pub type_name: Option<Feed>,
}

/// Where one text of a key or one argument of a list comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Feed {
    /// A sibling field: its position in the object's fields (a key, slot or part leaf).
    Field(usize),
    /// A GraphQL argument, or a field inside an input object: `$filter.status` is `["filter", "status"]`.
    Argument(Vec<String>),
    /// A constant text.
    Constant(String),
}

/// A commercial rule, as the contract calls it for one type.
#[derive(Debug)]
pub struct RuleUse {
    /// The rule.
    pub rule: &'static Rule,
    /// The type whose fields it answers.
    pub ty: TypeId,
    /// The layout of its answer: a slot for each field that names it.
    pub shape: ShapeId,
    /// What it reads of an object of the type.
    pub inputs: Vec<RuleInput>,
    /// What it reads of the object that holds a part.
    pub holder: Vec<RuleInput>,
}

/// Something that a rule reads, as a query selects it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleInput {
    /// A field.
    Field {
        /// What its facts call it.
        key: String,
        /// The field.
        name: String,
        /// Its arguments. Variables are arguments of the field that calls the rule.
        arguments: Vec<(String, Input)>,
        /// Whether the contract may do without it.
        is_optional: bool,
        /// What is read of the field's type.
        inputs: Vec<RuleInput>,
    },
    /// What is read of one concrete type, or of what implements an interface.
    On {
        /// The type.
        ty: String,
        /// What is read of it.
        inputs: Vec<RuleInput>,
    },
}

/// How a field uses a list query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListUse {
    /// The list.
    pub list: ListId,
    /// For each of the list's parameters: where it comes from, or null.
    pub arguments: Vec<Option<Feed>>,
    /// Whether the field is a Relay connection (`first`, `after`, `last`, `before`) or a plain list (`first`, where it
    /// has that argument).
    pub connection: bool,
}

/// What a field of a connection, an edge or `PageInfo` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PagingField {
    /// `edges`
    Edges,
    /// `nodes`
    Nodes,
    /// `pageInfo`
    PageInfo,
    /// `totalCount`
    TotalCount,
    /// `node` of an edge
    Node,
    /// `cursor` of an edge
    Cursor,
    /// `hasNextPage`
    HasNextPage,
    /// `hasPreviousPage`
    HasPreviousPage,
    /// `startCursor`
    StartCursor,
    /// `endCursor`
    EndCursor,
}

/// A system: a named connection to an ERP, PIM or shop.
#[derive(Debug, Clone)]
pub struct System {
    /// Its name.
    pub name: String,
    /// How it is reached.
    pub kind: SystemKind,
    /// How long one fetch may take.
    pub timeout: Duration,
    /// How far what it says may be behind: a read replica's lag. All of it counts as older by this.
    pub lag: Duration,
    /// How many fetches may run at once.
    pub connections_max: u32,
    /// How many keys one fetch takes; more are asked in chunks.
    pub keys_per_fetch: usize,
    /// How it is guarded, and others from it.
    pub guards: Guards,
}

/// The kinds of system, with what each needs to connect.
#[derive(Debug, Clone)]
pub enum SystemKind {
    /// PostgreSQL.
    Postgres {
        /// `postgres://…`
        url: Secret,
    },
    /// A SQLite file.
    Sqlite {
        /// A path, or `sqlite://path`.
        url: Secret,
    },
    /// MySQL or MariaDB.
    Mysql {
        /// `mysql://…`
        url: Secret,
    },
    /// Whatever has an ODBC driver.
    Odbc {
        /// The connection string.
        url: Secret,
        /// How its SQL is written.
        dialect: Box<Dialect>,
    },
    /// A folder into which others put files.
    File(FileSystem),
    /// A REST or RPC interface.
    Rest {
        /// How it is reached.
        http: HttpSystem,
    },
    /// An OData service.
    Odata {
        /// How it is reached.
        http: HttpSystem,
        /// How it is asked.
        dialect: OdataDialect,
    },
    /// A GraphQL endpoint.
    GraphQl {
        /// How it is reached.
        http: HttpSystem,
        /// What stands behind its address: a slash, where the address ends in one.
        path: &'static str,
        /// What its own error codes mean.
        meanings: BTreeMap<String, GraphQlMeaning>,
    },
    /// Freehold itself: the contract that is served, and how the systems are.
    Freehold,
    /// What Freehold itself remembers.
    Ledger,
}

impl SystemKind {
    /// Returns the word of the system file's `kind`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Postgres { .. } => "postgres",
            Self::Sqlite { .. } => "sqlite",
            Self::File(_) => "file",
            Self::Rest { .. } => "rest",
            Self::Odata { .. } => "odata",
            Self::GraphQl { .. } => "graphql",
            Self::Mysql { .. } => "mysql",
            Self::Odbc { .. } => "odbc",
            Self::Freehold => "freehold",
            Self::Ledger => "ledger",
        }
    }

    /// Whether it is Freehold itself: what it says is said by this process, and of it.
    pub fn is_inside(&self) -> bool {
        matches!(self, Self::Freehold | Self::Ledger)
    }

    /// Whether it is called over HTTP, so that one question may be many calls.
    pub fn is_http(&self) -> bool {
        matches!(self, Self::Rest { .. } | Self::Odata { .. } | Self::GraphQl { .. })
    }
}

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text from being printed.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Gives the text to whoever connects with it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// A freshness domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// Its name.
    pub name: String,
    /// Nothing older is ever served.
    pub max_age: Duration,
    /// Older than this: serve, and refresh behind the answer.
    pub refresh_after: Duration,
    /// Over how many percent of that the refreshing of what came at once is spread.
    pub jitter_percent: u32,
    /// What is served while the owner is down.
    pub on_outage: OnOutage,
    /// How long a known absence holds.
    pub absent: Duration,
}

/// What is served while an owner is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnOutage {
    /// Nothing past `max_age`.
    Refuse,
    /// What is at most so old, marked stale.
    ServeUpTo(Duration),
}

/// A field group: the fields of one entity type that one system answers in one query.
#[derive(Debug)]
pub struct Group {
    /// `erp Product`, or `erp Product.stock` where the group has a name of its own.
    pub name: String,
    /// The system that answers.
    pub system: SystemId,
    /// The entity type.
    pub entity: TypeId,
    /// The layout of its records.
    pub shape: ShapeId,
    /// Whether it answers copies, which are compared with what their owners say and never served.
    pub holds_copies: bool,
    /// The names of the key columns, in the order of the entity's key.
    pub key_columns: Vec<String>,
    /// How the graph's keys become the system's own, where the binding says so.
    pub key: Option<KeyMapping>,
    /// The tightest domain of its fields.
    pub domain: DomainId,
    /// Where each field stands in a row, where that is not the member of its name.
    pub fields: BTreeMap<String, Pointer>,
    /// The column that says since when a row holds, where the system is itself a copy of another.
    pub as_of: Option<String>,
    /// The column that says until when a row holds, where it may change at a moment that is known before.
    pub valid_until: Option<String>,
    /// How values are adapted.
    pub adaptations: Adaptations,
    /// How it is asked.
    pub binding: GroupBinding,
}

/// How a group is asked, by the kind of its system.
#[derive(Debug, Clone)]
pub enum GroupBinding {
    /// In SQL.
    Sql(SqlGroup),
    /// By reading files.
    File(FileGroup),
    /// By a call.
    Rest(Box<RestGroup>),
    /// Over OData.
    Odata(OdataGroup),
    /// In GraphQL.
    GraphQl(GraphQlGroup),
    /// By looking at what Freehold itself knows.
    Inside(InsideGroup),
}

impl GroupBinding {
    /// Returns the names of the slots that a question of their own fills.
    pub fn part_names(&self) -> Vec<&str> {
        match self {
            Self::Sql(group) => group.parts.iter().map(|(name, _)| name.as_str()).collect(),
            Self::File(group) => group.parts.iter().map(|(name, _)| name.as_str()).collect(),
            Self::Rest(_) => Vec::new(),
            Self::Odata(_) => Vec::new(),
            Self::GraphQl(_) => Vec::new(),
            Self::Inside(_) => Vec::new(),
        }
    }
}

/// How a list is asked, by the kind of its system.
#[derive(Debug, Clone)]
pub enum ListBinding {
    /// In SQL.
    Sql(SqlList),
    /// By reading files.
    File(FileList),
    /// By a call.
    Rest(Box<RestList>),
    /// Over OData.
    Odata(OdataList),
    /// In GraphQL.
    GraphQl(GraphQlList),
    /// By looking at what Freehold itself knows.
    Inside(InsideList),
}

/// A named list query of an owner.
#[derive(Debug)]
pub struct List {
    /// Its name.
    pub name: String,
    /// The system that answers.
    pub system: SystemId,
    /// The entity type it lists, or an interface or union (the query then gives `__typename`).
    pub of: TypeId,
    /// The names of the key columns its rows give, in the order of the entity's key.
    pub key_columns: Vec<String>,
    /// How the system's own keys, which its rows give, become the graph's, where the binding says so.
    pub key: Option<KeyMapping>,
    /// The names of its parameters, each once, in order of appearance.
    pub parameters: Vec<String>,
    /// For each parameter: how the graph's key that it gets becomes the system's own, where the binding says so.
    pub argument_keys: Vec<Option<KeyMapping>>,
    /// Where each column stands in a row, where that is not the member of its name.
    pub fields: BTreeMap<String, Pointer>,
    /// How it is asked.
    pub binding: ListBinding,
    /// The total order of its rows: columns of its answer. The last ones make it unique. None where the system has an
    /// order and cursors of its own.
    pub order: Vec<OrderColumn>,
    /// How many rows a page may have.
    pub page_rows_max: u32,
    /// How many rows a page has when the caller does not say.
    pub page_rows_default: u32,
    /// How far `totalCount` counts.
    pub count_max: u64,
    /// The freshness domain of the listing.
    pub domain: DomainId,
    /// How values are adapted.
    pub adaptations: Adaptations,
    /// How it is narrowed to what a caller may see, where it can be.
    pub narrowed: Option<Narrowed>,
}

/// How a list is narrowed to what a caller may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Narrowed {
    /// The parameter that takes the accounts whose rows are wanted; null: every account's.
    pub accounts: usize,
    /// Whether it takes several.
    pub takes_many: bool,
    /// The parameter that takes the login whose rows are wanted; null: every login's.
    pub login: Option<usize>,
}

impl List {
    /// Returns how many values a cursor of the list has: one for each column of its order, or the system's own cursor.
    pub fn n_cursor_values(&self) -> usize {
        match &self.binding {
            ListBinding::GraphQl(GraphQlList { paging: GraphQlPaging::Connection { .. }, .. }) => 1,
            _ => self.order.len(),
        }
    }
}

/// One column of a list's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderColumn {
    /// The column's alias in the query.
    pub column: String,
    /// Whether the greatest comes first.
    pub descending: bool,
}

impl Field {
    /// Whether an audience has it. None stands for the whole graph.
    pub fn is_shown_to(&self, audience: Option<AudienceId>) -> bool {
        !self.internal && self.visible_to.includes(audience)
    }
}

impl Contract {
    /// Returns a type.
    pub fn ty(&self, id: TypeId) -> &Type {
        &self.types[id.index()]
    }

    /// Returns the object type of this number, if it is one.
    pub fn object(&self, id: TypeId) -> Option<&Object> {
        match &self.ty(id).kind {
            TypeKind::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Returns a group.
    pub fn group(&self, id: GroupId) -> &Group {
        &self.groups[id.index()]
    }

    /// Returns a rule.
    pub fn rule(&self, id: RuleId) -> &RuleUse {
        &self.rule_uses[id.index()]
    }

    /// Returns the group that answers for a group's entities until their owner has them: `@handover`.
    pub fn handed_over_by(&self, group: GroupId) -> Option<GroupId> {
        match &self.object(self.group(group).entity)?.role {
            Role::Entity(entity) if entity.identity == group => entity.handover,
            _ => None,
        }
    }

    /// Returns a list.
    pub fn list(&self, id: ListId) -> &List {
        &self.lists[id.index()]
    }

    /// Returns a system.
    pub fn system(&self, id: SystemId) -> &System {
        &self.systems[id.index()]
    }

    /// Returns a domain.
    pub fn domain(&self, id: DomainId) -> &Domain {
        &self.domains[id.index()]
    }

    /// Returns the cross-references that keys are mapped by, each once.
    pub fn crossrefs(&self) -> Vec<&Crossref> {
        let of_lists = self.lists.iter().flat_map(|list| list.key.iter().chain(list.argument_keys.iter().flatten()));
        let mappings = self.groups.iter().filter_map(|group| group.key.as_ref()).chain(of_lists);
        let mut crossrefs: Vec<&Crossref> = mappings.filter_map(|mapping| mapping.crossref.as_ref()).collect();
        crossrefs.sort_by_key(|crossref| &crossref.name);
        crossrefs.dedup();
        crossrefs
    }

    /// Whether an audience has an object type: one without a field that is theirs is in nobody's schema.
    pub fn has(&self, id: TypeId, audience: Option<AudienceId>) -> bool {
        self.object(id).is_none_or(|object| object.fields.iter().any(|field| field.is_shown_to(audience)))
    }

    /// Returns the object types a value of this type may have: itself, or those of an interface or union.
    pub fn possible_types(&self, id: TypeId) -> Vec<TypeId> {
        match &self.ty(id).kind {
            TypeKind::Interface { possible, .. } | TypeKind::Union { possible } => possible.clone(),
            _ => vec![id],
        }
    }
}
