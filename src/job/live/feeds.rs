//! Feeds: what a list is asked with when nobody asks.
//!
//! In: a list and the samples. Out: the arguments of a few parents. Where several fields use a list, the one that fills
//! most of its parameters is taken.

use super::samples::{N_SAMPLES, Samples};
use crate::{
    contract::{Answer, Contract, Feed, Role},
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
