//! The report for people: a table of what was asked, under it a line for each thing to mend or to know.

use std::{
    fmt::{Display, Formatter, Write},
    time::Duration,
};

use crate::fetch::Violation;

use super::report::{AskReport, Asked, Hint, KeyMatch, LiveReport, Normalisation, SystemReport};

const HEAD: [&str; 6] = ["system", "asked", "answers", "rows", "ms", "remark"];

/// The columns that hold numbers; they end where their column ends.
const RIGHT: [bool; 6] = [false, false, false, true, true, false];

/// How a line is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Fault,
    Notice,
}

/// What is to be said of one thing asked.
struct Said {
    of: String,
    lines: Vec<(Mark, String)>,
}

impl LiveReport {
    /// Returns the table and the lines under it, in colour where that is wanted.
    pub fn to_text(&self, is_coloured: bool) -> String {
        let mut rows = vec![HEAD.map(str::to_owned)];
        let mut said = Vec::new();
        for system in &self.systems {
            rows.push(system_row(system));
            said.push(Said { of: system.name.clone(), lines: system_lines(system) });
            for ask in self.asks.iter().filter(|ask| ask.system == system.name) {
                rows.push(ask_row(ask));
                said.push(Said { of: format!("{} {}", system.name, asked(ask)), lines: ask_lines(ask) });
            }
            for keys in self.keys.iter().filter(|keys| keys.system == system.name) {
                rows.push(keys_row(keys));
                said.push(Said { of: format!("{} {}", system.name, keys_asked(keys)), lines: keys_lines(keys) });
            }
        }
        let mut text = table(&rows);
        for Said { of, lines } in said.into_iter().filter(|said| !said.lines.is_empty()) {
            let _ = write!(text, "\n{of}\n");
            for (mark, line) in lines {
                let _ = writeln!(text, "  {}  {line}", mark.shown(is_coloured));
            }
        }
        text
    }
}

impl Mark {
    fn shown(self, is_coloured: bool) -> String {
        let (word, colour) = match self {
            Self::Fault => ("fault ", "1;31"),
            Self::Notice => ("notice", "1;33"),
        };
        if is_coloured { format!("\x1b[{colour}m{word}\x1b[0m") } else { word.to_owned() }
    }
}

fn table(rows: &[[String; 6]]) -> String {
    let mut widths = [0; 6];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for ((cell, width), is_right) in row.iter().zip(widths).zip(RIGHT) {
            let _ = if is_right { write!(line, "{cell:>width$}  ") } else { write!(line, "{cell:<width$}  ") };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn system_row(system: &SystemReport) -> [String; 6] {
    let (answers, took, remark) = match &system.outcome {
        Ok(took) => ("yes", ms(*took), String::new()),
        Err(failure) => ("no", String::new(), failure.code.to_owned()),
    };
    [system.name.clone(), system.kind.to_owned(), answers.to_owned(), String::new(), took, remark]
}

fn system_lines(system: &SystemReport) -> Vec<(Mark, String)> {
    let Err(failure) = &system.outcome else { return Vec::new() };
    let line = match system.n_unasked {
        0 => format!("{} {}", failure.code, failure.detail),
        n => {
            let unasked = counted(n, "list or group was", "lists and groups were");
            format!("{} {}; {unasked} not asked", failure.code, failure.detail)
        }
    };
    vec![(Mark::Fault, line)]
}

fn asked(ask: &AskReport) -> String {
    match ask.asked {
        Asked::List => format!("list {}", ask.name),
        Asked::Group => ask.name.clone(),
    }
}

fn ask_row(ask: &AskReport) -> [String; 6] {
    let answers = match ask.n_answered {
        0 => "no",
        n if n < ask.n_asked => "partly",
        _ => "yes",
    };
    let rows = match ask.asked {
        _ if ask.n_answered == 0 || !ask.is_sampled => String::new(),
        Asked::List if ask.n_asked == 1 => ask.n_rows.to_string(),
        Asked::List => format!("{} for {}", ask.n_rows, ask.n_asked),
        Asked::Group => format!("{} of {}", ask.n_rows, ask.n_asked),
    };
    let took = match (ask.median(), ask.longest()) {
        (Some(median), Some(longest)) if ask.calls.len() > 1 => format!("{} / {}", ms(median), ms(longest)),
        (_, longest) => longest.map(ms).unwrap_or_default(),
    };
    let mut remarks = Vec::new();
    match ask.n_faults() {
        0 => {}
        n => remarks.push(counted(n, "fault", "faults")),
    }
    if !ask.is_sampled {
        remarks.push("no sample".to_owned());
    }
    [ask.system.clone(), asked(ask), answers.to_owned(), rows, took, remarks.join(", ")]
}

fn ask_lines(ask: &AskReport) -> Vec<(Mark, String)> {
    let mut lines = Vec::new();
    let each = match ask.asked {
        Asked::List => ["parent", "parents"],
        Asked::Group => ["key", "keys"],
    };
    for failure in &ask.failures {
        let of = match failure.n {
            n if n == ask.n_asked => String::new(),
            n => format!(" (for {} of {})", counted(n, each[0], each[1]), ask.n_asked),
        };
        lines.push((Mark::Fault, format!("{} {}{of}", failure.code, failure.detail)));
    }
    for field in &ask.missing {
        lines.push((Mark::Fault, format!("{field}: the answer has no column of this name")));
    }
    for misfit in &ask.misfits {
        let what = if misfit.expected == Violation::VALUE {
            "null, which it may not be,".to_owned()
        } else {
            format!("not {}", misfit.expected)
        };
        let rows = format!("{} of {}", misfit.n_rows, counted(ask.n_rows, "row", "rows"));
        let line = format!("{}: {what} in {rows}, such as {}", misfit.field, misfit.example);
        lines.push((Mark::Fault, line));
    }
    if !ask.never_filled.is_empty() {
        let rows = counted(ask.n_rows, "row", "rows");
        lines.push((Mark::Notice, format!("null in all of {rows}: {}", ask.never_filled.join(", "))));
    }
    if !ask.is_sampled {
        let line = match ask.asked {
            Asked::List => "no sample: only a caller could fill its parameters; it was asked with nulls".to_owned(),
            Asked::Group => format!(
                "no sample: no list gives its keys; add some, --sample {0}=… or samples.{0} = [\"…\"] in freehold.toml",
                ask.name.split('.').next().unwrap_or_default()
            ),
        };
        lines.push((Mark::Notice, line));
    }
    lines
}

fn keys_asked(keys: &KeyMatch) -> String {
    format!("{} with keys of {}", keys.group, keys.of.as_deref().unwrap_or("the samples"))
}

fn keys_row(keys: &KeyMatch) -> [String; 6] {
    let remark = match &keys.hint {
        _ if keys.n_matched == keys.n_sampled => String::new(),
        Some(hint) => format!("match {}", hint.normalisation),
        None => format!("{} unknown", keys.n_sampled - keys.n_matched),
    };
    let known = format!("{} of {}", keys.n_matched, keys.n_sampled);
    [keys.system.clone(), keys_asked(keys), String::new(), known, String::new(), remark]
}

fn keys_lines(keys: &KeyMatch) -> Vec<(Mark, String)> {
    let mark = match keys {
        keys if keys.is_fault() => Mark::Fault,
        keys if keys.is_notice() => Mark::Notice,
        _ => return Vec::new(),
    };
    let shown: Vec<String> = keys.unmatched.iter().map(|key| format!("`{key}`")).collect();
    let n_unmatched = keys.n_sampled - keys.n_matched;
    let more = if n_unmatched > shown.len() { ", …" } else { "" };
    let known = if n_unmatched == 1 { "is" } else { "are" };
    let of = keys.of.as_deref().map_or_else(|| "of the samples".to_owned(), |of| format!("of {of}"));
    let line = format!(
        "{n_unmatched} of {} {of} {known} not known to {}: {}{more}",
        counted(keys.n_sampled, "key", "keys"),
        keys.system,
        shown.join(", ")
    );
    let hint = keys.hint.iter().map(|hint| (mark, hint_line(keys, hint)));
    std::iter::once((mark, line)).chain(hint).collect()
}

/// Says what would have matched, and which system's binding has to say so: the identity owner's keys are the graph's, so
/// where it was asked, it is the other that writes them its own way.
fn hint_line(keys: &KeyMatch, hint: &Hint) -> String {
    let mut line = format!("`{}` would match {}, as `{}`", hint.key, hint.normalisation, hint.known);
    let (own, graph, system) = match &keys.of {
        Some(of) if keys.is_identity => (&hint.key, &hint.known, of),
        None if keys.is_identity => return line,
        _ => (&hint.known, &hint.key, &keys.system),
    };
    if let Some(mapping) = mapping(own.as_str(), graph.as_str()).filter(|_| own.fields().count() == 1) {
        let _ = write!(line, ": key = {{ {mapping} }} in the file of {system}");
    }
    line
}

/// Says in a binding's words how a system's own key differs from the graph's, where there are words for it.
fn mapping(own: &str, graph: &str) -> Option<String> {
    let (lower, upper) = (graph.to_lowercase(), graph.to_uppercase());
    let is_number = graph.bytes().all(|byte| byte.is_ascii_digit());
    let width = own.len();
    if own == lower {
        // The graph's case is needed to read the system's keys back.
        let back = if graph == upper { ", graph_case = \"upper\"" } else { "" };
        Some(format!("case = \"lower\"{back}"))
    } else if own == upper {
        let back = if graph == lower { ", graph_case = \"lower\"" } else { "" };
        Some(format!("case = \"upper\"{back}"))
    } else if own == graph.replace(' ', "") {
        Some("without = \" \"".to_owned())
    } else {
        (is_number && own == format!("{graph:0>width$}")).then(|| format!("pad = {width}"))
    }
}

impl Display for Normalisation {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::LowerCase => f.write_str("in lower case"),
            Self::UpperCase => f.write_str("in upper case"),
            Self::Trimmed => f.write_str("without the blanks at its ends"),
            Self::WithoutBlanks => f.write_str("without blanks"),
            Self::WithoutLeadingZeros => f.write_str("without leading zeros"),
            Self::PaddedWithZeros(width) => write!(f, "with zeros before it to {width} characters"),
        }
    }
}

fn counted(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

/// Milliseconds: to the tenth where that says something.
fn ms(took: Duration) -> String {
    let ms = took.as_secs_f64() * 1000.0;
    if ms < 10.0 { format!("{ms:.1}") } else { format!("{ms:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_says_what_the_binding_has_to_say_where_there_are_words_for_it() {
        assert_eq!(mapping("sp-1", "SP-1").as_deref(), Some("case = \"lower\", graph_case = \"upper\""));
        assert_eq!(mapping("SP-1", "Sp-1").as_deref(), Some("case = \"upper\""));
        assert_eq!(mapping("SP1", "SP 1").as_deref(), Some("without = \" \""));
        assert_eq!(mapping("0042", "42").as_deref(), Some("pad = 4"));
        assert_eq!(mapping("42", "0042"), None);
    }

    #[test]
    fn durations_have_the_digits_that_say_something() {
        assert_eq!(ms(Duration::from_micros(440)), "0.4");
        assert_eq!(ms(Duration::from_millis(12)), "12");
    }
}
