//! Inventing: a random contract. In: a seed. Out: types, groups and lists without rows.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::model::{
    Feed, Field, Group, Input, InputObject, Interface, List, Object, Parameter, Role, Source, Storage, Ty, World,
};
use super::random::Random;

const LEAVES: [&str; 11] =
    ["Int", "Float", "String", "Boolean", "ID", "Color", "Decimal", "Date", "DateTime", "JSON", "Token"];

/// Invents a contract.
pub fn invent(seed: u64) -> World {
    let mut random = Random::new(seed);
    let mut world = World { seed, ..World::default() };
    world.systems = ["erp", "pim", "shop"].iter().take(random.between(2, 3)).map(ToString::to_string).collect();
    world.scalars = ["Decimal", "Date", "DateTime", "JSON", "Token"].map(str::to_owned).to_vec();
    world.enums.insert("Color".into(), ["RED", "GREEN", "BLUE"].map(str::to_owned).to_vec());
    let mut inventor = Inventor { random, world };
    inventor.inputs();
    inventor.parts();
    inventor.entities();
    inventor.lists();
    inventor.links();
    inventor.root();
    inventor.world
}

struct Inventor {
    random: Random,
    world: World,
}

fn plain(name: &str, ty: Ty, source: Source) -> Field {
    Field { name: name.to_owned(), ty, arguments: Vec::new(), source }
}

fn input(name: &str, ty: Ty, default: Option<Value>) -> Input {
    Input { name: name.to_owned(), ty, default }
}

impl Inventor {
    fn inputs(&mut self) {
        let color_default = self.random.percent(40).then(|| json!("GREEN"));
        let filter = vec![
            input("color", Ty::named("Color"), color_default),
            input("shelf", Ty::named("Int"), None),
            input("tags", Ty::named("String").required().list(), None),
            input("inner", Ty::named("Inner"), self.random.percent(30).then(|| json!({"word": "w1"}))),
        ];
        self.world.inputs.insert("Filter".into(), InputObject { fields: filter, one_of: false });
        let inner = vec![
            input("word", Ty::named("String").required(), self.random.percent(50).then(|| json!("w2"))),
            input("flag", Ty::named("Boolean"), None),
        ];
        self.world.inputs.insert("Inner".into(), InputObject { fields: inner, one_of: false });
        let one = vec![input("color", Ty::named("Color"), None), input("shelf", Ty::named("Int"), None)];
        self.world.inputs.insert("Choice".into(), InputObject { fields: one, one_of: true });
        let find = vec![
            input("id", Ty::named("ID").required(), None),
            input("note", Ty::named("String"), None),
            input("kind", Ty::named("String"), Some(json!("Product"))),
        ];
        self.world.inputs.insert("Find".into(), InputObject { fields: find, one_of: false });
    }

    fn leaf(&mut self) -> Ty {
        let name = *self.random.pick(&LEAVES);
        Ty::named(name)
    }

    /// Wraps a type in lists and non-nulls; where `nullable`, null is allowed outermost.
    fn wrap(&mut self, ty: Ty, nullable: bool) -> Ty {
        let mut ty = ty;
        let n_lists = [0, 0, 0, 0, 1, 1, 2][self.random.below(7)];
        for _ in 0..n_lists {
            if self.random.percent(35) {
                ty = ty.required();
            }
            ty = ty.list();
        }
        if !nullable && self.random.percent(35) { ty.required() } else { ty }
    }

    fn leaf_fields(&mut self, prefix: &str, count: usize, source: &Source, nullable: bool) -> Vec<Field> {
        (0..count)
            .map(|n| {
                let leaf = self.leaf();
                let ty = self.wrap(leaf, nullable);
                plain(&format!("{prefix}{n}"), ty, source.clone())
            })
            .collect()
    }

    /// `PartA` to `PartC`, the recursive `Tree`, an interface and a union over the first ones.
    fn parts(&mut self) {
        self.world.unions.insert("Extra".into(), ["PartA", "PartB", "PartC"].map(str::to_owned).to_vec());
        // The types that implement an interface repeat its field's type: async-graphql takes no narrower one.
        let note = Ty::named("String");
        let note = if self.random.percent(40) { note.required() } else { note };
        let detail = vec![
            plain("note", note.clone(), Source::Abstract),
            plain("amount", Ty::named("Decimal"), Source::Abstract),
        ];
        self.world.interfaces.insert("Detail".into(), Interface { implements: vec![], fields: detail });
        for name in ["PartA", "PartB", "PartC"] {
            let count = self.random.between(1, 4);
            let mut fields = self.leaf_fields("f", count, &Source::Member, false);
            let mut implements = Vec::new();
            if name != "PartC" {
                fields.push(plain("note", note.clone(), Source::Member));
                fields.push(plain("amount", Ty::named("Decimal"), Source::Member));
                implements.push("Detail".to_owned());
            }
            let inner: &[&str] = match name {
                "PartB" => &["PartA"],
                "PartC" => &["PartA", "PartB", "Detail"],
                _ => &[],
            };
            for (n, inner) in inner.iter().enumerate() {
                if self.random.percent(60) {
                    let ty = self.wrap(Ty::named(inner), false);
                    fields.push(plain(&format!("p{n}"), ty, Source::Member));
                }
            }
            self.random.shuffle(&mut fields);
            self.world.objects.insert(name.into(), Object { role: Role::Part, implements, fields });
        }
        if self.random.percent(60) {
            let mut fields = self.leaf_fields("f", 1, &Source::Member, false);
            fields.push(plain("children", Ty::named("Tree").required().list(), Source::Member));
            fields.push(plain("parent", Ty::named("Tree"), Source::Member));
            self.world.objects.insert("Tree".into(), Object { role: Role::Part, implements: vec![], fields });
        }
    }

    fn entities(&mut self) {
        let node =
            Interface { implements: vec![], fields: vec![plain("id", Ty::named("ID").required(), Source::Abstract)] };
        self.world.interfaces.insert("Node".into(), node);
        let named = vec![
            plain("id", Ty::named("ID").required(), Source::Abstract),
            plain("label", Ty::named("String"), Source::Abstract),
            plain("twin", Ty::named("Product"), Source::Abstract),
        ];
        self.world.interfaces.insert("Named".into(), Interface { implements: vec!["Node".into()], fields: named });
        self.world.unions.insert("Thing".into(), vec!["Product".into(), "Account".into()]);
        let keys: [(&str, Vec<(&str, &str)>); 4] = [
            ("Product", vec![("id", "ID")]),
            ("Account", vec![("id", "ID")]),
            ("Order", vec![("branch", "String"), ("number", "Int")]),
            ("Depot", vec![("code", "Int")]),
        ];
        for (name, key) in keys {
            if name == "Depot" && self.random.percent(50) {
                continue;
            }
            self.entity(name, &key);
        }
    }

    fn entity(&mut self, name: &str, key: &[(&str, &str)]) {
        let mut fields: Vec<Field> = (key.iter().enumerate())
            .map(|(n, (field, ty))| plain(field, Ty::named(ty).required(), Source::Key(n)))
            .collect();
        let identity = self.world.groups.len();
        let mut taken: Vec<(String, Option<String>)> = Vec::new();
        // Only where one query answers the whole entity may a field of its own be never null.
        let n_groups = if self.random.percent(35) { 1 } else { self.random.between(2, 4) };
        for n in 0..n_groups {
            let system = self.random.pick(&self.world.systems).clone();
            let nullable = n_groups > 1;
            let group_name = if n == 0 { None } else { self.random.percent(50).then(|| format!("side{n}")) };
            if taken.contains(&(system.clone(), group_name.clone())) {
                continue;
            }
            taken.push((system.clone(), group_name.clone()));
            let index = self.world.groups.len();
            let label = group_name.as_ref().map_or(String::new(), |name| format!(".{name}"));
            self.world.groups.push(Group {
                name: format!("{system} {name}{label}"),
                system,
                entity: name.to_owned(),
                group_name,
                storage: BTreeMap::new(),
                rows: BTreeMap::new(),
                fails: false,
            });
            let source = Source::Group(index);
            let count = self.random.between(1, 4);
            fields.extend(self.leaf_fields(&format!("g{n}f"), count, &source, nullable));
            for p in 0..self.random.between(0, 2) {
                let part = *self.random.pick(&["PartA", "PartB", "PartC", "Tree", "Detail", "Extra"]);
                if part == "Tree" && !self.world.objects.contains_key("Tree") {
                    continue;
                }
                let ty = self.wrap(Ty::named(part), nullable);
                let field = format!("g{n}p{p}");
                let storage = self.storage(&field, &ty, true);
                self.world.groups[index].storage.extend(storage);
                fields.push(plain(&field, ty, source.clone()));
            }
            if self.random.percent(60) {
                fields.push(plain(&format!("g{n}link"), Ty::named("ID"), source.clone()));
            }
            if self.random.percent(60) {
                let item = Ty::named("ID");
                let item = if self.random.percent(50) { item.required() } else { item };
                fields.push(plain(&format!("g{n}links"), item.list(), source.clone()));
            }
            if self.random.percent(50) {
                fields.push(plain(&format!("g{n}kind"), Ty::named("String"), source.clone()));
            }
            if self.random.percent(40) {
                fields.push(plain(&format!("g{n}shelf"), Ty::named("Int"), source.clone()));
            }
        }
        let mut implements = Vec::new();
        if matches!(name, "Product" | "Account") {
            implements.push("Node".to_owned());
            if name == "Product" || self.random.percent(50) {
                implements.push("Named".to_owned());
                fields.push(plain("label", Ty::named("String"), Source::Group(identity)));
                let key = vec![("id".to_owned(), Feed::Sibling("id".into()))];
                fields.push(plain("twin", Ty::named("Product"), Source::Reference { key, type_name: None }));
            }
        }
        self.random.shuffle(&mut fields);
        let role = Role::Entity { key: key.iter().map(|(field, _)| (*field).to_owned()).collect(), identity };
        self.world.objects.insert(name.to_owned(), Object { role, implements, fields });
    }

    /// Chooses how a part field is held, and those inside it where its columns are flat.
    fn storage(&mut self, path: &str, ty: &Ty, outermost: bool) -> Vec<(String, Storage)> {
        let part = ty.name().to_owned();
        let concrete = self.world.objects.get(&part).cloned();
        let has_required_leaf = concrete.as_ref().is_some_and(|part| {
            part.fields.iter().any(|field| field.ty.is_required() && !self.world.is_composite(field.ty.name()))
        });
        let flat_fits = ty.n_lists() == 0 && part != "Tree" && has_required_leaf;
        let items_required = match ty.nullable() {
            Ty::List(item) => item.is_required(),
            _ => true,
        };
        let query_fits = outermost && ty.n_lists() <= 1 && part != "Tree" && items_required;
        let mut choices = vec![Storage::Json];
        if flat_fits {
            choices.extend([Storage::Flat, Storage::Flat]);
        }
        if query_fits {
            choices.push(Storage::Query);
        }
        let chosen = *self.random.pick(&choices);
        let mut storage = vec![(path.to_owned(), chosen)];
        if chosen == Storage::Flat {
            for field in concrete.into_iter().flat_map(|part| part.fields) {
                if self.world.is_composite(field.ty.name()) {
                    storage.extend(self.storage(&format!("{path}.{}", field.name), &field.ty, false));
                }
            }
        }
        storage
    }

    fn lists(&mut self) {
        let targets: Vec<String> = ["Product", "Account", "Order", "Depot", "Thing", "Named"]
            .into_iter()
            .filter(|name| self.world.is_composite(name))
            .map(str::to_owned)
            .collect();
        for n in 0..self.random.between(2, 4) {
            let of = self.random.pick(&targets).clone();
            let first = self.world.possible_types(&of)[0].to_owned();
            let Role::Entity { key, .. } = &self.world.objects[&first].role else { continue };
            let mut order: Vec<(String, bool)> = key.iter().map(|field| (field.clone(), false)).collect();
            if self.world.possible_types(&of).len() > 1 {
                // Entities of two types may share a key, so the type is part of what makes a row's place unique.
                order.push(("kind".to_owned(), false));
            }
            if self.random.percent(60) {
                order.insert(0, ("rank".to_owned(), self.random.percent(50)));
            }
            let mut parameters = Vec::new();
            for (name, many) in [("color", false), ("shelf", false), ("tags", true), ("word", false)] {
                if self.random.percent(50) {
                    parameters.push(Parameter {
                        name: name.to_owned(),
                        many,
                        optional: many || self.random.percent(70),
                    });
                }
            }
            let (page_rows_default, page_rows_max) = (self.random.between(2, 5), self.random.between(5, 9));
            self.world.lists.push(List {
                name: format!("list{n}"),
                system: self.random.pick(&self.world.systems).clone(),
                of: of.clone(),
                parameters,
                order,
                page_rows_default,
                page_rows_max,
                count_max: if self.random.percent(80) { 100 } else { 5 },
                rows: Vec::new(),
                fails: false,
            });
            if !self.world.objects.contains_key(&format!("{of}Connection")) {
                self.connection(&of);
            }
        }
    }

    fn connection(&mut self, of: &str) {
        let paging = |fields| Object { role: Role::Paging, implements: vec![], fields };
        let required = |inventor: &mut Self, ty: Ty| if inventor.random.percent(50) { ty.required() } else { ty };
        let edge = required(self, Ty::named(&format!("{of}Edge")));
        let edges = required(self, edge.list());
        let nodes = required(self, Ty::named(of).list());
        let mut fields = vec![
            plain("edges", edges, Source::Paging),
            plain("nodes", nodes, Source::Paging),
            plain("pageInfo", Ty::named("PageInfo").required(), Source::Paging),
            plain("totalCount", Ty::named("Int"), Source::Paging),
        ];
        self.random.shuffle(&mut fields);
        self.world.objects.insert(format!("{of}Connection"), paging(fields));
        let fields = vec![
            plain("cursor", Ty::named("String").required(), Source::Paging),
            plain("node", Ty::named(of), Source::Paging),
        ];
        self.world.objects.insert(format!("{of}Edge"), paging(fields));
        let fields = vec![
            plain("hasNextPage", Ty::named("Boolean").required(), Source::Paging),
            plain("hasPreviousPage", Ty::named("Boolean").required(), Source::Paging),
            plain("startCursor", Ty::named("String"), Source::Paging),
            plain("endCursor", Ty::named("String"), Source::Paging),
        ];
        self.world.objects.insert("PageInfo".into(), paging(fields));
    }

    /// Adds references and lists to entities and parts.
    fn links(&mut self) {
        for name in ["Product", "Account", "Order", "Depot", "PartA", "PartC"] {
            let Some(object) = self.world.objects.get(name) else { continue };
            let fields = object.fields.clone();
            let mut links = Vec::new();
            for field in &fields {
                if self.world.is_composite(field.ty.name()) {
                    continue;
                }
                let id = matches!(field.ty.name(), "ID" | "String") && field.name != "note";
                if id && field.ty.n_lists() <= 1 && self.random.percent(70) {
                    links.push(self.reference(&format!("{}Ref", field.name), field, &fields));
                }
            }
            for list in 0..self.world.lists.len() {
                if name != "PartC" && self.random.percent(35) {
                    links.push(self.list_field(&format!("{}Of", self.world.lists[list].name), list, &fields));
                }
            }
            let object = self.world.objects.get_mut(name).expect("it was there");
            for link in links {
                object.fields.insert(0, link);
            }
            let mut fields = std::mem::take(&mut object.fields);
            self.random.shuffle(&mut fields);
            self.world.objects.get_mut(name).expect("it was there").fields = fields;
        }
    }

    /// Makes a reference whose id comes from a sibling.
    fn reference(&mut self, name: &str, id: &Field, siblings: &[Field]) -> Field {
        let sibling = Feed::Sibling(id.name.clone());
        let (ty, key, type_name, arguments) = match self.random.below(5) {
            0 => {
                let kind = siblings.iter().find(|field| field.name.ends_with("kind"));
                let (type_name, arguments) = match kind {
                    Some(kind) => (Feed::Sibling(kind.name.clone()), vec![]),
                    None => (
                        Feed::Argument(vec!["kind".into()]),
                        vec![input("kind", Ty::named("String"), Some(json!("Account")))],
                    ),
                };
                let of = *self.random.pick(&["Thing", "Node"]);
                (of, vec![("id".to_owned(), sibling)], Some(type_name), arguments)
            }
            1 => {
                let default = self.random.percent(50).then(|| json!(2));
                let number = vec![input("number", Ty::named("Int"), default)];
                (
                    "Order",
                    vec![("branch".to_owned(), sibling), ("number".to_owned(), Feed::Argument(vec!["number".into()]))],
                    None,
                    number,
                )
            }
            2 => ("Account", vec![("id".to_owned(), sibling)], None, vec![]),
            _ => ("Product", vec![("id".to_owned(), sibling)], None, vec![]),
        };
        let ty = Ty::named(ty);
        let ty = if id.ty.is_list() { ty.list() } else { ty };
        Field { name: name.to_owned(), ty, arguments, source: Source::Reference { key, type_name } }
    }

    /// Makes a field that runs a list; its parameters come from arguments and siblings.
    fn list_field(&mut self, name: &str, list: usize, siblings: &[Field]) -> Field {
        let def = self.world.lists[list].clone();
        let connection = self.random.percent(60);
        let mut arguments: Vec<Input> = Vec::new();
        let mut feeds = Vec::new();
        for parameter in &def.parameters {
            let inside = self.random.percent(30);
            let shelf = siblings.iter().find(|field| field.name.ends_with("shelf"));
            let feed = match (parameter.name.as_str(), shelf) {
                ("shelf", Some(field)) => Feed::Sibling(field.name.clone()),
                ("color" | "shelf", _) if self.random.percent(20) => {
                    if !arguments.iter().any(|argument| argument.name == "choice") {
                        arguments.push(input("choice", Ty::named("Choice"), None));
                    }
                    Feed::Argument(vec!["choice".into(), parameter.name.clone()])
                }
                ("word", _) if inside => {
                    self.filter_argument(&mut arguments);
                    Feed::Argument(vec!["filter".into(), "inner".into(), "word".into()])
                }
                ("word", _) if self.random.percent(30) => Feed::Constant("w1".into()),
                (name, _) if inside && name != "word" => {
                    self.filter_argument(&mut arguments);
                    Feed::Argument(vec!["filter".into(), name.to_owned()])
                }
                (name, _) => {
                    let (ty, default) = match name {
                        "color" => (Ty::named("Color"), json!("RED")),
                        "shelf" => (Ty::named("Int"), json!(1)),
                        "tags" => (Ty::named("String").required().list(), json!(["t1", "t2"])),
                        _ => (Ty::named("String"), json!("w1")),
                    };
                    let default = self.random.percent(35).then_some(default);
                    let ty = if self.random.percent(15) { ty.required() } else { ty };
                    arguments.push(input(name, ty, default));
                    Feed::Argument(vec![name.to_owned()])
                }
            };
            feeds.push((parameter.name.clone(), feed));
        }
        let of = &def.of;
        let ty = if connection {
            for (name, ty) in [("first", "Int"), ("after", "String"), ("last", "Int"), ("before", "String")] {
                if matches!(name, "first" | "after") || self.random.percent(70) {
                    let default = (name == "first" && self.random.percent(30)).then(|| json!(3));
                    arguments.push(input(name, Ty::named(ty), default));
                }
            }
            Ty::named(&format!("{of}Connection"))
        } else {
            if self.random.percent(60) {
                arguments.push(input("first", Ty::named("Int"), self.random.percent(30).then(|| json!(2))));
            }
            Ty::named(of).list()
        };
        Field { name: name.to_owned(), ty, arguments, source: Source::List { list, feeds, connection } }
    }

    fn filter_argument(&mut self, arguments: &mut Vec<Input>) {
        if !arguments.iter().any(|argument| argument.name == "filter") {
            let default = self.random.percent(30).then(|| json!({"shelf": 1, "color": "RED"}));
            arguments.push(input("filter", Ty::named("Filter"), default));
        }
    }

    fn root(&mut self) {
        let argument = |path: &[&str]| Feed::Argument(path.iter().map(ToString::to_string).collect());
        let reference =
            |name: &str, ty: Ty, arguments: Vec<Input>, key: Vec<(&str, Feed)>, type_name: Option<Feed>| Field {
                name: name.to_owned(),
                ty,
                arguments,
                source: Source::Reference {
                    key: key.into_iter().map(|(k, feed)| (k.to_owned(), feed)).collect(),
                    type_name,
                },
            };
        let id = || input("id", Ty::named("ID").required(), None);
        let mut fields = vec![
            reference("product", Ty::named("Product"), vec![id()], vec![("id", argument(&["id"]))], None),
            reference(
                "branch",
                Ty::named("Account"),
                vec![input("id", Ty::named("ID"), Some(json!("a1")))],
                vec![("id", argument(&["id"]))],
                None,
            ),
            reference(
                "order",
                Ty::named("Order"),
                vec![
                    input("branch", Ty::named("String").required(), None),
                    input("number", Ty::named("Int").required(), Some(json!(1))),
                ],
                vec![("branch", argument(&["branch"])), ("number", argument(&["number"]))],
                None,
            ),
            reference("standard", Ty::named("Product"), vec![], vec![("id", Feed::Constant("a0".into()))], None),
            reference(
                "found",
                Ty::named("Product"),
                vec![input("by", Ty::named("Find").required(), None)],
                vec![("id", argument(&["by", "id"]))],
                None,
            ),
            reference(
                "thing",
                Ty::named("Thing"),
                vec![input("kind", Ty::named("String").required(), Some(json!("Product"))), id()],
                vec![("id", argument(&["id"]))],
                Some(argument(&["kind"])),
            ),
            reference(
                "things",
                Ty::named("Named").list(),
                vec![
                    input("by", Ty::named("Find"), None),
                    input("ids", Ty::named("ID").required().list().required(), None),
                ],
                vec![("id", argument(&["ids"]))],
                Some(argument(&["by", "kind"])),
            ),
        ];
        let item = if self.random.percent(50) { Ty::named("ID").required() } else { Ty::named("ID") };
        let ids = if self.random.percent(50) { item.list().required() } else { item.list() };
        let many = Ty::named("Product").list();
        fields.push(reference("products", many, vec![input("ids", ids, None)], vec![("id", argument(&["ids"]))], None));
        fields.push(reference(
            "orders",
            Ty::named("Order").list(),
            vec![
                input("branch", Ty::named("String"), Some(json!("a1"))),
                input("numbers", Ty::named("Int").required().list().required(), None),
            ],
            vec![("branch", argument(&["branch"])), ("number", argument(&["numbers"]))],
            None,
        ));
        if self.world.objects.contains_key("Depot") {
            let code = input("code", Ty::named("Int").required(), Some(json!(1)));
            fields.push(reference("depot", Ty::named("Depot"), vec![code], vec![("code", argument(&["code"]))], None));
        }
        for list in 0..self.world.lists.len() {
            fields.push(self.list_field(&format!("all{list}"), list, &[]));
        }
        // The Named interface needs every type its references may name to implement it.
        if self.world.possible_types("Named").len() < 2 {
            fields.retain(|field| field.name != "things");
        }
        self.random.shuffle(&mut fields);
        self.world.objects.insert("Query".into(), Object { role: Role::Root, implements: vec![], fields });
    }
}
