//! Queries: random valid documents over a world. Everything a document may do and still be valid: aliases, fields that
//! merge, fragments of every kind, conditions, variables present, absent, null and by default, several operations.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::document::{Directive, Document, FieldSelection, Fragment, Literal, Operation, Selection, Variable};
use super::model::{Field, Input, Source, Ty, World};
use super::random::Random;
use super::rows::IDS;

/// Writes the cursor of a place in a list (its number in the world) as clients see it.
pub type EncodeCursor<'a> = &'a dyn Fn(usize, &[Option<String>]) -> String;

/// Makes a document.
pub fn document(world: &World, seed: u64, encode: EncodeCursor<'_>) -> Document {
    let mut random = Random::new(seed);
    let budget = [6, 12, 25, 50][random.below(4)];
    let (document, met) = (Document::default(), world.met());
    let mut maker = Maker { world, met, random, encode, document, variables: vec![], budget, n_names: 0 };
    maker.make();
    maker.document
}

/// Gives the variables of a document other values of the same kind.
pub fn ask_otherwise(document: &mut Document, seed: u64) {
    let mut random = Random::new(seed);
    for value in document.variables.values_mut() {
        let number = value.as_i64();
        match value {
            Value::Bool(_) => *value = json!(random.percent(50)),
            Value::Number(_) if number.is_some_and(|number| number < 6) => *value = json!(random.below(5)),
            Value::String(text) if IDS.contains(&text.as_str()) => *value = json!(random.pick(&IDS)),
            _ => {}
        }
    }
}

struct Maker<'a> {
    world: &'a World,
    /// The types that the public schema has.
    met: BTreeSet<String>,
    random: Random,
    encode: EncodeCursor<'a>,
    document: Document,
    variables: Vec<Variable>,
    /// How many more fields the operation may select.
    budget: usize,
    n_names: usize,
}

/// The response keys of one object of the answer: what each stands for, whoever selects it.
#[derive(Default)]
struct Scope {
    prefix: Option<String>,
    keys: BTreeMap<String, Entry>,
}

struct Entry {
    definition: String,
    arguments: Vec<(String, Literal)>,
    inside: Scope,
}

/// What must agree for two fields to merge, whatever types they stand on.
fn definition(field: &Field) -> String {
    let arguments: Vec<String> =
        field.arguments.iter().map(|a| format!("{}: {} = {:?}", a.name, a.ty, a.default)).collect();
    format!("{}({}): {}", field.name, arguments.join(", "), field.ty)
}

/// How many lists a field adds to the answer's depth. Those of a connection count where the connection is selected.
fn lists_of(field: &Field) -> usize {
    match field.source {
        Source::Paging => 0,
        Source::List { .. } => 1,
        _ => usize::from(field.ty.is_list()),
    }
}

impl Maker<'_> {
    fn make(&mut self) {
        let n_operations = [1, 1, 1, 2, 3][self.random.below(5)];
        let budget = self.budget;
        for n in 0..n_operations {
            self.budget = budget;
            let mut scope = Scope::default();
            let selections = self.selections("Query", &mut scope, 5, 2);
            let name = (n_operations > 1 || self.random.percent(30)).then(|| format!("Op{n}"));
            self.document.operations.push(Operation { name, variables: vec![], selections });
        }
        let used: Vec<BTreeSet<String>> =
            self.document.operations.iter().map(|operation| self.used(&operation.selections)).collect();
        for (operation, used) in self.document.operations.iter_mut().zip(used) {
            let defined = self.variables.iter().filter(|variable| used.contains(&variable.name));
            operation.variables = defined.cloned().collect();
        }
        let chosen = self.random.below(n_operations);
        let name = self.document.operations[chosen].name.clone();
        if n_operations > 1 || self.random.percent(50) {
            self.document.operation_name = name;
        }
        // async-graphql's executor knows no absent variable.
        let absent =
            |variable: &Variable| variable.default.is_none() && !self.document.variables.contains_key(&variable.name);
        let absent = self.document.operation().variables.iter().any(absent);
        self.document.meets_known_fault |= absent;
    }

    fn used(&self, selections: &[Selection]) -> BTreeSet<String> {
        let mut used = BTreeSet::new();
        let mut spreads = BTreeSet::new();
        self.collect_used(selections, &mut used, &mut spreads);
        used
    }

    fn collect_used(&self, selections: &[Selection], used: &mut BTreeSet<String>, spreads: &mut BTreeSet<String>) {
        for selection in selections {
            let mut note = |name: &str| {
                used.insert(name.to_owned());
            };
            match selection {
                Selection::Field(field) => {
                    field.directives.iter().for_each(|directive| directive.condition.variables(&mut note));
                    field.arguments.iter().for_each(|(_, value)| value.variables(&mut note));
                    self.collect_used(&field.selections, used, spreads);
                }
                Selection::Inline { directives, selections, .. } => {
                    directives.iter().for_each(|directive| directive.condition.variables(&mut note));
                    self.collect_used(selections, used, spreads);
                }
                Selection::Spread { name, directives } => {
                    directives.iter().for_each(|directive| directive.condition.variables(&mut note));
                    if spreads.insert(name.clone()) {
                        let fragment = self.document.fragments.iter().find(|fragment| fragment.name == *name);
                        self.collect_used(&fragment.expect("spreads name fragments").selections, used, spreads);
                    }
                }
            }
        }
    }

    fn fresh(&mut self, prefix: &str) -> String {
        self.n_names += 1;
        format!("{prefix}{}", self.n_names)
    }

    /// Makes the selections on a type, `depth` objects and `n_lists` lists deep at most.
    fn selections(&mut self, ty: &str, scope: &mut Scope, depth: usize, n_lists: usize) -> Vec<Selection> {
        let mut selections = Vec::new();
        let wanted = if ty == "Query" { self.random.between(1, 4) } else { self.random.between(1, 6) };
        for _ in 0..wanted {
            if self.budget == 0 {
                break;
            }
            self.budget -= 1;
            match self.random.below(100) {
                0..60 => selections.extend(self.any_field(ty, scope, depth, n_lists)),
                60..63 if ty == "Query" => {
                    let alias = self.fresh("t");
                    let named = *self.random.pick(&["Product", "Color", "Node", "Nothing"]);
                    let name = vec![("name".to_owned(), Literal::Plain(json!(named)))];
                    let selected = |name: &str| {
                        let name = name.to_owned();
                        Selection::Field(FieldSelection {
                            alias: None,
                            name,
                            arguments: vec![],
                            directives: vec![],
                            selections: vec![],
                        })
                    };
                    let selected = vec![selected("name"), selected("kind")];
                    selections.push(self.field_selection(Some(alias), "__type", name, selected));
                }
                60..68 => {
                    let alias = self.alias("__typename", scope);
                    let key = alias.clone().unwrap_or_else(|| "__typename".into());
                    let definition = "__typename".to_owned();
                    let taken = scope.keys.get(&key).is_some_and(|entry| entry.definition != definition);
                    if !taken {
                        let entry = Entry { definition, arguments: vec![], inside: Scope::default() };
                        scope.keys.entry(key).or_insert(entry);
                        selections.push(self.field_selection(alias, "__typename", vec![], vec![]));
                    }
                }
                68..82 => {
                    let on = self.condition(ty);
                    let selected_on = on.clone().unwrap_or_else(|| ty.to_owned());
                    let inner = self.selections(&selected_on, scope, depth, n_lists);
                    let directives = self.directives();
                    selections.push(Selection::Inline { on, directives, selections: inner });
                }
                82..92 => selections.extend(self.spread(ty, scope, depth, n_lists)),
                _ => selections.extend(self.again(ty, scope, depth, n_lists)),
            }
        }
        if selections.is_empty() {
            // No field is called so, and a fragment's own keys are prefixed, so nothing else has this key.
            selections.push(Selection::Field(FieldSelection {
                alias: None,
                name: "__typename".into(),
                arguments: vec![],
                directives: vec![],
                selections: vec![],
            }));
        }
        selections
    }

    fn field_selection(
        &mut self,
        alias: Option<String>,
        name: &str,
        arguments: Vec<(String, Literal)>,
        selections: Vec<Selection>,
    ) -> Selection {
        let directives = self.directives();
        if name == "__typename" && directives.iter().any(|it| matches!(it.condition, Literal::Variable(_))) {
            // async-graphql's validation does not look at the variables there and calls them unused.
            self.document.meets_known_fault = true;
        }
        Selection::Field(FieldSelection { alias, name: name.to_owned(), arguments, directives, selections })
    }

    fn alias(&mut self, name: &str, scope: &Scope) -> Option<String> {
        match &scope.prefix {
            Some(prefix) => Some(format!("{prefix}{name}")),
            None => self.random.percent(20).then(|| self.fresh("x")),
        }
    }

    fn any_field(&mut self, ty: &str, scope: &mut Scope, depth: usize, n_lists: usize) -> Option<Selection> {
        let world = self.world;
        let fits = |field: &&Field| !world.is_composite(field.ty.name()) || (depth > 0 && lists_of(field) <= n_lists);
        let fields: Vec<&Field> = world.fields(ty).iter().filter(fits).collect();
        if fields.is_empty() {
            return None;
        }
        let field = *self.random.pick(&fields);
        let mut alias = self.alias(&field.name, scope);
        let key = alias.clone().unwrap_or_else(|| field.name.clone());
        if scope.keys.get(&key).is_some_and(|entry| entry.definition != definition(field)) {
            alias = Some(self.fresh("y"));
        }
        self.field(field, alias, scope, depth, n_lists)
    }

    /// Selects a field under a response key that is free or stands for the same field already.
    fn field(
        &mut self,
        field: &Field,
        alias: Option<String>,
        scope: &mut Scope,
        depth: usize,
        n_lists: usize,
    ) -> Option<Selection> {
        let key = alias.clone().unwrap_or_else(|| field.name.clone());
        if self.world.is_composite(field.ty.name()) && field.ty.n_lists() > 1 {
            // Where it is selected twice, async-graphql's executor does not merge what is inside the inner lists.
            self.document.meets_known_fault = true;
        }
        if !scope.keys.contains_key(&key) {
            let arguments = self.arguments(field);
            let entry = Entry { definition: definition(field), arguments, inside: Scope::default() };
            scope.keys.insert(key.clone(), entry);
        }
        let entry = scope.keys.get_mut(&key).expect("it stands there now");
        let arguments = entry.arguments.clone();
        let selections = if self.world.is_composite(field.ty.name()) {
            // Paging types only lead to entities; they do not count.
            let deeper = if field.source == Source::Paging { depth } else { depth - 1 };
            let n_lists = n_lists - lists_of(field);
            let name = field.ty.name().to_owned();
            self.selections(&name, &mut entry.inside, deeper, n_lists)
        } else {
            vec![]
        };
        Some(self.field_selection(alias, &field.name, arguments, selections))
    }

    /// Selects a response key once more, so that both selections merge.
    fn again(&mut self, ty: &str, scope: &mut Scope, depth: usize, n_lists: usize) -> Option<Selection> {
        let world = self.world;
        let mut candidates = Vec::new();
        for (key, entry) in &scope.keys {
            let same = |field: &&Field| definition(field) == entry.definition;
            if let Some(field) = world.fields(ty).iter().find(same)
                && (!world.is_composite(field.ty.name()) || (depth > 0 && lists_of(field) <= n_lists))
            {
                candidates.push((key.clone(), field));
            }
        }
        if candidates.is_empty() {
            return None;
        }
        let (key, field) = self.random.pick(&candidates).clone();
        let alias = (key != field.name).then_some(key);
        self.field(field, alias, scope, depth, n_lists)
    }

    /// Chooses a type condition that may hold on a type, or none.
    fn condition(&mut self, ty: &str) -> Option<String> {
        if self.random.percent(20) {
            return None;
        }
        let possible = self.world.possible_types(ty);
        let overlaps = |other: &&str| self.world.possible_types(other).iter().any(|name| possible.contains(name));
        let conditions: Vec<&str> = (self.world.composite_types().into_iter())
            .filter(|name| self.met.contains(*name))
            .filter(overlaps)
            .collect();
        let chosen = (*self.random.pick(&conditions)).to_owned();
        if self.world.unions.contains_key(&chosen) {
            self.document.meets_known_fault = true;
        }
        Some(chosen)
    }

    fn spread(&mut self, ty: &str, scope: &mut Scope, depth: usize, n_lists: usize) -> Vec<Selection> {
        let possible = self.world.possible_types(ty);
        let reusable: Vec<String> = (self.document.fragments.iter())
            .filter(|fragment| fragment.name.starts_with("Any") && depth > 2 && n_lists > 0)
            .filter(|fragment| self.world.possible_types(&fragment.on).iter().any(|name| possible.contains(name)))
            .map(|fragment| fragment.name.clone())
            .collect();
        let name = if !reusable.is_empty() && self.random.percent(50) {
            self.random.pick(&reusable).clone()
        } else {
            let on = self.condition(ty).unwrap_or_else(|| ty.to_owned());
            self.document.meets_known_fault |= self.world.unions.contains_key(&on);
            if self.random.percent(50) {
                // Its keys are its own, so it can be spread anywhere.
                let name = self.fresh("Any");
                let mut own = Scope { prefix: Some(format!("{}_", name.to_lowercase())), ..Scope::default() };
                let selections = self.selections(&on, &mut own, depth.min(2), n_lists.min(1));
                self.document.fragments.push(Fragment { name: name.clone(), on, selections });
                name
            } else {
                // It shares the keys of the place where it is spread, and is spread nowhere else.
                let name = self.fresh("Here");
                let selections = self.selections(&on, scope, depth, n_lists);
                self.document.fragments.push(Fragment { name: name.clone(), on, selections });
                name
            }
        };
        let n_times = if self.random.percent(15) { 2 } else { 1 };
        (0..n_times).map(|_| Selection::Spread { name: name.clone(), directives: self.directives() }).collect()
    }

    fn directives(&mut self) -> Vec<Directive> {
        let mut directives = Vec::new();
        for skip in [true, false] {
            if self.random.percent(6) {
                let required = Ty::named("Boolean").required();
                let condition = if self.random.percent(65) {
                    self.variable(&required, "condition")
                } else {
                    Literal::Plain(json!(self.random.percent(60) != skip))
                };
                directives.push(Directive { skip, condition });
            }
        }
        directives
    }

    fn arguments(&mut self, field: &Field) -> Vec<(String, Literal)> {
        let mut arguments = Vec::new();
        let backward = field.arguments.iter().any(|argument| argument.name == "last") && self.random.percent(40);
        for argument in &field.arguments {
            let must = argument.ty.is_required() && argument.default.is_none();
            let both = self.random.percent(3);
            let value = match (argument.name.as_str(), backward) {
                ("first" | "last", _) if both => Literal::Plain(json!(1)),
                ("first", true) if argument.default.is_some() => Literal::Plain(Value::Null),
                ("first", true) | ("last" | "before", false) => continue,
                ("after" | "before", _) => {
                    if self.random.percent(60) {
                        continue;
                    }
                    self.cursor(field, argument)
                }
                // Where the list runs backward by default there is no `last` to leave out.
                ("last", true) => self.plain_or_variable(&argument.ty, "last"),
                _ if !must && self.random.percent(35) => continue,
                _ => self.literal(&argument.ty, &argument.name, 0),
            };
            arguments.push((argument.name.clone(), value));
        }
        self.random.shuffle(&mut arguments);
        arguments
    }

    /// Makes a value that is never null.
    fn plain_or_variable(&mut self, ty: &Ty, hint: &str) -> Literal {
        let required = ty.nullable().clone().required();
        if self.random.percent(30) {
            self.variable(&required, hint)
        } else {
            Literal::Plain(self.value(&required, hint))
        }
    }

    fn cursor(&mut self, field: &Field, argument: &Input) -> Literal {
        let Source::List { list, .. } = field.source else { return Literal::Plain(Value::Null) };
        let rows = &self.world.lists[list].rows;
        if rows.is_empty() || self.random.percent(5) {
            return Literal::Plain(Value::Null);
        }
        let text = (self.encode)(list, &self.random.pick(rows).place);
        let text = if self.random.percent(4) { "nowhere".to_owned() } else { text };
        if self.random.percent(70) {
            return Literal::Plain(json!(text));
        }
        let name = self.fresh("v");
        self.variables.push(Variable { name: name.clone(), ty: argument.ty.clone(), default: None });
        self.document.variables.insert(name.clone(), json!(text));
        Literal::Variable(name)
    }

    /// Makes a literal for a place of this type, with variables inside where they may stand.
    fn literal(&mut self, ty: &Ty, hint: &str, depth: usize) -> Literal {
        if self.random.percent(if depth == 0 { 35 } else { 15 }) {
            return self.variable(ty, hint);
        }
        match ty {
            Ty::NonNull(inner) => loop {
                let literal = self.literal_of(inner, hint, depth);
                if literal != Literal::Plain(Value::Null) {
                    return literal;
                }
            },
            _ => self.literal_of(ty, hint, depth),
        }
    }

    fn literal_of(&mut self, ty: &Ty, hint: &str, depth: usize) -> Literal {
        if self.random.percent(10) {
            return Literal::Plain(Value::Null);
        }
        match ty {
            Ty::NonNull(inner) => self.literal_of(inner, hint, depth),
            // A single value stands for a list of it.
            Ty::List(item) if self.random.percent(12) => {
                let required = item.nullable().clone().required();
                let value = self.value(&required, hint);
                self.to_literal(&value, &required)
            }
            Ty::List(item) => {
                let count = self.random.below(5);
                Literal::List((0..count).map(|_| self.literal(item, hint, depth + 1)).collect())
            }
            Ty::Named(name) if self.world.inputs.contains_key(name) => {
                let object = &self.world.inputs[name];
                if object.one_of {
                    let field = self.random.pick(&object.fields);
                    let value = self.plain_or_enum(&field.ty, &field.name);
                    return Literal::Object(vec![(field.name.clone(), value)]);
                }
                let mut members = Vec::new();
                for field in &object.fields {
                    let must = field.ty.is_required() && field.default.is_none();
                    if must || self.random.percent(55) {
                        members.push((field.name.clone(), self.literal(&field.ty, &field.name, depth + 1)));
                    }
                }
                Literal::Object(members)
            }
            Ty::Named(_) => {
                let value = self.value(&ty.clone().required(), hint);
                self.to_literal(&value, ty)
            }
        }
    }

    fn plain_or_enum(&mut self, ty: &Ty, hint: &str) -> Literal {
        let required = ty.nullable().clone().required();
        if self.random.percent(25) {
            // In `@oneOf` a nullable variable may not stand, default or not.
            let name = self.fresh(hint);
            let value = self.value(&required, hint);
            self.document.variables.insert(name.clone(), value);
            self.variables.push(Variable { name: name.clone(), ty: required, default: None });
            return Literal::Variable(name);
        }
        let value = self.value(&required, hint);
        self.to_literal(&value, &required)
    }

    fn to_literal(&self, value: &Value, ty: &Ty) -> Literal {
        match (ty.nullable(), value) {
            (Ty::List(item), Value::Array(items)) => {
                Literal::List(items.iter().map(|value| self.to_literal(value, item)).collect())
            }
            (Ty::List(item), value) if !value.is_null() => self.to_literal(value, item),
            (Ty::Named(name), Value::String(word)) if self.world.enums.contains_key(name) => {
                Literal::Enum(word.clone())
            }
            (Ty::Named(name), Value::Object(members)) if self.world.inputs.contains_key(name) => {
                let fields = &self.world.inputs[name].fields;
                let members = members.iter().map(|(name, value)| {
                    let field = fields.iter().find(|field| field.name == *name).expect("members are fields");
                    (name.clone(), self.to_literal(value, &field.ty))
                });
                Literal::Object(members.collect())
            }
            (_, value) => Literal::Plain(value.clone()),
        }
    }

    /// Uses a variable in a place of type `ty`: one that may stand there, with a value or without.
    fn variable(&mut self, ty: &Ty, hint: &str) -> Literal {
        let reused: Vec<String> = (self.variables.iter())
            .filter(|variable| variable.ty == *ty && variable.name.starts_with(hint))
            .map(|variable| variable.name.clone())
            .collect();
        if !reused.is_empty() && self.random.percent(40) {
            return Literal::Variable(self.random.pick(&reused).clone());
        }
        let name = self.fresh(hint);
        let required = ty.is_required();
        // A nullable variable may stand in a non-null place if it has a default; it must not be null then.
        let (ty, must_not_be_null) = match (required, self.random.percent(25)) {
            (true, true) => (ty.nullable().clone(), true),
            (false, true) => (ty.clone().required(), true),
            (required, false) => (ty.clone(), required),
        };
        let needs_default = required && !ty.is_required();
        let default = (needs_default || self.random.percent(30)).then(|| {
            let wanted = if must_not_be_null { ty.nullable().clone().required() } else { ty.clone() };
            let value = self.value(&wanted, hint);
            self.to_literal(&value, &ty)
        });
        let may_be_absent = default.is_some() || !ty.is_required();
        if needs_default && hint != "condition" && self.random.percent(8) {
            // Valid as a document, and an error of the field that it reaches. async-graphql refuses the whole.
            self.document.variables.insert(name.clone(), Value::Null);
            self.document.meets_known_fault = true;
        } else if !(may_be_absent && self.random.percent(30)) {
            let wanted = if must_not_be_null { ty.nullable().clone().required() } else { ty.clone() };
            let value = self.value(&wanted, hint);
            self.document.variables.insert(name.clone(), value);
        }
        self.variables.push(Variable { name: name.clone(), ty, default });
        Literal::Variable(name)
    }

    /// Makes an input value of a type.
    fn value(&mut self, ty: &Ty, hint: &str) -> Value {
        match ty {
            Ty::NonNull(inner) => loop {
                let value = self.value(inner, hint);
                if !value.is_null() {
                    return value;
                }
            },
            _ if self.random.percent(12) => Value::Null,
            Ty::List(item) => {
                if self.random.percent(10) {
                    return self.value(&item.nullable().clone().required(), hint);
                }
                Value::Array((0..self.random.below(5)).map(|_| self.value(item, hint)).collect())
            }
            Ty::Named(name) if self.world.inputs.contains_key(name) => {
                let object = &self.world.inputs[name];
                let mut members = Map::new();
                if object.one_of {
                    let field = self.random.pick(&object.fields);
                    members.insert(field.name.clone(), self.value(&field.ty.clone().required(), &field.name));
                    return Value::Object(members);
                }
                for field in &object.fields {
                    let must = field.ty.is_required() && field.default.is_none();
                    if must || self.random.percent(55) {
                        members.insert(field.name.clone(), self.value(&field.ty, &field.name));
                    }
                }
                Value::Object(members)
            }
            Ty::Named(name) => self.scalar(name, hint),
        }
    }

    fn scalar(&mut self, name: &str, hint: &str) -> Value {
        match (name, hint) {
            ("Color", _) => json!(self.random.pick(&["RED", "GREEN", "BLUE"])),
            ("Boolean", _) => json!(self.random.percent(50)),
            (_, "first" | "last") if self.random.percent(4) => json!(self.random.pick(&[-1, 50])),
            (_, "first" | "last") => json!(self.random.below(6)),
            ("Int", "number" | "numbers") => json!(self.random.between(1, 4)),
            ("Int", _) => json!(self.random.below(4)),
            (_, "kind") if self.random.percent(5) => json!("Order"),
            (_, "kind") => json!(self.random.pick(&["Product", "Account"])),
            (_, "tags") => json!(self.random.pick(&["t1", "t2", "t3", "t4"])),
            (_, "word") => json!(self.random.pick(&["w1", "w2", "w3"])),
            (_, "note") => json!("a note"),
            _ if self.random.percent(8) => json!("nobody"),
            _ => json!(self.random.pick(&IDS)),
        }
    }
}
