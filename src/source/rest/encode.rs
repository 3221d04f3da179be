//! Our question as a call: templates filled with keys or arguments. Pure.
//!
//! In: a binding's call and what to fill in. Out: path, query, headers and body; everything in an address is percent-encoded.
//! An argument that is null leaves out what names it: the parameter, the member, and in an array the element that is more
//! than a value; a plain value becomes null there, so that the others keep their positions.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use crate::{
    contract::{Blank, BlankForm, PageTarget, Piece, RestCall, TextTemplate, ValueTemplate},
    source::http::{Call, encoded},
    value::{Argument, Key},
};

/// What a call is filled in with.
#[derive(Debug, Clone, Copy)]
pub enum Given<'a> {
    /// The keys of a group.
    Keys {
        /// The names of the key's fields.
        names: &'a [String],
        /// The keys. Fields that stand outside of what is repeated are the same in all of them.
        keys: &'a [Key],
    },
    /// The arguments and the window of a list.
    Arguments {
        /// The names of the parameters.
        names: &'a [String],
        /// Their values.
        values: &'a [Argument],
        /// How many rows are wanted, where not all are.
        n_rows: Option<u32>,
        /// The columns of the cursor after which rows are wanted.
        after: &'a [(String, Option<String>)],
    },
}

/// A call without the parameters of its page.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    posts: bool,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Option<Value>,
}

/// Why a call cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A value is not what the template says.
    #[error("`{0}` is no {1}")]
    Form(String, &'static str),
    /// A value would lead to another path.
    #[error("`{0}` cannot stand in a path")]
    Segment(String),
}

/// What a placeholder stands for.
enum Bound<'a> {
    Null,
    One(Cow<'a, str>),
    Many(Vec<Cow<'a, str>>),
}

/// A value, and whether something inside was left out.
struct Filled {
    value: Option<Value>,
    gap: bool,
}

/// Fills in a call; `None` where its path names an argument that is null, so that there is nothing to ask.
pub fn question(call: &RestCall, given: Given<'_>) -> Result<Option<Question>, Unfit> {
    let filling = Filling { given, separator: &call.separator };
    let Some(path) = filling.text(&call.path, None, true)? else { return Ok(None) };
    let segments = path.split(['?', '#']).next().unwrap_or_default().split('/');
    if let Some(segment) = segments.into_iter().find(|segment| matches!(*segment, "." | "..")) {
        return Err(Unfit::Segment(segment.to_owned()));
    }
    let mut query = Vec::new();
    for (name, template) in &call.query {
        match template {
            ValueTemplate::Text(text) => {
                query.extend(filling.text(text, None, false)?.map(|text| (name.clone(), text)));
            }
            ValueTemplate::Array(_) | ValueTemplate::Each(_) => {
                let Some(Value::Array(items)) = filling.value(template, None)?.value else { continue };
                query.extend(items.iter().filter(|item| !item.is_null()).map(|item| (name.clone(), text_of(item))));
            }
            ValueTemplate::Constant(_) | ValueTemplate::Table(_) => {
                let filled = filling.value(template, None)?.value;
                query.extend(filled.map(|value| (name.clone(), text_of(&value))));
            }
        }
    }
    let mut headers = Vec::new();
    for (name, template) in &call.headers {
        headers.extend(filling.text(template, None, false)?.map(|text| (name.clone(), text)));
    }
    let body = match &call.body {
        Some(template) => Some(filling.value(template, None)?.value.unwrap_or(Value::Object(Map::new()))),
        None => None,
    };
    Ok(Some(Question { posts: call.posts, path, query, headers, body }))
}

impl Question {
    /// Makes the call of one page.
    pub fn call(&self, page: &[(&PageTarget, Value)]) -> Call {
        let mut query = self.query.clone();
        let mut body = self.body.clone();
        for (target, value) in page {
            match target {
                PageTarget::Query(name) => {
                    query.retain(|(known, _)| known != name);
                    query.push((name.clone(), text_of(value)));
                }
                PageTarget::Body(path) => set(body.get_or_insert(Value::Null), path, value.clone()),
            }
        }
        let mut target = self.path.clone();
        for (name, value) in &query {
            target.push(if target.contains('?') { '&' } else { '?' });
            target.push_str(&format!("{}={}", encoded(name), listed(value)));
        }
        let mut call = match &body {
            _ if !self.posts => Call::get(target),
            Some(body) => Call::post_json(target, body),
            None => Call { method: crate::source::http::CallMethod::Post, ..Call::get(target) },
        };
        call.headers.clone_from(&self.headers);
        call
    }
}

/// Encodes the value of a query parameter. A comma or colon may stand there as it is, and many servers want it so.
fn listed(text: &str) -> String {
    encoded(text).replace("%2C", ",").replace("%3A", ":")
}

struct Filling<'a> {
    given: Given<'a>,
    separator: &'a str,
}

impl<'a> Filling<'a> {
    fn bound(&self, blank: &Blank, nth: Option<usize>) -> Bound<'a> {
        match self.given {
            Given::Keys { names, keys } => {
                let position = (blank.member.as_ref())
                    .and_then(|member| names.iter().position(|name| name == member))
                    .unwrap_or_default();
                let field = |key: &'a Key| Cow::Borrowed(key.field(position).unwrap_or_default());
                if blank.name == "keys" {
                    return Bound::Many(keys.iter().map(field).collect());
                }
                keys.get(nth.unwrap_or_default()).map_or(Bound::Null, |key| Bound::One(field(key)))
            }
            Given::Arguments { names, values, n_rows, after } => match (blank.name.as_str(), &blank.member) {
                ("first", None) => n_rows.map_or(Bound::Null, |n_rows| Bound::One(n_rows.to_string().into())),
                ("after", Some(member)) => {
                    let column = after.iter().find(|(name, _)| name == member);
                    column.and_then(|(_, text)| text.as_deref()).map_or(Bound::Null, |text| Bound::One(text.into()))
                }
                _ => {
                    let position = names.iter().position(|name| *name == blank.name);
                    match (position.and_then(|position| values.get(position)), nth) {
                        (None | Some(Argument::Null), _) => Bound::Null,
                        (Some(Argument::One(text)), _) => Bound::One(text.as_str().into()),
                        (Some(Argument::Many(texts)), None) => {
                            Bound::Many(texts.iter().map(|text| text.as_str().into()).collect())
                        }
                        (Some(Argument::Many(texts)), Some(nth)) => {
                            texts.get(nth).map_or(Bound::Null, |text| Bound::One(text.as_str().into()))
                        }
                    }
                }
            },
        }
    }

    /// How often a repeated element comes.
    fn times(&self, item: &ValueTemplate) -> usize {
        match self.given {
            Given::Keys { keys, .. } => keys.len(),
            Given::Arguments { .. } => {
                let count = |(blank, _): (&Blank, bool)| match self.bound(blank, None) {
                    Bound::Null => 0,
                    Bound::One(_) => 1,
                    Bound::Many(texts) => texts.len(),
                };
                item.blanks().into_iter().map(count).max().unwrap_or_default()
            }
        }
    }

    /// Fills in a text; `None` when a value is null.
    fn text(&self, template: &TextTemplate, nth: Option<usize>, in_path: bool) -> Result<Option<String>, Unfit> {
        let mut out = String::new();
        let put = |text: &str, out: &mut String| match in_path {
            true => out.push_str(&encoded(text)),
            false => out.push_str(text),
        };
        for piece in &template.0 {
            let blank = match piece {
                Piece::Text(text) => {
                    out.push_str(text);
                    continue;
                }
                Piece::Blank(blank) => blank,
            };
            match self.bound(blank, nth) {
                Bound::Null => return Ok(None),
                Bound::One(text) => {
                    checked(&text, blank.form)?;
                    put(&text, &mut out);
                }
                Bound::Many(texts) => {
                    for (n, text) in texts.iter().enumerate() {
                        checked(text, blank.form)?;
                        if n > 0 && in_path {
                            out.push_str(&listed(self.separator));
                        } else if n > 0 {
                            out.push_str(self.separator);
                        }
                        put(text, &mut out);
                    }
                }
            }
        }
        Ok(Some(out))
    }

    fn value(&self, template: &ValueTemplate, nth: Option<usize>) -> Result<Filled, Unfit> {
        let whole = |value| Ok(Filled { value: Some(value), gap: false });
        match template {
            ValueTemplate::Constant(value) => whole(value.clone()),
            ValueTemplate::Text(text) => {
                let value = match text.only_blank() {
                    Some(blank) => match self.bound(blank, nth) {
                        Bound::Null => None,
                        Bound::One(text) => Some(checked(&text, blank.form)?),
                        Bound::Many(texts) => {
                            let items = texts.iter().map(|text| checked(text, blank.form));
                            Some(Value::Array(items.collect::<Result<_, _>>()?))
                        }
                    },
                    None => self.text(text, nth, false)?.map(Value::String),
                };
                Ok(Filled { gap: value.is_none(), value })
            }
            ValueTemplate::Each(item) => {
                let items = (0..self.times(item)).map(|nth| self.value(item, Some(nth)));
                let items = items.map(|filled| filled.map(|filled| filled.value));
                let items: Vec<Value> = items.filter_map(Result::transpose).collect::<Result<_, _>>()?;
                let value = (!items.is_empty()).then_some(Value::Array(items));
                Ok(Filled { gap: value.is_none(), value })
            }
            ValueTemplate::Array(templates) => {
                let (mut items, mut gap) = (Vec::new(), false);
                for template in templates {
                    let filled = self.value(template, nth)?;
                    match (template, filled.value) {
                        (ValueTemplate::Text(_), None) => {
                            gap = true;
                            items.push(Value::Null);
                        }
                        (ValueTemplate::Text(_) | ValueTemplate::Constant(_), Some(value)) => items.push(value),
                        (_, Some(value)) if !filled.gap => items.push(value),
                        _ => {}
                    }
                }
                let value = (!items.is_empty() || templates.is_empty()).then_some(Value::Array(items));
                Ok(Filled { gap: gap || value.is_none(), value })
            }
            ValueTemplate::Table(templates) => {
                let (mut members, mut gap) = (Map::new(), false);
                for (name, template) in templates {
                    let filled = self.value(template, nth)?;
                    gap |= filled.gap;
                    members.extend(filled.value.map(|value| (name.clone(), value)));
                }
                let value = (!members.is_empty() || templates.is_empty()).then_some(Value::Object(members));
                Ok(Filled { gap, value })
            }
        }
    }
}

/// Makes the JSON value of a text that a placeholder stands for.
pub fn checked(text: &str, form: BlankForm) -> Result<Value, Unfit> {
    let value = match form {
        BlankForm::Text => Some(Value::String(text.to_owned())),
        BlankForm::Number => serde_json::from_str::<Number>(text).ok().map(Value::Number),
        BlankForm::Boolean => text.parse().ok().map(Value::Bool),
    };
    let word = if form == BlankForm::Number { "number" } else { "boolean" };
    value.ok_or_else(|| Unfit::Form(text.to_owned(), word))
}

/// Writes a value as a text of a query: a text as it is, anything else as JSON.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn set(value: &mut Value, path: &[String], to: Value) {
    let Some((name, rest)) = path.split_first() else {
        *value = to;
        return;
    };
    if let (Value::Array(items), Ok(number)) = (&mut *value, name.parse::<usize>()) {
        if let Some(item) = items.get_mut(number) {
            set(item, rest, to);
        }
        return;
    }
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    if let Value::Object(members) = value {
        set(members.entry(name.clone()).or_insert(Value::Null), rest, to);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{
        contract::{Paging, RowsAt},
        value::Pointer,
    };

    fn text(written: &str) -> TextTemplate {
        TextTemplate::parse(written).unwrap()
    }

    fn value(written: &str) -> ValueTemplate {
        ValueTemplate::Text(text(written))
    }

    fn table(members: &[(&str, ValueTemplate)]) -> ValueTemplate {
        ValueTemplate::Table(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    }

    fn call(path: &str, query: &[(&str, ValueTemplate)], body: Option<ValueTemplate>) -> RestCall {
        RestCall {
            posts: body.is_some(),
            path: text(path),
            query: query.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            headers: vec![("X-Of".to_owned(), text("{key}"))],
            body,
            separator: ",".to_owned(),
            rows: RowsAt { at: Pointer::default(), members: false },
            concurrency: None,
            paging: Paging::default(),
            errors: None,
            not_found: Vec::new(),
        }
    }

    fn of_keys(call: &RestCall, keys: &[&str]) -> Call {
        let keys: Vec<Key> = keys.iter().map(|key| Key::one(key)).collect();
        let given = Given::Keys { names: &["sku".to_owned()], keys: &keys };
        question(call, given).unwrap().unwrap().call(&[])
    }

    fn of_arguments(call: &RestCall, values: [Argument; 2]) -> Option<Question> {
        let names = ["category".to_owned(), "states".to_owned()];
        let after = [("sku".to_owned(), Some("P7".to_owned()))];
        let given = Given::Arguments { names: &names, values: &values, n_rows: Some(21), after: &after };
        question(call, given).unwrap()
    }

    fn body(call: &Call) -> String {
        let (_, body) = call.body.as_ref().unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[test]
    fn keys_in_paths_and_queries_are_encoded_one_by_one() {
        let each = ValueTemplate::Each(Box::new(value("{key}")));
        let condition = table(&[("operator", value("IN")), ("value", value("{keys}"))]);
        let search = table(&[("identifier", ValueTemplate::Array(vec![condition]))]);
        let query = [("sku[]", each), ("all", value("{keys}")), ("n", ValueTemplate::Constant(json!(100)))];
        let asked = of_keys(&call("/a/{keys}?b=1", &query, None), &["x/y", "ü,&"]);
        assert_eq!(
            asked.target,
            "/a/x%2Fy,%C3%BC%2C%26?b=1&sku%5B%5D=x%2Fy&sku%5B%5D=%C3%BC,%26&all=x%2Fy,%C3%BC,%26&n=100"
        );
        assert_eq!(asked.headers, [("X-Of".to_owned(), "x/y".to_owned())]);
        let asked = of_keys(&call("/p", &[("search", search)], None), &["A", "B\""]);
        assert_eq!(
            asked.target,
            "/p?search=%7B%22identifier%22:%5B%7B%22operator%22:%22IN%22,%22value%22:%5B%22A%22,%22B%5C%22%22%5D%7D%5D%7D"
        );
    }

    #[test]
    fn keys_in_a_body_are_an_array_or_objects() {
        let line = table(&[("sku", value("{key}")), ("note", value("for {key}!"))]);
        let ids = value("{keys:number}");
        let whole =
            table(&[("lines", ValueTemplate::Each(Box::new(line))), ("ids", ids), ("as_text", value("<{keys}>"))]);
        let asked = of_keys(&call("/p", &[], Some(whole)), &["1", "2.50"]);
        assert_eq!(
            body(&asked),
            r#"{"lines":[{"sku":"1","note":"for 1!"},{"sku":"2.50","note":"for 2.50!"}],"ids":[1,2.50],"as_text":"<1,2.50>"}"#
        );
    }

    #[test]
    fn null_arguments_leave_out_what_names_them() {
        let condition = |name: &str| table(&[("op", value("=")), ("value", value(name))]);
        let filters = ValueTemplate::Array(vec![condition("{category}"), condition("fixed")]);
        let positions = ValueTemplate::Array(vec![value("{category}"), value("last")]);
        let states = ValueTemplate::Each(Box::new(value("{states}")));
        let whole = table(&[("filters", filters), ("positions", positions), ("states", states.clone())]);
        let mut asked = call("/p", &[("c", value("{category}")), ("s", states), ("f", value("{first}"))], Some(whole));
        asked.headers = vec![("X-After".to_owned(), text("{after.sku}")), ("X-C".to_owned(), text("{category}"))];
        let none = of_arguments(&asked, [Argument::Null, Argument::Null]).unwrap().call(&[]);
        assert_eq!((none.target.as_str(), none.headers.len()), ("/p?f=21", 1));
        assert_eq!(body(&none), r#"{"filters":[{"op":"=","value":"fixed"}],"positions":[null,"last"]}"#);
        let both = [Argument::One("a b".into()), Argument::Many(vec!["x".into(), "y".into()])];
        let both = of_arguments(&asked, both).unwrap().call(&[]);
        assert_eq!(both.target, "/p?c=a%20b&s=x&s=y&f=21");
        assert_eq!(
            body(&both),
            r#"{"filters":[{"op":"=","value":"a b"},{"op":"=","value":"fixed"}],"positions":["a b","last"],"states":["x","y"]}"#
        );
        assert_eq!(of_arguments(&call("/of/{category}", &[], None), [Argument::Null, Argument::Null]), None);
    }

    #[test]
    fn pages_are_asked_for_in_query_and_body() {
        let whole = table(&[("a", table(&[("b", ValueTemplate::Array(vec![table(&[("n", value("x"))])]))]))]);
        let asked = call("/p", &[("offset", value("0"))], Some(whole));
        let offset = PageTarget::Query("offset".to_owned());
        let deep = PageTarget::Body(["a", "b", "0", "after"].map(str::to_owned).into());
        let made = PageTarget::Body(["page", "n"].map(str::to_owned).into());
        let keys = [Key::one("k")];
        let given = Given::Keys { names: &["sku".to_owned()], keys: &keys };
        let page = [(&offset, json!(50)), (&deep, json!("c")), (&made, json!(2))];
        let asked = question(&asked, given).unwrap().unwrap().call(&page);
        assert_eq!(asked.target, "/p?offset=50");
        assert_eq!(body(&asked), r#"{"a":{"b":[{"n":"x","after":"c"}]},"page":{"n":2}}"#);
    }

    #[test]
    fn what_would_be_another_path_or_no_number_is_refused() {
        let keys = [Key::one("..")];
        let given = Given::Keys { names: &["sku".to_owned()], keys: &keys };
        assert_eq!(question(&call("/a/{key}/b", &[], None), given), Err(Unfit::Segment("..".to_owned())));
        assert!(question(&call("/a/x{key}?b=..", &[], None), given).is_ok());
        let refused = question(&call("/a/{key:number}", &[], None), given);
        assert_eq!(refused, Err(Unfit::Form("..".to_owned(), "number")));
    }

    proptest! {
        #[test]
        fn no_key_breaks_out_of_its_place(key in "\\PC{1,20}") {
            prop_assume!(!matches!(key.as_str(), "." | ".."));
            let asked = of_keys(&call("/a/{key}/b", &[("q", value("{key}"))], None), &[&key]);
            let (path, query) = asked.target.split_once('?').unwrap();
            prop_assert_eq!(path.split('/').count(), 4);
            prop_assert!(query.starts_with("q=") && !query[2..].contains(['&', '#', '=', '?', ' ']));
        }
    }
}
