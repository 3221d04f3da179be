//! The questions of a group or list as its binding writes them, cut at their placeholders.
//!
//! In: the contract's group or list. Out: its queries as templates and the columns that order it, or what does not fit.

use super::{
    failure::Failure,
    page::Column,
    template::{Form, Placeholder, Template},
};
use crate::{
    contract::{Group, GroupBinding, List, ListBinding},
    source::layout::position,
};

/// Returns a group's query and its part queries; each asks for `in (:keys)` and for nothing else.
pub fn group_templates(group: &Group) -> Result<Vec<Template>, Failure> {
    let GroupBinding::Sql(asked) = &group.binding else { return Err(not_sql(&group.name)) };
    let parts = asked.parts.iter().map(|(slot, query)| (format!("parts.{slot}"), query));
    let all = std::iter::once(("query".to_owned(), &asked.query)).chain(parts);
    let template = |(name, query): (String, &String)| {
        let template = parse(&group.name, &name, query)?;
        let asks_for_keys = |p: &Placeholder| p.name == "keys" && matches!(p.form, Form::In { .. });
        let by_keys = template.placeholders().all(asks_for_keys) && template.placeholders().count() == 1;
        if !by_keys {
            let detail = format!("{}: the {name} must have `in (:keys)` once and no other placeholder", group.name);
            return Err(Failure::bad_request(detail));
        }
        Ok(template)
    };
    all.map(template).collect()
}

/// Returns a list's query.
pub fn list_template(list: &List) -> Result<Template, Failure> {
    let ListBinding::Sql(asked) = &list.binding else { return Err(not_sql(&list.name)) };
    parse(&list.name, "query", &asked.query)
}

/// Returns a list's order columns as its query names them, and where they stand in it.
pub fn order_columns(list: &List, columns: &[String]) -> Result<(Vec<Column>, Vec<usize>), Failure> {
    let find = |order: &crate::contract::OrderColumn| {
        let at = position(columns, &order.column)
            .ok_or_else(|| Failure::violation(format!("{}: the query gives no column {}", list.name, order.column)))?;
        Ok((Column { name: columns[at].clone(), descending: order.descending }, at))
    };
    list.order.iter().map(find).collect()
}

fn parse(of: &str, name: &str, query: &str) -> Result<Template, Failure> {
    if query.to_ascii_lowercase().contains("set_config") {
        // PostgreSQL's could lift the session's promise to read only, for whichever statement runs on the connection next.
        return Err(Failure::bad_request(format!("{of}, {name}: a query may not change settings")));
    }
    Template::parse(query).map_err(|error| Failure::bad_request(format!("{of}, {name}: failed to {error}")))
}

fn not_sql(of: &str) -> Failure {
    Failure::bad_request(format!("{of} is not asked in SQL"))
}
