//! Documents made up by the grammar of the parser, its blanks, comments and names where the specification has none: what is counted
//! of them is what whoever follows their fragments meets.

use freehold::{contract::AudienceLimits, plan::Document};

use super::plan_limits;
use crate::differential::{Random, setting};

const BLANKS: [&str; 8] = [" ", "", "\u{FEFF}", ",", "\n", "#{ ...f1 \n", "#\r", "\t "];
/// What keeps two names apart.
const APART: [&str; 5] = [" ", "\u{FEFF}", ",", "\n", "#}\n"];
const NAMES: [&str; 7] = ["a", "on", "fragment", "query", "true", "f1", "__typename"];
const FRAGMENTS: [&str; 5] = ["f0", "f1", "f2", "on", "fragment"];
const VALUES: [&str; 10] = [
    "\"}\"",
    "\"\"\"x } \\\"\"\" \"\"\"",
    "\"\"\"x\"",
    "\"\"",
    "[1 -1 007]",
    "{on: {x: [$a]}}",
    "-1.5e+3",
    "\"\\\"{\"",
    "fragment",
    "[[\"\"\"\"\"\"]]",
];

struct Writing<'r> {
    random: &'r mut Random,
    text: String,
    /// The fragments that may be spread: those behind the one that is being written.
    spreadable: &'static [&'static str],
}

impl Writing<'_> {
    fn blank(&mut self) {
        let blank = *self.random.pick(&BLANKS);
        self.text += blank;
    }

    fn apart(&mut self) {
        let blank = *self.random.pick(&APART);
        self.text += blank;
    }

    fn word(&mut self, word: &str) {
        self.text += word;
        self.blank();
    }

    fn directives(&mut self) {
        for _ in 0..self.random.below(6).saturating_sub(3) {
            let value = *self.random.pick(&VALUES);
            self.word("@");
            self.word("x");
            if self.random.below(2) == 0 {
                self.word("(");
                self.word("y");
                self.word(":");
                self.word(value);
                self.word(")");
            }
        }
    }

    fn selections(&mut self, n_levels: usize) {
        self.word("{");
        for _ in 0..self.random.between(1, 4) {
            match self.random.below(6) {
                0 if !self.spreadable.is_empty() => {
                    let fragment = *self.random.pick(self.spreadable);
                    self.word("...");
                    self.text += fragment;
                    // Only a blank makes a type of what follows `on`.
                    self.text += if fragment == "on" { "#\n@x" } else { "" };
                    self.apart();
                }
                1 if n_levels > 0 => {
                    self.word("...");
                    self.directives();
                    self.selections(n_levels - 1);
                }
                2 if n_levels > 0 => {
                    self.word("...");
                    self.text += "on";
                    self.text += [" ", "\u{FEFF}", ",", "\n"][self.random.below(4)];
                    self.word("Query");
                    self.selections(n_levels - 1);
                }
                _ => {
                    let name = *self.random.pick(&NAMES);
                    if self.random.below(3) == 0 {
                        self.word("b");
                        self.word(":");
                    }
                    self.text += name;
                    self.apart();
                    self.directives();
                    if n_levels > 0 && self.random.below(2) == 0 {
                        self.selections(n_levels - 1);
                    }
                }
            }
        }
        self.word("}");
    }
}

fn document(random: &mut Random) -> String {
    let mut writing = Writing { random, text: String::new(), spreadable: &FRAGMENTS };
    writing.blank();
    if writing.random.below(2) == 0 {
        writing.text += "query";
        writing.blank();
        writing.directives();
    }
    writing.selections(3);
    for (at, name) in FRAGMENTS.iter().enumerate() {
        writing.spreadable = &FRAGMENTS[at + 1..];
        writing.text += "fragment";
        writing.blank();
        writing.text += name;
        writing.apart();
        writing.text += "on";
        writing.text += " ";
        writing.word("Query");
        writing.directives();
        writing.selections(2);
    }
    writing.text
}

#[test]
fn what_is_counted_is_what_is_met_however_it_is_spelled() {
    let mut random = Random::new(setting("FREEHOLD_SEED", 0));
    let n_documents = setting("FREEHOLD_CASES", 2_000) / 10;
    let mut n_read = 0;
    for _ in 0..n_documents {
        let text = document(&mut random);
        let outcome = std::panic::catch_unwind(|| plan_limits::run(text.as_bytes()));
        assert!(outcome.is_ok(), "{text}");
        n_read += u64::from(Document::read(&AudienceLimits::default(), &text).is_ok());
    }
    assert!(n_read > n_documents / 10, "{n_read} of {n_documents} documents are read");
}
