//! A contract without a fault, and what it compiles to.

use freehold::contract::{Answer, Feed, Role};

use super::base;

#[test]
fn the_base_contract_loads() {
    let loaded = base::loaded(base::files());
    assert!(loaded.contract.is_some(), "{}", base::shown(&loaded));
    insta::assert_snapshot!(base::shown(&loaded));
}

#[test]
fn every_group_has_its_slots_and_its_tightest_domain() {
    let contract = base::loaded(base::files()).contract.expect("the base contract loads");
    let groups = contract.groups.iter().map(|group| {
        let slots: Vec<_> = contract.shapes[group.shape.index()].slots.iter().map(|slot| slot.name.as_str()).collect();
        format!("{} [{}] {}", group.name, slots.join(" "), contract.domain(group.domain).name)
    });
    insta::assert_snapshot!(groups.collect::<Vec<_>>().join("\n"), @r"
    erp Company [name] customer
    erp Order [account lines] order
    shop Order [account lines] order
    shop Person [name] product
    erp Product [name status weight units successorSku media hazmatClass] product
    erp Product.stock [stock] inventory
    shop Product [webVisible] product
    shop Product (copies) [name] product
    ");
}

#[test]
fn every_answer_names_a_slot_of_its_own_name() {
    let contract = base::loaded(base::files()).contract.expect("the base contract loads");
    let mut n_slots = 0;
    for ty in contract.types.iter().filter_map(|ty| contract.object(contract.type_names[&ty.name])) {
        for field in &ty.fields {
            let slot = match (&field.answer, &ty.role) {
                (Answer::Slot { group, slot }, _) => {
                    &contract.shapes[contract.group(*group).shape.index()].slots[*slot]
                }
                (Answer::Part { slot }, Role::Part { shape }) => &contract.shapes[shape.index()].slots[*slot],
                _ => continue,
            };
            assert_eq!(slot.name, field.name);
            n_slots += 1;
        }
    }
    assert!(n_slots > 20, "{n_slots}");
}

#[test]
fn references_and_lists_know_where_their_texts_come_from() {
    let contract = base::loaded(base::files()).contract.expect("the base contract loads");
    let query = contract.object(contract.query).expect("the query root is an object");
    let field = |name: &str| &query.fields.iter().find(|field| field.name == name).expect("the field is there").answer;
    let Answer::Reference(party) = field("party") else { panic!("party is a reference") };
    assert_eq!(party.key, [Feed::Argument(vec!["id".to_owned()])]);
    assert_eq!(party.type_name, Some(Feed::Argument(vec!["kind".to_owned()])));
    let Answer::List(list) = field("ofCategory") else { panic!("ofCategory is a list") };
    assert!(list.connection);
    assert_eq!(contract.list(list.list).parameters, ["category", "status"]);
    assert_eq!(
        list.arguments,
        [
            Some(Feed::Argument(vec!["category".to_owned()])),
            Some(Feed::Argument(vec!["filter".to_owned(), "status".to_owned()])),
        ]
    );
}

#[test]
fn a_handover_is_as_fresh_as_the_entity_where_only_fields_have_domains() {
    let from = "@domain(name: \"order\") @scope(account: \"account\")\n  @handover(from: \"shop\") {\n  number: ID!\n  account: String!\n  lines: [Line!]!";
    let to = "@scope(account: \"account\")\n  @handover(from: \"shop\") {\n  number: ID!\n  account: String! @domain(name: \"order.closed\")\n  lines: [Line!]! @domain(name: \"order\")";
    let loaded = base::loaded(base::edited("order.graphql", from, to));
    let contract = loaded.contract.as_ref().unwrap_or_else(|| panic!("{}", base::shown(&loaded)));
    let shop = contract.groups.iter().find(|group| group.name == "shop Order").expect("the shop hands over");
    assert_eq!(contract.domain(shop.domain).name, "order");
}
