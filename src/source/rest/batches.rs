//! Which keys go into one call. Pure.
//!
//! In: a group's call and the keys asked for. Out: batches of keys, each of one call, and the keys that no call can ask for.
//! Fields of a key that stand outside of what is repeated are the same in a whole call, so keys that differ in them are
//! asked in calls of their own.

use super::encode::{Given, checked, question};
use crate::{
    contract::{Blank, BlankForm, RestGroup, ValueTemplate},
    value::Key,
};

/// The longest address that is sent; servers and proxies begin to refuse at 8 kB.
const TARGET_BYTES_MAX: usize = 7_500;

/// How a group's call uses keys.
#[derive(Debug)]
pub struct KeyUse {
    /// The fields that are the same in a whole call, by position.
    pub outer: Vec<usize>,
    /// Whether a call takes several keys.
    pub takes_many: bool,
    /// Whether a row of a key that was not asked for shows that the filter does not filter.
    pub filters: bool,
    /// Whether the path is of one key, or of a part of one, and so says by 404 that there is none.
    pub path_is_of_key: bool,
    joins: bool,
    forms: Vec<(usize, BlankForm)>,
}

/// The batches of a fetch.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Batches {
    /// The positions of the keys of each call.
    pub calls: Vec<Vec<usize>>,
    /// The positions of keys that no such system can have: a word where it has numbers.
    pub impossible: Vec<usize>,
}

impl KeyUse {
    /// Finds out how a group's call uses keys.
    pub fn new(group: &RestGroup, names: &[String]) -> Self {
        let position = |blank: &Blank| {
            let member = blank.member.as_ref();
            member.and_then(|member| names.iter().position(|name| name == member)).unwrap_or_default()
        };
        let (mut outer, mut takes_many, mut forms) = (Vec::new(), false, Vec::new());
        for (blank, repeated) in group.call.blanks() {
            forms.push((position(blank), blank.form));
            if repeated || blank.name == "keys" {
                takes_many = true;
            } else if !outer.contains(&position(blank)) {
                outer.push(position(blank));
            }
        }
        let joined = |blank: &Blank| blank.name == "keys";
        let joins = group.call.path.blanks().any(joined)
            || group.call.headers.iter().any(|(_, text)| text.blanks().any(joined))
            || group.call.query.iter().any(|(_, value)| match value {
                ValueTemplate::Text(text) => text.blanks().any(joined),
                _ => false,
            });
        Self {
            filters: takes_many || outer.len() == names.len(),
            path_is_of_key: group.call.path.blanks().any(|blank| blank.name == "key"),
            outer,
            takes_many,
            joins,
            forms,
        }
    }

    /// Sorts keys into calls.
    pub fn batches(&self, group: &RestGroup, names: &[String], keys: &[Key]) -> Batches {
        let mut out = Batches::default();
        let mut alike: Vec<(Vec<&str>, Vec<usize>)> = Vec::new();
        let mut places: std::collections::HashMap<Vec<&str>, usize> = std::collections::HashMap::new();
        for (number, key) in keys.iter().enumerate() {
            let fits =
                |(field, form): &(usize, BlankForm)| checked(key.field(*field).unwrap_or_default(), *form).is_ok();
            if !self.forms.iter().all(fits) {
                out.impossible.push(number);
                continue;
            }
            // A text that holds the separator would be read as two, and spoil the others' answer.
            if self.joins && key.fields().any(|field| field.contains(&*group.call.separator)) {
                out.calls.push(vec![number]);
                continue;
            }
            let outer: Vec<&str> = self.outer.iter().filter_map(|field| key.field(*field)).collect();
            let place = *places.entry(outer.clone()).or_insert_with(|| {
                alike.push((outer, Vec::new()));
                alike.len() - 1
            });
            alike[place].1.push(number);
        }
        for (_, numbers) in alike {
            let per_call = match group.keys_per_call {
                Some(per_call) if self.takes_many => per_call.max(1),
                _ => numbers.len().max(1),
            };
            for numbers in numbers.chunks(per_call) {
                self.within_length(group, names, keys, numbers, &mut out.calls);
            }
        }
        out
    }

    /// Halves a batch until its address is short enough.
    fn within_length(
        &self,
        group: &RestGroup,
        names: &[String],
        keys: &[Key],
        numbers: &[usize],
        out: &mut Vec<Vec<usize>>,
    ) {
        if numbers.len() > 1 && self.takes_many {
            let asked: Vec<Key> = numbers.iter().map(|number| keys[*number].clone()).collect();
            let asked = question(&group.call, Given::Keys { names, keys: &asked });
            if let Ok(Some(asked)) = asked
                && asked.call(&[]).target.len() > TARGET_BYTES_MAX
            {
                let (left, right) = numbers.split_at(numbers.len() / 2);
                self.within_length(group, names, keys, left, out);
                self.within_length(group, names, keys, right, out);
                return;
            }
        }
        out.push(numbers.to_vec());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{Paging, RestCall, RowsAt, TextTemplate},
        value::Pointer,
    };

    fn group(path: &str, keys_per_call: Option<usize>) -> RestGroup {
        let call = RestCall {
            posts: false,
            path: TextTemplate::parse(path).unwrap(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            separator: ",".to_owned(),
            rows: RowsAt { at: Pointer::default(), members: false },
            concurrency: None,
            paging: Paging::default(),
            errors: None,
            not_found: Vec::new(),
        };
        RestGroup { call, member: None, keys_per_call, row_errors: None, isolate: false, witness: None }
    }

    fn calls(path: &str, keys_per_call: Option<usize>, keys: &[&str]) -> Batches {
        let names = ["account", "sku"].map(str::to_owned);
        let keys: Vec<Key> = keys.iter().map(|key| Key::of(key.split('|')).unwrap()).collect();
        let group = group(path, keys_per_call);
        KeyUse::new(&group, &names).batches(&group, &names, &keys)
    }

    #[test]
    fn keys_share_a_call_when_they_agree_in_what_it_says_once() {
        let keys = ["A|1", "B|1", "A|2", "A|3,4", "A|5"];
        let shared = calls("/{key.account}/prices?skus={keys.sku}", None, &keys);
        assert_eq!(shared.calls, [vec![3], vec![0, 2, 4], vec![1]], "the one with the separator goes alone");
        let cut = calls("/{key.account}/prices?skus={keys.sku}", Some(2), &keys);
        assert_eq!(cut.calls, [vec![3], vec![0, 2], vec![4], vec![1]]);
        let single = calls("/{key.account}/{key.sku}", Some(2), &keys);
        assert_eq!(single.calls.len(), 5);
        let whole = calls("/{key.account}", None, &keys);
        assert_eq!(whole.calls, [vec![0, 2, 3, 4], vec![1]]);
    }

    #[test]
    fn a_word_where_the_system_has_numbers_is_impossible() {
        let batches = calls("/{key.account}/{keys.sku:number}", None, &["A|1", "A|x", "A|2"]);
        assert_eq!(batches, Batches { calls: vec![vec![0, 2]], impossible: vec![1] });
    }
}
