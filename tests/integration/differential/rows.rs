//! Rows: random data for an invented contract, with absences, dangling references, nulls, and in some worlds values
//! that do not fit and owners that do not answer.

use serde_json::{Map, Value, json};

use super::model::{ListRow, Role, Storage, Ty, World};
use super::random::Random;

/// The ids that entities may have; references are drawn from them too, so some dangle.
pub const IDS: [&str; 8] = ["a0", "a1", "a2", "a3", "a4", "a5", "x/1", "q'\"é"];

/// Fills a world with rows.
pub fn fill(world: &mut World) {
    let mut random = Random::new(world.seed ^ 0x5EED);
    world.violates = random.percent(40);
    let failing = random.percent(40);
    for index in 0..world.groups.len() {
        let entity = world.groups[index].entity.clone();
        let is_identity = matches!(world.objects[&entity].role, Role::Entity { identity, .. } if identity == index);
        for key in keys(world, &entity) {
            if random.percent(if is_identity { 75 } else { 65 }) {
                let row = Filling { world, random: &mut random }.row(index, &entity);
                world.groups[index].rows.insert(key, row);
            }
        }
        world.groups[index].fails = failing && random.percent(25);
    }
    for index in 0..world.lists.len() {
        let of = world.lists[index].of.clone();
        let types: Vec<String> = world.possible_types(&of).into_iter().map(str::to_owned).collect();
        let mut rows: Vec<ListRow> = Vec::new();
        for ty in types {
            for key in keys(world, &ty) {
                if random.percent(60) {
                    rows.push(list_row(world, index, &ty, key, &mut random));
                }
            }
        }
        random.shuffle(&mut rows);
        rows.truncate(16);
        world.lists[index].rows = rows;
        world.lists[index].fails = failing && random.percent(15);
    }
}

fn keys(world: &World, entity: &str) -> Vec<Vec<String>> {
    match entity {
        "Order" => IDS[..4].iter().flat_map(|id| (1..=3).map(|n| vec![(*id).to_owned(), n.to_string()])).collect(),
        "Depot" => (0..4).map(|n| vec![n.to_string()]).collect(),
        _ => {
            debug_assert!(world.objects.contains_key(entity));
            IDS.iter().map(|id| vec![(*id).to_owned()]).collect()
        }
    }
}

fn list_row(world: &World, list: usize, ty: &str, key: Vec<String>, random: &mut Random) -> ListRow {
    let Role::Entity { key: names, .. } = &world.objects[ty].role else { unreachable!("lists are of entities") };
    let place = world.lists[list].order.iter().map(|(column, _)| match column.as_str() {
        "rank" => random.percent(80).then(|| format!("r{}", random.below(3))),
        "kind" => Some(ty.to_owned()),
        name => names.iter().position(|key| key == name).map(|n| key[n].clone()),
    });
    let place = place.collect();
    let mut filters = std::collections::BTreeMap::new();
    for (name, choices) in [
        ("color", &["RED", "GREEN", "BLUE"][..]),
        ("shelf", &["1", "2"][..]),
        ("tags", &["t1", "t2", "t3"][..]),
        ("word", &["w1", "w2"][..]),
    ] {
        if random.percent(90) {
            filters.insert(name.to_owned(), (*random.pick(choices)).to_owned());
        }
    }
    ListRow { type_name: ty.to_owned(), key, filters, place }
}

struct Filling<'w, 'r> {
    world: &'w World,
    random: &'r mut Random,
}

impl Filling<'_, '_> {
    fn row(&mut self, group: usize, entity: &str) -> Map<String, Value> {
        let mut row = Map::new();
        for field in &self.world.objects[entity].fields {
            if field.source == super::model::Source::Group(group) {
                let value = self.value(&field.name, &field.ty, 4);
                let value = fitted(self.world, value, &field.ty, &field.name, &self.world.groups[group].storage);
                row.insert(field.name.clone(), value);
            }
        }
        row
    }

    fn value(&mut self, name: &str, ty: &Ty, depth: usize) -> Value {
        match ty {
            Ty::NonNull(inner) => {
                if self.world.violates && self.random.percent(4) {
                    return Value::Null;
                }
                loop {
                    let value = self.value(name, inner, depth);
                    if !value.is_null() {
                        return value;
                    }
                }
            }
            _ if self.random.percent(15) => Value::Null,
            _ if self.world.violates && self.random.percent(4) => self.misfit(ty),
            Ty::List(item) => {
                let count = if depth == 0 { 0 } else { self.random.below(4) };
                Value::Array((0..count).map(|_| self.value(name, item, depth)).collect())
            }
            Ty::Named(of) if self.world.is_composite(of) => {
                if depth == 0 {
                    // Only the recursive part gets here, and it may end.
                    return Value::Null;
                }
                let types: Vec<String> = self.world.possible_types(of).into_iter().map(str::to_owned).collect();
                let chosen = self.random.pick(&types).clone();
                let mut members = Map::new();
                if types.len() > 1 {
                    members.insert("__typename".into(), json!(chosen));
                }
                for field in &self.world.objects[&chosen].fields {
                    if field.source == super::model::Source::Member {
                        members.insert(field.name.clone(), self.value(&field.name, &field.ty, depth - 1));
                    }
                }
                Value::Object(members)
            }
            Ty::Named(of) => self.leaf(name, of),
        }
    }

    fn leaf(&mut self, name: &str, of: &str) -> Value {
        if name.ends_with("kind") {
            let kind = if self.world.violates && self.random.percent(8) { "Nobody" } else { "Account" };
            return json!(self.random.pick(&["Product", kind]));
        }
        if name.ends_with("link") || name.ends_with("links") {
            return json!(self.random.pick(&IDS));
        }
        if name.ends_with("shelf") {
            return json!(self.random.between(1, 2));
        }
        match of {
            "Int" => json!(self.random.below(2000) as i64 - 1000),
            "Float" => json!(self.random.below(1000) as f64 + 0.25),
            "Boolean" => json!(self.random.percent(50)),
            "Color" => json!(self.random.pick(&["RED", "GREEN", "BLUE"])),
            "Decimal" => json!(format!("{}.{:02}", self.random.below(1_000_000), self.random.below(100))),
            "Date" => json!(format!("2026-{:02}-{:02}", self.random.between(1, 12), self.random.between(1, 28))),
            "DateTime" => {
                json!(format!("2026-{:02}-11T{:02}:30:00Z", self.random.between(1, 12), self.random.below(24)))
            }
            "JSON" => match self.random.below(3) {
                0 => json!({"b": [1, null, {"c": "d"}], "a": true}),
                1 => json!(["x", 1.5, null]),
                _ => json!(self.random.below(9)),
            },
            "Token" => json!(format!("tok-{}", self.random.below(9))),
            _ if self.random.percent(50) => json!(self.random.pick(&IDS)),
            _ => {
                json!(self.random.pick(&["", "plain", "with \"quotes\" and \\", "ligne\nnuméro\t2", "\u{1F600}\u{1}"]))
            }
        }
    }

    /// Makes a value that does not fit a type in the eyes of anyone.
    fn misfit(&mut self, ty: &Ty) -> Value {
        match ty {
            Ty::NonNull(inner) => self.misfit(inner),
            Ty::List(_) => json!("no list"),
            Ty::Named(of) if self.world.is_composite(of) => {
                if self.world.possible_types(of).len() > 1 && self.random.percent(50) {
                    json!({"__typename": "Nothing"})
                } else {
                    json!("no object")
                }
            }
            Ty::Named(of) => match of.as_str() {
                "String" | "ID" => json!({"no": "text"}),
                "Token" | "JSON" => Value::Null,
                _ => json!("misfit"),
            },
        }
    }
}

/// Brings a value into the form its storage can hold: a part in flat columns that are all null is no part, a part in a
/// query of its own has no null among its rows and is never a null list.
pub fn fitted(
    world: &World,
    value: Value,
    ty: &Ty,
    path: &str,
    storage: &std::collections::BTreeMap<String, Storage>,
) -> Value {
    match (storage.get(path), value) {
        (Some(Storage::Flat), Value::Object(members)) => {
            let part = &world.objects[ty.name()];
            let mut kept = Map::new();
            for (name, member) in members {
                let field = part.fields.iter().find(|field| field.name == name).expect("members are fields");
                kept.insert(name.clone(), fitted(world, member, &field.ty, &format!("{path}.{name}"), storage));
            }
            if kept.values().all(Value::is_null) { Value::Null } else { Value::Object(kept) }
        }
        (Some(Storage::Flat), _) => Value::Null,
        (Some(Storage::Query), value) if ty.is_list() => match value {
            Value::Array(items) => Value::Array(items.into_iter().filter(Value::is_object).collect()),
            _ => json!([]),
        },
        (Some(Storage::Query), value) => {
            if value.is_object() {
                value
            } else {
                Value::Null
            }
        }
        (_, value) => value,
    }
}
