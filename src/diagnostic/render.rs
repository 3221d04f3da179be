//! Rendering: diagnostics as text with the offending words underlined, and as JSON.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Value, json};

use super::{Diagnostic, Severity, Sources};

/// Renders diagnostics as text: code, sentence, `file:line:column`, the offending line underlined, what to do.
pub fn render_text(diagnostics: &[Diagnostic], sources: &Sources, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for diagnostic in diagnostics {
        let level = match diagnostic.severity {
            Severity::Fault => Level::ERROR.with_name("fault"),
            Severity::Notice => Level::NOTE.with_name("notice"),
        };
        let mut group = Group::with_title(level.primary_title(diagnostic.message.as_str()).id(diagnostic.code));
        if let Some(place) = diagnostic.place {
            let place = sources.clamp(place);
            let annotation = AnnotationKind::Primary.span(place.start..place.end);
            group = group.element(
                Snippet::source(sources.text(place.file)).path(sources.name(place.file)).annotation(annotation),
            );
        }
        if !diagnostic.help.is_empty() {
            group = group.element(Level::HELP.with_name("do").message(diagnostic.help.as_str()));
        }
        text.push_str(&renderer.render(&[group]));
        text.push_str("\n\n");
    }
    text
}

/// Renders diagnostics as a JSON list, for machines.
pub fn render_json(diagnostics: &[Diagnostic], sources: &Sources) -> Value {
    let entries = diagnostics.iter().map(|diagnostic| {
        let mut entry = json!({
            "code": diagnostic.code,
            "severity": diagnostic.severity.word(),
            "message": diagnostic.message,
            "help": diagnostic.help,
        });
        if let Some(place) = diagnostic.place {
            let (line, column) = sources.line_column(place);
            entry["file"] = json!(sources.name(place.file));
            entry["line"] = json!(line);
            entry["column"] = json!(column);
            entry["start"] = json!(place.start);
            entry["end"] = json!(place.end);
        }
        entry
    });
    Value::Array(entries.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Findings, Place};

    #[test]
    fn a_fault_shows_its_place_its_words_and_what_to_do() {
        let mut sources = Sources::default();
        let file = sources.add("product.graphql", "type Product {\n  name: Strin\n}\n".to_owned());
        let start = sources.text(file).find("Strin").unwrap();
        let mut findings = Findings::default();
        let place = Place { file, start, end: start + 5 };
        findings.fault("TYPE_UNKNOWN", place, "there is no type `Strin`", "did you mean `String`?");
        findings.notice("RULE_INERT", None, "2 fields have @rule", "nothing to do");
        let diagnostics = findings.in_order(&sources);
        insta::assert_snapshot!(render_text(&diagnostics, &sources, false));
        let json = render_json(&diagnostics, &sources);
        assert_eq!((&json[0]["line"], &json[0]["column"]), (&json!(2), &json!(9)));
    }
}
