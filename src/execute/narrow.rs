//! Narrowing: a list is asked for what its caller may see, and for nothing else.
//!
//! In: a list step, and whose rows the caller may see. Out: the list's arguments with the accounts put in their place. So what
//! is another's is not in the list, not in its count and not behind its cursors, and its owner reads no row for nothing.

use std::sync::Arc;

use super::gathered::{CellFailure, Gathered, PageCell, purpose};
use crate::{
    access::Rows,
    contract::{Contract, Narrowed},
    fetch::{Count, Page, Stamp},
    plan::{ArgumentFault, PagesAsk},
    value::{Argument, SystemId},
};

/// How one list step is narrowed.
pub(super) struct Narrowing {
    rows: Rows,
    by: Narrowed,
    /// The page of a caller who may see none of what is asked for.
    nothing: Arc<Page>,
}

/// Returns how a step is narrowed; none where its caller may see all that it lists.
///
/// *Errors*: the list cannot be narrowed, so that the caller is refused it.
pub(super) fn narrowing(contract: &Contract, gathered: &Gathered, ask: &PagesAsk) -> Result<Option<Narrowing>, String> {
    let Some(sight) = gathered.sight.as_ref().filter(|_| !ask.scopes.is_empty()) else { return Ok(None) };
    let rows = ask
        .scopes
        .iter()
        .map(|ty| sight.rows(*ty, purpose(ask.is_named)))
        .reduce(|all, of_one| all.and(&of_one))
        .unwrap_or_default();
    let refused = "this list is for callers who may see every account's rows";
    let Some(by) = contract.list(ask.list).narrowed else { return Err(refused.to_owned()) };
    if rows.login.is_some() && by.login.is_none() {
        return Err("this list is for callers who may see all rows of an account".to_owned());
    }
    let stamp = Stamp::answered(SystemId(ask.system.0), gathered.now_ms);
    let count = Some(Count::Exactly(0));
    let nothing = Page { items: Vec::new(), has_next: false, has_previous: false, count, stamp, left_out: None };
    Ok(Some(Narrowing { rows, by, nothing: Arc::new(nothing) }))
}

impl Narrowing {
    /// Narrows what a list is asked with.
    ///
    /// *Errors*: the page that is answered without asking.
    pub fn narrow(&self, mut arguments: Box<[Argument]>) -> Result<Box<[Argument]>, PageCell> {
        let seen = &self.rows.accounts;
        let nothing = || Err(PageCell::Page(Arc::clone(&self.nothing)));
        let accounts = match std::mem::replace(&mut arguments[self.by.accounts], Argument::Null) {
            Argument::One(account) if seen.contains(account.as_str()) => Argument::One(account),
            Argument::One(_) => return nothing(),
            Argument::Many(accounts) => {
                Argument::Many(accounts.into_iter().filter(|account| seen.contains(account.as_str())).collect())
            }
            Argument::Null if self.by.takes_many => Argument::Many(seen.iter().cloned().collect()),
            Argument::Null => match (seen.first(), seen.len()) {
                (Some(account), 1) => Argument::One(account.clone()),
                (None, _) => return nothing(),
                _ => {
                    let wrong = "say which account's rows are wanted: this list gives those of one at a time";
                    return Err(PageCell::Failed(CellFailure::Argument(ArgumentFault::Wrong(wrong.to_owned()))));
                }
            },
        };
        if matches!(&accounts, Argument::Many(accounts) if accounts.is_empty()) {
            return nothing();
        }
        arguments[self.by.accounts] = accounts;
        if let (Some(at), Some(login)) = (self.by.login, &self.rows.login) {
            arguments[at] = Argument::One(login.clone());
        }
        Ok(arguments)
    }
}
