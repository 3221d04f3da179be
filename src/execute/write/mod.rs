//! Writing: the answer's bytes, straight from the records, by the plan's shape.
//!
//! In: everything gathered. Out: the `data` JSON and the faults. Leaves are copied as they lie; nothing is parsed. A null
//! where none may stand truncates the buffer back to the nearest holder that may be null.

mod extensions;
mod facts;
mod page;
mod provenance;

use super::{
    fault::{Asked, Failure, Faults, Path, Segment, said_by},
    gathered::{CellFailure, Gathered, JoinCell, JoinItem, Of, Origin, PageCell, PlaceRows},
};
use crate::{
    cache::Cache,
    contract::Contract,
    fetch::{Entry, FetchError, Record, Table},
    plan::{JoinId, Output, Place, PlaceId, PlaceKind, Plan, Position, Produce},
    value::{DomainId, GroupId, Key, Nesting, SystemId},
};

use facts::FactsOf;
pub(super) use facts::FactsSources;

/// What became of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    /// It was written.
    Value,
    /// It is null; nothing was written.
    Null,
    /// It is null because of a fault that has been reported; nothing was written.
    Failed,
}

/// A written response.
pub(super) struct Response {
    /// The bytes.
    pub body: Vec<u8>,
    /// Whether `data` is null.
    pub data_is_null: bool,
    /// Whether it was too long, so that it holds that alone.
    pub is_cut_off: bool,
    /// How many faults there were.
    pub n_faults: usize,
}

/// Writes one answer; or, where `FACTS` is set, what a rule reads: there null may stand anywhere, what could not be found
/// out is said where it stands, and every object is numbered.
pub(super) struct Writer<'g, const FACTS: bool> {
    contract: &'g Contract,
    cache: &'g Cache,
    plan: &'g Plan,
    gathered: &'g Gathered,
    /// What `__schema` and `__type` say, by response key.
    introspection: Option<&'g serde_json::Map<String, serde_json::Value>>,
    /// Whether the answer says who answered it.
    names_owners: bool,
    out: Vec<u8>,
    /// How many bytes there may be.
    bytes_max: usize,
    /// Whether there were more: whatever is written from there on is thrown away.
    is_cut_off: bool,
    faults: Faults<'g>,
    /// Lists of views that are not in use, so that an object costs no allocation.
    spare: Vec<Vec<View<'g>>>,
    /// Of facts: the objects written.
    objects: Vec<FactsOf<'g>>,
    /// Of facts: the code and the system of the failure met last.
    failure: (&'static str, Option<SystemId>),
    /// Of facts: how many could not be found out.
    n_unknown: usize,
}

/// The record of one column of the object at hand.
#[derive(Clone, Copy)]
enum View<'g> {
    /// This request does not need the column.
    Unasked,
    /// The owner has no row.
    Absent,
    /// The owner did not answer.
    Failed(&'g FetchError, GroupId),
    /// The row.
    Row(Table<'g>, &'g Record, Of),
}

/// The object at hand.
#[derive(Clone, Copy)]
struct Holder<'h, 'g> {
    /// Its place and which of its objects it is; a part written straight from its record has none.
    row: Option<(PlaceId, usize)>,
    /// Its records.
    views: &'h [View<'g>],
    /// Its key, or that of the entity it lives in.
    key: Option<&'g Key>,
}

impl<'g> Holder<'_, 'g> {
    /// Returns the bytes of a member that is written as it lies: most are leaves that are there.
    #[inline]
    fn finished(&self, output: &'g Output) -> Option<&'g [u8]> {
        let Produce::Leaf { column, slot } = &output.produce else { return None };
        let View::Row(table, ..) = &self.views[*column] else { return None };
        match table.entry(*slot) {
            Entry::Value(json) => Some(json),
            Entry::Null | Entry::Fault(_) => None,
        }
    }
}

/// What is written from.
#[derive(Clone, Copy)]
pub(super) struct Known<'g> {
    /// The contract.
    pub contract: &'g Contract,
    /// What knows how old things are.
    pub cache: &'g Cache,
    /// The plan.
    pub plan: &'g Plan,
    /// What has been gathered.
    pub gathered: &'g Gathered,
}

impl<'g, const FACTS: bool> Writer<'g, FACTS> {
    /// Begins an answer.
    pub fn new(
        known: Known<'g>,
        introspection: Option<&'g serde_json::Map<String, serde_json::Value>>,
        errors_max: usize,
    ) -> Self {
        let Known { contract, cache, plan, gathered } = known;
        Self {
            contract,
            cache,
            plan,
            gathered,
            introspection,
            names_owners: false,
            out: Vec::with_capacity(expected_bytes(plan, gathered)),
            bytes_max: usize::MAX,
            is_cut_off: false,
            faults: Faults::new(contract, errors_max),
            spare: Vec::new(),
            objects: Vec::new(),
            failure: ("", None),
            n_unknown: 0,
        }
    }

    /// Lets the answer say who answered it.
    pub fn naming_owners(self, names_owners: bool) -> Self {
        Self { names_owners, ..self }
    }

    /// Lets the answer have so many bytes.
    pub fn bounded(mut self, bytes_max: usize) -> Self {
        // What is expected of an answer that is too long need not be there for it.
        self.out.shrink_to(bytes_max);
        Self { bytes_max, ..self }
    }

    /// Writes the whole response.
    pub fn response(mut self) -> Response {
        self.out.extend_from_slice(b"{\"data\":");
        if let Some(unknown) = &self.gathered.below_unknown {
            self.faults.add_to_whole(&Failure::BelowUnknown(unknown));
        }
        let root = Holder { row: Some((PlaceId(0), 0)), views: &[], key: None };
        let whole = self.members(&self.plan.places[0].outputs, &root, None);
        if self.is_cut_off || self.out.len() > self.bytes_max {
            let body = too_long(self.bytes_max);
            return Response { body, data_is_null: true, is_cut_off: true, n_faults: 1 };
        }
        if !whole {
            self.out.extend_from_slice(b"null");
        }
        let n_faults = self.faults.n_met();
        let Self { faults, mut out, .. } = self;
        if let Some(entries) = faults.finish() {
            out.extend_from_slice(b",\"errors\":[");
            out.extend_from_slice(&entries);
            out.push(b']');
        }
        let known = Known { contract: self.contract, cache: self.cache, plan: self.plan, gathered: self.gathered };
        extensions::write(known, self.names_owners, &mut out);
        out.push(b'}');
        Response { body: out, data_is_null: !whole, is_cut_off: false, n_faults }
    }

    /// Writes an object's members. Returns false, with nothing written, when null stands where none may.
    fn members(&mut self, outputs: &'g [Output], holder: &Holder<'_, 'g>, path: Option<&Path<'_>>) -> bool {
        if FACTS {
            return self.facts(outputs, holder, path);
        }
        let finished = |output: &'g Output| holder.finished(output);
        self.object_of(outputs, path, finished, |writer, output, path| writer.member(output, holder, path))
    }

    /// Writes an object, each of its members as it is `finished`, and else by `member`. Returns false, with nothing
    /// written, when null stands where none may.
    #[inline]
    fn object_of(
        &mut self,
        outputs: &'g [Output],
        holder: Option<&Path<'_>>,
        finished: impl Fn(&'g Output) -> Option<&'g [u8]>,
        mut member: impl FnMut(&mut Self, &'g Output, &Path<'_>) -> Written,
    ) -> bool {
        let start = self.out.len();
        self.is_cut_off |= start > self.bytes_max;
        if self.is_cut_off {
            return false;
        }
        self.out.push(b'{');
        for output in outputs {
            if !self.gathered.applies(output.when) {
                continue;
            }
            self.out.extend_from_slice(&output.key);
            if let Some(json) = finished(output) {
                self.out.extend_from_slice(json);
            } else {
                let path = Path { holder, segment: Segment::Name(&output.name) };
                let written = member(self, output, &path);
                if written != Written::Value && !self.null(written, output, &path) {
                    self.out.truncate(start);
                    return false;
                }
            }
            self.out.push(b',');
        }
        // The last comma gives way.
        if self.out.len() > start + 1 {
            self.out.pop();
        }
        self.out.push(b'}');
        true
    }

    /// Writes null for a member, if null may stand there; reports it, if nobody has.
    fn null(&mut self, written: Written, output: &Output, path: &Path<'_>) -> bool {
        if FACTS {
            self.lack(written);
            return true;
        }
        if output.non_null {
            if written == Written::Null {
                self.faults.add(&Failure::Null, path, output.position, output.domain);
            }
            return false;
        }
        self.out.extend_from_slice(b"null");
        true
    }

    /// Writes what is not finished.
    fn member(&mut self, output: &'g Output, holder: &Holder<'_, 'g>, path: &Path<'_>) -> Written {
        self.produce(&output.produce, output, holder, path)
    }

    fn produce(
        &mut self,
        produce: &'g Produce,
        output: &'g Output,
        holder: &Holder<'_, 'g>,
        path: &Path<'_>,
    ) -> Written {
        match produce {
            Produce::Leaf { column, slot } => match self.entry(holder, *column, *slot, output, path) {
                Ok((json, ..)) => {
                    self.out.extend_from_slice(json);
                    Written::Value
                }
                Err(written) => written,
            },
            Produce::TypeName(name) => {
                self.out.extend_from_slice(name);
                Written::Value
            }
            Produce::Key { position, leaf } => match holder.key.and_then(|key| key.field(*position)) {
                Some(text) if leaf.write_text(text, &mut self.out).is_ok() => Written::Value,
                _ => Written::Null,
            },
            Produce::Part { column, slot, nesting, variants } => {
                match self.entry(holder, *column, *slot, output, path) {
                    Ok((value, record, of)) => {
                        let parts = Parts { record, of, key: holder.key, nesting, variants, output };
                        self.parts(&parts, value, 0, path)
                    }
                    Err(written) => written,
                }
            }
            Produce::Join { join, nesting } => self.join(*join, nesting, holder, output, path),
            Produce::Connection { step, seen, outputs } => {
                self.connection((*step, *seen), outputs, holder, output, path)
            }
            Produce::Introspection => match self.introspection.and_then(|answer| answer.get(output.name.as_str())) {
                None | Some(serde_json::Value::Null) => Written::Null,
                Some(value) => match serde_json::to_writer(&mut self.out, value) {
                    Ok(()) => Written::Value,
                    Err(_) => Written::Null,
                },
            },
            Produce::Null => Written::Null,
            Produce::Provenance { members, outputs } => self.provenance(members, outputs, holder, path),
            Produce::Rule { join, of } => self.ruled(*join, of, holder, output, path),
            Produce::Edges { .. }
            | Produce::Nodes { .. }
            | Produce::Node(_)
            | Produce::Cursor
            | Produce::PageInfo(_)
            | Produce::TotalCount
            | Produce::HasNextPage
            | Produce::HasPreviousPage
            | Produce::StartCursor
            | Produce::EndCursor => unreachable!("paging is written with its page"),
        }
    }

    fn fail(&mut self, failure: &Failure<'_>, output: &Output, path: &Path<'_>) -> Written {
        self.report(failure, path, output.position, output.domain)
    }

    fn report(
        &mut self,
        failure: &Failure<'_>,
        path: &Path<'_>,
        position: Position,
        domain: Option<DomainId>,
    ) -> Written {
        if FACTS {
            return self.fact_lacks(failure);
        }
        self.faults.add(failure, path, position, domain);
        Written::Failed
    }

    /// Reports that an owner did not answer for what a field leads to. The domain is that of what was asked: the field
    /// itself may stand in another, or in none.
    fn unanswered(&mut self, error: &FetchError, asked: Asked, output: &Output, path: &Path<'_>) -> Written {
        let domain = asked.domain(self.contract);
        self.report(&Failure::Fetch(error, asked), path, output.position, Some(domain))
    }

    /// Reads a slot of the object at hand; a fault is reported.
    #[inline]
    fn entry(
        &mut self,
        holder: &Holder<'_, 'g>,
        column: usize,
        slot: usize,
        output: &Output,
        path: &Path<'_>,
    ) -> Result<(&'g [u8], &'g Record, Of), Written> {
        match holder.views[column] {
            View::Row(table, record, of) => match table.entry(slot) {
                Entry::Value(value) => Ok((value, record, of)),
                Entry::Null => Err(Written::Null),
                Entry::Fault(number) => Err(self.violation(record, number, of, holder.key, output, path)),
            },
            View::Absent | View::Unasked => Err(Written::Null),
            View::Failed(error, group) => Err(self.fail(&Failure::Fetch(error, Asked::Group(group)), output, path)),
        }
    }

    fn violation(
        &mut self,
        record: &Record,
        number: u32,
        of: Of,
        key: Option<&Key>,
        output: &Output,
        path: &Path<'_>,
    ) -> Written {
        let of = source_of(self.contract, of, record);
        match record.violation(number) {
            Some(violation) => self.fail(&Failure::Violation { violation, of, key }, output, path),
            None => Written::Null,
        }
    }

    /// Writes a part, or a list of parts, straight from its record.
    fn parts(&mut self, parts: &Parts<'_, 'g>, value: &'g [u8], level: usize, path: &Path<'_>) -> Written {
        if level == parts.nesting.n_lists() {
            let Some((variant, table)) = Entry::object(value) else { return Written::Null };
            let Some(outputs) = parts.variants.get(variant) else { return Written::Null };
            let views = [View::Row(table, parts.record, parts.of)];
            let holder = Holder { row: None, views: &views, key: parts.key };
            return if self.members(outputs, &holder, Some(path)) { Written::Value } else { Written::Failed };
        }
        let list = Table::new(value);
        let start = self.out.len();
        self.out.push(b'[');
        for position in 0..list.len() {
            if position > 0 {
                self.out.push(b',');
            }
            let path = Path { holder: Some(path), segment: Segment::Index(position) };
            let written = match list.entry(position) {
                Entry::Value(item) => self.parts(parts, item, level + 1, &path),
                Entry::Null => Written::Null,
                Entry::Fault(number) => self.violation(parts.record, number, parts.of, parts.key, parts.output, &path),
            };
            if !self.item(written, parts.nesting.non_null_at(level + 1), parts.output, &path) {
                self.out.truncate(start);
                return Written::Failed;
            }
        }
        self.out.push(b']');
        Written::Value
    }

    /// Ends an item of a list: writes null for it, if null may stand there. Returns false when the list must be null.
    fn item(&mut self, written: Written, non_null: bool, output: &Output, path: &Path<'_>) -> bool {
        match written {
            Written::Value => true,
            Written::Null | Written::Failed if FACTS => {
                self.lack(written);
                true
            }
            Written::Null | Written::Failed if !non_null => {
                self.out.extend_from_slice(b"null");
                true
            }
            Written::Null => {
                self.faults.add(&Failure::Null, path, output.position, output.domain);
                false
            }
            Written::Failed => false,
        }
    }

    fn cell_failure(&mut self, failure: &CellFailure, output: &Output, path: &Path<'_>) -> Written {
        let failure = match failure {
            CellFailure::Fetch(error, asked) => return self.unanswered(error, *asked, output, path),
            CellFailure::Violation(record, number, Origin { of, key }) => {
                return self.violation(record, *number, *of, Some(key), output, path);
            }
            CellFailure::Rule(rule) => Failure::Rule(*rule),
            CellFailure::Argument(wrong) => Failure::Argument(wrong),
            CellFailure::TooManyRows(rows_max) => Failure::TooManyRows(*rows_max),
            CellFailure::UnknownType(system) => Failure::UnknownType(*system),
            CellFailure::Withheld => Failure::Withheld,
        };
        self.fail(&failure, output, path)
    }

    /// Writes the objects a join leads to from the object at hand.
    fn join(
        &mut self,
        join: JoinId,
        nesting: &'g Nesting,
        holder: &Holder<'_, 'g>,
        output: &'g Output,
        path: &Path<'_>,
    ) -> Written {
        let gathered = self.gathered;
        let Some((_, row)) = holder.row else { return Written::Null };
        let items = match gathered.join(join).cells.get(row) {
            None | Some(JoinCell::Null) => return Written::Null,
            Some(JoinCell::Failed(failure)) => return self.cell_failure(failure, output, path),
            Some(JoinCell::Items(items)) => items.clone(),
        };
        if let crate::plan::JoinFrom::Part { column, slot, .. } = self.plan.joins[join.0].from {
            return match self.entry(holder, column, slot, output, path) {
                Err(written) => written,
                Ok((value, record, of)) => {
                    let mut next = items.start;
                    let parts = Parts { record, of, key: holder.key, nesting, variants: &[], output };
                    self.joined_parts(join, &parts, value, 0, &mut next, path)
                }
            };
        }
        if nesting.n_lists() == 0 {
            return self.joined(join, items.start, output, path);
        }
        let lists_rows = matches!(self.plan.joins[join.0].from, crate::plan::JoinFrom::Pages(_));
        if let crate::plan::JoinFrom::Pages(step) = self.plan.joins[join.0].from
            && let Some(PageCell::Page(page)) = gathered.pages[step.0].as_ref().and_then(|pages| pages.get(row))
            && let Err(written) = self.left_out(step, page, output, path)
        {
            return written;
        }
        let start = self.out.len();
        self.out.push(b'[');
        // A list says what there is; a list of references answers for each that was named.
        let listed = items.filter(|item| !lists_rows || gathered.is_listed(self.plan, join, *item));
        for (position, item) in listed.enumerate() {
            if position > 0 {
                self.out.push(b',');
            }
            let path = Path { holder: Some(path), segment: Segment::Index(position) };
            let written = self.joined(join, item, output, &path);
            if !self.item(written, nesting.non_null_at(1), output, &path) {
                self.out.truncate(start);
                return Written::Failed;
            }
        }
        self.out.push(b']');
        Written::Value
    }

    /// Writes something of what a rule came to for the object at hand.
    fn ruled(
        &mut self,
        join: JoinId,
        of: &'g Produce,
        holder: &Holder<'_, 'g>,
        output: &'g Output,
        path: &Path<'_>,
    ) -> Written {
        let Some((_, row)) = holder.row else { return Written::Null };
        let answer = match self.gathered.join(join).cells.get(row) {
            None | Some(JoinCell::Null) => return Written::Null,
            Some(JoinCell::Failed(failure)) => return self.cell_failure(failure, output, path),
            Some(JoinCell::Items(items)) => items.start,
        };
        let id = self.plan.joins[join.0].targets[0].1;
        let Some(part) = self.gathered.rows(id).parts.get(answer) else { return Written::Null };
        let views = [View::Row(part.record.table_at(part.tape.clone()), &part.record, part.origin.of)];
        let holder = Holder { row: Some((id, answer)), views: &views, key: Some(&part.origin.key) };
        self.produce(of, output, &holder, path)
    }

    /// Writes the parts of a join: their objects are taken in the order in which the join met them.
    fn joined_parts(
        &mut self,
        join: JoinId,
        parts: &Parts<'_, 'g>,
        value: &'g [u8],
        level: usize,
        next: &mut usize,
        path: &Path<'_>,
    ) -> Written {
        if level == parts.nesting.n_lists() {
            *next += 1;
            return self.joined(join, *next - 1, parts.output, path);
        }
        let list = Table::new(value);
        let after = *next + n_parts(value, parts.nesting.n_lists() - level);
        let start = self.out.len();
        self.out.push(b'[');
        for position in 0..list.len() {
            if position > 0 {
                self.out.push(b',');
            }
            let path = Path { holder: Some(path), segment: Segment::Index(position) };
            let written = match list.entry(position) {
                Entry::Value(item) => self.joined_parts(join, parts, item, level + 1, next, &path),
                Entry::Null => Written::Null,
                Entry::Fault(number) => self.violation(parts.record, number, parts.of, parts.key, parts.output, &path),
            };
            if !self.item(written, parts.nesting.non_null_at(level + 1), parts.output, &path) {
                self.out.truncate(start);
                // The objects of the items that are not written are passed over.
                *next = after;
                return Written::Failed;
            }
        }
        self.out.push(b']');
        Written::Value
    }

    /// Writes one object a join leads to.
    fn joined(&mut self, join: JoinId, item: usize, output: &'g Output, path: &Path<'_>) -> Written {
        match self.gathered.join(join).items.get(item) {
            None | Some(None) => Written::Null,
            Some(Some(JoinItem { target, row })) => {
                let place = self.plan.joins[join.0].targets[*target].1;
                self.object(place, *row, output, path)
            }
        }
    }

    /// Writes one object of a place.
    fn object(&mut self, id: PlaceId, row: usize, output: &Output, path: &Path<'_>) -> Written {
        let (plan, gathered) = (self.plan, self.gathered);
        let place = &plan.places[id.0];
        let rows = gathered.rows(id);
        if let Some(part) = rows.parts.get(row) {
            let views = [View::Row(part.record.table_at(part.tape.clone()), &part.record, part.origin.of)];
            let holder = Holder { row: Some((id, row)), views: &views, key: Some(&part.origin.key) };
            return if self.members(&place.outputs, &holder, Some(path)) { Written::Value } else { Written::Failed };
        }
        let mut views = self.spare.pop().unwrap_or_default();
        views.clear();
        views.extend((0..place.columns.len()).map(|column| view(gathered, place, rows, column, row)));
        let written = match presence(place, &views) {
            Presence::Present => {
                let key = rows.key_of.get(row).and_then(|&key| rows.keys.get(key as usize));
                let holder = Holder { row: Some((id, row)), views: &views, key };
                if self.members(&place.outputs, &holder, Some(path)) { Written::Value } else { Written::Failed }
            }
            Presence::Absent => Written::Null,
            Presence::Unknown(error, group) => self.unanswered(error, Asked::Group(group), output, path),
        };
        self.spare.push(views);
        written
    }
}

/// Answers that an answer is too long.
fn too_long(bytes_max: usize) -> Vec<u8> {
    let error = serde_json::json!({
        "message": format!(
            "the answer has more than {bytes_max} bytes, which the limit response_bytes allows: ask for smaller pages, or for \
             fewer fields"
        ),
        "extensions": { "code": "RESPONSE_TOO_LARGE" },
    });
    format!("{{\"data\":null,\"errors\":[{error}]}}").into_bytes()
}

/// A part field while its lists are gone through.
struct Parts<'p, 'g> {
    record: &'g Record,
    of: Of,
    key: Option<&'g Key>,
    nesting: &'p Nesting,
    variants: &'g [Vec<Output>],
    output: &'g Output,
}

/// How many bytes an answer will be about, so that its buffer grows seldom: a member takes some 48 with its name.
fn expected_bytes(plan: &Plan, gathered: &Gathered) -> usize {
    let members = plan.places.iter().zip(&gathered.places);
    let members = members.map(|(place, rows)| rows.as_ref().map_or(0, |rows| rows.n_rows * place.outputs.len()));
    512 + 48 * members.sum::<usize>()
}

/// Whether an entity exists.
enum Presence<'g> {
    Present,
    Absent,
    /// Its identity owner did not answer, and nobody else knows it.
    Unknown(&'g FetchError, GroupId),
}

/// Decides whether an entity exists: its identity owner says so. While that owner cannot be asked, an entity that
/// another owner knows stands, so that one owner's failure nulls its own fields alone.
fn presence<'g>(place: &Place, views: &[View<'g>]) -> Presence<'g> {
    let PlaceKind::Entity { identity, .. } = place.kind else { return Presence::Present };
    match views[identity] {
        View::Row(..) => Presence::Present,
        View::Absent | View::Unasked => Presence::Absent,
        View::Failed(error, group) => {
            let known = views.iter().any(|view| matches!(view, View::Row(..)));
            if known { Presence::Present } else { Presence::Unknown(error, group) }
        }
    }
}

/// Returns what a record came from.
fn source_of(contract: &Contract, of: Of, record: &Record) -> Of {
    match of {
        Of::Group(group) => Of::Group(said_by(contract, group, record.stamp.system)),
        Of::Rule(_) => of,
    }
}

#[inline]
fn view<'g>(gathered: &'g Gathered, place: &Place, rows: &'g PlaceRows, column: usize, row: usize) -> View<'g> {
    let wanted = &place.columns[column];
    if !gathered.applies(wanted.when) {
        return View::Unasked;
    }
    match gathered.outcome(place, rows, column, row) {
        None => View::Unasked,
        Some(Err(error)) => View::Failed(error, wanted.group),
        Some(Ok(record)) => match record.table() {
            None => View::Absent,
            Some(table) => View::Row(table, record, Of::Group(wanted.group)),
        },
    }
}

/// How many parts a value holds that is `n_lists` lists deep.
fn n_parts(value: &[u8], n_lists: usize) -> usize {
    if n_lists == 0 {
        return 1;
    }
    let list = Table::new(value);
    let parts = (0..list.len()).map(|position| match list.entry(position) {
        Entry::Value(item) => n_parts(item, n_lists - 1),
        Entry::Null | Entry::Fault(_) => 0,
    });
    parts.sum()
}
