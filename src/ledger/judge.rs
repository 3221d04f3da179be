//! What becomes of exceptions when a subject is judged. Pure: rows and observations in, rows and changes out.
//!
//! An exception is new when it is seen for the first time, open while it holds as far as is known, resolved when the subject
//! that saw it last is judged with all facts known and it is not there, and reopened when it is seen again: the same row, one
//! more in `n_reopened`. Processes may write late. So what was judged before an exception's last sighting, or before it was
//! resolved, counts and changes nothing else.

use std::collections::{HashMap, HashSet};

use super::observation::{Noted, Seen};

/// An exception as it stands in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// What was seen last.
    pub seen: Seen,
    /// The subject that saw it last.
    pub subject: String,
    /// The rule that judged it.
    pub rule: String,
    /// When it was first seen.
    pub first_seen_ms: i64,
    /// When it was last seen.
    pub last_seen_ms: i64,
    /// How often.
    pub n_seen: i64,
    /// How often after it had been resolved.
    pub n_reopened: i64,
    /// When it was resolved, unless it holds.
    pub resolved_at_ms: Option<i64>,
}

/// What became of an exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Became {
    /// It was seen for the first time.
    New,
    /// It was seen again after it had been resolved.
    Reopened,
    /// It does not hold.
    Resolved,
}

/// A change of an exception, as it stood just after it.
#[derive(Debug, Clone)]
pub(super) struct Change {
    /// What became of it.
    pub became: Became,
    /// When.
    pub at_ms: i64,
    /// Which exception.
    pub id: String,
    /// How it stood then.
    pub row: Row,
}

/// The rows that a batch may change, and what has been changed.
#[derive(Debug, Default)]
pub(super) struct Judged {
    rows: HashMap<String, Row>,
    /// The rows that each subject saw last, and some that it did not.
    of_subject: HashMap<String, HashSet<String>>,
    touched: HashSet<String>,
    /// What changed, in order.
    pub changes: Vec<Change>,
}

impl Became {
    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "NEW",
            Self::Reopened => "REOPENED",
            Self::Resolved => "RESOLVED",
        }
    }
}

impl Judged {
    /// Takes a row as it stands.
    pub fn load(&mut self, id: String, row: Row) {
        self.of_subject.entry(row.subject.clone()).or_default().insert(id.clone());
        self.rows.insert(id, row);
    }

    /// Judges a subject.
    pub fn apply(&mut self, noted: &Noted) {
        for (id, seen) in &noted.seen {
            self.see(noted, id, seen, noted.first_at_ms, 1);
            if noted.times > 1 {
                self.see(noted, id, seen, noted.last_at_ms, noted.times - 1);
            }
        }
        if noted.is_complete {
            self.resolve(noted);
        }
    }

    /// Returns the rows that changed.
    pub fn touched(&self) -> impl Iterator<Item = (&String, &Row)> {
        self.rows.iter().filter(|(id, _)| self.touched.contains(*id))
    }

    fn see(&mut self, noted: &Noted, id: &str, seen: &Seen, at_ms: i64, times: i64) {
        self.touched.insert(id.to_owned());
        let Some(row) = self.rows.get_mut(id) else {
            let row = Row {
                seen: seen.clone(),
                subject: noted.subject.clone(),
                rule: noted.rule.clone(),
                first_seen_ms: at_ms,
                last_seen_ms: at_ms,
                n_seen: times,
                n_reopened: 0,
                resolved_at_ms: None,
            };
            self.changes.push(Change { became: Became::New, at_ms, id: id.to_owned(), row: row.clone() });
            self.load(id.to_owned(), row);
            return;
        };
        let judged_ms = row.resolved_at_ms.unwrap_or(i64::MIN).max(row.last_seen_ms);
        row.n_seen += times;
        row.first_seen_ms = row.first_seen_ms.min(at_ms);
        row.last_seen_ms = row.last_seen_ms.max(at_ms);
        if at_ms < judged_ms {
            return;
        }
        row.seen = seen.clone();
        row.rule.clone_from(&noted.rule);
        if row.subject != noted.subject {
            row.subject.clone_from(&noted.subject);
            self.of_subject.entry(noted.subject.clone()).or_default().insert(id.to_owned());
        }
        if row.resolved_at_ms.take().is_some() {
            row.n_reopened += 1;
            self.changes.push(Change { became: Became::Reopened, at_ms, id: id.to_owned(), row: row.clone() });
        }
    }

    fn resolve(&mut self, noted: &Noted) {
        let Some(ids) = self.of_subject.get(&noted.subject) else { return };
        let holds = |id: &String| noted.seen.binary_search_by(|(seen, _)| seen.cmp(id)).is_ok();
        let mut gone: Vec<&String> = ids.iter().filter(|id| !holds(id)).collect();
        // In an order that does not depend on how they are kept.
        gone.sort();
        for id in gone {
            let Some(row) = self.rows.get_mut(id) else { continue };
            // Of judgements that say the same, the first resolves it.
            let at_ms = if noted.first_at_ms < row.last_seen_ms { noted.last_at_ms } else { noted.first_at_ms };
            if row.subject != noted.subject || row.resolved_at_ms.is_some() || at_ms < row.last_seen_ms {
                continue;
            }
            row.resolved_at_ms = Some(at_ms);
            self.touched.insert(id.clone());
            self.changes.push(Change { became: Became::Resolved, at_ms, id: id.clone(), row: row.clone() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::observation::{Entity, Observation, Severity, Subject},
        *,
    };

    fn seen(code: &str) -> Seen {
        Seen {
            code: code.to_owned(),
            severity: Severity::Warning,
            domain: None,
            entity: Entity::new("Account", "K1"),
            account: None,
            system: None,
            line: None,
            message: String::new(),
            evidence: None,
        }
    }

    fn noted(order: &str, at_ms: i64, is_complete: bool, codes: &[&str]) -> Noted {
        let subject = Subject { rule: "r".to_owned(), entity: Entity::new("Order", order), account: None };
        let seen = codes.iter().map(|code| seen(code)).collect();
        Noted::of(Observation { subject, at_ms, is_complete, seen })
    }

    fn after(observations: &[Noted]) -> (Row, Vec<&'static str>) {
        let mut judged = Judged::default();
        observations.iter().for_each(|noted| judged.apply(noted));
        let words = judged.changes.iter().map(|change| change.became.word()).collect();
        (judged.rows[&seen("HOLD").id()].clone(), words)
    }

    #[test]
    fn it_is_resolved_by_what_saw_it_last_and_reopened_when_it_is_seen_again() {
        let (row, words) =
            after(&[noted("1", 1, true, &["HOLD"]), noted("1", 2, true, &[]), noted("1", 3, true, &["HOLD"])]);
        assert_eq!(words, ["NEW", "RESOLVED", "REOPENED"]);
        assert_eq!(
            (row.n_seen, row.n_reopened, row.resolved_at_ms, row.first_seen_ms, row.last_seen_ms),
            (2, 1, None, 1, 3)
        );
    }

    #[test]
    fn what_is_not_known_resolves_nothing() {
        let (row, words) =
            after(&[noted("1", 1, true, &["HOLD"]), noted("1", 2, false, &[]), noted("1", 3, false, &["LATE"])]);
        assert_eq!((row.resolved_at_ms, words), (None, vec!["NEW", "NEW"]));
    }

    #[test]
    fn another_subject_resolves_nothing_until_it_has_seen_it() {
        let (row, _) = after(&[noted("1", 1, true, &["HOLD"]), noted("2", 2, true, &[])]);
        assert_eq!(row.resolved_at_ms, None);
        let (row, _) =
            after(&[noted("1", 1, true, &["HOLD"]), noted("2", 2, true, &["HOLD"]), noted("1", 3, true, &[])]);
        assert_eq!(row.resolved_at_ms, None);
        let (row, _) =
            after(&[noted("1", 1, true, &["HOLD"]), noted("2", 2, true, &["HOLD"]), noted("2", 3, true, &[])]);
        assert_eq!(row.resolved_at_ms, Some(3));
    }

    #[test]
    fn what_arrives_late_counts_and_changes_nothing_else() {
        let (row, words) = after(&[noted("1", 5, true, &["HOLD"]), noted("1", 4, true, &[])]);
        assert_eq!((row.resolved_at_ms, words), (None, vec!["NEW"]));
        let (row, words) =
            after(&[noted("1", 5, true, &["HOLD"]), noted("1", 6, true, &[]), noted("1", 4, true, &["HOLD"])]);
        assert_eq!((row.resolved_at_ms, row.first_seen_ms, row.n_seen), (Some(6), 4, 2));
        assert_eq!(words, ["NEW", "RESOLVED"]);
    }
}
