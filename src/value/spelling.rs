//! Spellings: how one field of a graph's key is written by a system, and how that is read back.
//!
//! In: the key's text on one side. Out: its text on the other, or nothing where there is no such key. Pure. What is read
//! back is always written again and compared, so a text that the spelling cannot have made is no key, never nearly one.

/// How a system spells one field of the graph's key: characters left out, then case, then zeros, then a prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spelling {
    /// Characters that the system leaves out. Where they stood cannot be known from the system's text.
    pub without: String,
    /// The case of the system's letters.
    pub case: Option<Case>,
    /// The case of the graph's letters; `None` where they are mixed, or nobody says.
    pub graph_case: Option<Case>,
    /// To how many characters a text of digits alone is filled up with zeros in front.
    pub pad: Option<usize>,
    /// What stands before every key.
    pub prefix: String,
}

/// The case of letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// Small letters.
    Lower,
    /// Capital letters.
    Upper,
}

impl Case {
    fn of(self, text: &str) -> String {
        match self {
            Self::Lower => text.to_lowercase(),
            Self::Upper => text.to_uppercase(),
        }
    }
}

impl Spelling {
    /// Whether the system spells the key as the graph does.
    pub fn is_same(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the graph's key can be read back from the system's.
    pub fn is_two_way(&self) -> bool {
        self.without.is_empty() && (self.case.is_none() || self.graph_case.is_some())
    }

    /// Spells a graph's key as the system does.
    ///
    /// *Shape*: `None` when the text is no key of the graph: it is not what the system's spelling of it reads back as.
    pub fn to_own(&self, graph: &str) -> Option<String> {
        let own = self.spell(graph);
        let is_key = !self.is_two_way() || self.read_back(&own).as_deref() == Some(graph);
        is_key.then_some(own)
    }

    /// Reads the graph's key back from the system's.
    ///
    /// *Shape*: `None` when the spelling cannot be read back, or the text is none that it makes.
    pub fn to_graph(&self, own: &str) -> Option<String> {
        let graph = self.is_two_way().then(|| self.read_back(own))??;
        (self.spell(&graph) == own).then_some(graph)
    }

    fn spell(&self, graph: &str) -> String {
        let mut own: String = graph.chars().filter(|c| !self.without.contains(*c)).collect();
        if let Some(case) = self.case {
            own = case.of(&own);
        }
        if let Some(pad) = self.pad.filter(|_| is_number(&own)) {
            own = format!("{own:0>pad$}");
        }
        own.insert_str(0, &self.prefix);
        own
    }

    fn read_back(&self, own: &str) -> Option<String> {
        let own = own.strip_prefix(self.prefix.as_str())?;
        let bare = match self.pad {
            Some(pad) if is_number(own) && own.len() == pad => match own.trim_start_matches('0') {
                "" => "0",
                digits => digits,
            },
            _ => own,
        };
        Some(self.graph_case.map_or_else(|| bare.to_owned(), |case| case.of(bare)))
    }
}

impl std::fmt::Display for Spelling {
    /// Prints the spelling for people: `lower case, prefix "gid://"`; nothing where it is the graph's own.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = [
            (!self.without.is_empty()).then(|| format!("without \"{}\"", self.without)),
            self.case.map(|case| format!("{} case", if case == Case::Lower { "lower" } else { "upper" })),
            self.pad.map(|pad| format!("zeros to {pad} digits")),
            (!self.prefix.is_empty()).then(|| format!("prefix \"{}\"", self.prefix)),
        ];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lower() -> Spelling {
        Spelling { case: Some(Case::Lower), ..Spelling::default() }
    }

    #[test]
    fn s6_07_a_key_is_spelled_as_the_system_does_and_read_back() {
        let shop = Spelling { graph_case: Some(Case::Upper), prefix: "gid://shop/Product/".to_owned(), ..lower() };
        assert_eq!(shop.to_own("SP/1'4\"×").as_deref(), Some("gid://shop/Product/sp/1'4\"×"));
        assert_eq!(shop.to_graph("gid://shop/Product/sp/1'4\"×").as_deref(), Some("SP/1'4\"×"));
        assert_eq!(shop.to_string(), "lower case, prefix \"gid://shop/Product/\"");
        let sap = Spelling { pad: Some(18), ..Spelling::default() };
        assert_eq!(sap.to_own("4711").as_deref(), Some("000000000000004711"));
        assert_eq!(sap.to_graph("000000000000004711").as_deref(), Some("4711"));
        assert_eq!(sap.to_own("AB-1").as_deref(), Some("AB-1"), "only digits are filled up");
        assert_eq!(sap.to_own("0").and_then(|own| sap.to_graph(&own)).as_deref(), Some("0"));
    }

    #[test]
    fn s6_07_a_text_that_the_spelling_cannot_have_made_is_no_key() {
        let shop = Spelling { graph_case: Some(Case::Upper), prefix: "P-".to_owned(), ..lower() };
        for own in ["ab", "P-AB", "p-ab", "P-straße"] {
            assert_eq!(shop.to_graph(own), None, "{own}");
        }
        assert_eq!(shop.to_own("ab"), None, "the graph's keys are in capitals");
        let sap = Spelling { pad: Some(18), ..Spelling::default() };
        assert_eq!(sap.to_graph("4711"), None, "the system fills digits up");
        assert_eq!(sap.to_own("0042"), None, "the graph knows it as 42");
    }

    #[test]
    fn s6_07_what_cannot_be_undone_is_not_undone() {
        let bare = Spelling { without: "-/ ".to_owned(), ..Spelling::default() };
        assert_eq!(bare.to_own("AB-1/ 2").as_deref(), Some("AB12"));
        assert!(!bare.is_two_way() && !lower().is_two_way());
        assert_eq!((bare.to_graph("AB12"), lower().to_graph("ab")), (None, None));
        assert_eq!(lower().to_own("Ab").as_deref(), Some("ab"), "of mixed case, any text may be a key");
    }

    fn any_case() -> impl Strategy<Value = Option<Case>> {
        prop_oneof![Just(None), Just(Some(Case::Lower)), Just(Some(Case::Upper))]
    }

    proptest! {
        #[test]
        fn s6_07_both_directions_agree_wherever_both_answer(
            case in any_case(), graph_case in any_case(), pad in proptest::option::of(1_usize..20),
            prefix in "[a-zA-Z:/0-9]{0,4}", text in prop_oneof!["[0-9]{0,12}", "[A-Za-z0-9/' ×ßİ-]{0,10}", ".{0,8}"],
        ) {
            let graph_case = graph_case.filter(|_| case.is_some());
            let spelling = Spelling { without: String::new(), case, graph_case, pad, prefix };
            if let (true, Some(own)) = (spelling.is_two_way(), spelling.to_own(&text)) {
                prop_assert_eq!(spelling.to_graph(&own), Some(text.clone()));
            }
            if let Some(graph) = spelling.to_graph(&text) {
                prop_assert_eq!(spelling.to_own(&graph), Some(text));
            }
        }
    }
}
