//! Provenance: `_provenance` speaks of the members that are selected beside it.

use super::model::{JoinFrom, Output, Plan, Produce};

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
    let beside =
        outputs.iter().filter_map(|output| Some((output.name.clone(), output.when, column_of(&output.produce)?)));
    let beside: Vec<_> = beside.collect();
    for output in outputs {
        if let Produce::Provenance { members, .. } = &mut output.produce {
            members.clone_from(&beside);
        }
    }
}
