//! The feed of everything that is committed, `[changes.replication]`.
//!
//! The server keeps what was not confirmed, so there is no gap between two connections, nor between two processes: what
//! changed meanwhile comes first. There is one only where the slot is another than it was; then all is recalled. A
//! transaction is confirmed when all of it was recalled.

use std::time::Duration;

use super::{ear::Ear, gathered::Gathered, pauses::Pauses, spelled};
use crate::{
    contract::{ReplicatedTable, Replication},
    fetch::{Clock, FetchError, SystemClock},
    source::{Position, Relation, Replica, Replicated, Since, Value},
    value::TypeId,
};

/// Replicates for as long as it is let.
pub(super) async fn run(ear: Ear) {
    let Some(replication) = &ear.changes().replication else { return };
    let mut pauses = Pauses::default();
    // Up to where this process knows all changes.
    let mut known: Option<Position> = None;
    loop {
        let error = match Replica::connect(ear.contract(), ear.system(), replication).await {
            Err(error) => error,
            Ok((mut replica, since)) => follow(&ear, replication, &mut replica, since, &mut known, &mut pauses).await,
        };
        ear.lost(error);
        pauses.wait().await;
    }
}

/// Takes in what is replicated until the connection breaks.
async fn follow(
    ear: &Ear,
    replication: &Replication,
    replica: &mut Replica,
    since: Since,
    known: &mut Option<Position>,
    pauses: &mut Pauses,
) -> FetchError {
    let mut gathered = Gathered::default();
    let mut is_gap = match (since, &*known) {
        (Since::Now, _) => true,
        // Another has confirmed what this process never heard, or the slot was made anew.
        (Since::Confirmed(confirmed), Some(known)) => confirmed > *known,
        (Since::Confirmed(_), None) => false,
    };
    let mut is_heard = false;
    loop {
        let replicated = match replica.next().await {
            Ok(replicated) => replicated,
            Err(error) => return error,
        };
        if !std::mem::replace(&mut is_heard, true) {
            // Not before something came: the server may have refused to begin.
            if std::mem::take(&mut is_gap) {
                ear.tell_all(entities(replication)).await;
            }
            ear.connected();
            *pauses = Pauses::default();
        }
        let position = match replicated {
            Replicated::Row(relation, tuples) => {
                read(replication, &relation, &tuples, &mut gathered);
                continue;
            }
            Replicated::Emptied(relation) => {
                tables(replication, &relation).for_each(|table| gathered.add_all(table.entity));
                continue;
            }
            Replicated::Unreadable(why) => {
                entities(replication).for_each(|entity| gathered.add_all(entity));
                ear.unread(why);
                continue;
            }
            Replicated::Committed { position, at_ms } => {
                let lag_ms = SystemClock.now_ms().saturating_sub(at_ms);
                ear.behind(Duration::from_millis(u64::try_from(lag_ms).unwrap_or(0)));
                position
            }
            Replicated::Idle(position) => {
                ear.behind(Duration::ZERO);
                position
            }
        };
        ear.tell(&mut gathered).await;
        replica.confirm(position);
        *known = (*known).max(Some(position));
    }
}

fn entities(replication: &Replication) -> impl Iterator<Item = TypeId> {
    replication.tables.iter().map(|table| table.entity)
}

fn tables<'r>(replication: &'r Replication, relation: &'r Relation) -> impl Iterator<Item = &'r ReplicatedTable> {
    replication.tables.iter().filter(|table| table.schema == relation.schema && table.name == relation.name)
}

/// Finds whose row was written: whose it was, and whose it is.
fn read(replication: &Replication, relation: &Relation, tuples: &[Vec<Value>], gathered: &mut Gathered) {
    for table in tables(replication, relation) {
        let at = |column: &String| relation.columns.iter().position(|known| known == column);
        let places: Option<Vec<usize>> = table.key.iter().map(at).collect();
        for tuple in tuples {
            let text = |place: &usize| match tuple.get(*place) {
                Some(Value::Text(text)) => Some(text.as_str()),
                // A part of the key that the table's replica identity leaves out, or a row of nobody.
                Some(Value::Null | Value::Unchanged) | None => None,
            };
            match places.as_ref().and_then(|places| places.iter().map(text).collect::<Option<Vec<&str>>>()) {
                Some(texts) => spelled::add(gathered, table.entity, &table.spellings, &texts),
                None => gathered.add_all(table.entity),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Key, Spelling};

    fn told(columns: &[&str], tuples: &[Vec<Value>]) -> Vec<(TypeId, Option<Vec<Key>>)> {
        let table = ReplicatedTable {
            schema: "public".to_owned(),
            name: "item".to_owned(),
            entity: TypeId(3),
            key: vec!["company".to_owned(), "item_no".to_owned()],
            spellings: vec![vec![Spelling::default(), Spelling::default()]],
        };
        let (slot, publication) = ("freehold".to_owned(), "freehold".to_owned());
        let replication = Replication { slot, publication, create_slot: false, tables: vec![table] };
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        let relation = Relation { id: 1, schema: "public".to_owned(), name: "item".to_owned(), columns };
        let mut gathered = Gathered::default();
        read(&replication, &relation, tuples, &mut gathered);
        gathered.take().collect()
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn a_row_is_told_by_the_key_it_had_and_the_key_it_has() {
        let columns = ["item_no", "name", "company"];
        let keys = |keys: &[[&str; 2]]| keys.iter().map(|key| Key::of(*key).unwrap()).collect::<Vec<_>>();
        let (before, after) = (vec![text("A"), Value::Null, text("1")], vec![text("B"), Value::Unchanged, text("1")]);
        assert_eq!(told(&columns, &[before, after.clone()]), [(TypeId(3), Some(keys(&[["1", "A"], ["1", "B"]])))]);
        let unnamed = vec![Value::Null, Value::Null, text("1")];
        assert_eq!(told(&columns, &[unnamed]), [(TypeId(3), None)], "the identity leaves out a part of the key");
        assert_eq!(told(&["item_no", "name"], &[after]), [(TypeId(3), None)], "the column is not published");
    }
}
