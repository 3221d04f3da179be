//! The size of a plan: about how many bytes it takes to keep it.
//!
//! In: a plan. Out: a number. Members are counted wherever they stand; the few texts of a plan are those of its members.

use std::mem::size_of;

use super::model::{Call, Column, Join, Output, Place, Plan, Produce, Step};

impl Plan {
    /// Returns about how many bytes it takes to keep it.
    pub fn n_bytes(&self) -> usize {
        let places = self.places.iter().map(|place| {
            let columns = place.columns.iter();
            let names =
                columns.flat_map(|column| column.fields.iter().chain(&column.shown)).map(|name| name.len() + 24);
            let own = size_of::<Place>() + place.path.len() + place.columns.len() * size_of::<Column>();
            own + names.sum::<usize>() + of_outputs(&place.outputs)
        });
        let calls = self.calls.iter().map(|call| {
            let of_holder = call.holder.as_ref().map_or(0, |(_, outputs)| of_outputs(outputs));
            size_of::<Call>() + of_outputs(&call.inputs) + of_holder
        });
        let conditions = self.conditions.iter().flat_map(|condition| condition.any.iter().chain(&condition.none));
        // A variable's name and what it must be.
        let conditions = conditions.map(|guard| 48 + guard.0.len() * 48);
        // An argument with its type and what is written for it.
        let arguments = self.arguments.iter().map(|arguments| 64 + arguments.declared.len() * 256);
        let others = self.joins.len() * size_of::<Join>() + self.steps.len() * size_of::<Step>();
        others
            + places.sum::<usize>()
            + calls.sum::<usize>()
            + conditions.sum::<usize>()
            + arguments.sum::<usize>()
            + self.variables.len() * 256
    }
}

fn of_outputs(outputs: &[Output]) -> usize {
    outputs.iter().map(|output| size_of::<Output>() + output.key.len() + of_produce(&output.produce)).sum()
}

fn of_produce(produce: &Produce) -> usize {
    match produce {
        Produce::TypeName(name) => name.len(),
        Produce::Part { variants, .. } => variants.iter().map(|outputs| of_outputs(outputs)).sum(),
        Produce::Connection { outputs, .. }
        | Produce::Edges { outputs, .. }
        | Produce::PageInfo(outputs)
        | Produce::Provenance { outputs, .. } => of_outputs(outputs),
        Produce::Rule { of, .. } => size_of::<Produce>() + of_produce(of),
        _ => 0,
    }
}
