//! Listings: where all keys of a type come from, on one side.
//!
//! In: a type and a system. Out: a list of that system which can be asked for all it has; or one of another type whose keys
//! are the type's, as of products where stock is found by the product's key. Pure.

use crate::{
    contract::{Answer, Contract, Feed, Role},
    job::live::all_rows,
    value::{Argument, Key, ListId, SystemId, TypeId},
};

/// A list of all keys.
#[derive(Debug)]
pub(super) struct Listing {
    pub list: ListId,
    pub arguments: Box<[Argument]>,
    /// How a listed key becomes the type's, where the list is of another type.
    led: Option<Vec<KeyText>>,
}

/// Where one text of a key comes from.
#[derive(Debug)]
enum KeyText {
    /// A text of the listed key.
    Of(usize),
    Constant(String),
}

/// Finds a list that gives all keys of a type in a system; the one with the fewest parameters, where there are several.
pub(super) fn listing(contract: &Contract, entity: TypeId, system: SystemId) -> Option<Listing> {
    if let Some((list, arguments)) = of_type(contract, entity, system) {
        return Some(Listing { list, arguments, led: None });
    }
    (0..contract.types.len()).map(TypeId::from).find_map(|from| {
        let led = leading(contract, from, entity)?;
        let (list, arguments) = of_type(contract, from, system)?;
        Some(Listing { list, arguments, led: Some(led) })
    })
}

fn of_type(contract: &Contract, entity: TypeId, system: SystemId) -> Option<(ListId, Box<[Argument]>)> {
    let lists = contract.lists.iter().enumerate().filter(|(_, list)| list.of == entity && list.system == system);
    let asked = lists.filter_map(|(number, _)| {
        let list = ListId::from(number);
        Some((list, all_rows(contract, list)?))
    });
    asked.min_by_key(|(_, arguments)| arguments.len())
}

/// Finds a field that leads from each entity of one type to one of another, by nothing but its key.
fn leading(contract: &Contract, from: TypeId, to: TypeId) -> Option<Vec<KeyText>> {
    let object = contract.object(from)?;
    let Role::Entity(facts) = &object.role else { return None };
    object.fields.iter().filter(|field| field.ty.named() == to && !field.ty.is_list()).find_map(|field| {
        let Answer::Reference(reference) = &field.answer else { return None };
        let text = |feed: &Feed| match feed {
            Feed::Field(position) => match object.fields[*position].answer {
                Answer::Key(position) => Some(KeyText::Of(position)),
                _ => None,
            },
            Feed::Constant(text) => Some(KeyText::Constant(text.clone())),
            Feed::Argument(_) => None,
        };
        let led = reference.key.iter().map(text).collect::<Option<Vec<_>>>()?;
        // One for one: no two listed keys become the same.
        let is_used = |position| led.iter().any(|text| matches!(text, KeyText::Of(used) if *used == position));
        (reference.type_name.is_none() && (0..facts.key.len()).all(is_used)).then_some(led)
    })
}

impl Listing {
    /// Returns the type's key for a listed one; none where it is none.
    pub fn key(&self, listed: &Key) -> Option<Key> {
        let Some(led) = &self.led else { return Some(listed.clone()) };
        let texts: Option<Vec<&str>> = led
            .iter()
            .map(|text| match text {
                KeyText::Of(position) => listed.field(*position),
                KeyText::Constant(text) => Some(text.as_str()),
            })
            .collect();
        Key::of(texts?)
    }
}
