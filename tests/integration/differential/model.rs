//! A world: the types, groups, lists and rows of one random contract, as plain data that owes nothing to Freehold.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// A type in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ty {
    Named(String),
    List(Box<Ty>),
    NonNull(Box<Ty>),
}

impl Ty {
    pub fn named(name: &str) -> Self {
        Self::Named(name.to_owned())
    }

    pub fn list(self) -> Self {
        Self::List(Box::new(self))
    }

    pub fn required(self) -> Self {
        Self::NonNull(Box::new(self))
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Named(name) => name,
            Self::List(inner) | Self::NonNull(inner) => inner.name(),
        }
    }

    pub fn is_required(&self) -> bool {
        matches!(self, Self::NonNull(_))
    }

    /// Returns the type with null allowed at the outermost level.
    pub fn nullable(&self) -> &Ty {
        match self {
            Self::NonNull(inner) => inner,
            other => other,
        }
    }

    pub fn is_list(&self) -> bool {
        matches!(self.nullable(), Self::List(_))
    }

    pub fn n_lists(&self) -> usize {
        match self {
            Self::Named(_) => 0,
            Self::List(inner) => 1 + inner.n_lists(),
            Self::NonNull(inner) => inner.n_lists(),
        }
    }
}

impl std::fmt::Display for Ty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::List(inner) => write!(f, "[{inner}]"),
            Self::NonNull(inner) => write!(f, "{inner}!"),
        }
    }
}

/// An argument, or a field of an input object.
#[derive(Debug, Clone)]
pub struct Input {
    pub name: String,
    pub ty: Ty,
    /// In the declared form; an enum value is a string.
    pub default: Option<Value>,
}

#[derive(Debug, Clone)]
pub struct InputObject {
    pub fields: Vec<Input>,
    pub one_of: bool,
}

#[derive(Debug, Clone)]
pub struct Object {
    pub role: Role,
    pub implements: Vec<String>,
    pub fields: Vec<Field>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    Root,
    Entity { key: Vec<String>, identity: usize },
    Part,
    Paging,
}

#[derive(Debug, Clone)]
pub struct Interface {
    pub implements: Vec<String>,
    pub fields: Vec<Field>,
}

#[derive(Debug, Clone)]
pub struct Field {
    pub name: String,
    pub ty: Ty,
    pub arguments: Vec<Input>,
    pub source: Source,
}

/// Where a field's value comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// The key's field at this position.
    Key(usize),
    /// A column of a group.
    Group(usize),
    /// A member of the part that holds the field.
    Member,
    /// Another entity.
    Reference { key: Vec<(String, Feed)>, type_name: Option<Feed> },
    /// A list query.
    List { list: usize, feeds: Vec<(String, Feed)>, connection: bool },
    /// `edges`, `nodes`, `pageInfo`, `totalCount`, `node`, `cursor` and the four of `PageInfo`, told apart by name.
    Paging,
    /// An interface's field.
    Abstract,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Feed {
    Sibling(String),
    Argument(Vec<String>),
    Constant(String),
}

/// How the rows hold a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// One JSON column.
    Json,
    /// One column for each member, `weight.value`.
    Flat,
    /// A query of its own.
    Query,
}

/// The fields of one entity type that one system answers in one query, and its rows.
#[derive(Debug, Clone)]
pub struct Group {
    /// As the compiled contract names it: `erp Product.stock`.
    pub name: String,
    pub system: String,
    pub entity: String,
    pub group_name: Option<String>,
    /// How each part field of the entity in this group is held; members of flat parts by dotted path.
    pub storage: BTreeMap<String, Storage>,
    pub rows: BTreeMap<Vec<String>, Map<String, Value>>,
    pub fails: bool,
}

/// A list query and the rows it runs over.
#[derive(Debug, Clone)]
pub struct List {
    pub name: String,
    pub system: String,
    pub of: String,
    pub parameters: Vec<Parameter>,
    /// Column and whether it descends. The last ones are the key's.
    pub order: Vec<(String, bool)>,
    pub page_rows_default: usize,
    pub page_rows_max: usize,
    pub count_max: usize,
    pub rows: Vec<ListRow>,
    pub fails: bool,
}

/// A parameter of a list query: the column of the same name equals it, or is among it.
#[derive(Debug, Clone)]
pub struct Parameter {
    pub name: String,
    pub many: bool,
    /// Null means no restriction; otherwise null matches nothing.
    pub optional: bool,
}

#[derive(Debug, Clone)]
pub struct ListRow {
    pub type_name: String,
    pub key: Vec<String>,
    /// The texts the parameters are compared with.
    pub filters: BTreeMap<String, String>,
    /// The texts of the order columns.
    pub place: Vec<Option<String>>,
}

/// A random contract with its rows.
#[derive(Debug, Clone, Default)]
pub struct World {
    pub seed: u64,
    pub systems: Vec<String>,
    pub scalars: Vec<String>,
    pub enums: BTreeMap<String, Vec<String>>,
    pub inputs: BTreeMap<String, InputObject>,
    pub objects: BTreeMap<String, Object>,
    pub interfaces: BTreeMap<String, Interface>,
    pub unions: BTreeMap<String, Vec<String>>,
    pub groups: Vec<Group>,
    pub lists: Vec<List>,
    /// Whether some values do not fit their types.
    pub violates: bool,
}

impl World {
    /// Whether the type has fields or members to select from.
    pub fn is_composite(&self, name: &str) -> bool {
        self.objects.contains_key(name) || self.interfaces.contains_key(name) || self.unions.contains_key(name)
    }

    /// Returns the fields that may be selected on a type; a union has none.
    pub fn fields(&self, name: &str) -> &[Field] {
        if let Some(object) = self.objects.get(name) {
            &object.fields
        } else {
            self.interfaces.get(name).map_or(&[], |interface| &interface.fields)
        }
    }

    pub fn field(&self, ty: &str, name: &str) -> &Field {
        self.fields(ty).iter().find(|field| field.name == name).expect("the generator selects fields that exist")
    }

    /// Returns the object types a value of a composite type may have.
    pub fn possible_types(&self, name: &str) -> Vec<&str> {
        if let Some((name, _)) = self.objects.get_key_value(name) {
            return vec![name];
        }
        if let Some(members) = self.unions.get(name) {
            return members.iter().map(String::as_str).collect();
        }
        let implements =
            |(object, def): (&'_ String, &Object)| def.implements.iter().any(|i| i == name).then(|| object.clone());
        let names: Vec<String> = self.objects.iter().filter_map(implements).collect();
        self.objects.keys().filter(|object| names.contains(object)).map(String::as_str).collect()
    }

    pub fn composite_types(&self) -> Vec<&str> {
        self.objects.keys().chain(self.interfaces.keys()).chain(self.unions.keys()).map(String::as_str).collect()
    }

    /// Returns the types a query can meet, which are those of the public schema: whatever a field that can be met is of
    /// or takes, what such a type may be, and what such an object implements.
    pub fn met(&self) -> BTreeSet<String> {
        let mut met = BTreeSet::from(["Query".to_owned()]);
        let mut answered = met.clone();
        loop {
            let before = (met.len(), answered.len());
            for name in answered.clone() {
                answered.extend(self.possible_types(&name).into_iter().map(str::to_owned));
            }
            met.extend(answered.iter().cloned());
            for name in met.clone() {
                let object = self.objects.get(&name).map(|object| &object.implements);
                let interface = self.interfaces.get(&name).map(|interface| &interface.implements);
                met.extend(object.or(interface).into_iter().flatten().cloned());
                for field in self.fields(&name) {
                    answered.insert(field.ty.name().to_owned());
                    met.extend(field.arguments.iter().map(|argument| argument.ty.name().to_owned()));
                }
                let inputs = self.inputs.get(&name).into_iter().flat_map(|input| &input.fields);
                met.extend(inputs.map(|field| field.ty.name().to_owned()));
            }
            if (met.len(), answered.len()) == before {
                return met;
            }
        }
    }
}
