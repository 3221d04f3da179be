//! Assembly: everything the other steps found becomes the model. Runs only when nothing is wrong.

use std::collections::BTreeMap;

use super::{
    super::{
        Answer, Argument, Changes, Contract, Documents, Entity, EnumValue, Field, Group, GroupBinding, HeldCopy,
        Hierarchy, List, Object, Own, Reference, Role, RuleUse, Scope, Type, TypeKind, TypeRef, TypeRefKind, cost,
        directive,
        public::input_of,
        sdl::{FieldDef, InputDef, Kind, TypeDef, TypeUse, TypeUseKind},
        version,
    },
    FieldId,
    classify::Class,
    groups::{GroupPlan, Groups},
    keys::Crossrefs,
    lists::Lists,
    paging,
    rules::{Call, Calls},
    shapes::{self, Shapes, adaptations, copies_name, group_name},
    survey::{GroupName, Survey, TypeRole},
    visible::Visible,
};
use crate::{
    diagnostic::Findings,
    value::{DomainId, GroupId, Key, Leaf, RuleId, Scalar, ShapeId, SystemId, TypeId},
};

struct Assembly<'s, 'a> {
    survey: &'s Survey<'a>,
    classes: &'s BTreeMap<FieldId<'a>, Class>,
    references: &'s BTreeMap<FieldId<'a>, Reference>,
    lists: &'s Lists<'a>,
    groups: &'s Groups<'a>,
    crossrefs: &'s Crossrefs<'a>,
    calls: &'s [Call<'a>],
    group_ids: BTreeMap<&'s GroupName, GroupId>,
    /// The groups that answer copies, numbered behind all others.
    copy_ids: BTreeMap<&'s GroupName, GroupId>,
    shapes: Shapes<'a>,
    leaves: BTreeMap<&'a str, Leaf>,
}

/// What stands beside the types, groups and lists, and needs nothing of them but their numbers.
pub(super) struct Beside<'a> {
    pub calls: Calls<'a>,
    pub changes: Vec<Changes>,
    /// The lists by which changes are heard of, numbered behind those that fields use.
    pub heard_by: Vec<List>,
    pub samples: BTreeMap<TypeId, Vec<Key>>,
    pub hierarchy: Option<Hierarchy>,
}

/// Makes the contract; `None` where a step reported nothing and yet left something out, which no contract should.
pub(super) fn assemble<'a>(
    survey: &Survey<'a>,
    classes: &BTreeMap<FieldId<'a>, Class>,
    groups: Groups<'a>,
    crossrefs: &Crossrefs<'a>,
    references: &BTreeMap<FieldId<'a>, Reference>,
    lists: Lists<'a>,
    Beside { calls, changes, heard_by, samples, hierarchy }: Beside<'a>,
) -> Option<Contract> {
    let served: Vec<(&GroupName, &GroupPlan<'_>)> = groups.iter().filter(|(_, plan)| plan.served).collect();
    let copying: Vec<(&GroupName, &GroupPlan<'_>)> =
        groups.iter().filter(|(_, plan)| !plan.copies.is_empty()).collect();
    let first_copies = served.len() + crossrefs.n_groups();
    let group_ids = served.iter().enumerate().map(|(n, (name, _))| (*name, GroupId::from(n))).collect();
    let copy_ids = copying.iter().enumerate().map(|(n, (name, _))| (*name, GroupId::from(first_copies + n))).collect();
    let assembly = Assembly {
        survey,
        classes,
        references,
        lists: &lists,
        groups: &groups,
        crossrefs,
        calls: &calls,
        group_ids,
        copy_ids,
        shapes: shapes::shapes(survey, classes, &groups, &calls),
        leaves: shapes::leaves(survey),
    };
    let types = survey.type_ids.keys().map(|name| assembly.ty(name)).collect::<Option<Vec<_>>>()?;
    let made = served.iter().enumerate().map(|(n, (name, plan))| assembly.group(n, name, plan));
    let mut made = made.collect::<Option<Vec<_>>>()?;
    let n_shapes = assembly.shapes.shapes.len() + crossrefs.n_groups();
    let copies = copying.iter().enumerate().map(|(n, (name, plan))| assembly.copies_group(n_shapes + n, name, plan));
    let copies = copies.collect::<Option<Vec<_>>>()?;
    let copies_shapes: Vec<_> = (copying.iter())
        .map(|(name, plan)| shapes::of_copies(survey, (*name, *plan), &assembly.shapes.of_part))
        .collect();
    let written = survey.written;
    let protects = |ty: &TypeDef| {
        let arguments = ty.fields.iter().flat_map(|field| &field.arguments).map(|argument| &argument.directives);
        let fields = ty.fields.iter().map(|field| &field.directives);
        let mut all = std::iter::once(&ty.directives).chain(fields).chain(arguments).flatten();
        all.any(|one| matches!(one.name.name.as_str(), "scope" | "visible"))
    };
    let rule_uses = calls.iter().zip(&assembly.shapes.of_call).map(|(call, shape)| {
        let Call { rule, inputs, holder, .. } = call;
        let ty = assembly.type_id(call.ty)?;
        Some(RuleUse { rule, ty, shape: *shape, inputs: inputs.clone(), holder: holder.clone() })
    });
    let rule_uses = rule_uses.collect::<Option<Vec<_>>>()?;
    let own_permissions = types.iter().filter_map(|ty| match &ty.kind {
        TypeKind::Object(Object { role: Role::Entity(entity), .. }) => {
            Some(entity.scope.as_ref()?.own.as_ref()?.permission.as_str())
        }
        _ => None,
    });
    let access = written.settings.access.as_ref();
    let access = access.map(|written| written.access.clone().with_own_permissions(own_permissions));
    let mut shapes = assembly.shapes.shapes;
    let (hidden, hidden_shapes) = crossrefs.groups(survey, &made, &copies, &lists.lists, shapes.len())?;
    made.extend(hidden.into_iter().chain(copies));
    shapes.extend(hidden_shapes.into_iter().chain(copies_shapes));
    let mut contract = Contract {
        version: String::new(),
        types,
        query: *survey.type_ids.get(written.schema.query.as_str())?,
        systems: written.systems.iter().map(|system| system.system.clone()).collect::<Option<_>>()?,
        domains: written.settings.domains.values().cloned().collect(),
        groups: made,
        rule_uses,
        rules: written.settings.rules.clone(),
        shapes,
        marks_protected_data: written.schema.types.values().any(protects),
        hierarchy,
        audiences: written.settings.audiences.clone(),
        access,
        limits: written.settings.limits.clone(),
        type_names: survey.type_ids.iter().map(|(name, id)| ((*name).to_owned(), *id)).collect(),
        lists: lists.lists,
        changes,
        samples,
        documents: Documents::default(),
    };
    contract.version = version::version(&contract);
    // They mean nothing to an answer.
    contract.lists.extend(heard_by);
    Some(contract)
}

impl<'a> Assembly<'_, 'a> {
    fn ty(&self, name: &'a str) -> Option<Type> {
        let written = self.survey.written.schema.types.get(name);
        let Some(ty) = written else {
            let kind = TypeKind::Scalar { scalar: Scalar::named(name), specified_by: None };
            return Some(Type { name: name.to_owned(), description: None, kind, weight: None });
        };
        let id = |name: &str| self.survey.type_ids.get(name).copied();
        let ids = |names: Vec<&str>| names.into_iter().map(id).collect::<Option<Vec<_>>>();
        let implements = || ids(ty.implements.iter().map(|name| name.name.as_str()).collect());
        let kind = match ty.kind {
            Kind::Scalar => {
                let url = directive::find(&ty.directives, "specifiedBy").and_then(|one| one.text("url"));
                TypeKind::Scalar { scalar: Scalar::named(name), specified_by: url.map(|(url, _)| url.to_owned()) }
            }
            Kind::Enum => {
                let value = |value: &super::super::sdl::ValueDef| EnumValue {
                    name: value.name.name.clone(),
                    description: value.description.clone(),
                    deprecation: directive::deprecation(&value.directives),
                };
                TypeKind::Enum { leaf: self.leaves.get(name)?.clone(), values: ty.values.iter().map(value).collect() }
            }
            Kind::Input => TypeKind::Input {
                fields: self.arguments(&ty.inputs)?,
                one_of: directive::find(&ty.directives, "oneOf").is_some(),
            },
            Kind::Union => TypeKind::Union { possible: ids(self.survey.written.schema.possible(name))? },
            Kind::Interface => TypeKind::Interface {
                fields: self.fields(ty, None)?,
                implements: implements()?,
                possible: ids(self.survey.written.schema.possible(name))?,
            },
            Kind::Object => {
                let part = self.survey.parts.get(name)?;
                let fields = self.fields(ty, Some(part))?;
                TypeKind::Object(Object { role: self.role(ty, part)?, fields, implements: implements()? })
            }
        };
        let weight = cost::weight(&ty.directives);
        Some(Type { name: name.to_owned(), description: ty.description.clone(), kind, weight })
    }

    fn role(&self, ty: &TypeDef, part: &TypeRole) -> Option<Role> {
        Some(match part {
            TypeRole::Root => Role::Root,
            TypeRole::Part => Role::Part { shape: *self.shapes.of_part.get(ty.name.name.as_str())? },
            TypeRole::Connection | TypeRole::Edge | TypeRole::PageInfo => Role::Paging,
            TypeRole::Entity(facts) => {
                let text =
                    |directive, argument| directive::find(&ty.directives, directive).and_then(|one| one.text(argument));
                let position = |name: &str| ty.fields.iter().position(|field| field.name.name == name);
                let scope = text("scope", "account").and_then(|(account, _)| {
                    let word = |argument| text("scope", argument).map(|(word, _)| word.to_owned());
                    let own = text("scope", "login").and_then(|(login, _)| position(login)).zip(word("own"));
                    Some(Scope {
                        account: position(account)?,
                        permission: word("permission"),
                        children: word("children"),
                        own: own.map(|(login, permission)| Own { login, permission }),
                    })
                });
                let handover = text("handover", "from").and_then(|(from, _)| {
                    let system = self.survey.written.systems.iter().position(|system| system.name == from)?;
                    let entity = ty.name.name.clone();
                    let group = GroupName { entity, system: SystemId::from(system), name: None };
                    self.group_ids.get(&group).copied()
                });
                let identity = *self.group_ids.get(facts.identity.as_ref()?)?;
                Role::Entity(Entity { key: facts.key.clone(), identity, scope, handover })
            }
        })
    }

    fn fields(&self, ty: &'a TypeDef, part: Option<&TypeRole>) -> Option<Vec<Field>> {
        ty.fields.iter().enumerate().map(|(n, field)| self.field(ty, part, n, field)).collect()
    }

    fn field(&self, ty: &'a TypeDef, part: Option<&TypeRole>, position: usize, field: &'a FieldDef) -> Option<Field> {
        let id = (ty.name.name.as_str(), position);
        let class = self.classes.get(&id);
        let answer = match (class, part) {
            (None, _) | (_, None) => Answer::Abstract,
            (Some(class), Some(part)) => self.answer(ty, part, position, field, class)?,
        };
        let internal = |uses| directive::find(uses, "internal").is_some();
        let internal_type = self.survey.written.schema.types.get(field.ty.named());
        Some(Field {
            name: field.name.name.clone(),
            description: field.description.clone(),
            deprecation: directive::deprecation(&field.directives),
            arguments: self.arguments(&field.arguments)?,
            ty: self.type_ref(&field.ty)?,
            owner: part.and_then(|part| self.owner(ty, part, &answer)),
            domain: part.and_then(|part| self.domain(ty, part, field, &answer)),
            answer,
            internal: internal(&field.directives)
                || internal(&ty.directives)
                || internal_type.is_some_and(|ty| internal(&ty.directives)),
            visible_to: Visible { survey: self.survey }.field(ty, field),
            needs: directive::find(&field.directives, "needs")
                .and_then(|one| one.text("permission"))
                .map(|(permission, _)| permission.to_owned()),
            copies: part.map_or_else(|| Some(Vec::new()), |_| self.copies(ty, position, field))?,
            weight: cost::weight(&field.directives),
            list_size: cost::list_size(&field.directives),
        })
    }

    fn answer(
        &self,
        ty: &'a TypeDef,
        part: &TypeRole,
        position: usize,
        field: &FieldDef,
        class: &Class,
    ) -> Option<Answer> {
        let id = (ty.name.name.as_str(), position);
        // A slot's number is how many fields of the same group or part stand before it.
        let before = |same: &Class| (0..position).filter(|n| self.classes.get(&(id.0, *n)) == Some(same)).count();
        Some(match class {
            Class::Key(n) => Answer::Key(*n),
            Class::Slot(group) => Answer::Slot { group: *self.group_ids.get(group)?, slot: before(class) },
            Class::Part => Answer::Part { slot: before(class) },
            Class::Reference => Answer::Reference(self.references.get(&id)?.clone()),
            Class::List => Answer::List(self.lists.uses.get(&id)?.clone()),
            Class::Rule(name) => {
                let rule = self.calls.iter().position(|call| call.ty == id.0 && call.rule.name == name)?;
                let slot = self.calls[rule].fields.iter().position(|field| *field == position)?;
                Answer::Rule { rule: RuleId::from(rule), slot }
            }
            Class::Provenance => Answer::Provenance,
            Class::Paging => Answer::Paging(paging::field(part, &field.name.name)?),
            Class::Unknown => return None,
        })
    }

    /// A reference is said by whoever owns the first field its key is drawn from.
    fn owner(&self, ty: &'a TypeDef, part: &TypeRole, answer: &Answer) -> Option<SystemId> {
        let identity = match part {
            TypeRole::Entity(facts) => facts.identity.as_ref().map(|identity| identity.system),
            _ => None,
        };
        match answer {
            Answer::Key(_) => identity,
            Answer::Slot { group, .. } => {
                self.group_ids.iter().find(|(_, id)| *id == group).map(|(name, _)| name.system)
            }
            Answer::List(list) => self.lists.lists.get(list.list.index()).map(|list| list.system),
            Answer::Reference(reference) => {
                let drawn = reference.key.iter().find_map(|feed| match feed {
                    super::super::Feed::Field(position) => Some(*position),
                    _ => None,
                });
                match drawn.and_then(|position| self.classes.get(&(ty.name.name.as_str(), position))) {
                    Some(Class::Slot(group)) => Some(group.system),
                    _ => identity,
                }
            }
            Answer::Part { .. } | Answer::Rule { .. } | Answer::Provenance | Answer::Paging(_) | Answer::Abstract => {
                None
            }
        }
    }

    fn domain(&self, ty: &'a TypeDef, part: &TypeRole, field: &FieldDef, answer: &Answer) -> Option<DomainId> {
        // Every name was checked before; a second message would only repeat the first.
        let mut said = Findings::default();
        let own = self.survey.domain(&field.directives, &mut said);
        let of_type = self.survey.domain(&ty.directives, &mut said);
        match answer {
            Answer::List(list) => own.or(self.lists.lists.get(list.list.index()).map(|list| list.domain)),
            Answer::Provenance | Answer::Paging(_) | Answer::Abstract => None,
            Answer::Key(_) => own.or(of_type).or_else(|| match part {
                TypeRole::Entity(facts) => self.groups.get(facts.identity.as_ref()?)?.domain,
                _ => None,
            }),
            _ => own.or(of_type),
        }
    }

    fn copies(&self, ty: &TypeDef, position: usize, field: &FieldDef) -> Option<Vec<HeldCopy>> {
        let copies = field.directives.iter().filter(|one| one.name.name == "copy").map(|copy| {
            let name = self.survey.owner(ty, copy, &mut Findings::default())?;
            let slot = self.groups.get(&name)?.copies.iter().position(|at| *at == position)?;
            let group = *self.copy_ids.get(&name)?;
            Some(HeldCopy { system: name.system, name: name.name, group, slot })
        });
        let mut copies = copies.collect::<Option<Vec<_>>>()?;
        copies.dedup();
        Some(copies)
    }

    fn arguments(&self, inputs: &[InputDef]) -> Option<Vec<Argument>> {
        let argument = |input: &InputDef| {
            Some(Argument {
                name: input.name.name.clone(),
                description: input.description.clone(),
                deprecation: directive::deprecation(&input.directives),
                ty: self.type_ref(&input.ty)?,
                default: input.default.as_ref().map(|(value, _)| input_of(&value.clone().into_value())),
                visible_to: Visible { survey: self.survey }.written(&input.directives),
                weight: cost::weight(&input.directives),
            })
        };
        inputs.iter().map(argument).collect()
    }

    fn type_ref(&self, ty: &TypeUse) -> Option<TypeRef> {
        let of = match &ty.of {
            TypeUseKind::Named(name) => TypeRefKind::Named(self.type_id(name)?),
            TypeUseKind::List(item) => TypeRefKind::List(Box::new(self.type_ref(item)?)),
        };
        Some(TypeRef { of, non_null: ty.non_null })
    }

    fn type_id(&self, name: &str) -> Option<TypeId> {
        self.survey.type_ids.get(name).copied()
    }

    fn group(&self, number: usize, name: &GroupName, plan: &GroupPlan<'_>) -> Option<Group> {
        let shape = ShapeId::from(number);
        self.bound(name, plan, Said { name: group_name(self.survey, name), shape, fields: &plan.fields })
    }

    fn copies_group(&self, number: usize, name: &GroupName, plan: &GroupPlan<'_>) -> Option<Group> {
        let shape = ShapeId::from(number);
        let said = Said { name: copies_name(self.survey, name, plan), shape, fields: &plan.copies };
        Some(Group { holds_copies: true, ..self.bound(name, plan, said)? })
    }

    /// Makes a group of one binding, which may answer fields of its own and copies of others', each by itself.
    fn bound(&self, name: &GroupName, plan: &GroupPlan<'_>, said: Said<'_>) -> Option<Group> {
        let file = plan.binding?;
        let inherited = &self.survey.system(name.system).inherited;
        // What is wrong with the key was reported where the binding was checked.
        let mapped = self.crossrefs.of_group(self.survey, &name.entity, file, &mut Findings::default());
        let own_names = || self.survey.key_fields(&name.entity).iter().map(|field| field.name.name.clone()).collect();
        let ty = self.survey.written.schema.types.get(&name.entity)?;
        let is_said = |field: &str| said.fields.iter().any(|at| ty.fields[*at].name.name == field);
        let mut binding = file.asked.compile()?;
        match &mut binding {
            GroupBinding::Sql(asked) => asked.parts.retain(|(field, _)| is_said(field)),
            GroupBinding::File(asked) => asked.parts.retain(|(field, _)| is_said(field)),
            GroupBinding::Rest(_) | GroupBinding::Odata(_) | GroupBinding::GraphQl(_) | GroupBinding::Inside(_) => {}
        }
        Some(Group {
            name: said.name,
            system: name.system,
            entity: self.type_id(&name.entity)?,
            shape: said.shape,
            holds_copies: false,
            key_columns: mapped.as_ref().map_or_else(own_names, |mapped| mapped.columns.clone()),
            key: mapped.map(|mapped| mapped.mapping),
            domain: plan.domain?,
            fields: file.fields.iter().map(|(field, pointer)| (field.text.clone(), pointer.clone())).collect(),
            as_of: file.as_of.as_ref().map(|column| column.text.clone()),
            valid_until: file.valid_until.as_ref().map(|column| column.text.clone()),
            adaptations: adaptations(&file.values, file.trim, file.zone.as_ref(), inherited),
            binding,
        })
    }
}

/// What a group is called, how it is laid out and which fields it answers.
struct Said<'s> {
    name: String,
    shape: ShapeId,
    fields: &'s [usize],
}
