//! Findings of reconciliation: where a copy and its owner disagree. They hold commercial values, within bounds.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    exceptions::{IDS_PER_STATEMENT, Page, Paged, State, paged, push_any, push_page, push_state},
    failure::LedgerError,
    observation::Entity,
    runs::{Checked, RunId},
    store::{Lease, Row, Statement, Store, Value},
    text::{KEY_BYTES_MAX, VALUE_BYTES_MAX, WORD_BYTES_MAX, bounded, digest},
};

/// What a copy and its owner disagree in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingKind {
    /// A field has another value.
    Drift,
    /// The owner has the entity, and the copy has not.
    MissingInCopy,
    /// The copy has the entity, and the owner has not.
    MissingInOwner,
    /// One of the values cannot be read.
    Unreadable,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// In what they disagree.
    pub kind: FindingKind,
    /// The entity.
    pub entity: Entity,
    /// The field; none where the whole entity is missing.
    pub field: Option<String>,
    /// The system that owns it.
    pub owner_system: String,
    /// What the owner says.
    pub owner_value: Option<String>,
    /// The system that holds the copy.
    pub copy_system: String,
    /// What the copy says.
    pub copy_value: Option<String>,
}

/// A finding as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is told apart by: a digest of kind, entity, field and both systems.
    pub id: String,
    /// What was found last.
    pub found: Found,
    /// The run that found it last.
    pub run: RunId,
    /// When it was first found, in milliseconds since 1970.
    pub first_seen_ms: i64,
    /// When it was last found.
    pub last_seen_ms: i64,
    /// In how many runs, as far as they do not begin anew.
    pub n_seen: i64,
    /// How often it was found again after it had been resolved.
    pub n_reopened: i64,
    /// When they were found to agree, unless they still differ as far as is known.
    pub resolved_at_ms: Option<i64>,
}

/// Which findings. What is empty or `None` does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FindingFilter {
    /// One of these kinds.
    pub kinds: Vec<FindingKind>,
    /// Of entities of this type.
    pub entity_type: Option<String>,
    /// Of entities with this key.
    pub entity_key: Option<String>,
    /// Of this field.
    pub field: Option<String>,
    /// Of copies in this system.
    pub copy_system: Option<String>,
    /// Found last by this run.
    pub run: Option<RunId>,
    /// Whether they still differ.
    pub state: State,
}

const COLUMNS: &str = "id, run, kind, entity_type, entity_key, field, owner_system, owner_value, copy_system, copy_value, \
                       first_seen_ms, last_seen_ms, n_seen, n_reopened, resolved_at_ms";

const ROWS_PER_STATEMENT: usize = 200;

impl FindingKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Drift, Self::MissingInCopy, Self::MissingInOwner, Self::Unreadable];

    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Drift => "DRIFT",
            Self::MissingInCopy => "MISSING_IN_COPY",
            Self::MissingInOwner => "MISSING_IN_OWNER",
            Self::Unreadable => "UNREADABLE",
        }
    }

    /// Returns the kind of a word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

impl Found {
    fn id(&self) -> String {
        let Entity { type_name, key } = &self.entity;
        let (field, kind) = (self.field.as_deref(), self.kind.word());
        digest(&[Some(kind), Some(type_name), Some(key), field, Some(&self.owner_system), Some(&self.copy_system)])
    }
}

impl Store {
    /// Returns a page of the findings that fit, the last found first.
    pub async fn findings(&self, filter: &FindingFilter, page: &Page) -> Result<Paged<Finding>, LedgerError> {
        let mut statement = Statement::of(format!("select {COLUMNS} from finding where 1 = 1"));
        filter.push(&mut statement);
        let n_rows = push_page(&mut statement, page)?;
        let rows = self.ask(statement).await?.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(paged(rows, n_rows, |finding| (finding.last_seen_ms, &finding.id)))
    }

    /// Returns the findings with these ids, in no order.
    pub async fn findings_with(&self, ids: &[&str]) -> Result<Vec<Finding>, LedgerError> {
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(IDS_PER_STATEMENT) {
            let mut statement = Statement::of(format!("select {COLUMNS} from finding where id in "));
            statement.push_values(ids.iter().copied());
            for row in self.ask(statement).await? {
                found.push(read(&row)?);
            }
        }
        Ok(found)
    }
}

impl FindingFilter {
    /// Adds its conditions.
    pub(super) fn push(&self, to: &mut Statement) {
        push_any(to, "kind", self.kinds.iter().map(|kind| kind.word()));
        push_any(to, "entity_type", self.entity_type.as_deref());
        push_any(to, "entity_key", self.entity_key.as_deref());
        push_any(to, "field", self.field.as_deref());
        push_any(to, "copy_system", self.copy_system.as_deref());
        if let Some(RunId(run)) = self.run {
            to.push(" and run = ");
            to.push_value(run);
        }
        push_state(to, self.state);
    }
}

/// Writes what was found, and resolves what was found earlier of the entities that were checked and is not among it.
pub(super) async fn record(
    lease: &mut Lease<'_>,
    run: RunId,
    checked: &[Checked],
    found: &[Found],
    at_ms: i64,
) -> Result<(), LedgerError> {
    // Each once: a statement must not write a row twice.
    let found: BTreeMap<String, &Found> = found.iter().map(|found| (found.id(), found)).collect();
    resolve(lease, checked, &found.keys().map(String::as_str).collect(), at_ms).await?;
    let found: Vec<_> = found.into_iter().collect();
    for found in found.chunks(ROWS_PER_STATEMENT) {
        let mut statement = Statement::of(format!("insert into finding ({COLUMNS}) values "));
        for (n, (id, found)) in found.iter().enumerate() {
            statement.push(if n == 0 { "" } else { ", " });
            statement.push_values(values(id, found, run, at_ms));
        }
        // A batch that is written again after an interruption is the same sighting.
        statement.push(
            " on conflict (id) do update set owner_value = excluded.owner_value, copy_value = excluded.copy_value, n_seen = \
             finding.n_seen + case when finding.run = excluded.run then 0 else 1 end, n_reopened = finding.n_reopened + case \
             when finding.resolved_at_ms is null then 0 else 1 end, last_seen_ms = excluded.last_seen_ms, run = \
             excluded.run, resolved_at_ms = null",
        );
        lease.execute(statement).await?;
    }
    Ok(())
}

async fn resolve(
    lease: &mut Lease<'_>,
    checked: &[Checked],
    found: &BTreeSet<&str>,
    at_ms: i64,
) -> Result<(), LedgerError> {
    let mut gone: Vec<String> = Vec::new();
    for checked in checked.chunks(ROWS_PER_STATEMENT) {
        let mut statement = Statement::of(
            "select id from finding where resolved_at_ms is null and (entity_type, entity_key, copy_system) in (values ",
        );
        for (n, Checked { entity, copy_system }) in checked.iter().enumerate() {
            statement.push(if n == 0 { "" } else { ", " });
            let (type_name, key) = (bounded(&entity.type_name, WORD_BYTES_MAX), bounded(&entity.key, KEY_BYTES_MAX));
            statement.push_values([type_name, key, bounded(copy_system, WORD_BYTES_MAX)]);
        }
        statement.push(")");
        for row in lease.fetch(statement).await? {
            let id = row.text(0)?;
            if !found.contains(id.as_str()) {
                gone.push(id);
            }
        }
    }
    for gone in gone.chunks(ROWS_PER_STATEMENT) {
        let mut statement = Statement::of("update finding set resolved_at_ms = ");
        statement.push_value(at_ms);
        statement.push(" where id in ");
        statement.push_values(gone.iter().map(String::as_str));
        lease.execute(statement).await?;
    }
    Ok(())
}

fn values(id: &str, found: &Found, run: RunId, at_ms: i64) -> [Value; 15] {
    let word = |text: &str| Value::from(bounded(text, WORD_BYTES_MAX));
    let value = |text: &Option<String>| Value::from(text.as_deref().map(|text| bounded(text, VALUE_BYTES_MAX)));
    [
        id.into(),
        run.0.into(),
        found.kind.word().into(),
        word(&found.entity.type_name),
        bounded(&found.entity.key, KEY_BYTES_MAX).into(),
        found.field.as_deref().map(|field| bounded(field, WORD_BYTES_MAX)).into(),
        word(&found.owner_system),
        value(&found.owner_value),
        word(&found.copy_system),
        value(&found.copy_value),
        at_ms.into(),
        at_ms.into(),
        1.into(),
        0.into(),
        None::<i64>.into(),
    ]
}

fn read(row: &Row) -> Result<Finding, LedgerError> {
    let kind = row.text(2)?;
    let found = Found {
        kind: FindingKind::of_word(&kind)
            .ok_or_else(|| LedgerError::Refused(format!("there is no kind of finding `{kind}`")))?,
        entity: Entity { type_name: row.text(3)?, key: row.text(4)? },
        field: row.text_or_null(5)?,
        owner_system: row.text(6)?,
        owner_value: row.text_or_null(7)?,
        copy_system: row.text(8)?,
        copy_value: row.text_or_null(9)?,
    };
    Ok(Finding {
        id: row.text(0)?,
        found,
        run: RunId(row.number(1)?),
        first_seen_ms: row.number(10)?,
        last_seen_ms: row.number(11)?,
        n_seen: row.number(12)?,
        n_reopened: row.number(13)?,
        resolved_at_ms: row.number_or_null(14)?,
    })
}
