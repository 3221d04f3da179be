//! Below: the accounts below a caller's own, asked from the owner of customers.
//!
//! In: a caller who may see them. Out: their numbers, followed level by level, each level in one question. What is said is no
//! older than the hierarchy's own bound, however else the domain is cached; what cannot be found out is not seen.

use std::{collections::BTreeSet, sync::Arc, time::Instant};

use compact_str::CompactString;

use super::Engine;
use crate::{
    access::{Accounts, Caller, Sight},
    cache::{Asking, Brought, Demand, Question},
    contract::Hierarchy,
    execute::{BelowUnknown, BelowUnknownBecause},
    fetch::{Cursor, Direction, FetchError, ListFetch, Page, Window},
    plan::{Ask, Plan},
    value::Argument,
};

impl Engine {
    /// Returns whose rows a caller may see of what a plan asks; none: everyone's. And why less is seen than might be, where
    /// that could not be found out.
    pub(super) async fn sight(
        &self,
        caller: &Caller,
        plan: &Plan,
        deadline: Instant,
    ) -> (Option<Arc<Sight>>, Option<BelowUnknown>) {
        let asks_scoped = plan.places.iter().any(|place| place.scope.is_some())
            || plan.steps.iter().any(|step| matches!(&step.ask, Ask::Pages(ask) if !ask.scopes.is_empty()));
        let below = match &self.contract.hierarchy {
            Some(hierarchy) if asks_scoped && Sight::reaches_below(&self.contract, caller) => {
                self.below(caller, hierarchy, deadline).await
            }
            _ => Ok(BTreeSet::new()),
        };
        let (below, unknown) = match below {
            Ok(below) => (below, None),
            Err(unknown) => (BTreeSet::new(), Some(unknown)),
        };
        (Sight::new(&self.contract, caller, &below).map(Arc::new), unknown)
    }

    async fn below(
        &self,
        caller: &Caller,
        hierarchy: &Hierarchy,
        deadline: Instant,
    ) -> Result<BTreeSet<CompactString>, BelowUnknown> {
        let Accounts::Of(own) = &caller.accounts else { return Ok(BTreeSet::new()) };
        let list = hierarchy.list;
        let mut known = BTreeSet::new();
        let mut level: Vec<CompactString> = own.iter().cloned().collect();
        // One level more is asked for than is followed: only so is it known that there is none.
        for _ in 0..=hierarchy.levels_max {
            if level.is_empty() {
                return Ok(known);
            }
            let children = self.children(hierarchy, &level, deadline).await?;
            level = children.into_iter().filter(|child| !own.contains(child) && known.insert(child.clone())).collect();
            if known.len() > hierarchy.accounts_max {
                return Err(BelowUnknown { list, why: BelowUnknownBecause::TooMany(hierarchy.accounts_max) });
            }
        }
        match level.is_empty() {
            true => Ok(known),
            false => Err(BelowUnknown { list, why: BelowUnknownBecause::TooDeep(hierarchy.levels_max) }),
        }
    }

    /// Returns the accounts right below some.
    async fn children(
        &self,
        hierarchy: &Hierarchy,
        level: &[CompactString],
        deadline: Instant,
    ) -> Result<Vec<CompactString>, BelowUnknown> {
        let list = self.contract.list(hierarchy.list);
        let mut children = Vec::new();
        let mut wanted: Vec<(CompactString, Option<Cursor>)> = level.iter().map(|one| (one.clone(), None)).collect();
        while !wanted.is_empty() {
            // Parents whose pages begin at the same place are asked for together: at first that is all of them.
            let after = wanted[0].1.clone();
            let (together, rest): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|(_, at)| *at == after);
            let arguments = together.iter().map(|(parent, _)| {
                let mut arguments = vec![Argument::Null; list.parameters.len()];
                arguments[hierarchy.parameter] = Argument::One(parent.clone());
                arguments.into_boxed_slice()
            });
            let window = Window { direction: Direction::Forward, n_rows: list.page_rows_max, after, before: None };
            let arguments = arguments.collect();
            let fetch = ListFetch { list: hierarchy.list, arguments, window, count_up_to: None, deadline };
            let pages = self.pages(hierarchy, fetch).await?;
            wanted = rest;
            for ((parent, _), page) in together.into_iter().zip(pages) {
                children.extend(page.items.iter().filter_map(|item| item.key.field(0)).map(CompactString::from));
                if children.len() > hierarchy.accounts_max {
                    let why = BelowUnknownBecause::TooMany(hierarchy.accounts_max);
                    return Err(BelowUnknown { list: hierarchy.list, why });
                }
                if let Some(last) = page.last().filter(|_| page.has_next) {
                    wanted.push((parent, Some(last.clone())));
                }
            }
        }
        Ok(children)
    }

    async fn pages(&self, hierarchy: &Hierarchy, fetch: ListFetch) -> Result<Vec<Arc<Page>>, BelowUnknown> {
        let demand = Demand { max_age: Some(hierarchy.max_age), ..Demand::default() };
        let answer = match self.cache.ask(vec![Question::Pages(fetch)], &demand).pop() {
            Some(Asking::Answered(answer)) => answer,
            Some(Asking::Waiting(waiting)) => waiting.await,
            None => unreachable!("one question has one answer"),
        };
        let Brought::Pages(pages) = answer.brought else { return Ok(Vec::new()) };
        let failed = |error: FetchError| BelowUnknown { list: hierarchy.list, why: BelowUnknownBecause::Fetch(error) };
        pages.into_iter().map(|page| page.map_err(failed)).collect()
    }
}
