//! Writing a Relay connection: its edges, nodes, cursors, `pageInfo` and `totalCount`, from the page of a list step.

use super::{Holder, Writer, Written};
use crate::{
    execute::{
        cursor,
        fault::{Failure, Path, Segment},
        gathered::{JoinCell, PageCell},
    },
    fetch::{Count, Cursor, Page},
    plan::{Ask, JoinId, Output, Produce, StepId},
    value::{Nesting, write_json_string},
};

/// The page at hand, while a connection is written.
#[derive(Clone, Copy)]
pub(super) struct PageAt<'g> {
    page: &'g Page,
    step: StepId,
    /// The join that tells which rows are there for the caller; none: all, or the join of the nodes does.
    seen: Option<JoinId>,
    parent_row: usize,
    /// The edge at hand.
    edge: Option<usize>,
}

/// The rows of a page that are written.
enum Listed {
    /// All of so many.
    All(usize),
    /// These.
    These(Vec<usize>),
}

impl Listed {
    fn len(&self) -> usize {
        match self {
            Self::All(n_rows) => *n_rows,
            Self::These(rows) => rows.len(),
        }
    }

    fn row(&self, index: usize) -> usize {
        match self {
            Self::All(_) => index,
            Self::These(rows) => rows[index],
        }
    }
}

impl<'g, const FACTS: bool> Writer<'g, FACTS> {
    /// Writes the connection of the object at hand.
    pub(super) fn connection(
        &mut self,
        (step, seen): (StepId, Option<JoinId>),
        outputs: &'g [Output],
        holder: &Holder<'_, 'g>,
        output: &Output,
        path: &Path<'_>,
    ) -> Written {
        let gathered = self.gathered;
        let Some((_, row)) = holder.row else { return Written::Null };
        match gathered.pages[step.0].as_ref().and_then(|pages| pages.get(row)) {
            None | Some(PageCell::Null) => Written::Null,
            Some(PageCell::Failed(failure)) => self.cell_failure(failure, output, path),
            Some(PageCell::Page(page)) => {
                if let Err(written) = self.left_out(step, page, output, path) {
                    return written;
                }
                let at = PageAt { page, step, seen, parent_row: row, edge: None };
                if self.page_members(outputs, &at, path) { Written::Value } else { Written::Failed }
            }
        }
    }

    /// Writes a connection, an edge or a `PageInfo`.
    fn page_members(&mut self, outputs: &'g [Output], at: &PageAt<'g>, path: &Path<'_>) -> bool {
        self.object_of(outputs, Some(path), |_| None, |writer, output, path| writer.page_member(output, at, path))
    }

    fn page_member(&mut self, output: &'g Output, at: &PageAt<'g>, path: &Path<'_>) -> Written {
        let page = at.page;
        match &output.produce {
            Produce::TypeName(name) => {
                self.out.extend_from_slice(name);
                Written::Value
            }
            Produce::Edges { outputs, nesting } => {
                let node = outputs.iter().find_map(|output| match output.produce {
                    Produce::Node(join) => Some(join),
                    _ => None,
                });
                let listed = self.listed(node, at);
                self.rows(&listed, nesting, output, path, |writer, n, path| {
                    let at = PageAt { edge: Some(n), ..*at };
                    if writer.page_members(outputs, &at, path) { Written::Value } else { Written::Failed }
                })
            }
            Produce::Nodes { join, nesting } => {
                let listed = self.listed(Some(*join), at);
                self.rows(&listed, nesting, output, path, |writer, n, path| {
                    writer.page_row(*join, at.parent_row, n, output, path)
                })
            }
            Produce::Node(join) => match at.edge {
                Some(edge) => self.page_row(*join, at.parent_row, edge, output, path),
                None => Written::Null,
            },
            Produce::Cursor => self.cursor(at, at.edge.and_then(|edge| page.items.get(edge)).map(|item| &item.cursor)),
            Produce::StartCursor => self.cursor(at, self.first_seen(at)),
            Produce::EndCursor => self.cursor(at, self.last_seen(at)),
            Produce::HasNextPage => self.boolean(page.has_next),
            Produce::HasPreviousPage => self.boolean(page.has_previous),
            Produce::PageInfo(outputs) => {
                if self.page_members(outputs, at, path) {
                    Written::Value
                } else {
                    Written::Failed
                }
            }
            Produce::TotalCount => match page.count {
                None => Written::Null,
                Some(Count::Exactly(count)) => {
                    self.out.extend_from_slice(count.to_string().as_bytes());
                    Written::Value
                }
                Some(Count::MoreThan(bound)) => self.fail(&Failure::CountOverBound(bound), output, path),
            },
            _ => unreachable!("a page has paging fields alone"),
        }
    }

    /// Writes a list of rows.
    fn rows(
        &mut self,
        listed: &Listed,
        nesting: &Nesting,
        output: &'g Output,
        path: &Path<'_>,
        mut row: impl FnMut(&mut Self, usize, &Path<'_>) -> Written,
    ) -> Written {
        let start = self.out.len();
        self.out.push(b'[');
        for index in 0..listed.len() {
            if index > 0 {
                self.out.push(b',');
            }
            let path = Path { holder: Some(path), segment: Segment::Index(index) };
            let written = row(self, listed.row(index), &path);
            if !self.item(written, nesting.non_null_at(1), output, &path) {
                self.out.truncate(start);
                return Written::Failed;
            }
        }
        self.out.push(b']');
        Written::Value
    }

    /// Returns the rows of a page that are there for the caller.
    fn listed(&self, join: Option<JoinId>, at: &PageAt<'_>) -> Listed {
        let n_rows = at.page.items.len();
        let gathered = self.gathered;
        // Whoever sees the rows of all accounts may still not have all types of them.
        let may_hide = |join: &JoinId| gathered.sight.is_some() || !self.plan.joins[join.0].hidden.is_empty();
        let Some(join) = at.seen.or(join).filter(may_hide) else { return Listed::All(n_rows) };
        match gathered.join(join).cells.get(at.parent_row) {
            Some(JoinCell::Items(items)) => {
                let is_listed = |n: &usize| gathered.is_listed(self.plan, join, items.start + n);
                Listed::These((0..n_rows).filter(is_listed).collect())
            }
            _ => Listed::All(n_rows),
        }
    }

    /// Returns where the page begins, as far as the caller may see it.
    fn first_seen(&self, at: &PageAt<'g>) -> Option<&'g Cursor> {
        match self.listed(None, at) {
            Listed::These(rows) if rows.first() != Some(&0) && !at.page.items.is_empty() => {
                Some(&at.page.items[*rows.first()?].cursor)
            }
            _ => at.page.first(),
        }
    }

    /// Returns where the page ends, as far as the caller may see it.
    fn last_seen(&self, at: &PageAt<'g>) -> Option<&'g Cursor> {
        let items = &at.page.items;
        match self.listed(None, at) {
            Listed::These(rows) if rows.last().map(|row| row + 1) != Some(items.len()) && !items.is_empty() => {
                Some(&items[*rows.last()?].cursor)
            }
            _ => at.page.last(),
        }
    }

    /// Writes the entity of a page's row.
    fn page_row(&mut self, join: JoinId, parent_row: usize, n: usize, output: &'g Output, path: &Path<'_>) -> Written {
        match self.gathered.join(join).cells.get(parent_row) {
            Some(JoinCell::Items(items)) => self.joined(join, items.start + n, output, path),
            Some(JoinCell::Failed(failure)) => self.cell_failure(failure, output, path),
            None | Some(JoinCell::Null) => Written::Null,
        }
    }

    /// Reports the rows of a page that are left out.
    ///
    /// *Errors*: of facts, that the whole list is not known: nothing may be judged by a list that lacks rows.
    pub(super) fn left_out(
        &mut self,
        step: StepId,
        page: &Page,
        output: &Output,
        path: &Path<'_>,
    ) -> Result<(), Written> {
        let Ask::Pages(ask) = &self.plan.steps[step.0].ask else { return Ok(()) };
        let Some(left_out) = &page.left_out else { return Ok(()) };
        let failures = [
            (left_out.n_unmatched, Failure::Unmatched(ask.list, left_out.n_unmatched)),
            (left_out.n_ambiguous, Failure::Ambiguous(ask.list, left_out.n_ambiguous)),
        ];
        for (_, failure) in failures.iter().filter(|(n_rows, _)| *n_rows > 0) {
            if FACTS {
                return Err(self.fact_lacks(failure));
            }
            let domain = self.contract.list(ask.list).domain;
            self.faults.add(failure, path, output.position, Some(domain));
        }
        Ok(())
    }

    fn cursor(&mut self, at: &PageAt<'_>, place: Option<&Cursor>) -> Written {
        let Ask::Pages(ask) = &self.plan.steps[at.step.0].ask else { return Written::Null };
        let Some(place) = place else { return Written::Null };
        write_json_string(&cursor::encode(self.contract.list(ask.list), place), &mut self.out);
        Written::Value
    }

    fn boolean(&mut self, value: bool) -> Written {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
        Written::Value
    }
}
