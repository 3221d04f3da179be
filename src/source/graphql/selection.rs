//! The selection: what of a row is asked for, where the binding leaves it to the graph's needs. Pure.
//!
//! In: a group or list with its `fields`. Out: the members of a row, parts and all their levels, as GraphQL writes them.
//! What is selected here is what `JsonColumns` reads.

use crate::{
    contract::Group,
    source::json::JsonColumns,
    value::{Per, Pointer, Shape, SlotKind, Variant},
};

/// Whether a group that may lack fields binds one: what it does not name may not exist there.
fn is_bound(shapes: &[Shape], group: &Group, name: &str) -> bool {
    let is_named = |field: &String| field == name || field.split('.').next() == Some(name);
    let may_lack = shapes[group.shape.index()].may_lack;
    !may_lack || group.key_columns.iter().any(|key| key == name) || group.fields.keys().any(is_named)
}

/// The members of an object that are asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Selection {
    members: Vec<(String, Selection)>,
    /// What is asked for of one concrete type.
    variants: Vec<(String, Selection)>,
}

impl Selection {
    /// Selects what a group's rows are laid out from.
    pub fn of_group(shapes: &[Shape], group: &Group, columns: &JsonColumns) -> Self {
        let mut selection = Self::default();
        let slots = &shapes[group.shape.index()].slots;
        for (name, pointer) in columns.places().filter(|(name, _)| is_bound(shapes, group, name)) {
            let end = selection.place(pointer);
            let slot = match name.split_once('.') {
                None => slots.iter().find(|slot| slot.name == name),
                Some((part, field)) => slots.iter().find(|slot| slot.name == part).and_then(|slot| match &slot.kind {
                    SlotKind::Part(variants) => {
                        shapes[variants.first()?.shape.index()].slots.iter().find(|slot| slot.name == field)
                    }
                    SlotKind::Leaf(_) => None,
                }),
            };
            match slot.map(|slot| &slot.kind) {
                Some(SlotKind::Part(variants)) => end.part(shapes, variants, name, group),
                _ => end.languages(name, group),
            }
        }
        selection
    }

    /// Selects what a list's rows are read by.
    pub fn of_list(columns: &JsonColumns) -> Self {
        let mut selection = Self::default();
        for (_, pointer) in columns.places() {
            selection.place(pointer);
        }
        selection
    }

    /// Selects the way to a value, and returns where it ends.
    fn place(&mut self, pointer: &Pointer) -> &mut Self {
        let mut paths = pointer.members();
        let end = paths.pop().unwrap_or_default();
        for path in paths {
            self.at(&path);
        }
        self.at(&end)
    }

    fn at(&mut self, path: &[&str]) -> &mut Self {
        let Some((name, rest)) = path.split_first() else { return self };
        let position = match self.members.iter().position(|(member, _)| member == name) {
            Some(position) => position,
            None => {
                self.members.push(((*name).to_owned(), Self::default()));
                self.members.len() - 1
            }
        };
        self.members[position].1.at(rest)
    }

    /// Selects a value that comes as one member for each language.
    fn languages(&mut self, path: &str, group: &Group) {
        for language in group.adaptations.of(path).language.iter().flatten() {
            self.at(&[language]);
        }
    }

    fn part(&mut self, shapes: &[Shape], variants: &[Variant], path: &str, group: &Group) {
        match variants {
            [one] => self.fields(shapes, &shapes[one.shape.index()], path, group),
            several => {
                self.at(&["__typename"]);
                for one in several {
                    let mut of_type = Self::default();
                    of_type.fields(shapes, &shapes[one.shape.index()], path, group);
                    self.variants.push((one.type_name.clone(), of_type));
                }
            }
        }
    }

    fn fields(&mut self, shapes: &[Shape], shape: &Shape, path: &str, group: &Group) {
        for slot in &shape.slots {
            let path = format!("{path}.{}", slot.name);
            let own = group.fields.get(&path);
            let is_pointed_into =
                group.fields.keys().any(|field| field.strip_prefix(&path).is_some_and(|rest| rest.starts_with('.')));
            match &slot.kind {
                // A part that nothing places takes its fields from the part around it.
                SlotKind::Part(variants)
                    if own.is_none() && is_pointed_into && variants.len() == 1 && slot.nesting.n_lists() == 0 =>
                {
                    self.fields(shapes, &shapes[variants[0].shape.index()], &path, group);
                }
                SlotKind::Part(variants) => {
                    let end = self.place(&own.cloned().unwrap_or_else(|| Pointer::member(&slot.name)));
                    end.part(shapes, variants, &path, group);
                }
                SlotKind::Leaf(_) => {
                    let end = self.place(&own.cloned().unwrap_or_else(|| Pointer::member(&slot.name)));
                    end.languages(&path, group);
                    if let Some(Per::Column(column)) = group.adaptations.of(&path).per {
                        self.at(&[&column]);
                    }
                }
            }
        }
        if self.members.is_empty() && self.variants.is_empty() {
            self.at(&["__typename"]);
        }
    }
}

impl std::fmt::Display for Selection {
    /// Prints the members without the braces around them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut separator = "";
        for (name, inner) in &self.members {
            write!(f, "{separator}{name}")?;
            if !inner.members.is_empty() || !inner.variants.is_empty() {
                write!(f, " {{ {inner} }}")?;
            }
            separator = " ";
        }
        for (name, inner) in &self.variants {
            write!(f, "{separator}... on {name} {{ {inner} }}")?;
            separator = " ";
        }
        Ok(())
    }
}
