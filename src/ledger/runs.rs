//! Runs of reconciliation: what each was to compare, how far it came, and how much it compared of each field.
//!
//! A run saves its progress and what it found in one transaction, so that one that was interrupted goes on where it was:
//! nothing is counted twice and nothing is left out.

use std::collections::BTreeMap;

use super::{
    exceptions::{IDS_PER_STATEMENT, push_any},
    failure::LedgerError,
    findings::{self, Found},
    observation::Entity,
    store::{Row, Statement, Store, Value},
};

/// A run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub i64);

/// A run as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Which it is.
    pub id: RunId,
    /// What it was to compare, as the job writes it.
    pub options: String,
    /// Where it goes on, as the job writes it; none before anything was saved.
    pub position: Option<String>,
    /// What it came to so far, as the job writes it.
    pub totals: Option<String>,
    /// When it started, in milliseconds since 1970.
    pub started_at_ms: i64,
    /// When it had compared everything.
    pub finished_at_ms: Option<i64>,
}

/// An entity of which all fields with a copy in one system were compared. What could not be read is none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Checked {
    /// The entity.
    pub entity: Entity,
    /// The system that holds the copy.
    pub copy_system: String,
}

/// How much of a field was compared with one copy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldDrift {
    /// The type.
    pub entity_type: String,
    /// The field.
    pub field: String,
    /// The system that owns it.
    pub owner_system: String,
    /// The system that holds the copy.
    pub copy_system: String,
    /// Values that were compared.
    pub n_checked: i64,
    /// Those that differed.
    pub n_drifted: i64,
}

/// What a run has done since it last saved.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// Where it goes on.
    pub position: String,
    /// What it came to so far, as JSON.
    pub totals: String,
    /// What it has compared.
    pub checked: Vec<Checked>,
    /// What it has found.
    pub found: Vec<Found>,
    /// How much of each field, since it last saved.
    pub fields: Vec<FieldDrift>,
}

/// Which runs. What is empty does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunFilter {
    /// That compared a field of one of these types.
    pub entity_types: Vec<String>,
    /// That compared copies in one of these systems.
    pub copy_systems: Vec<String>,
}

const COLUMNS: &str = "id, options, position, totals, started_at_ms, finished_at_ms";

impl Store {
    /// Begins a run.
    pub async fn begin_run(&self, options: &str, at_ms: i64) -> Result<Run, LedgerError> {
        let sql =
            format!("insert into reconciliation_run (options, started_at_ms) values ($1, $2) returning {COLUMNS}");
        let mut lease = self.begin().await?;
        let rows = lease.fetch(Statement::of(sql).with(options).with(at_ms)).await?;
        lease.commit().await?;
        rows.first().map(read).unwrap_or_else(|| Err(LedgerError::Refused("a run was not begun".to_owned())))
    }

    /// Returns the last run with the same options, if it has not finished.
    pub async fn unfinished_run(&self, options: &str) -> Result<Option<Run>, LedgerError> {
        let sql = format!("select {COLUMNS} from reconciliation_run where options = $1 order by id desc limit 1");
        let run = self.ask(Statement::of(sql).with(options)).await?.first().map(read).transpose()?;
        Ok(run.filter(|run| run.finished_at_ms.is_none()))
    }

    /// Saves what a run has done: where it goes on, what it has found, and that what it has not found again is resolved.
    pub async fn save_run(&self, run: RunId, progress: &Progress, at_ms: i64) -> Result<(), LedgerError> {
        let mut lease = self.begin().await?;
        findings::record(&mut lease, run, &progress.checked, &progress.found, at_ms).await?;
        if !progress.fields.is_empty() {
            let mut statement = Statement::of(
                "insert into reconciliation_field (run, entity_type, field, owner_system, copy_system, n_checked, \
                 n_drifted) values ",
            );
            for (n, field) in of_each(&progress.fields).into_iter().enumerate() {
                statement.push(if n == 0 { "" } else { ", " });
                let FieldDrift { entity_type, field, owner_system, copy_system, n_checked, n_drifted } = field;
                statement.push_values([
                    Value::from(run.0),
                    entity_type.into(),
                    field.into(),
                    owner_system.into(),
                    copy_system.into(),
                    n_checked.into(),
                    n_drifted.into(),
                ]);
            }
            statement.push(
                " on conflict (run, entity_type, field, copy_system) do update set n_checked = \
                 reconciliation_field.n_checked + excluded.n_checked, n_drifted = reconciliation_field.n_drifted + \
                 excluded.n_drifted",
            );
            lease.execute(statement).await?;
        }
        let saved = "update reconciliation_run set position = $1, totals = $2 where id = $3";
        let saved = Statement::of(saved).with(progress.position.as_str()).with(progress.totals.as_str()).with(run.0);
        lease.execute(saved).await?;
        lease.commit().await
    }

    /// Says that a run has compared everything.
    pub async fn finish_run(&self, run: RunId, totals: &str, at_ms: i64) -> Result<(), LedgerError> {
        let sql = "update reconciliation_run set finished_at_ms = $1, totals = $2 where id = $3";
        let mut lease = self.begin().await?;
        lease.execute(Statement::of(sql).with(at_ms).with(totals).with(run.0)).await?;
        lease.commit().await
    }

    /// Returns the last runs, the last one first.
    pub async fn runs(&self, n_max: usize) -> Result<Vec<Run>, LedgerError> {
        let sql = format!("select {COLUMNS} from reconciliation_run order by id desc limit {n_max}");
        self.ask(Statement::of(sql)).await?.iter().map(read).collect()
    }

    /// Returns the runs with these ids, in no order.
    pub async fn runs_with(&self, ids: &[RunId]) -> Result<Vec<Run>, LedgerError> {
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(IDS_PER_STATEMENT) {
            let mut statement = Statement::of(format!("select {COLUMNS} from reconciliation_run where id in "));
            statement.push_values(ids.iter().map(|run| run.0));
            for row in self.ask(statement).await? {
                found.push(read(&row)?);
            }
        }
        Ok(found)
    }

    /// Returns how much of each field a run has compared, by type and field.
    pub async fn field_drift(&self, run: RunId) -> Result<Vec<FieldDrift>, LedgerError> {
        let sql = "select entity_type, field, owner_system, copy_system, n_checked, n_drifted from reconciliation_field \
                   where run = $1 order by entity_type, field, copy_system";
        let read = |row: &Row| {
            Ok(FieldDrift {
                entity_type: row.text(0)?,
                field: row.text(1)?,
                owner_system: row.text(2)?,
                copy_system: row.text(3)?,
                n_checked: row.number(4)?,
                n_drifted: row.number(5)?,
            })
        };
        self.ask(Statement::of(sql).with(run.0)).await?.iter().map(read).collect()
    }
}

impl RunFilter {
    /// Adds its conditions.
    pub(super) fn push(&self, to: &mut Statement) {
        if self.entity_types.is_empty() && self.copy_systems.is_empty() {
            return;
        }
        to.push(" and id in (select run from reconciliation_field where 1 = 1");
        push_any(to, "entity_type", self.entity_types.iter().map(String::as_str));
        push_any(to, "copy_system", self.copy_systems.iter().map(String::as_str));
        to.push(")");
    }
}

/// Adds up what is said of the same field: a statement must not write a row twice.
fn of_each(fields: &[FieldDrift]) -> Vec<FieldDrift> {
    let mut each: BTreeMap<(&str, &str, &str), FieldDrift> = BTreeMap::new();
    for field in fields {
        let key = (field.entity_type.as_str(), field.field.as_str(), field.copy_system.as_str());
        let sum = each.entry(key).or_insert_with(|| FieldDrift { n_checked: 0, n_drifted: 0, ..field.clone() });
        sum.n_checked += field.n_checked;
        sum.n_drifted += field.n_drifted;
    }
    each.into_values().collect()
}

fn read(row: &Row) -> Result<Run, LedgerError> {
    Ok(Run {
        id: RunId(row.number(0)?),
        options: row.text(1)?,
        position: row.text_or_null(2)?,
        totals: row.text_or_null(3)?,
        started_at_ms: row.number(4)?,
        finished_at_ms: row.number_or_null(5)?,
    })
}
