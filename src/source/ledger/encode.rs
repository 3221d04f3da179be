//! A question as the ledger understands it: filters and stretches. In: a list's parameters, their values and the window. Out: what
//! to ask, or why nothing can be asked. Pure.

use crate::{
    contract::{InsideTable, List},
    fetch::{Cursor, Direction, Window},
    ledger::{ExceptionFilter, FindingFilter, FindingKind, Listed, Mark, RunFilter, RunId, Severity, State, Stretch},
    value::Argument,
};

/// What a parent's list asks the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Question {
    /// These rows.
    Rows(Listed),
    /// Nothing can fit: one of no values is wanted, or a run that has no number.
    Nothing,
}

/// Returns what a parent's list asks.
///
/// *Errors*: what of its values cannot be understood, for the operator.
pub(super) fn question(table: InsideTable, list: &List, arguments: &[Argument]) -> Result<Question, String> {
    let given = Given { list, arguments };
    if arguments.iter().any(|argument| matches!(argument, Argument::Many(values) if values.is_empty())) {
        return Ok(Question::Nothing);
    }
    let listed = match table {
        InsideTable::Exceptions => Listed::Exceptions(ExceptionFilter {
            codes: given.many("code"),
            severities: given.words("severity", Severity::of_word)?,
            entity_type: given.one("type"),
            entity_key: given.one("key"),
            accounts: Some(given.many("account")).filter(|accounts| !accounts.is_empty()),
            system: given.one("system"),
            state: given.state()?,
            since_ms: given.since_ms()?,
        }),
        InsideTable::Findings => Listed::Findings(FindingFilter {
            kinds: given.words("kind", FindingKind::of_word)?,
            entity_type: given.one("type"),
            entity_key: given.one("key"),
            field: given.one("field"),
            copy_system: given.one("system"),
            run: match given.one("run").map(|run| run.parse()) {
                None => None,
                Some(Ok(run)) => Some(RunId(run)),
                Some(Err(_)) => return Ok(Question::Nothing),
            },
            state: given.state()?,
        }),
        InsideTable::Runs => {
            Listed::Runs(RunFilter { entity_types: given.many("type"), copy_systems: given.many("system") })
        }
        InsideTable::Ownership | InsideTable::Systems => {
            return Err(format!("{} is not asked of the ledger", list.name));
        }
    };
    listed.check().map_err(|refused| refused.to_string())?;
    Ok(Question::Rows(listed))
}

/// Returns the stretch of a window, with one row more, which says whether there are further ones; `None` where a cursor is not one
/// of such a list.
pub(super) fn stretch(table: InsideTable, window: &Window) -> Option<Stretch> {
    let mark = |cursor: &Option<Cursor>| match cursor {
        None => Some(None),
        Some(cursor) => mark(table, cursor).map(Some),
    };
    Some(Stretch {
        after: mark(&window.after)?,
        before: mark(&window.before)?,
        rows: window.n_rows as usize + 1,
        is_backward: window.direction == Direction::Backward,
    })
}

fn mark(table: InsideTable, cursor: &Cursor) -> Option<Mark> {
    let [Some(at_ms), Some(id)] = cursor.0.as_slice() else { return None };
    if table == InsideTable::Runs && id.parse::<i64>().is_err() {
        return None;
    }
    Some(Mark { at_ms: at_ms.parse().ok()?, id: id.clone() })
}

/// The values that a list is asked with.
struct Given<'g> {
    list: &'g List,
    arguments: &'g [Argument],
}

impl Given<'_> {
    fn many(&self, name: &str) -> Vec<String> {
        let position = self.list.parameters.iter().position(|parameter| parameter == name);
        match position.and_then(|position| self.arguments.get(position)) {
            None | Some(Argument::Null) => Vec::new(),
            Some(Argument::One(value)) => vec![value.to_string()],
            Some(Argument::Many(values)) => values.iter().map(ToString::to_string).collect(),
        }
    }

    fn one(&self, name: &str) -> Option<String> {
        self.many(name).into_iter().next()
    }

    fn words<T>(&self, name: &str, of_word: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, String> {
        let word = |word: String| of_word(&word).ok_or_else(|| format!("the ledger knows no {name} `{word}`"));
        self.many(name).into_iter().map(word).collect()
    }

    fn state(&self) -> Result<State, String> {
        match self.one("open").as_deref() {
            None => Ok(State::Any),
            Some("true") => Ok(State::Open),
            Some("false") => Ok(State::Resolved),
            Some(word) => Err(format!("open is true or false, and not `{word}`")),
        }
    }

    fn since_ms(&self) -> Result<Option<i64>, String> {
        let Some(text) = self.one("since") else { return Ok(None) };
        let instant: jiff::Timestamp = text.parse().map_err(|_| format!("`{text}` is no instant"))?;
        Ok(Some(instant.as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{InsideList, ListBinding},
        value::{Adaptations, DomainId, SystemId, TypeId},
    };

    fn list(table: InsideTable, parameters: &[&str]) -> List {
        List {
            name: "rows".to_owned(),
            system: SystemId(0),
            of: TypeId(0),
            key_columns: vec!["id".to_owned()],
            key: None,
            argument_keys: Vec::new(),
            parameters: parameters.iter().map(|name| (*name).to_owned()).collect(),
            fields: Default::default(),
            binding: ListBinding::Inside(InsideList { table }),
            order: table.order(),
            narrowed: None,
            page_rows_max: 100,
            page_rows_default: 20,
            count_max: 10,
            domain: DomainId(0),
            adaptations: Adaptations::default(),
        }
    }

    fn one(text: &str) -> Argument {
        Argument::One(text.into())
    }

    #[test]
    fn what_is_not_given_does_not_matter_and_one_of_none_fits_nothing() {
        let list = list(InsideTable::Exceptions, &["code", "open", "since"]);
        let ask = |arguments: &[Argument]| question(InsideTable::Exceptions, &list, arguments);
        let all = Ok(Question::Rows(Listed::Exceptions(ExceptionFilter::default())));
        assert_eq!(ask(&[Argument::Null, Argument::Null, Argument::Null]), all);
        assert_eq!(ask(&[Argument::Many(Vec::new()), Argument::Null, Argument::Null]), Ok(Question::Nothing));
        let narrowed = ExceptionFilter {
            codes: vec!["A".to_owned(), "B".to_owned()],
            state: State::Open,
            since_ms: Some(1_000),
            ..ExceptionFilter::default()
        };
        let codes = Argument::Many(vec!["A".into(), "B".into()]);
        let asked = ask(&[codes, one("true"), one("1970-01-01T00:00:01Z")]);
        assert_eq!(asked, Ok(Question::Rows(Listed::Exceptions(narrowed))));
        assert!(ask(&[Argument::Null, one("maybe"), Argument::Null]).is_err());
        assert!(ask(&[Argument::Null, Argument::Null, one("soon")]).is_err());
    }

    #[test]
    fn more_values_than_can_be_asked_with_are_refused() {
        let list = list(InsideTable::Exceptions, &["code"]);
        let ask = |n: usize| {
            let codes = Argument::Many((0..n).map(|n| n.to_string().into()).collect());
            question(InsideTable::Exceptions, &list, &[codes])
        };
        assert!(ask(5_000).is_ok());
        let refused = ask(70_000).unwrap_err();
        assert!(refused.contains("more than 10000 values"), "{refused}");
    }

    #[test]
    fn a_run_without_a_number_has_found_nothing() {
        let list = list(InsideTable::Findings, &["run"]);
        assert_eq!(question(InsideTable::Findings, &list, &[one("x")]), Ok(Question::Nothing));
    }

    #[test]
    fn a_cursor_of_something_else_is_foreign() {
        let after = |values: [&str; 2]| Window {
            direction: Direction::Forward,
            n_rows: 2,
            after: Some(Cursor(values.map(|value| Some(value.to_owned())).into())),
            before: None,
        };
        assert_eq!(stretch(InsideTable::Exceptions, &after(["5", "ab"])).unwrap().rows, 3);
        assert!(stretch(InsideTable::Exceptions, &after(["soon", "ab"])).is_none());
        assert!(stretch(InsideTable::Runs, &after(["5", "ab"])).is_none());
    }
}
