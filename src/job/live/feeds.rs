//! Feeds: what a list is asked with when nobody asks.
//!
//! In: a list and the samples. Out: the arguments of a few parents, or those that bring all of its rows. Where several fields use a list, the one that fills
//! most of its parameters is taken.

use super::samples::{N_SAMPLES, Samples};
use crate::{
    contract::{Answer, Argument as Declared, Contract, Feed, Role, TypeKind},
    value::{Argument, Key, ListId, TypeId},
};

/// What fills a list's parameters.
#[derive(Debug, Default)]
pub(super) struct Feeds {
    /// The entity whose keys do, if any does.
    pub entity: Option<TypeId>,
    parameters: Vec<Parameter>,
}

/// What fills one parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Parameter {
    /// A field of the entity's key.
    Key(usize),
    Constant(String),
    /// Only a caller could say it.
    Null,
}

/// Finds what fills a list's parameters.
pub(super) fn of(contract: &Contract, list: ListId) -> Feeds {
    let mut best = Feeds { entity: None, parameters: vec![Parameter::Null; contract.list(list).parameters.len()] };
    for id in (0..contract.types.len()).map(TypeId::from) {
        let Some(object) = contract.object(id) else { continue };
        for field in &object.fields {
            let Answer::List(used) = &field.answer else { continue };
            if used.list != list {
                continue;
            }
            let is_entity = matches!(object.role, Role::Entity(_));
            let parameter = |feed: &Option<Feed>| match feed {
                Some(Feed::Constant(text)) => Parameter::Constant(text.clone()),
                Some(Feed::Field(position)) => match object.fields[*position].answer {
                    Answer::Key(position) if is_entity => Parameter::Key(position),
                    _ => Parameter::Null,
                },
                _ => Parameter::Null,
            };
            let parameters: Vec<Parameter> = used.arguments.iter().map(parameter).collect();
            let n_filled = |parameters: &[Parameter]| parameters.iter().filter(|one| **one != Parameter::Null).count();
            if n_filled(&parameters) > n_filled(&best.parameters) {
                let keyed = parameters.iter().any(|one| matches!(one, Parameter::Key(_)));
                best = Feeds { entity: keyed.then_some(id), parameters };
            }
        }
    }
    best
}

/// Returns what a list is asked with for all of its rows: its constants, and null for what a caller may leave out. None
/// where no field lets a caller leave out the rest.
pub(in crate::job) fn all_rows(contract: &Contract, list: ListId) -> Option<Box<[Argument]>> {
    let objects = (0..contract.types.len()).filter_map(|id| contract.object(TypeId::from(id)));
    let mut uses = objects.flat_map(|object| &object.fields).filter_map(|field| match &field.answer {
        Answer::List(used) if used.list == list => Some((field, used)),
        _ => None,
    });
    uses.find_map(|(field, used)| {
        let argument = |feed: &Option<Feed>| match feed {
            None => Some(Argument::Null),
            Some(Feed::Constant(text)) => Some(Argument::One(text.as_str().into())),
            Some(Feed::Argument(path)) => may_be_null(contract, &field.arguments, path).then_some(Argument::Null),
            Some(Feed::Field(_)) => None,
        };
        used.arguments.iter().map(argument).collect()
    })
}

/// Whether a caller may leave out an argument, or a field inside one.
fn may_be_null(contract: &Contract, arguments: &[Declared], path: &[String]) -> bool {
    let Some((name, rest)) = path.split_first() else { return false };
    let Some(argument) = arguments.iter().find(|argument| argument.name == *name) else { return false };
    if !argument.ty.non_null {
        return true;
    }
    match &contract.ty(argument.ty.named()).kind {
        // Of one of these fields a caller gives exactly one.
        TypeKind::Input { fields, one_of: false } => may_be_null(contract, fields, rest),
        _ => false,
    }
}

impl Feeds {
    /// Makes the arguments: one set for each sample of the entity, or one of what is left when there is none.
    pub fn arguments(&self, samples: &Samples) -> Vec<Box<[Argument]>> {
        let mut keys = self.entity.map(|entity| samples.all(entity)).unwrap_or_default();
        keys.truncate(N_SAMPLES);
        if keys.is_empty() {
            return vec![self.set(None)];
        }
        keys.iter().map(|key| self.set(Some(key))).collect()
    }

    /// Whether the samples fill every parameter there is.
    pub fn are_whole(&self, samples: &Samples) -> bool {
        let is_filled = |one: &Parameter| match one {
            Parameter::Key(_) => self.entity.is_some_and(|entity| samples.has(entity)),
            Parameter::Constant(_) => true,
            Parameter::Null => false,
        };
        self.parameters.iter().all(is_filled)
    }

    fn set(&self, key: Option<&Key>) -> Box<[Argument]> {
        let argument = |one: &Parameter| match one {
            Parameter::Key(position) => {
                key.and_then(|key| key.field(*position)).map_or(Argument::Null, |text| Argument::One(text.into()))
            }
            Parameter::Constant(text) => Argument::One(text.as_str().into()),
            Parameter::Null => Argument::Null,
        };
        self.parameters.iter().map(argument).collect()
    }
}
