//! Resolving: what one field of one object is, read from the rows. Both references resolve through here; they differ in
//! how they execute.

use std::cmp::Ordering;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::model::{Feed, Field, List, ListRow, Source, Ty, World};

/// An object of the answer.
#[derive(Debug, Clone)]
pub enum Node {
    Root,
    Entity(Target),
    Part { ty: String, members: Map<String, Value> },
    Connection(Arc<PageView>),
    Edge(Arc<PageView>, usize),
    PageInfo(Arc<PageView>),
}

/// An entity that may or may not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub ty: String,
    pub key: Vec<String>,
}

/// The rows of a connection's window.
#[derive(Debug)]
pub struct PageView {
    pub list: usize,
    pub of: String,
    pub rows: Vec<ListRow>,
    pub has_next: bool,
    pub has_previous: bool,
    pub count: usize,
}

/// What a field is.
#[derive(Debug, Clone)]
pub enum Found {
    /// A value as the rows hold it, not yet checked against the field's type.
    Raw(Value),
    Entity(Option<Target>),
    Entities(Option<Vec<Option<Target>>>),
    Connection(Arc<PageView>),
    /// The edges of a connection, in number.
    Edges(Arc<PageView>),
    PageInfo(Arc<PageView>),
    /// It cannot be known: an owner failed, or what it is found by does not fit its type.
    Unknown,
}

/// Writes a cursor as clients see it: the list's number and the place.
pub type Encode = fn(&World, usize, &[Option<String>]) -> String;
/// Reads a cursor.
pub type Decode = fn(&World, usize, &str) -> Option<Vec<Option<String>>>;

impl Node {
    /// Returns the name of the node's type.
    pub fn type_name(&self) -> String {
        match self {
            Self::Root => "Query".into(),
            Self::Entity(target) => target.ty.clone(),
            Self::Part { ty, .. } => ty.clone(),
            Self::Connection(page) => format!("{}Connection", page.of),
            Self::Edge(page, _) => format!("{}Edge", page.of),
            Self::PageInfo(_) => "PageInfo".into(),
        }
    }
}

/// Resolves fields over a world.
pub struct Resolver<'w> {
    pub world: &'w World,
    pub encode: Encode,
    pub decode: Decode,
}

enum Fed {
    Null,
    One(String),
    Many(Vec<Option<String>>),
    Unknown,
}

impl Resolver<'_> {
    /// Resolves a field with its coerced arguments.
    pub fn resolve(&self, node: &Node, field: &Field, arguments: &Map<String, Value>) -> Found {
        match &field.source {
            Source::Key(position) => {
                let Node::Entity(target) = node else { unreachable!("keys are entities' fields") };
                Found::Raw(match field.ty.name() {
                    "Int" => serde_json::from_str(&target.key[*position]).expect("keys fit their types"),
                    _ => Value::String(target.key[*position].clone()),
                })
            }
            Source::Group(group) => {
                let Node::Entity(target) = node else { unreachable!("groups are of entities") };
                let group = &self.world.groups[*group];
                if group.fails {
                    return Found::Unknown;
                }
                match group.rows.get(&target.key) {
                    Some(row) => Found::Raw(row.get(&field.name).cloned().unwrap_or(Value::Null)),
                    // The row is not there; the field is null, and it is nullable.
                    None => Found::Raw(Value::Null),
                }
            }
            Source::Member => {
                let Node::Part { members, .. } = node else { unreachable!("members are of parts") };
                Found::Raw(members.get(&field.name).cloned().unwrap_or(Value::Null))
            }
            Source::Reference { key, type_name } => self.reference(node, field, arguments, key, type_name.as_ref()),
            Source::List { list, feeds, connection } => self.list(node, *list, feeds, *connection, arguments),
            Source::Paging => self.paging(node, &field.name),
            Source::Abstract => unreachable!("objects are concrete"),
        }
    }

    fn feed(&self, node: &Node, feed: &Feed, arguments: &Map<String, Value>) -> Fed {
        let value = match feed {
            Feed::Constant(text) => return Fed::One(text.clone()),
            Feed::Argument(path) => {
                let mut value = arguments.get(&path[0]).cloned();
                for name in &path[1..] {
                    value = value.and_then(|object| object.get(name).cloned());
                }
                value.unwrap_or(Value::Null)
            }
            Feed::Sibling(name) => {
                let field = self.world.field(&node.type_name(), name);
                match self.resolve(node, field, &Map::new()) {
                    Found::Raw(value) if leaf_fits(self.world, &field.ty, &value) => value,
                    _ => return Fed::Unknown,
                }
            }
        };
        match value {
            Value::Array(items) => Fed::Many(items.iter().map(text).collect()),
            value => text(&value).map_or(Fed::Null, Fed::One),
        }
    }

    fn reference(
        &self,
        node: &Node,
        field: &Field,
        arguments: &Map<String, Value>,
        key: &[(String, Feed)],
        type_name: Option<&Feed>,
    ) -> Found {
        let none = if field.ty.is_list() { Found::Entities(None) } else { Found::Entity(None) };
        // What is null decides before what cannot be known, in the order of the key.
        let ty = match type_name.map(|feed| self.feed(node, feed, arguments)) {
            None => field.ty.name().to_owned(),
            Some(Fed::One(name)) if self.world.possible_types(field.ty.name()).contains(&name.as_str()) => name,
            Some(Fed::One(_) | Fed::Unknown) => return Found::Unknown,
            Some(Fed::Null | Fed::Many(_)) => return none,
        };
        let mut columns: Vec<Vec<Option<String>>> = Vec::new();
        let mut n_items = None;
        for (_, feed) in key {
            match self.feed(node, feed, arguments) {
                Fed::Null => return none,
                Fed::Unknown => return Found::Unknown,
                Fed::One(text) => columns.push(vec![Some(text)]),
                Fed::Many(texts) => {
                    n_items = Some(texts.len());
                    columns.push(texts);
                }
            }
        }
        let target = |at: usize| -> Option<Target> {
            let key: Option<Vec<String>> =
                columns.iter().map(|column| column.get(at).or(column.first()).cloned().flatten()).collect();
            Some(Target { ty: ty.clone(), key: key? })
        };
        match n_items {
            None => Found::Entity(target(0)),
            Some(count) => Found::Entities(Some((0..count).map(target).collect())),
        }
    }

    fn list(
        &self,
        node: &Node,
        number: usize,
        feeds: &[(String, Feed)],
        connection: bool,
        arguments: &Map<String, Value>,
    ) -> Found {
        let list = &self.world.lists[number];
        let Some(window) = self.window(list, number, connection, arguments) else { return Found::Unknown };
        let mut values = Vec::new();
        for parameter in &list.parameters {
            let feed = &feeds.iter().find(|(name, _)| *name == parameter.name).expect("every parameter is fed").1;
            values.push(match self.feed(node, feed, arguments) {
                Fed::Unknown => return Found::Unknown,
                // A filter that was not given is null; a parent without the value it would be listed by has no list.
                Fed::Null if matches!(feed, Feed::Argument(_)) => None,
                Fed::Null if connection => return Found::Raw(Value::Null),
                Fed::Null => return Found::Entities(None),
                Fed::One(text) => Some(vec![text]),
                Fed::Many(texts) => Some(texts.into_iter().flatten().collect()),
            });
        }
        if list.fails {
            return Found::Unknown;
        }
        let (rows, place) = rows(list, &values, &window);
        let page = PageView {
            list: number,
            of: list.of.clone(),
            has_next: place.end < place.count,
            has_previous: place.start > 0,
            count: place.count,
            rows: rows.into_iter().cloned().collect(),
        };
        if connection { Found::Connection(Arc::new(page)) } else { Found::Entities(Some(targets(&page))) }
    }

    /// Reads the window that the arguments ask for; `None` when they ask for none that there is.
    fn window(&self, list: &List, number: usize, connection: bool, arguments: &Map<String, Value>) -> Option<Asked> {
        let count_of = |name: &str| match arguments.get(name) {
            None | Some(Value::Null) => Some(None),
            Some(count) => {
                count.as_u64().filter(|count| *count <= list.page_rows_max as u64).map(|count| Some(count as usize))
            }
        };
        let cursor_of = |name: &str| match arguments.get(name).and_then(Value::as_str) {
            None => Some(None),
            Some(text) => (self.decode)(self.world, number, text).map(Some),
        };
        let (first, last) = (count_of("first")?, count_of("last")?);
        if first.is_some() && last.is_some() {
            return None;
        }
        let otherwise = if connection { list.page_rows_default } else { list.page_rows_max };
        Some(Asked {
            backward: last.is_some(),
            n_rows: last.or(first).unwrap_or(otherwise),
            after: cursor_of("after")?,
            before: cursor_of("before")?,
        })
    }

    fn paging(&self, node: &Node, name: &str) -> Found {
        let cursor = |page: &PageView, row: Option<&ListRow>| {
            Found::Raw(row.map_or(Value::Null, |row| Value::String((self.encode)(self.world, page.list, &row.place))))
        };
        match (node, name) {
            (Node::Connection(page), "edges") => Found::Edges(page.clone()),
            (Node::Connection(page), "nodes") => Found::Entities(Some(targets(page))),
            (Node::Connection(page), "pageInfo") => Found::PageInfo(page.clone()),
            (Node::Connection(page), "totalCount") if page.count > self.world.lists[page.list].count_max => {
                Found::Unknown
            }
            (Node::Connection(page), "totalCount") => Found::Raw(page.count.into()),
            (Node::Edge(page, at), "cursor") => cursor(page, page.rows.get(*at)),
            (Node::Edge(page, at), "node") => Found::Entity(targets(page)[*at].clone()),
            (Node::PageInfo(page), "hasNextPage") => Found::Raw(page.has_next.into()),
            (Node::PageInfo(page), "hasPreviousPage") => Found::Raw(page.has_previous.into()),
            (Node::PageInfo(page), "startCursor") => cursor(page, page.rows.first()),
            (Node::PageInfo(page), "endCursor") => cursor(page, page.rows.last()),
            (node, name) => unreachable!("{node:?} has no {name}"),
        }
    }
}

fn targets(page: &PageView) -> Vec<Option<Target>> {
    page.rows.iter().map(|row| Some(Target { ty: row.type_name.clone(), key: row.key.clone() })).collect()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// Which rows of a list are wanted.
pub struct Asked {
    pub backward: bool,
    pub n_rows: usize,
    pub after: Option<Vec<Option<String>>>,
    pub before: Option<Vec<Option<String>>>,
}

/// Where a window lies among all rows that the arguments leave.
pub struct Place {
    pub start: usize,
    pub end: usize,
    pub count: usize,
}

/// Runs a list: the rows its arguments leave, in its order, cut to the window. `arguments` by parameter; `None` is null.
pub fn rows<'l>(list: &'l List, arguments: &[Option<Vec<String>>], asked: &Asked) -> (Vec<&'l ListRow>, Place) {
    let fits = |row: &&ListRow| {
        list.parameters.iter().zip(arguments).all(|(parameter, argument)| match argument {
            None => parameter.optional,
            Some(texts) => row.filters.get(&parameter.name).is_some_and(|value| texts.contains(value)),
        })
    };
    let mut rows: Vec<&ListRow> = list.rows.iter().filter(fits).collect();
    let order = |a: &[Option<String>], b: &[Option<String>]| compare(list, a, b);
    rows.sort_by(|a, b| order(&a.place, &b.place));
    let count = rows.len();
    let after =
        |place: &Vec<Option<String>>| rows.iter().filter(|row| order(&row.place, place) != Ordering::Greater).count();
    let before =
        |place: &Vec<Option<String>>| rows.iter().filter(|row| order(&row.place, place) == Ordering::Less).count();
    let mut start = asked.after.as_ref().map_or(0, after);
    let mut end = asked.before.as_ref().map_or(count, before).max(start);
    if asked.backward {
        start = start.max(end.saturating_sub(asked.n_rows));
    } else {
        end = end.min(start + asked.n_rows);
    }
    (rows[start..end].to_vec(), Place { start, end, count })
}

fn compare(list: &List, a: &[Option<String>], b: &[Option<String>]) -> Ordering {
    for (n, (_, descends)) in list.order.iter().enumerate() {
        let number = |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<i64>().ok());
        let ordering = match (number(&a[n]), number(&b[n])) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a[n].cmp(&b[n]),
        };
        if ordering != Ordering::Equal {
            return if *descends { ordering.reverse() } else { ordering };
        }
    }
    Ordering::Equal
}

/// Whether a leaf, or a list of leaves as a whole, fits its type; null fits where null is allowed.
pub fn leaf_fits(world: &World, ty: &Ty, value: &Value) -> bool {
    match (ty, value) {
        (Ty::NonNull(inner), value) => !value.is_null() && leaf_fits(world, inner, value),
        (_, Value::Null) => true,
        (Ty::List(item), Value::Array(items)) => items.iter().all(|value| leaf_fits(world, item, value)),
        (Ty::List(_), _) => false,
        (Ty::Named(name), value) => match name.as_str() {
            "Int" => value.is_i64(),
            "Float" => value.is_number(),
            "Boolean" => value.is_boolean(),
            "JSON" | "Token" => true,
            "String" | "ID" => value.is_string(),
            name => value.as_str().is_some_and(|text| {
                world.enums.get(name).map_or(text != "misfit", |words| words.iter().any(|word| word == text))
            }),
        },
    }
}
