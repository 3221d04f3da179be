//! Writing facts: what a rule reads, as the answer would say it, with three things of its own. What could not be found out
//! is said where it stands, `{"$unknown":{"code":…,"system":…}}`; null may stand anywhere; and every object bears a number,
//! `"$at"`, by which it is told where a fact in it came from.

use jiff::Timestamp;

use super::{Holder, Known, Presence, View, Writer, Written, presence, source_of, view};
use crate::{
    cache::Asked,
    execute::{
        fault::{Failure, Path},
        gathered::Of,
    },
    fetch::Record,
    plan::{ArgumentFault, Output, PlaceId, PlaceKind, Produce},
    rules::{At, Source, Sources},
    value::{Key, write_json_string},
};

/// The facts of one object.
pub(in crate::execute) struct ObjectFacts<'g> {
    /// The facts.
    pub json: Vec<u8>,
    /// The objects in them, by number.
    pub objects: Vec<FactsOf<'g>>,
}

/// An object that facts were written of.
pub(in crate::execute) struct FactsOf<'g> {
    outputs: &'g [Output],
    row: Option<(PlaceId, usize)>,
    /// The record of a part, and what it lives in.
    part: Option<(&'g Record, Of)>,
    key: Option<&'g Key>,
}

impl<'g> Writer<'g, true> {
    /// Returns how many facts could not be found out so far.
    pub fn n_unknown(&self) -> usize {
        self.n_unknown
    }

    /// Writes the facts of an object, and of what holds it. `None` where there is no such object.
    pub fn object_facts(
        &mut self,
        (place, row): (PlaceId, usize),
        outputs: &'g [Output],
        holder: Option<(PlaceId, usize, &'g [Output])>,
    ) -> Option<ObjectFacts<'g>> {
        self.out.clear();
        self.objects.clear();
        if !self.facts_at(place, row, outputs) {
            return None;
        }
        if let Some((place, row, outputs)) = holder {
            self.out.pop();
            self.out.extend_from_slice(b",\"$holder\":");
            if !self.facts_at(place, row, outputs) {
                self.out.extend_from_slice(b"null");
            }
            self.out.push(b'}');
        }
        Some(ObjectFacts { json: self.out.clone(), objects: std::mem::take(&mut self.objects) })
    }

    fn facts_at(&mut self, id: PlaceId, row: usize, outputs: &'g [Output]) -> bool {
        let (plan, gathered) = (self.plan, self.gathered);
        let place = &plan.places[id.0];
        let rows = gathered.rows(id);
        if let Some(part) = rows.parts.get(row) {
            let views = [View::Row(part.record.table_at(part.tape.clone()), &part.record, part.origin.of)];
            let holder = Holder { row: Some((id, row)), views: &views, key: Some(&part.origin.key) };
            return self.members(outputs, &holder, None);
        }
        let views: Vec<_> = (0..place.columns.len()).map(|column| view(gathered, place, rows, column, row)).collect();
        match presence(place, &views) {
            Presence::Absent => false,
            // What could not be found out is said of each fact.
            Presence::Present | Presence::Unknown(..) => {
                let key = rows.key_of.get(row).and_then(|&key| rows.keys.get(key as usize));
                let holder = Holder { row: Some((id, row)), views: &views, key };
                self.members(outputs, &holder, None)
            }
        }
    }
}

impl<'g, const FACTS: bool> Writer<'g, FACTS> {
    /// Writes an object's facts under its number.
    pub(super) fn facts(&mut self, outputs: &'g [Output], holder: &Holder<'_, 'g>, path: Option<&Path<'_>>) -> bool {
        let number = self.objects.len();
        let part = match holder.views {
            [View::Row(_, record, of)] if holder.row.is_none_or(|(place, _)| self.is_part(place)) => {
                Some((*record, *of))
            }
            _ => None,
        };
        self.objects.push(FactsOf { outputs, row: holder.row, part, key: holder.key });
        let start = self.out.len();
        let whole = self.object_of(
            outputs,
            path,
            |output| holder.finished(output),
            |writer, output, path| writer.member(output, holder, path),
        );
        let is_bare = self.out.len() == start + 2;
        let at = format!("\"$at\":{number}{}", if is_bare { "" } else { "," });
        self.out.splice(start + 1..start + 1, at.bytes());
        whole
    }

    fn is_part(&self, place: PlaceId) -> bool {
        matches!(self.plan.places[place.0].kind, PlaceKind::Part)
    }

    /// Takes down why a fact is lacking.
    pub(super) fn fact_lacks(&mut self, failure: &Failure<'_>) -> Written {
        // A field that needs an argument which the caller did not give says nothing.
        if matches!(failure, Failure::Argument(ArgumentFault::NotGiven(_))) {
            return Written::Null;
        }
        self.n_unknown += 1;
        self.failure = self.faults.named(failure);
        Written::Failed
    }

    /// Writes null, or that nobody knows.
    pub(super) fn lack(&mut self, written: Written) {
        if written != Written::Failed {
            self.out.extend_from_slice(b"null");
            return;
        }
        let (code, system) = self.failure;
        self.out.extend_from_slice(b"{\"$unknown\":{\"code\":");
        write_json_string(code, &mut self.out);
        if let Some(system) = system {
            self.out.extend_from_slice(b",\"system\":");
            write_json_string(&self.contract.system(system).name, &mut self.out);
        }
        self.out.extend_from_slice(b"}}");
    }
}

/// Tells where the facts of one object came from.
pub(in crate::execute) struct FactsSources<'g> {
    /// What they were written from.
    pub known: Known<'g>,
    /// The objects, by number.
    pub objects: &'g [FactsOf<'g>],
}

impl Sources for FactsSources<'_> {
    fn source(&self, at: At, field: &str) -> Source {
        let Some(object) = self.objects.get(at.0 as usize) else {
            return Source { system: None, entity: String::new(), domain: None, as_of: None };
        };
        let (of, record) = match object.part {
            Some((record, of)) => (Some(of), Some(record)),
            None => self.column(object, field),
        };
        let of = of.map(|of| record.map_or(of, |record| source_of(self.known.contract, of, record)));
        let ty = match of {
            Some(Of::Group(group)) => Some(self.known.contract.group(group).entity),
            Some(Of::Rule(rule)) => Some(self.known.contract.rule(rule).ty),
            None => object.row.map(|(place, _)| self.known.plan.places[place.0].ty),
        };
        let name = ty.map_or("", |ty| self.known.contract.ty(ty).name.as_str());
        let entity = object.key.map_or_else(|| name.to_owned(), |key| format!("{name} {key}"));
        let Some(Of::Group(group)) = of else {
            return Source { system: None, entity, domain: None, as_of: None };
        };
        let contract = self.known.contract;
        let system = Some(contract.system(contract.group(group).system).name.clone());
        let domain = Some(contract.domain(contract.group(group).domain).name.clone());
        let since_ms = record.map(|record| {
            let is_absent = record.table().is_none();
            let asked = (Asked::Group(group), object.key);
            self.known.cache.life(asked, &record.stamp, is_absent, self.known.gathered.now_ms).since_ms
        });
        Source {
            system,
            entity,
            domain,
            as_of: since_ms.and_then(|since_ms| Timestamp::from_millisecond(since_ms).ok()),
        }
    }
}

impl FactsSources<'_> {
    /// Finds the column that a field of an entity is read from; what leads elsewhere is said by its identity owner.
    fn column(&self, object: &FactsOf<'_>, field: &str) -> (Option<Of>, Option<&Record>) {
        let Some((id, row)) = object.row else { return (None, None) };
        let place = &self.known.plan.places[id.0];
        let PlaceKind::Entity { identity, .. } = place.kind else { return (None, None) };
        let column = match object.outputs.iter().find(|output| output.name == field).map(|output| &output.produce) {
            Some(Produce::Leaf { column, .. } | Produce::Part { column, .. }) => *column,
            Some(Produce::Join { join, .. }) => match self.known.plan.joins[join.0].from {
                crate::plan::JoinFrom::Part { column, .. } => column,
                _ => identity,
            },
            _ => identity,
        };
        let record = match self.known.gathered.outcome(place, self.known.gathered.rows(id), column, row) {
            Some(Ok(record)) => Some(&**record),
            Some(Err(_)) | None => None,
        };
        (Some(Of::Group(place.columns[column].group)), record)
    }
}
