//! The questions of a group or list as its binding writes them.
//!
//! In: the contract's group or list. Out: its queries with their names, or that it is not asked in SQL.

use crate::contract::{Group, GroupBinding, List, ListBinding};

/// Returns a group's query and its part queries, each with the name the binding gives it.
pub fn group_questions(group: &Group) -> Result<Vec<(String, &String)>, String> {
    let GroupBinding::Sql(asked) = &group.binding else { return Err(not_sql(&group.name)) };
    let parts = asked.parts.iter().map(|(slot, query)| (format!("parts.{slot}"), query));
    Ok(std::iter::once(("query".to_owned(), &asked.query)).chain(parts).collect())
}

/// Returns a list's query.
pub fn list_question(list: &List) -> Result<&String, String> {
    let ListBinding::Sql(asked) = &list.binding else { return Err(not_sql(&list.name)) };
    Ok(&asked.query)
}

fn not_sql(of: &str) -> String {
    format!("{of} is not asked in SQL")
}
