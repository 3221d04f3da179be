//! Samples: the keys of `[samples]` in freehold.toml, which a check of the live systems may ask for.

use std::collections::BTreeMap;

use super::{
    super::nearest,
    survey::{Survey, TypeRole},
};
use crate::{
    diagnostic::Findings,
    value::{Key, TypeId},
};

/// Reads the keys of each entity, in the order written, each once.
pub(super) fn compile(survey: &Survey<'_>, findings: &mut Findings) -> BTreeMap<TypeId, Vec<Key>> {
    let mut samples = BTreeMap::new();
    for (ty, keys) in &survey.written.settings.samples {
        let Some(TypeRole::Entity(facts)) = survey.parts.get(ty.text.as_str()) else {
            let entities = survey.parts.iter().filter(|(_, role)| matches!(role, TypeRole::Entity(_)));
            let help = match nearest(&ty.text, entities.map(|(name, _)| *name)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "name a type that has a `@key`".to_owned(),
            };
            if survey.written.schema.incomplete {
                continue;
            }
            findings.fault("SAMPLE_TYPE", ty.place, format!("there is no entity `{}` to sample", ty.text), help);
            continue;
        };
        let n_fields = facts.key.len();
        let mut read: Vec<Key> = Vec::with_capacity(keys.len());
        for written in keys {
            match Key::parse(&written.text, n_fields).filter(|key| key.fields().all(|text| !text.is_empty())) {
                Some(key) if read.contains(&key) => {}
                Some(key) => read.push(key),
                None => findings.fault(
                    "SAMPLE_KEY",
                    written.place,
                    format!("\"{}\" is not a key of `{}`", written.text, ty.text),
                    match n_fields {
                        1 => "write the key as the graph has it".to_owned(),
                        n => format!("write its {n} texts in the order of `@key` with `|` between them: \"K1|A\""),
                    },
                ),
            }
        }
        if let Some(id) = survey.type_ids.get(ty.text.as_str()) {
            samples.insert(*id, read);
        }
    }
    samples
}
