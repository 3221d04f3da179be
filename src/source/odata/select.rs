//! What is wanted of each row: `$select` and `$expand`, so that a row of three hundred properties is asked for its four.
//!
//! In: the pointers of a group or list, and which navigation properties come along. Out: query options. Pure.

use crate::{
    contract::{Contract, Group, OdataSet, OdataVersion},
    source::json::JsonColumns,
    value::{Per, Pointer, ShapeId, SlotKind},
};

/// The properties wanted of an entity and of those it leads to.
#[derive(Debug, Default)]
pub struct Wanted {
    properties: Vec<String>,
    /// Whether it cannot be told which properties are wanted.
    all: bool,
    expanded: Vec<Expanded>,
}

/// A navigation property.
#[derive(Debug)]
struct Expanded {
    name: String,
    /// Options that the binding writes itself, in parentheses behind the name.
    options: Option<String>,
    wanted: Wanted,
}

impl Wanted {
    /// Finds what a group wants.
    pub fn of_group(contract: &Contract, group: &Group, set: &OdataSet, columns: &JsonColumns) -> Self {
        let mut wanted = Self::with(&set.expand);
        let slots = &contract.shapes[group.shape.index()].slots;
        // What a group that may lack fields does not name may not exist there.
        let may_lack = contract.shapes[group.shape.index()].may_lack;
        let is_named =
            |name: &str| group.fields.keys().any(|field| field == name || field.split('.').next() == Some(name));
        let is_bound = |name: &str| !may_lack || group.key_columns.iter().any(|key| key == name) || is_named(name);
        for (name, pointer) in columns.places().filter(|(name, _)| is_bound(name)) {
            let part = slots.iter().find(|slot| slot.name == name).and_then(|slot| match &slot.kind {
                SlotKind::Part(variants) if variants.len() == 1 => Some(variants[0].shape),
                _ => None,
            });
            match part {
                Some(shape) => wanted.part(contract, group, name, pointer, shape),
                None => wanted.value(pointer),
            }
        }
        wanted
    }

    /// Finds what a list wants.
    pub fn of_list(set: &OdataSet, columns: &JsonColumns) -> Self {
        let mut wanted = Self::with(&set.expand);
        columns.places().for_each(|(_, pointer)| wanted.value(pointer));
        wanted
    }

    fn with(expand: &[String]) -> Self {
        let mut wanted = Self::default();
        for path in expand {
            let (path, options) = match path.split_once('(') {
                Some((path, options)) => (path, Some(format!("({options}"))),
                None => (path.as_str(), None),
            };
            let mut at = &mut wanted;
            let mut names = path.split('/').peekable();
            while let Some(name) = names.next() {
                let options = if names.peek().is_none() { options.clone() } else { None };
                at = at.expand(name, options);
            }
        }
        wanted
    }

    fn expand(&mut self, name: &str, options: Option<String>) -> &mut Self {
        let position = match self.expanded.iter().position(|one| one.name == name) {
            Some(position) => position,
            None => {
                let wanted = Self::default();
                self.expanded.push(Expanded { name: name.to_owned(), options: None, wanted });
                self.expanded.len() - 1
            }
        };
        let found = &mut self.expanded[position];
        found.options = options.or(found.options.take());
        &mut found.wanted
    }

    fn leads_to(&mut self, name: &str) -> Option<&mut Self> {
        self.expanded.iter_mut().find(|one| one.name == name).map(|one| &mut one.wanted)
    }

    fn property(&mut self, name: &str) {
        // Annotations come unasked, and cannot be asked for.
        if !name.starts_with('@') && !name.starts_with("__") && !self.properties.iter().any(|known| known == name) {
            self.properties.push(name.to_owned());
        }
    }

    fn value(&mut self, pointer: &Pointer) {
        match (pointer.first_member(), pointer.names()) {
            (None, _) => self.all = true,
            (Some(_), Some(members)) => self.members(&members),
            (Some(first), None) => match self.leads_to(first) {
                Some(inner) => inner.all = true,
                None => self.property(first),
            },
        }
    }

    fn members(&mut self, members: &[&str]) {
        match members {
            [] => self.all = true,
            [first, rest @ ..] => match self.leads_to(first) {
                Some(inner) => match rest {
                    // An element of a collection, by its number.
                    [number, rest @ ..] if number.parse::<usize>().is_ok() => inner.members(rest),
                    rest => inner.members(rest),
                },
                None => self.property(first),
            },
        }
    }

    /// Wants the fields of a part, which stand in what `pointer` leads to.
    fn part(&mut self, contract: &Contract, group: &Group, path: &str, pointer: &Pointer, shape: ShapeId) {
        let inner = match pointer.names().as_deref() {
            Some([name]) => self.leads_to(name),
            _ => None,
        };
        let Some(inner) = inner else { return self.value(pointer) };
        for slot in &contract.shapes[shape.index()].slots {
            let path = format!("{path}.{}", slot.name);
            let pointer = group.fields.get(&path).cloned().unwrap_or_else(|| Pointer::member(&slot.name));
            match &slot.kind {
                SlotKind::Part(variants) if variants.len() == 1 => {
                    inner.part(contract, group, &path, &pointer, variants[0].shape);
                }
                _ => inner.value(&pointer),
            }
            if let Some(Per::Column(quantity)) = &group.adaptations.of(&path).per {
                inner.property(quantity);
            }
        }
    }

    /// Writes the query options, not yet encoded: each name with its value.
    pub fn options(&self, version: OdataVersion) -> Vec<(&'static str, String)> {
        let mut options = Vec::new();
        let (select, expand) = match version {
            OdataVersion::V4 => (self.own().join(","), self.expand_v4()),
            OdataVersion::V2 => {
                let (mut select, mut expand) = (Vec::new(), Vec::new());
                self.paths_v2("", &mut select, &mut expand);
                (if self.all { String::new() } else { select.join(",") }, expand.join(","))
            }
        };
        options.extend((!select.is_empty()).then_some(("$select", select)));
        options.extend((!expand.is_empty()).then_some(("$expand", expand)));
        options
    }

    fn own(&self) -> &[String] {
        if self.all { &[] } else { &self.properties }
    }

    fn expand_v4(&self) -> String {
        let terms = self.expanded.iter().map(|one| {
            if let Some(options) = &one.options {
                return format!("{}{options}", one.name);
            }
            let mut options = Vec::new();
            let (select, expand) = (one.wanted.own().join(","), one.wanted.expand_v4());
            options.extend((!select.is_empty()).then(|| format!("$select={select}")));
            options.extend((!expand.is_empty()).then(|| format!("$expand={expand}")));
            if options.is_empty() { one.name.clone() } else { format!("{}({})", one.name, options.join(";")) }
        });
        terms.collect::<Vec<_>>().join(",")
    }

    /// In version 2 all stands in one list, by path; what is expanded must be selected too.
    fn paths_v2(&self, prefix: &str, select: &mut Vec<String>, expand: &mut Vec<String>) {
        select.extend(self.own().iter().map(|name| format!("{prefix}{name}")));
        for one in &self.expanded {
            let path = format!("{prefix}{}", one.name);
            if one.wanted.all || one.wanted.properties.is_empty() {
                select.push(path.clone());
            }
            expand.push(path.clone());
            one.wanted.paths_v2(&format!("{path}/"), select, expand);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(expand: &[&str], pointers: &[&str]) -> Wanted {
        let expand: Vec<String> = expand.iter().map(|path| (*path).to_owned()).collect();
        let mut wanted = Wanted::with(&expand);
        pointers.iter().for_each(|pointer| wanted.value(&Pointer::parse(pointer).unwrap()));
        wanted
    }

    #[test]
    fn only_what_pointers_begin_at_is_asked_for() {
        let wanted = wanted(
            &["to_Item", "to_Item/to_Line", "to_Text"],
            &["/No", "/Size/Width", "/No", "/@odata.etag", "/to_Item/0/Sku", "/to_Text/[Language=EN]/Text"],
        );
        assert_eq!(
            wanted.options(OdataVersion::V4),
            [("$select", "No,Size".to_owned()), ("$expand", "to_Item($select=Sku;$expand=to_Line),to_Text".to_owned())]
        );
        let v2 = wanted.options(OdataVersion::V2);
        assert_eq!(v2[0].1, "No,Size,to_Item/Sku,to_Item/to_Line,to_Text");
        assert_eq!(v2[1].1, "to_Item,to_Item/to_Line,to_Text");
    }

    #[test]
    fn an_expansion_with_options_of_its_own_is_left_as_it_is() {
        let wanted = wanted(&["Items($orderby=Line;$top=50)"], &["/No"]);
        assert_eq!(wanted.options(OdataVersion::V4)[1].1, "Items($orderby=Line;$top=50)");
    }
}
