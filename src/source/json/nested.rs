//! A part whose members have the owner's names becomes one with the graph's. Pure.
//!
//! In: a part or a list of parts, and where its fields stand in it. Out: the same with each such field under its own name,
//! to any depth (`lines.price.amount`); members that no pointer names stay as they are.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::value::Pointer;

/// Where the fields of a part stand in it, by their path.
pub type Renames = BTreeMap<String, Pointer>;

/// Gives a part's fields their names.
pub fn renamed(value: &Value, renames: &Renames) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| renamed(item, renames)).collect(),
        Value::Object(members) => {
            let mut part = members.clone();
            for (path, pointer) in renames.iter().filter(|(path, _)| !path.contains('.')) {
                let found = if pointer.is_many() {
                    Value::Array(pointer.all(value).into_iter().cloned().collect())
                } else {
                    pointer.one(value).cloned().unwrap_or(Value::Null)
                };
                part.insert(path.clone(), found);
            }
            for (head, inner) in inner(renames) {
                // A part that nothing places takes its fields from the part around it.
                let placed = part.get(head).filter(|_| renames.contains_key(head) || members.contains_key(head));
                let found = renamed(placed.unwrap_or(value), &inner);
                part.insert(head.to_owned(), found);
            }
            Value::Object(part)
        }
        other => other.clone(),
    }
}

/// Sorts the paths of several names by the first of them.
fn inner(renames: &Renames) -> BTreeMap<&str, Renames> {
    let mut heads: BTreeMap<&str, Renames> = BTreeMap::new();
    for (path, pointer) in renames {
        if let Some((head, rest)) = path.split_once('.') {
            heads.entry(head).or_default().insert(rest.to_owned(), pointer.clone());
        }
    }
    heads
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_of_a_part_get_their_names_at_any_depth() {
        let renames: Renames = [("sku", "/item/code"), ("price.amount", "/net/decimal"), ("tags", "/labels/*/text")]
            .into_iter()
            .map(|(path, pointer)| (path.to_owned(), Pointer::parse(pointer).unwrap()))
            .collect();
        let lines = json!([{"item": {"code": "A"}, "net": {"decimal": "1.50"}, "labels": [{"text": "x"}], "n": 1}]);
        let renamed = renamed(&lines, &renames);
        assert_eq!(renamed[0]["sku"], "A");
        assert_eq!(renamed[0]["price"]["amount"], "1.50");
        assert_eq!(renamed[0]["tags"], json!(["x"]));
        assert_eq!(renamed[0]["n"], 1);
    }
}
