//! Provenance: `_provenance` speaks of the members that are selected beside it.

use super::model::{JoinFrom, Output, Plan, Produce, Traced};

/// Tells every `_provenance` among the members of an object which column each of the others is read from. What leads to
/// another entity, and what a rule comes to, has a provenance of its own.
pub(super) fn fill(plan: &Plan, outputs: &mut [Output]) {
    if !outputs.iter().any(|output| matches!(output.produce, Produce::Provenance { .. })) {
        return;
    }
    let column_of = |produce: &Produce| match produce {
        Produce::Leaf { column, .. } | Produce::Part { column, .. } => Some(*column),
        Produce::Join { join, .. } => match plan.joins[join.0].from {
            JoinFrom::Part { column, .. } => Some(column),
            _ => None,
        },
        _ => None,
    };
    // A member that may come to stand at several places has an output for each; only one of them is ever written.
    let beside: Vec<_> = (outputs.iter())
        .filter_map(|output| {
            let column = column_of(&output.produce)?;
            Some(Traced { name: output.name.clone(), column, when: output.when })
        })
        .collect();
    for output in outputs {
        if let Produce::Provenance { members, .. } = &mut output.produce {
            members.clone_from(&beside);
        }
    }
}
