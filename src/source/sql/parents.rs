//! The parents of a list fetch: each distinct set of arguments is asked once, and rows are sorted back to whom they are of.
//!
//! In: the parents' arguments, and how a kind binds them; later the rows. Out: what to bind, and one page per parent. Pure.

use std::collections::HashMap;

use crate::{
    fetch::{Cell, Count, FetchError, FetchErrorKind, Page},
    source::{answer::Rows, system_name::SystemName},
    value::Argument,
};

/// The distinct parents of a list fetch, and which of them each parent is.
#[derive(Debug)]
pub struct DistinctParents<B> {
    /// The bound arguments of each distinct parent.
    pub bindings: Vec<Vec<B>>,
    parents: Vec<Result<usize, FetchError>>,
}

impl<B> DistinctParents<B> {
    /// Binds each parent's arguments; `bind` is told the parameter's position.
    ///
    /// *Errors*: arguments that do not fit are their parent's error and nobody else's.
    pub fn new(
        system: &SystemName,
        n_parameters: usize,
        arguments: &[Box<[Argument]>],
        bind: impl Fn(usize, &Argument) -> Result<B, String>,
    ) -> Self {
        let mut distinct = Self { bindings: Vec::new(), parents: Vec::with_capacity(arguments.len()) };
        let mut numbers: HashMap<&[Argument], Result<usize, FetchError>> = HashMap::new();
        for arguments in arguments {
            let number = numbers.entry(arguments).or_insert_with(|| {
                let bindings = (0..n_parameters)
                    .map(|n| bind(n, arguments.get(n).unwrap_or(&Argument::Null)))
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(|detail| system.error(FetchErrorKind::BadRequest, detail))?;
                distinct.bindings.push(bindings);
                Ok(distinct.bindings.len() - 1)
            });
            distinct.parents.push(number.clone());
        }
        distinct
    }

    /// Gives each parent the page of the distinct parent it is.
    pub fn pages(self, pages: &[Result<Page, FetchError>]) -> Vec<Result<Page, FetchError>> {
        self.parents.into_iter().map(|number| number.and_then(|number| pages[number].clone())).collect()
    }
}

/// Sorts rows to their parents by the number in the first column, which is cut off; `first` is the first parent's number.
/// Rows of an only parent have no such column.
pub fn rows_by_parent(rows: Rows<'_>, n_parents: usize, first: usize) -> Vec<Rows<'_>> {
    if n_parents == 1 {
        return vec![rows];
    }
    let mut sorted = Vec::new();
    sorted.resize_with(n_parents, Vec::new);
    for mut row in rows {
        let rest = row.split_off(1);
        let Some(Cell::Int(number)) = row.first() else { continue };
        let parent = usize::try_from(*number).ok().and_then(|number| number.checked_sub(first));
        if let Some(rows) = parent.and_then(|parent| sorted.get_mut(parent)) {
            rows.push(rest);
        }
    }
    sorted
}

/// Reads each parent's count, of which one past the bound means more.
pub fn counts_by_parent(rows: Rows<'_>, n_parents: usize, first: usize, up_to: u64) -> Vec<Count> {
    let count = |rows: &Rows<'_>| match rows.first().and_then(|row| row.first()) {
        Some(Cell::Int(n)) => u64::try_from(*n).unwrap_or(0),
        _ => 0,
    };
    let bounded = |n_rows| if n_rows > up_to { Count::MoreThan(up_to) } else { Count::Exactly(n_rows) };
    rows_by_parent(rows, n_parents, first).iter().map(count).map(bounded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_return_to_their_parents_and_counts_are_bounded() {
        let row = |parent, value| vec![Cell::Int(parent), Cell::Int(value)];
        let rows = vec![row(2, 20), row(1, 10), row(2, 21), row(9, 90)];
        let expected = [vec![vec![Cell::Int(10)]], vec![vec![Cell::Int(20)], vec![Cell::Int(21)]]];
        assert_eq!(rows_by_parent(rows, 2, 1), expected);
        let counted = counts_by_parent(vec![row(0, 5), row(1, 4)], 3, 0, 4);
        assert_eq!(counted, [Count::MoreThan(4), Count::Exactly(4), Count::Exactly(0)]);
    }
}
