//! What a system says of a query before it is asked for rows, and what is learned from it. Pure.
//!
//! In: the columns and parameters of a prepared query, in the words of every kind whose parameters are `?`. Out: the query,
//! ready to be asked.

use super::{
    failure::Failure,
    fit::Fit,
    kind::{LearnedGroup, LearnedList},
    positional::{KeyQuery, ListQuery, Typed},
    question::order_columns,
    template::{Form, Template},
};
use crate::{
    contract::{Dialect, Group, List},
    source::layout::{parent_columns, position},
};

/// What a system says of a query before it is asked for rows.
#[derive(Debug)]
pub struct Described {
    /// The columns, with the types that a cursor's values have.
    pub columns: Vec<(String, Typed)>,
    /// What texts each parameter takes, as far as the system tells.
    pub parameters: Vec<Option<Fit>>,
}

/// Adds what is known of a group's next query: first its own, then those of its parts.
pub fn learn_query(
    learned: &mut LearnedGroup<KeyQuery>,
    group: &Group,
    template: Template,
    dialect: &Dialect,
    described: Described,
) {
    let is_own = learned.queries.is_empty();
    let keys = if is_own { group.key_columns.clone() } else { parent_columns(&group.key_columns) };
    let (names, types): (Vec<String>, Vec<Typed>) = described.columns.into_iter().unzip();
    let typed = |(n, key): (usize, &String)| {
        // What cannot be a value of the column that answers the key cannot come back as the key. Many systems call every
        // parameter a text; that column knows better.
        let answered = position(&names, key).map(|at| types[at].fit.clone());
        let compared = described.parameters.get(n).cloned().flatten().filter(|fit| *fit != Fit::Text);
        Typed::of(compared.or(answered).unwrap_or(Fit::Unknown))
    };
    let keys = keys.iter().enumerate().map(typed).collect();
    learned.queries.push(KeyQuery { template, dialect: dialect.clone(), keys });
    learned.columns.get_or_insert_default().push(names);
}

/// Puts together what is known of a list.
pub fn learn_list(
    list: &List,
    template: Template,
    dialect: &Dialect,
    described: Described,
) -> Result<LearnedList<ListQuery>, Failure> {
    let (names, types): (Vec<String>, Vec<Typed>) = described.columns.into_iter().unzip();
    let (order, at) = order_columns(list, &names)?;
    let mut parameters = described.parameters.into_iter();
    let types_of_placeholders = template.placeholders().map(|placeholder| match placeholder.form {
        // What is only compared with null is no parameter of the statement.
        Form::NullTest => Fit::Unknown,
        _ => parameters.next().flatten().unwrap_or(Fit::Unknown),
    });
    let query = ListQuery {
        parameters: list.parameters.clone(),
        types: types_of_placeholders.collect(),
        order,
        order_types: at.into_iter().map(|at| types[at].clone()).collect(),
        dialect: dialect.clone(),
        template,
    };
    Ok(LearnedList { query, columns: Some(names) })
}
