//! Shapes: the layouts of the groups' records and of the parts in them.

use std::{collections::BTreeMap, sync::Arc};

use jiff::tz::TimeZone;

use super::{
    super::{
        binding::AdaptationFile,
        reader::Text,
        sdl::{FieldDef, Kind, TypeUse},
        system::Inherited,
    },
    FieldId,
    classify::Class,
    groups::{GroupPlan, Groups},
    rules::Call,
    survey::{Category, GroupName, Survey, TypeRole},
};
use crate::value::{
    Adaptation, Adaptations, EnumWords, Leaf, Nesting, Scalar, Shape, ShapeId, Slot, SlotKind, Variant,
};

/// The shapes, and which one each group and part has.
pub(super) struct Shapes<'a> {
    pub shapes: Vec<Shape>,
    pub of_part: BTreeMap<&'a str, ShapeId>,
    /// By call of a rule.
    pub of_call: Vec<ShapeId>,
}

/// Makes a shape for each served group, in the groups' order, then one for each part type and for each rule's answer.
pub(super) fn shapes<'a>(
    survey: &Survey<'a>,
    classes: &BTreeMap<FieldId<'a>, Class>,
    groups: &Groups<'a>,
    calls: &[Call<'a>],
) -> Shapes<'a> {
    let served: Vec<_> = groups.iter().filter(|(_, plan)| plan.served).collect();
    let is_part = |(_, part): &(&&'a str, &TypeRole)| matches!(part, TypeRole::Part);
    let of_part: BTreeMap<&str, ShapeId> = (survey.parts.iter().filter(is_part).enumerate())
        .map(|(n, (name, _))| (*name, ShapeId::from(served.len() + n)))
        .collect();
    let leaves = leaves(survey);
    let slots = |fields: Vec<&'a FieldDef>| fields.into_iter().map(|field| slot(survey, field, &of_part, &leaves));
    let mut shapes = Vec::new();
    for (name, plan) in served {
        let fields = survey.written.schema.types.get(&name.entity).map_or(&[][..], |ty| &ty.fields);
        let own = plan.fields.iter().map(|at| &fields[*at]).collect();
        shapes.push(Shape { name: group_name(survey, name), slots: slots(own).collect(), may_lack: plan.hands_over });
    }
    for name in of_part.keys() {
        let fields = survey.written.schema.types.get(*name).map_or(&[][..], |ty| &ty.fields);
        let own = (fields.iter().enumerate())
            .filter(|(n, _)| classes.get(&(*name, *n)) == Some(&Class::Part))
            .map(|(_, field)| field)
            .collect();
        shapes.push(Shape { name: (*name).to_owned(), slots: slots(own).collect(), may_lack: false });
    }
    let of_call = calls.iter().map(|call| {
        let fields = survey.written.schema.types.get(call.ty).map_or(&[][..], |ty| &ty.fields);
        let own = call.fields.iter().map(|at| &fields[*at]).collect();
        let name = format!("rule {} of {}", call.rule.name, call.ty);
        shapes.push(Shape { name, slots: slots(own).collect(), may_lack: false });
        ShapeId::from(shapes.len() - 1)
    });
    let of_call = of_call.collect();
    Shapes { shapes, of_part, of_call }
}

/// Makes the shape of the copies that a group holds. That a copy is null where its owner's value never is, is for whoever
/// compares them to say.
pub(super) fn of_copies<'a>(
    survey: &Survey<'a>,
    (group, plan): (&GroupName, &GroupPlan<'_>),
    of_part: &BTreeMap<&'a str, ShapeId>,
) -> Shape {
    let of_type = survey.written.schema.types.get(&group.entity).map_or(&[][..], |ty| &ty.fields);
    let leaves = leaves(survey);
    let slots = plan.copies.iter().map(|at| {
        let mut slot = slot(survey, &of_type[*at], of_part, &leaves);
        slot.nesting.non_null = false;
        slot
    });
    Shape { name: copies_name(survey, group, plan), slots: slots.collect(), may_lack: false }
}

/// Prints a group that holds copies for people: `shop Product.copy`, or `shop Product (copies)` where what is served is
/// read by the same binding.
pub(super) fn copies_name(survey: &Survey<'_>, group: &GroupName, plan: &GroupPlan<'_>) -> String {
    let name = group_name(survey, group);
    if plan.served { format!("{name} (copies)") } else { name }
}

/// Prints a group for people: `erp Product.stock`.
pub(super) fn group_name(survey: &Survey<'_>, group: &GroupName) -> String {
    let system = &survey.system(group.system).name;
    match &group.name {
        Some(name) => format!("{system} {}.{name}", group.entity),
        None => format!("{system} {}", group.entity),
    }
}

/// Returns the leaf of every scalar and enum type.
pub(super) fn leaves<'a>(survey: &Survey<'a>) -> BTreeMap<&'a str, Leaf> {
    let leaf = |name: &'a str| match survey.written.schema.types.get(name) {
        Some(ty) if ty.kind == Kind::Enum => {
            let words = ty.values.iter().map(|value| value.name.name.clone()).collect();
            Some(Leaf::Enum(Arc::new(EnumWords { name: name.to_owned(), words })))
        }
        Some(ty) if ty.kind != Kind::Scalar => None,
        _ => Some(Leaf::Scalar(Scalar::named(name))),
    };
    survey.type_ids.keys().filter_map(|name| Some((*name, leaf(name)?))).collect()
}

fn slot<'a>(
    survey: &Survey<'a>,
    field: &'a FieldDef,
    of_part: &BTreeMap<&'a str, ShapeId>,
    leaves: &BTreeMap<&'a str, Leaf>,
) -> Slot {
    let named = field.ty.named();
    let kind = match leaves.get(named) {
        Some(leaf) => SlotKind::Leaf(leaf.clone()),
        None => {
            let Category::Parts(possible) = survey.category(named) else { unreachable!("classified as a slot") };
            let variants =
                possible.into_iter().map(|name| Variant { type_name: name.to_owned(), shape: of_part[name] });
            SlotKind::Part(variants.collect())
        }
    };
    Slot { name: field.name.name.clone(), kind, nesting: nesting(&field.ty) }
}

fn nesting(ty: &TypeUse) -> Nesting {
    let mut items_non_null = Vec::new();
    let mut inner = ty;
    while let Some(item) = inner.item() {
        items_non_null.push(item.non_null);
        inner = item;
    }
    Nesting { non_null: ty.non_null, items_non_null }
}

/// Compiles adaptations; what a group or list does not say, it has from its system.
pub(super) fn adaptations(
    values: &[(Text, AdaptationFile)],
    trim: Option<bool>,
    zone: Option<&TimeZone>,
    inherited: &Inherited,
) -> Adaptations {
    let adaptation = |file: &AdaptationFile| Adaptation {
        trim: file.trim,
        scale: file.scale.map(|(digits, _)| digits),
        per: file.per.as_ref().map(|(per, _)| per.clone()),
        digits: file.digits.map(|(digits, _)| digits),
        language: file.language.clone(),
        words: (file.words.as_ref())
            .map(|words| words.iter().map(|(from, to)| (from.clone(), to.text.clone())).collect()),
    };
    Adaptations {
        fields: values.iter().map(|(path, file)| (path.text.clone(), adaptation(file))).collect(),
        trim: trim.unwrap_or(inherited.trim),
        zone: zone.or(inherited.zone.as_ref()).cloned(),
    }
}
