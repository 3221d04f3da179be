//! Hearing of changes by a connection of our own: the types that `[changes.listen]`, `[changes.watermark.…]` and
//! `[changes.replication]` name are found, and a watermark's queries become lists.
//!
//! A watermark is asked like any list of its system. No field uses these lists; they are numbered behind those that fields
//! use.

use super::{
    super::{
        binding::{GroupFile, SqlList},
        changes::{
            Changes, ChangesFile, Deletes, Listen, ListenFile, ListenedType, ReplicatedTable, Replication,
            ReplicationFile, TableFile, Watermark, WatermarkFile,
        },
        nearest,
        placeholder::{Usage, scan},
        reader::Text,
    },
    bindings,
    groups::Groups,
    keys::Crossrefs,
    shapes::adaptations,
    survey::{GroupName, Survey, TypeRole},
};
use crate::{
    contract::{List, ListBinding, OrderColumn, SystemKind},
    diagnostic::{Findings, Place},
    value::{DomainId, GroupId, ListId, Spelling, SystemId, TypeId},
};

/// The parameter of a list of changed rows.
const SINCE: &str = "since";
/// How many rows are read at once: enough that a page costs more than the way to it, and a page of memory.
const ROWS: u32 = 1_000;

/// What hearing of changes is compiled with.
pub(super) struct Hearing<'s, 'a> {
    pub survey: &'s Survey<'a>,
    pub groups: &'s Groups<'a>,
    pub crossrefs: &'s Crossrefs<'a>,
    /// How many lists there are before those of the watermarks.
    pub n_lists: usize,
}

/// Adds to each system's changes what it has of connections of our own, and returns the lists of the watermarks.
pub(super) fn compile(hearing: &Hearing<'_, '_>, changes: &mut [Changes], findings: &mut Findings) -> Vec<List> {
    let mut lists = Vec::new();
    for (number, (system, changes)) in hearing.survey.written.systems.iter().zip(changes).enumerate() {
        let id = SystemId::from(number);
        let Some(kind) = system.system.as_ref().map(|system| &system.kind) else { continue };
        let ChangesFile { listen, watermarks, replication, .. } = &system.changes;
        let is_postgres = matches!(kind, SystemKind::Postgres { .. });
        let is_sql = matches!(kind, SystemKind::Sqlite { .. } | SystemKind::Mysql { .. } | SystemKind::Odbc { .. });
        if let Some(file) = listen {
            fits(is_postgres, "listen", kind, file.place, findings);
            changes.listen = Some(hearing.listen(id, file, findings));
        }
        for file in watermarks {
            fits(is_postgres || is_sql, "watermark", kind, file.entity.place, findings);
            changes.watermarks.extend(hearing.watermark(id, file, &mut lists, findings));
        }
        if let Some(file) = replication {
            if let Some(table) = file.tables.first() {
                fits(is_postgres, "replication", kind, table.table.place, findings);
            }
            changes.replication = hearing.replication(id, file, findings);
        }
    }
    lists
}

fn fits(is_spoken: bool, feed: &str, kind: &SystemKind, place: Place, findings: &mut Findings) {
    if !is_spoken {
        let message = format!("a system of kind {} has no [changes.{feed}]", kind.word());
        let help = "postgres has all three, mysql, sqlite and odbc have `watermark`; every kind has `webhook`";
        findings.fault("CHANGES_KIND", place, message, help);
    }
}

impl Hearing<'_, '_> {
    fn listen(&self, system: SystemId, file: &ListenFile, findings: &mut Findings) -> Listen {
        let own = file.channels.iter().filter_map(|(name, channel)| {
            let (entity, channel) = (self.entity(system, name, findings)?, Some(channel.text.clone()));
            Some(ListenedType { entity, channel, spellings: self.spellings(system, &name.text) })
        });
        let mut types: Vec<ListenedType> = own.collect();
        if file.channel.is_some() {
            // What such a channel may name is whatever is asked of the system.
            for (name, role) in &self.survey.parts {
                let Some(entity) = self.survey.type_ids.get(name).copied() else { continue };
                let is_known = types.iter().any(|known| known.entity == entity);
                if matches!(role, TypeRole::Entity(_)) && !is_known && self.is_asked(system, name) {
                    types.push(ListenedType { entity, channel: None, spellings: self.spellings(system, name) });
                }
            }
        }
        Listen { channel: file.channel.as_ref().map(|channel| channel.text.clone()), types }
    }

    fn watermark(
        &self,
        system: SystemId,
        file: &WatermarkFile,
        lists: &mut Vec<List>,
        findings: &mut Findings,
    ) -> Option<Watermark> {
        let entity = self.entity(system, &file.entity, findings)?;
        let changed = self.list((system, entity), (&file.entity, &file.query), Some(&file.column), findings)?;
        let mut number = |list| {
            lists.push(list);
            ListId::from(self.n_lists + lists.len() - 1)
        };
        let changed = number(changed);
        let deletes = match &file.deletes {
            None => None,
            Some(deletes) => {
                let list = self.list((system, entity), (&file.entity, &deletes.query), None, findings)?;
                Some(Deletes { list: number(list), every: deletes.every })
            }
        };
        let (every, overlap, begin) = (file.every, file.overlap, file.begin.clone());
        Some(Watermark { entity, changed, every, overlap, begin, deletes })
    }

    /// Makes the list of a watermark's query: of changed rows, by the column that says when, or of all.
    fn list(
        &self,
        (system, entity): (SystemId, TypeId),
        (name, query): (&Text, &Text),
        column: Option<&String>,
        findings: &mut Findings,
    ) -> Option<List> {
        let scanned = match scan(&query.text) {
            Ok(scanned) => scanned,
            Err(unreadable) => {
                bindings::not_readable(self.survey.written, query, unreadable, findings);
                return None;
            }
        };
        let is_since = |usage: &Usage, name: &str| name == SINCE && *usage == Usage::Value;
        let all_since = scanned.placeholders.iter().all(|one| is_since(&one.usage, &one.name));
        if !all_since || column.is_some() == scanned.placeholders.is_empty() {
            let (message, help) = match column {
                Some(_) => {
                    ("this query does not ask for what changed since a moment", "write … where changed_at >= :since")
                }
                None => ("this query asks for some keys alone", "write one that gives all keys, without placeholders"),
            };
            findings.fault("WATERMARK_QUERY", query.place, message, help);
            return None;
        }
        let of = |file: &&GroupFile| file.entity == name.text;
        let files = || self.survey.system(system).groups.iter().filter(of);
        let file = files().find(|file| file.name.is_none()).or_else(|| files().next());
        let Ok(mapped) = self.crossrefs.of_entity(self.survey, &name.text, system) else {
            let message = format!("the groups of `{}` map its keys in different ways", name.text);
            findings.fault("WATERMARK_KEY", name.place, message, "map them all alike");
            return None;
        };
        if mapped.as_ref().is_some_and(|mapped| !mapped.mapping.is_two_way()) {
            let message = format!("nothing maps the system's keys of `{}` back to the graph's", name.text);
            findings.fault("WATERMARK_KEY", name.place, message, "map them by a cross-reference with `to_graph`");
            return None;
        }
        let fields = self.survey.key_fields(&name.text).into_iter().map(|field| field.name.name.clone());
        let (key, key_columns) = match mapped {
            Some(mapped) => (Some(mapped.mapping), mapped.columns),
            None => (None, fields.collect()),
        };
        let domains = self.groups.iter().filter(|(group, _)| group.entity == name.text && group.system == system);
        let inherited = &self.survey.system(system).inherited;
        let (feed, parameters) = match column {
            Some(_) => ("changed", vec![SINCE.to_owned()]),
            None => ("keys", Vec::new()),
        };
        Some(List {
            name: format!("{feed} {}", name.text),
            system,
            of: entity,
            order: (column.into_iter().chain(&key_columns))
                .map(|column| OrderColumn { column: column.clone(), descending: false })
                .collect(),
            key_columns,
            key,
            argument_keys: vec![None; parameters.len()],
            parameters,
            fields: Default::default(),
            binding: ListBinding::Sql(SqlList { query: query.text.clone() }),
            page_rows_max: ROWS,
            page_rows_default: ROWS,
            count_max: 0,
            narrowed: None,
            domain: domains.filter_map(|(_, plan)| plan.domain).next().unwrap_or(DomainId(0)),
            adaptations: match file {
                Some(file) => adaptations(&file.values, file.trim, file.zone.as_ref(), inherited),
                None => adaptations(&[], None, None, inherited),
            },
        })
    }

    fn replication(&self, system: SystemId, file: &ReplicationFile, findings: &mut Findings) -> Option<Replication> {
        let tables = file.tables.iter().filter_map(|table| self.table(system, table, findings));
        let (slot, publication, tables) = (file.slot.clone(), file.publication.clone(), tables.collect::<Vec<_>>());
        let confirms = file.confirms.iter().filter_map(|group| self.confirmed(system, group, &tables, findings));
        let confirms = confirms.collect();
        Some(Replication { slot, publication, create_slot: file.create_slot, tables, confirms })
    }

    /// Finds a group that the feed confirms: one of its system, of which it follows a table, and that is no copy.
    fn confirmed(
        &self,
        system: SystemId,
        named: &Text,
        tables: &[ReplicatedTable],
        findings: &mut Findings,
    ) -> Option<GroupId> {
        let label = |name: &GroupName| match &name.name {
            Some(own) => format!("{}.{own}", name.entity),
            None => name.entity.clone(),
        };
        let own = |name: &&GroupName| name.system == system;
        let found = self.groups.iter().enumerate().find(|(_, (name, _))| own(name) && label(name) == named.text);
        let Some((number, (name, plan))) = found else {
            if !self.survey.written.schema.incomplete {
                let labels: Vec<String> = self.groups.keys().filter(own).map(label).collect();
                let help = match nearest(&named.text, labels.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "name groups as their tables in this file: \"Product\", \"Product.stock\"".to_owned(),
                };
                let message = format!("`{}` is no group of this system", named.text);
                findings.fault("CONFIRMS_GROUP", named.place, message, help);
            }
            return None;
        };
        if !tables.iter().any(|table| self.survey.type_ids.get(name.entity.as_str()) == Some(&table.entity)) {
            let message = format!("no table that is followed has the key of `{}`", named.text);
            let help = "name every table that its queries read in `tables`";
            findings.fault("CONFIRMS_TABLE", named.place, message, help);
        }
        let lag = self.survey.system(system).system.as_ref().map(|system| system.lag).unwrap_or_default();
        if !lag.is_zero() || plan.binding.is_some_and(|file| file.as_of.is_some()) {
            let message = format!("what `{}` says is a copy, which may be behind what the feed tells", named.text);
            let help = "delete it here, or the `lag` or `as_of` that says so";
            findings.fault("CONFIRMS_COPY", named.place, message, help);
        }
        let mapped = plan
            .binding
            .and_then(|file| self.crossrefs.of_group(self.survey, &name.entity, file, &mut Findings::default()));
        if mapped.is_some_and(|mapped| mapped.mapping.crossref.is_some()) {
            let message =
                format!("the keys of `{}` come from a cross-reference, which the feed does not follow", named.text);
            findings.fault(
                "CONFIRMS_KEY",
                named.place,
                message,
                "delete it here: it is asked for again when it runs out",
            );
        }
        Some(GroupId::from(number))
    }

    fn table(&self, system: SystemId, file: &TableFile, findings: &mut Findings) -> Option<ReplicatedTable> {
        let entity = self.entity(system, &file.entity, findings)?;
        let named = &file.entity.text;
        let fields: Vec<&str> = self.survey.key_fields(named).iter().map(|field| field.name.name.as_str()).collect();
        let column =
            |field: &&str| file.key.iter().find(|(name, _)| name.text == **field).map(|(_, column)| column.clone());
        let key: Option<Vec<String>> = fields.iter().map(column).collect();
        let stray = file.key.iter().find(|(name, _)| !fields.contains(&name.text.as_str()));
        let (Some(key), None) = (key, stray) else {
            let message =
                format!("the table `{}` does not say which columns are the key of `{named}`", file.table.text);
            let place = stray.map_or(file.table.place, |(name, _)| name.place);
            findings.fault("REPLICATION_KEY", place, message, format!("the key is {}", fields.join(" ")));
            return None;
        };
        let (schema, name) = file.table.text.split_once('.').unwrap_or(("public", &file.table.text));
        let (schema, name, spellings) = (schema.to_owned(), name.to_owned(), self.spellings(system, named));
        Some(ReplicatedTable { schema, name, entity, key, spellings })
    }

    /// Finds the entity type of a name.
    fn entity(&self, system: SystemId, name: &Text, findings: &mut Findings) -> Option<TypeId> {
        let survey = self.survey;
        if !matches!(survey.parts.get(name.text.as_str()), Some(TypeRole::Entity(_))) {
            if !survey.written.schema.incomplete {
                let entities = survey.parts.iter().filter(|(_, role)| matches!(role, TypeRole::Entity(_)));
                let help = match nearest(&name.text, entities.map(|(name, _)| *name)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "name a type that has a `@key`".to_owned(),
                };
                findings.fault("CHANGES_TYPE", name.place, format!("there is no entity `{}`", name.text), help);
            }
            return None;
        }
        if !self.is_asked(system, &name.text) {
            findings.fault(
                "CHANGES_TYPE",
                name.place,
                format!("nothing of `{}` is asked of `{}`", name.text, survey.system(system).name),
                "put this into the file of the system that answers the type's fields, or delete it",
            );
        }
        survey.type_ids.get(name.text.as_str()).copied()
    }

    /// Whether anything of an entity is asked of a system: a list may be of an interface of it.
    fn is_asked(&self, system: SystemId, entity: &str) -> bool {
        let bound = self.survey.system(system);
        bound.groups.iter().any(|group| group.entity == entity) || !bound.lists.is_empty()
    }

    /// Finds the ways in which the groups of an entity spell its keys, each once; none where that cannot be told without
    /// asking.
    fn spellings(&self, system: SystemId, entity: &str) -> Vec<Vec<Spelling>> {
        let n_fields = self.survey.key_fields(entity).len();
        let mut out: Vec<Vec<Spelling>> = Vec::new();
        for group in self.survey.system(system).groups.iter().filter(|group| group.entity == entity) {
            // What is wrong with a group's key is said where its binding is checked.
            let spelled = match self.crossrefs.of_group(self.survey, entity, group, &mut Findings::default()) {
                None => vec![Spelling::default(); n_fields],
                Some(mapped) if mapped.mapping.crossref.is_none() && mapped.mapping.is_two_way() => {
                    mapped.mapping.spellings
                }
                Some(_) => return Vec::new(),
            };
            if !out.contains(&spelled) {
                out.push(spelled);
            }
        }
        if out.is_empty() { vec![vec![Spelling::default(); n_fields]] } else { out }
    }
}
