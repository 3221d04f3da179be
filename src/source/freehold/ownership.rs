//! Who owns what: the rows that `freehold ownership` prints, as cells. In: the contract. Out: one row per field. Pure.

use crate::{
    contract::{Contract, OwnershipRow, ownership},
    fetch::Cell,
    source::answer::Rows,
};

/// Returns a row for each field, with the columns of the table `ownership`.
pub(super) fn rows(contract: &Contract) -> Rows<'static> {
    ownership(contract).into_iter().map(row).collect()
}

fn row(row: OwnershipRow) -> Vec<Cell<'static>> {
    let OwnershipRow { domain, field, owner, answered_by, max_age, refresh_after, on_outage, absent, copies } = row;
    let ty = field.split_once('.').map_or(field.as_str(), |(ty, _)| ty).to_owned();
    vec![
        Cell::Text(field.into()),
        Cell::Text(ty.into()),
        said(domain),
        Cell::Text(owner.into()),
        Cell::Text(answered_by.into()),
        said(max_age),
        said(refresh_after),
        said(on_outage),
        said(absent),
        Cell::List(copies.into_iter().map(|copy| Cell::Text(copy.into())).collect()),
    ]
}

/// What a rule computes has no freshness of its own, which the table prints as nothing.
fn said(text: String) -> Cell<'static> {
    if text.is_empty() { Cell::Null } else { Cell::Text(text.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::InsideTable;

    #[test]
    fn a_row_has_the_columns_of_its_table_and_what_is_not_said_is_null() {
        let text = str::to_owned;
        let of_rule = OwnershipRow {
            domain: String::new(),
            field: text("Order.status"),
            owner: text("a rule"),
            answered_by: text("rule order.status"),
            max_age: String::new(),
            refresh_after: String::new(),
            on_outage: String::new(),
            absent: String::new(),
            copies: vec![text("shop")],
        };
        let cells = row(of_rule);
        assert_eq!(cells.len(), InsideTable::Ownership.columns().len());
        assert_eq!(cells[1], Cell::Text("Order".into()));
        assert_eq!(cells.iter().filter(|cell| **cell == Cell::Null).count(), 5);
    }
}
