//! Writing `_provenance`: of each member of the object at hand, where its value came from.

use jiff::Timestamp;
use serde_json::Value;

use super::{Holder, View, Writer, Written, said_by, source_of};
use crate::{
    cache::Asked,
    execute::{fault::Path, gathered::Of},
    fetch::Record,
    plan::{Output, Produce, Traced},
    value::GroupId,
};

impl<'g, const FACTS: bool> Writer<'g, FACTS> {
    /// Writes an entry for each member that this request selects.
    pub(super) fn provenance(
        &mut self,
        members: &'g [Traced],
        outputs: &'g [Output],
        holder: &Holder<'_, 'g>,
        path: &Path<'_>,
    ) -> Written {
        self.out.push(b'[');
        let mut is_first = true;
        for Traced { name, column, when } in members {
            // What this request leaves out, because it is told to or because the caller may not see it, has no provenance,
            // though its column may be asked for something else.
            if !self.gathered.applies(*when) {
                continue;
            }
            let Some(entry) = self.entry_of(name, holder.views[*column], *column, holder) else { continue };
            if !is_first {
                self.out.push(b',');
            }
            is_first = false;
            self.object_of(outputs, Some(path), |_| None, |writer, output, _| writer.provenance_member(output, &entry));
        }
        self.out.push(b']');
        Written::Value
    }

    /// Reckons what an entry says, in the order of its type's fields; nothing where this request does not ask for it.
    fn entry_of(&self, name: &str, view: View<'g>, column: usize, holder: &Holder<'_, 'g>) -> Option<[Value; 7]> {
        let (contract, now_ms) = (self.contract, self.gathered.now_ms);
        let (group, record, fault): (GroupId, Option<&Record>, Option<&str>) = match view {
            View::Unasked => return None,
            View::Row(_, record, of) => match source_of(contract, of, record) {
                Of::Group(group) => (group, Some(record), None),
                Of::Rule(_) => return None,
            },
            View::Failed(error, group) => (said_by(contract, group, error.system_id), None, Some(error.kind.code())),
            View::Absent => self.absence(column, holder)?,
        };
        let asked = (Asked::Group(group), holder.key);
        let life = record.map(|record| self.cache.life(asked, &record.stamp, record.table().is_none(), now_ms));
        let as_of = life.and_then(|life| Timestamp::from_millisecond(life.since_ms).ok());
        let (group, domain) = (contract.group(group), contract.domain(contract.group(group).domain));
        Some([
            Value::from(name),
            Value::from(contract.system(group.system).name.as_str()),
            Value::from(domain.name.as_str()),
            as_of.map_or(Value::Null, |as_of| Value::from(as_of.to_string())),
            life.map_or(Value::Null, |life| Value::from(life.age_ms)),
            life.map_or(Value::Null, |life| Value::from(life.until_ms - now_ms)),
            fault.map_or(Value::Null, Value::from),
        ])
    }

    /// Says who said that there is no such row, and when.
    fn absence(
        &self,
        column: usize,
        holder: &Holder<'_, 'g>,
    ) -> Option<(GroupId, Option<&'g Record>, Option<&'static str>)> {
        let (id, row) = holder.row?;
        let place = &self.plan.places[id.0];
        let outcome = self.gathered.outcome(place, self.gathered.rows(id), column, row)?;
        let record = outcome.as_deref().ok()?;
        Some((said_by(self.contract, place.columns[column].group, record.stamp.system), Some(record), None))
    }

    fn provenance_member(&mut self, output: &'g Output, entry: &[Value; 7]) -> Written {
        match &output.produce {
            Produce::TypeName(name) => {
                self.out.extend_from_slice(name);
                Written::Value
            }
            Produce::Leaf { slot, .. } => match entry.get(*slot) {
                None | Some(Value::Null) => Written::Null,
                Some(value) => {
                    self.out.extend_from_slice(value.to_string().as_bytes());
                    Written::Value
                }
            },
            _ => Written::Null,
        }
    }
}
