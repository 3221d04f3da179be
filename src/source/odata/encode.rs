//! Encoding: what is asked of an entity set becomes an address. Pure.
//!
//! In: the binding, keys or arguments. Out: paths with percent-encoded query options, cut so that each fits one address.
//! Quotes are doubled first and encoded then.

use super::{literal::Literals, select::Wanted};
use crate::{
    contract::{Condition, ConditionPiece, OdataDialect, OdataSet, OdataType},
    value::{Argument, Key, Pointer},
};

/// An entity set and what is always asked of it: the beginning of every address.
#[derive(Debug)]
pub struct Address {
    /// The service's path, with a slash before it where it has one.
    pub service: String,
    /// The entity set.
    entity: String,
    /// Query options, encoded.
    options: Vec<String>,
}

/// A question: an address below its service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The service's path, with a slash before it where it has one.
    pub service: String,
    /// The path and the query below the service.
    pub path: String,
}

impl Question {
    /// Returns the path and the query below the system's address.
    pub fn target(&self) -> String {
        format!("{}/{}", self.service, self.path)
    }
}

impl Address {
    /// Begins the addresses of an entity set.
    pub fn new(set: &OdataSet, dialect: &OdataDialect, wanted: &Wanted) -> Self {
        let wanted = wanted.options(dialect.version).into_iter().map(|(name, value)| (name.to_owned(), value));
        let own = |name: &str| set.options.iter().any(|(known, _)| known == name);
        let of_system = dialect.options.iter().filter(|(name, _)| !own(name)).cloned();
        let options = wanted.chain(of_system).chain(set.options.iter().cloned());
        Self {
            service: set.service.as_ref().map(|path| format!("/{path}")).unwrap_or_default(),
            entity: set.entity.clone(),
            options: options.map(|(name, value)| option(&name, &value)).collect(),
        }
    }

    /// Asks with further options, not yet encoded.
    pub fn question(&self, options: &[(&str, String)]) -> Question {
        let further = options.iter().map(|(name, value)| option(name, value));
        let options: Vec<String> = self.options.iter().cloned().chain(further).collect();
        let joint = if options.is_empty() { "" } else { "?" };
        Question { service: self.service.clone(), path: format!("{}{joint}{}", self.entity, options.join("&")) }
    }
}

fn option(name: &str, value: &str) -> String {
    format!("{}={}", encoded(name), encoded(value))
}

/// Encodes a text for a query: everything but what OData's own grammar is written in and every server decodes alike.
/// Shorter than to encode all of it, and conditions on keys are long.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~(),/:$@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// How many bytes a text has once encoded.
pub fn encoded_bytes(text: &str) -> usize {
    encoded(text).len()
}

/// Returns the path of a property as conditions and orders name it; `None` of a pointer to what is none.
pub fn property(pointer: &Pointer) -> Option<String> {
    pointer.names().filter(|members| !members.is_empty()).map(|members| members.join("/"))
}

/// A property that keys are found by.
#[derive(Debug)]
pub struct KeyProperty {
    /// Its path.
    pub path: String,
    /// Its type.
    pub ty: OdataType,
}

/// Conditions on keys.
#[derive(Debug)]
pub struct KeyFilter<'a> {
    /// The properties, in the order of the key.
    pub properties: &'a [KeyProperty],
    /// How literals are written.
    pub literals: Literals<'a>,
    /// Whether the server has the operator `in`.
    pub in_operator: bool,
    /// The condition that rows fulfil beside.
    pub condition: Option<&'a str>,
}

impl KeyFilter<'_> {
    /// Writes what a key adds to a condition; `None` for a key that no row can have.
    pub fn term(&self, key: &Key) -> Option<String> {
        let texts: Vec<&str> = key.fields().collect();
        if texts.len() != self.properties.len() {
            return None;
        }
        let literals = texts.iter().zip(self.properties).map(|(text, property)| self.literals.write(property.ty, text));
        let literals: Vec<String> = literals.collect::<Option<_>>()?;
        if self.is_in() {
            return literals.into_iter().next();
        }
        let terms: Vec<String> = (self.properties.iter().zip(literals))
            .map(|(property, literal)| format!("{} eq {literal}", property.path))
            .collect();
        let joined = terms.join(" and ");
        Some(if terms.len() > 1 { format!("({joined})") } else { joined })
    }

    /// Joins the terms of several keys.
    pub fn joined(&self, terms: &[&str]) -> String {
        let keys = if self.is_in() {
            format!("{} in ({})", self.properties[0].path, terms.join(","))
        } else {
            terms.join(" or ")
        };
        match self.condition {
            Some(condition) if terms.len() > 1 && !self.is_in() => format!("({condition}) and ({keys})"),
            Some(condition) => format!("({condition}) and {keys}"),
            None => keys,
        }
    }

    /// Returns the characters between two terms.
    fn joint(&self) -> &'static str {
        if self.is_in() { "," } else { " or " }
    }

    fn is_in(&self) -> bool {
        self.in_operator && self.properties.len() == 1
    }

    /// Cuts terms into runs that one address takes; a term too long for any is a run of its own.
    pub fn runs(&self, terms: &[Option<String>], bytes_max: usize, terms_max: usize) -> Vec<Vec<usize>> {
        let empty = encoded_bytes(&self.joined(&["", ""]));
        let joint = encoded_bytes(self.joint());
        let mut runs: Vec<Vec<usize>> = Vec::new();
        let (mut run, mut bytes) = (Vec::new(), empty);
        for (n, term) in terms.iter().enumerate() {
            let Some(term) = term else { continue };
            let term_bytes = encoded_bytes(term) + joint;
            if !run.is_empty() && (bytes + term_bytes > bytes_max || run.len() >= terms_max) {
                runs.push(std::mem::take(&mut run));
                bytes = empty;
            }
            run.push(n);
            bytes += term_bytes;
        }
        runs.extend((!run.is_empty()).then_some(run));
        runs
    }
}

/// What becomes of a condition once its arguments are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filled {
    /// Nothing is left of it.
    LeftOut,
    /// Every row fulfils it.
    Always,
    /// No row fulfils it.
    Never,
    /// The condition.
    Text(String),
}

/// Puts arguments into a condition.
///
/// *Shape*: a term with an argument that is null is left out, and so is what then joins nothing; a list of values is one
/// `in`, or equalities joined by `or`; an empty list is fulfilled by no row.
/// *Errors*: the argument whose text is no value of its type.
pub fn filled(
    condition: &Condition,
    argument: &impl Fn(&str) -> (Argument, OdataType),
    literals: Literals<'_>,
    in_operator: bool,
) -> Result<Filled, String> {
    let write = |name: &str, ty: OdataType, text: &str| {
        literals.write(ty, text).ok_or_else(|| format!("the argument {name} is `{text}`, which is no {ty:?}"))
    };
    let fill = |inner: &Condition| filled(inner, argument, literals, in_operator);
    Ok(match condition {
        Condition::All(inner) => joined(inner.iter().map(fill), " and ", &Filled::Never, Filled::Always)?,
        Condition::Any(inner) => joined(inner.iter().map(fill), " or ", &Filled::Always, Filled::Never)?,
        Condition::Not(inner) => match fill(inner)? {
            Filled::Text(text) => Filled::Text(format!("not ({text})")),
            Filled::LeftOut => Filled::LeftOut,
            Filled::Always => Filled::Never,
            Filled::Never => Filled::Always,
        },
        Condition::Equal { path, argument: name } => match argument(name) {
            (Argument::Null, _) => Filled::LeftOut,
            (Argument::One(text), ty) => Filled::Text(format!("{path} eq {}", write(name, ty, &text)?)),
            (Argument::Many(texts), _) if texts.is_empty() => Filled::Never,
            (Argument::Many(texts), ty) => {
                let literals: Vec<String> = texts.iter().map(|text| write(name, ty, text)).collect::<Result<_, _>>()?;
                Filled::Text(if in_operator {
                    format!("{path} in ({})", literals.join(","))
                } else {
                    let terms: Vec<String> = literals.iter().map(|literal| format!("{path} eq {literal}")).collect();
                    terms.join(" or ")
                })
            }
        },
        Condition::Term(pieces) => {
            let mut text = String::new();
            for piece in pieces {
                match piece {
                    ConditionPiece::Text(piece) => text.push_str(piece),
                    ConditionPiece::Argument(name) => match argument(name) {
                        (Argument::Null, _) => return Ok(Filled::LeftOut),
                        (Argument::One(value), ty) => text.push_str(&write(name, ty, &value)?),
                        (Argument::Many(_), _) => {
                            return Err(format!("the argument {name} is a list, where one value goes"));
                        }
                    },
                }
            }
            Filled::Text(text)
        }
    })
}

/// Joins conditions: `absorbing` decides for all, `neutral` for none.
fn joined(
    inner: impl Iterator<Item = Result<Filled, String>>,
    word: &str,
    absorbing: &Filled,
    neutral: Filled,
) -> Result<Filled, String> {
    let (mut texts, mut nothing) = (Vec::new(), Filled::LeftOut);
    for one in inner {
        match one? {
            Filled::Text(text) => texts.push(text),
            Filled::LeftOut => {}
            decided if decided == *absorbing => return Ok(decided),
            _ => nothing = neutral.clone(),
        }
    }
    Ok(match texts.as_slice() {
        [] => nothing,
        [text] => Filled::Text(text.clone()),
        texts => Filled::Text(texts.iter().map(|text| grouped(text)).collect::<Vec<_>>().join(word)),
    })
}

/// Puts parentheses around what holds a joint of its own.
pub fn grouped(text: &str) -> String {
    if text.contains(" or ") || text.contains(" and ") { format!("({text})") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::OdataVersion;

    const LITERALS: Literals<'static> = Literals { version: OdataVersion::V4, zone: None };

    fn properties(paths: &[&str]) -> Vec<KeyProperty> {
        paths.iter().map(|path| KeyProperty { path: (*path).to_owned(), ty: OdataType::String }).collect()
    }

    fn terms(filter: &KeyFilter<'_>, keys: &[Key]) -> Vec<Option<String>> {
        keys.iter().map(|key| filter.term(key)).collect()
    }

    #[test]
    fn keys_are_asked_for_with_in_or_with_or() {
        let one = properties(&["Product"]);
        let keys = [Key::one("A"), Key::one("SP/1'4\"×")];
        for (in_operator, condition, expected) in [
            (true, None, "Product in ('A','SP/1''4\"×')"),
            (false, None, "Product eq 'A' or Product eq 'SP/1''4\"×'"),
            (true, Some("Lang eq 'EN'"), "(Lang eq 'EN') and Product in ('A','SP/1''4\"×')"),
            (false, Some("Lang eq 'EN'"), "(Lang eq 'EN') and (Product eq 'A' or Product eq 'SP/1''4\"×')"),
        ] {
            let filter = KeyFilter { properties: &one, literals: LITERALS, in_operator, condition };
            let terms = terms(&filter, &keys);
            let terms: Vec<&str> = terms.iter().flatten().map(String::as_str).collect();
            assert_eq!(filter.joined(&terms), expected);
        }
        let two = properties(&["Account", "Sku"]);
        let filter = KeyFilter { properties: &two, literals: LITERALS, in_operator: true, condition: None };
        let key = Key::of(["K'1", "A"]).unwrap();
        assert_eq!(filter.term(&key).as_deref(), Some("(Account eq 'K''1' and Sku eq 'A')"));
        assert_eq!(filter.term(&Key::one("K1")), None);
    }

    #[test]
    fn quotes_are_doubled_and_then_encoded() {
        assert_eq!(encoded("Product eq '1''4\"×'"), "Product%20eq%20%271%27%274%22%C3%97%27");
        assert_eq!(encoded("a+b&c=d#e%f;g"), "a%2Bb%26c%3Dd%23e%25f%3Bg");
    }

    #[test]
    fn runs_fit_an_address_and_lose_no_key() {
        let one = properties(&["Product"]);
        let keys: Vec<Key> = (0..100).map(|n| Key::one(&format!("K'{n:04}"))).collect();
        for in_operator in [true, false] {
            let filter = KeyFilter { properties: &one, literals: LITERALS, in_operator, condition: Some("a eq 1") };
            let terms = terms(&filter, &keys);
            let runs = filter.runs(&terms, 600, 40);
            for run in &runs {
                let texts: Vec<&str> = run.iter().filter_map(|n| terms[*n].as_deref()).collect();
                assert!(encoded_bytes(&filter.joined(&texts)) <= 600 && texts.len() <= 40);
            }
            assert_eq!(runs.concat(), (0..100).collect::<Vec<_>>());
            assert_eq!(filter.runs(&terms, 1, 40).len(), 100);
        }
    }

    #[test]
    fn terms_of_null_arguments_are_left_out() {
        let condition = Condition::parse(
            "Category eq {category} and (Status eq {status} or contains(Name,{text})) and not (Price gt {limit})",
        )
        .unwrap();
        let fill = |known: &[(&str, Argument)]| {
            let argument = |name: &str| {
                let found = known.iter().find(|(known, _)| *known == name).map(|(_, argument)| argument.clone());
                let ty = if name == "limit" { OdataType::Decimal } else { OdataType::String };
                (found.unwrap_or(Argument::Null), ty)
            };
            filled(&condition, &argument, LITERALS, false)
        };
        let one = |text: &str| Argument::One(text.into());
        let many = |texts: &[&str]| Argument::Many(texts.iter().map(|text| (*text).into()).collect());
        let text = |text: &str| Ok(Filled::Text(text.to_owned()));
        assert_eq!(fill(&[]), Ok(Filled::LeftOut));
        assert_eq!(fill(&[("category", one("O'1"))]), text("Category eq 'O''1'"));
        assert_eq!(
            fill(&[("status", many(&["a", "b"])), ("text", one("x")), ("limit", one("5.5"))]),
            text("((Status eq 'a' or Status eq 'b') or contains(Name,'x')) and not (Price gt 5.5)")
        );
        assert_eq!(fill(&[("status", many(&[])), ("text", one("x"))]), text("contains(Name,'x')"));
        assert_eq!(fill(&[("status", many(&[]))]), Ok(Filled::Never));
        assert_eq!(fill(&[("category", many(&[])), ("text", one("x"))]), Ok(Filled::Never));
        assert!(fill(&[("limit", one("much"))]).is_err());
    }
}
