//! The cost of a plan: what its answer can have at worst, weighed.
//!
//! In: the contract and a plan, and the arguments it is asked with once they are known. Out: one number, the same for every
//! caller. Every object that can be in the answer costs the weight of its type (1 unless `@cost` says otherwise), every field
//! with `@cost` its weight for each object it is written for, and every rule ten for each object it is run for and each of the
//! pieces it is asked about. Pages and lists of keys multiply what is inside them.

use std::collections::{HashMap, HashSet};

use super::{
    coerce::Coerced,
    compile::n_values,
    model::{ArgumentsId, JoinFrom, JoinId, Output, PlaceId, Plan, PlannedFeed, Produce},
};
use compact_str::CompactString;

use crate::{
    contract::{Contract, Weight},
    value::Input,
};

/// How many parts a list in a record is taken to have where `@listSize` does not say: an order has some ten lines.
const PARTS_ASSUMED: u64 = 10;

/// What it costs to run a rule for one object, or for one piece of what it is asked about: it reads some ten facts.
const RULE: Weight = Weight(10_000);

/// Weighs a plan.
///
/// *Units*: objects of weight 1, rounded up.
pub fn cost(contract: &Contract, plan: &Plan) -> u64 {
    weigh(contract, plan, None)
}

/// Weighs a plan by the lists it is given.
///
/// *Units*: objects of weight 1, rounded up.
pub(super) fn cost_given(contract: &Contract, plan: &Plan, arguments: &[Coerced]) -> u64 {
    weigh(contract, plan, Some(arguments))
}

fn weigh(contract: &Contract, plan: &Plan, arguments: Option<&[Coerced]>) -> u64 {
    let mut weighing = Weighing { contract, plan, arguments, known: HashMap::new() };
    weighing.place(PlaceId(0)).div_ceil(Weight::OBJECT.0)
}

/// How many pieces a rule is asked about by an argument: as many as its longest list has; a list that is not known is taken to
/// be that of an order.
fn n_pieces(value: &Input) -> u64 {
    match value {
        Input::Variable(_) => PARTS_ASSUMED,
        Input::List(items) => items.iter().map(n_pieces).fold(0, u64::saturating_add).max(items.len() as u64),
        Input::Object(fields) => fields.iter().map(|(_, value)| n_pieces(value)).max().unwrap_or(1),
        _ => 1,
    }
}

struct Weighing<'p> {
    contract: &'p Contract,
    plan: &'p Plan,
    /// The arguments of its fields, where they are known.
    arguments: Option<&'p [Coerced]>,
    /// What is written for one object of each place weighs.
    known: HashMap<PlaceId, u64>,
}

impl Weighing<'_> {
    /// Weighs what is written for one object of a place.
    fn place(&mut self, id: PlaceId) -> u64 {
        if let Some(known) = self.known.get(&id) {
            return *known;
        }
        let plan = self.plan;
        let weight = self.members(&plan.places[id.0].outputs);
        self.known.insert(id, weight);
        weight
    }

    /// Weighs the members of one object. Of several places where one may come to stand it has one.
    fn members(&mut self, outputs: &[Output]) -> u64 {
        let mut names = HashSet::new();
        let mut called = HashSet::new();
        let mut weight = 0_u64;
        for output in outputs.iter().filter(|output| !matches!(output.produce, Produce::Null)) {
            if names.insert(&output.name) {
                weight = weight.saturating_add(output.weight.0).saturating_add(self.produced(
                    &output.produce,
                    output,
                    &mut called,
                ));
            }
        }
        weight
    }

    fn produced(&mut self, produce: &Produce, output: &Output, called: &mut HashSet<JoinId>) -> u64 {
        let n_items = |n_lists: usize| match (n_lists, output.n_items) {
            (0, _) => 1,
            // A record has what it has, whatever an argument asks for.
            (_, Some(n_items)) => n_items.max(PARTS_ASSUMED),
            (n_lists, None) => PARTS_ASSUMED.saturating_pow(u32::try_from(n_lists).unwrap_or(u32::MAX)),
        };
        match produce {
            Produce::Part { nesting, variants, .. } => {
                let one = variants.iter().map(|outputs| self.members(outputs)).max().unwrap_or(0);
                n_items(nesting.n_lists()).saturating_mul(one.saturating_add(Weight::OBJECT.0))
            }
            Produce::Join { join, nesting } => match self.plan.joins[join.0].from {
                JoinFrom::Part { .. } => n_items(nesting.n_lists()).saturating_mul(self.target(*join)),
                _ => self.joined(*join, output.n_items),
            },
            Produce::Nodes { join, .. } | Produce::Node(join) => self.joined(*join, output.n_items),
            // What a connection and its edges hold is multiplied where the rows are joined.
            Produce::Connection { outputs, .. } | Produce::Edges { outputs, .. } | Produce::PageInfo(outputs) => {
                self.members(outputs)
            }
            Produce::Rule { join, of } => {
                let call = if called.insert(*join) { self.called(*join) } else { 0 };
                call.saturating_add(self.produced(of, output, called))
            }
            Produce::Provenance { members, outputs } => {
                (members.len() as u64).saturating_mul(self.members(outputs).saturating_add(Weight::OBJECT.0))
            }
            _ => 0,
        }
    }

    /// Weighs the objects a join leads to from one object.
    fn joined(&mut self, join: JoinId, n_items: Option<u64>) -> u64 {
        let found = &self.plan.joins[join.0];
        let rows = |place: PlaceId| self.plan.places[place.0].rows_max;
        let of_target = found.targets.first().map_or(1, |(_, target)| rows(*target));
        let planned = || n_items.unwrap_or_else(|| of_target.div_ceil(rows(found.parent).max(1)));
        let n_rows = self.n_keys_given(join).unwrap_or_else(planned);
        n_rows.saturating_mul(self.target(join))
    }

    /// How many keys a list reference is given, where its arguments are known.
    fn n_keys_given(&self, join: JoinId) -> Option<u64> {
        let JoinFrom::Reference { key, arguments: Some(id), many: true, .. } = &self.plan.joins[join.0].from else {
            return None;
        };
        let given = self.given(*id)?;
        let of_feed = |feed: &PlannedFeed| match feed {
            PlannedFeed::Argument(path) => {
                let value = given.iter().find(|(name, _)| *name == path[0]).map(|(_, value)| value);
                Some(value.map_or(0, |value| n_values(value, &path[1..], 1)))
            }
            _ => None,
        };
        key.iter().filter_map(of_feed).max()
    }

    fn given(&self, id: ArgumentsId) -> Option<&[(CompactString, Input)]> {
        // What is asked with arguments that do not fit is not asked.
        Some(self.arguments?[id.0].as_deref().unwrap_or_default())
    }

    /// Weighs the call of a rule for one object.
    fn called(&self, join: JoinId) -> u64 {
        let JoinFrom::Rule(call) = self.plan.joins[join.0].from else { return RULE.0 };
        let id = self.plan.calls[call.0].arguments;
        let n_pieces = match self.given(id) {
            Some(given) => given.iter().map(|(_, value)| n_pieces(value)).max(),
            None => {
                let written = self.plan.arguments[id.0].declared.iter();
                written
                    .filter_map(|(declared, written)| Some(n_pieces(written.as_ref().or(declared.default.as_ref())?)))
                    .max()
            }
        };
        RULE.0.saturating_mul(n_pieces.unwrap_or(1).max(1))
    }

    /// Weighs one object a join leads to, of whichever type weighs most.
    fn target(&mut self, join: JoinId) -> u64 {
        let plan = self.plan;
        let weights = plan.joins[join.0].targets.iter().map(|(_, target)| {
            let own = self.contract.ty(plan.places[target.0].ty).weight.unwrap_or(Weight::OBJECT);
            self.place(*target).saturating_add(own.0)
        });
        weights.max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        contract::{AudienceLimits, Files, PublicSchema, load},
        plan::{Document, RefusalKind, coerce_arguments, coerce_variables, compile, given_within_limits, parse},
    };

    fn contract(files: &[(&str, &str)]) -> Contract {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        let loaded = load(&Files::new(files), &|_| Some("http://localhost".to_owned()));
        loaded.contract.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
    }

    fn things() -> Contract {
        contract(&[
            ("freehold.toml", include_str!("../../fuzz/contract/freehold.toml")),
            ("graph.graphql", include_str!("../../fuzz/contract/graph.graphql")),
            ("systems/erp.toml", include_str!("../../fuzz/contract/systems/erp.toml")),
        ])
    }

    fn planned(contract: &Contract, query: &str) -> Plan {
        let schema = PublicSchema::new(contract, None).unwrap();
        let document = Document::read(&AudienceLimits::default(), query).unwrap();
        compile(contract, None, &parse(&schema, &document, None).unwrap()).unwrap()
    }

    /// The cost of a plan before and after it is given variables.
    fn costs(contract: &Contract, query: &str, given: Value) -> (u64, u64) {
        let plan = planned(contract, query);
        let variables = coerce_variables(contract, &plan.variables, given.as_object().unwrap()).unwrap();
        let arguments = coerce_arguments(contract, &plan.arguments, &variables);
        (cost(contract, &plan), cost_given(contract, &plan, &arguments))
    }

    #[test]
    fn a_page_costs_the_most_that_it_can_have() {
        let contract = things();
        let (max, default) =
            (u64::from(contract.lists[0].page_rows_max), u64::from(contract.lists[0].page_rows_default));
        for (query, rows) in [
            ("{ search { nodes { sku } } }", default),
            ("{ search(first: null, last: 50) { nodes { sku } } }", 50),
            ("{ search(last: null) { nodes { sku } } }", default),
            ("query ($n: Int) { search(first: $n, last: 1) { nodes { sku } } }", max),
            ("query ($n: Int) { search(last: $n) { edges { node { sku } } } }", max),
            ("{ product(sku: \"A\") { similar { sku } } }", 1 + 3),
            ("{ product(sku: \"A\") { similar(first: 7) { sku } } }", 1 + 7),
            ("{ product(sku: \"A\") { similar(first: null) { sku } } }", 1 + max),
            ("query ($n: Int) { product(sku: \"A\") { similar(first: $n) { sku } } }", 1 + max),
        ] {
            assert_eq!(cost(&contract, &planned(&contract, query)), rows, "{query}");
        }
    }

    #[test]
    fn a_list_costs_what_the_schema_takes_it_to_have() {
        let graph = include_str!("../../fuzz/contract/graph.graphql");
        let size =
            r#"@listSize(assumedSize: 40, slicingArguments: ["first"]) @list(name: "products", args: "colour: $choice"#;
        let graph = graph.replace(r#"@list(name: "products", args: "colour: $choice"#, size);
        let contract = contract(&[
            ("freehold.toml", include_str!("../../fuzz/contract/freehold.toml")),
            ("graph.graphql", &graph),
            ("systems/erp.toml", include_str!("../../fuzz/contract/systems/erp.toml")),
        ]);
        let max = u64::from(contract.lists[0].page_rows_max);
        for (query, rows) in [
            ("{ product(sku: \"A\") { similar(first: 7) { sku } } }", 1 + 7),
            ("query ($n: Int) { product(sku: \"A\") { similar(first: $n) { sku } } }", 1 + max),
            ("query ($n: Int = 5) { product(sku: \"A\") { similar(first: $n) { sku } } }", 1 + max),
            ("{ product(sku: \"A\") { similar { sku } } }", 1 + 3),
            ("{ product(sku: \"A\") { similar(first: null) { sku } } }", 1 + 40),
        ] {
            assert_eq!(cost(&contract, &planned(&contract, query)), rows, "{query}");
        }
    }

    #[test]
    fn what_is_planned_for_several_types_has_a_bound() {
        let contract = things();
        let schema = PublicSchema::new(&contract, None).unwrap();
        let of_two_types = |n: usize| {
            let query = format!("{{ sellable(kind: \"Bundle\", sku: \"A\") {{ {} }} }}", "name ".repeat(n));
            let document = Document::read(&AudienceLimits::default(), &query).unwrap();
            compile(&contract, None, &parse(&schema, &document, None).unwrap())
        };
        assert!(of_two_types(9_000).is_ok());
        let refusal = of_two_types(10_001).unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::TooLarge);
        assert!(refusal.mistakes[0].message.contains("20000 members"), "{refusal:?}");
    }

    #[test]
    fn keys_that_a_variable_gives_are_counted_once_they_are_there() {
        let contract = things();
        let query = "query ($skus: [ID!]!) { products(skus: $skus) { sku next { sku } } }";
        let given = |n: usize| json!({ "skus": vec!["A"; n] });
        assert_eq!(costs(&contract, query, given(3)), (200, 6));
        assert_eq!(costs(&contract, query, given(10_000)), (200, 20_000));
        let written = format!("{{ products(skus: [{}]) {{ sku }} }}", "\"A\" ".repeat(500));
        assert_eq!(cost(&contract, &planned(&contract, &written)), 500);
        let mixed = format!("query ($sku: ID!) {{ products(skus: [$sku {}]) {{ sku }} }}", "\"A\" ".repeat(500));
        assert_eq!(cost(&contract, &planned(&contract, &mixed)), 501);
        let plan = planned(&contract, query);
        let given = json!({ "skus": vec!["A"; 100_001] });
        let variables = coerce_variables(&contract, &plan.variables, given.as_object().unwrap()).unwrap();
        let arguments = coerce_arguments(&contract, &plan.arguments, &variables);
        let refusal = given_within_limits(&contract, None, &plan, (&variables, &arguments)).unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::TooCostly);
    }

    #[test]
    fn a_rule_costs_as_much_as_it_is_asked_about() {
        let contract = contract(crate::demo::CONTRACT);
        let query = "query ($lines: [CartLine!]!) { validateCart(account: \"1\", lines: $lines) { decision } }";
        let given = |n: usize| json!({ "lines": vec![json!({ "sku": "A", "quantity": "1" }); n] });
        let (assumed, one) = costs(&contract, query, given(1));
        let (_, many) = costs(&contract, query, given(1_000));
        assert!(one < assumed && assumed < many, "{one} {assumed} {many}");
        assert!(many >= 10_000, "{many}");
    }
}
