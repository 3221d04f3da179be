//! The feed of everything that is committed, `[changes.replication]`.
//!
//! The server keeps what was not confirmed, so there is no gap between two connections, nor between two processes: what
//! changed meanwhile comes first. There is one only where the slot is another than it was; then all is recalled. A
//! transaction is confirmed when all of it was recalled, and all processes that share will hear of that.
//!
//! It is the one feed that knows what did *not* change, and may confirm it. It asks the owner how far it has written, and
//! once it has delivered everything up to there, everything that was committed before the question has been recalled. No
//! clock of the owner's has a part in that.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use tokio::{
    sync::mpsc::{Receiver, channel},
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep},
};

use super::{ear::Ear, gathered::Gathered, pauses::Pauses, spelled};
use crate::{
    cache::{Cache, Confirmation},
    contract::{ReplicatedTable, Replication},
    fetch::{Clock, FetchError, SystemClock},
    source::{Position, Relation, Replica, Replicated, Since, Value, Written},
    value::{GroupId, TypeId},
};

/// How often the owner is asked how far it has written, which is how old what is confirmed looks.
const ASKED_EVERY: Duration = Duration::from_secs(1);

/// How often it is looked whether what is held back still has to be.
const HELD_EVERY: Duration = Duration::from_secs(1);

/// What the owner said of how far it has written, and when it was asked.
type Said = Result<(i64, Position), FetchError>;

/// Replicates for as long as it is let.
pub(super) async fn run(ear: Ear) {
    let Some(replication) = &ear.changes().replication else { return };
    let mut pauses = Pauses::default();
    // Up to where this process knows all changes.
    let mut known: Option<Position> = None;
    loop {
        let ended = match Replica::connect(ear.contract(), ear.system(), replication).await {
            Err(error) => Ended::Broken(error),
            Ok((mut replica, since)) => {
                pauses = Pauses::default();
                let session = Session::begin(&ear, replication, since, &mut known).await;
                let ended = session.follow(&mut replica).await;
                // What was held back is sent again, and told or held back anew by then.
                ear.held_back(Duration::ZERO);
                ended
            }
        };
        match ended {
            Ended::Broken(error) => ear.lost(error),
            Ended::Again => ear.lost("what processes share is there again: what it has not heard is replicated again"),
        }
        pauses.wait().await;
    }
}

/// Why a session ended.
enum Ended {
    /// The connection broke, or what it delivers is not everything any more.
    Broken(FetchError),
    /// What was held back can be told to all now.
    Again,
}

/// What is known while one connection lasts.
struct Session<'s> {
    ear: &'s Ear,
    replication: &'s Replication,
    known: &'s mut Option<Position>,
    /// Since when everything that is committed is delivered and told to all, by the clock of this process.
    followed_ms: i64,
    /// The types of which rows may have had another key than was told.
    blind: BTreeSet<TypeId>,
    /// Since when not all processes will hear what this one has heard.
    held: Option<Instant>,
    /// When the owner was asked how far it has written, and how far that was.
    asked: Option<(i64, Position)>,
}

impl<'s> Session<'s> {
    /// Begins where the slot was confirmed. What may have changed unheard is taken back.
    async fn begin(ear: &'s Ear, replication: &'s Replication, since: Since, known: &'s mut Option<Position>) -> Self {
        let mut held = None;
        let is_gap = match (since, &*known) {
            (Since::Now, _) => true,
            // Another has confirmed what this process never heard, or the slot was made anew.
            (Since::Confirmed(confirmed), Some(known)) => confirmed > *known,
            // Who had the slot before told all who share. What this process keeps by itself may have changed unheard.
            (Since::Confirmed(_), None) => {
                ear.cache().forget_all();
                false
            }
        };
        if is_gap && !ear.tell_all(entities(replication)).await {
            held = Some(Instant::now());
        }
        ear.connected();
        let followed_ms = ear.cache().now_ms();
        Self { ear, replication, known, followed_ms, blind: BTreeSet::new(), held, asked: None }
    }

    /// Takes in what is replicated until the connection breaks.
    async fn follow(mut self, replica: &mut Replica) -> Ended {
        let mut gathered = Gathered::default();
        let mut asking = JoinSet::new();
        let mut said = ask(self.ear.cache(), replica.written(), &mut asking);
        let mut held_for = interval(HELD_EVERY);
        held_for.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let replicated = tokio::select! {
                replicated = replica.next() => replicated,
                Some(said) = said.recv() => {
                    match said {
                        // One that waits to be delivered is not put off by the next.
                        Ok(said) => self.asked = self.asked.or(Some(said)),
                        Err(error) => return Ended::Broken(error),
                    }
                    self.confirm().await;
                    continue;
                }
                _ = held_for.tick(), if self.held.is_some() => {
                    if self.is_shared_again().await {
                        return Ended::Again;
                    }
                    continue;
                }
            };
            let position = match replicated {
                Err(error) => return Ended::Broken(error),
                Ok(Replicated::Row(relation, tuples)) => {
                    self.see(&relation);
                    read(self.replication, &relation, &tuples, &mut gathered);
                    continue;
                }
                Ok(Replicated::Emptied(relation)) => {
                    tables(self.replication, &relation).for_each(|table| gathered.add_all(table.entity));
                    continue;
                }
                Ok(Replicated::Unreadable(why)) => {
                    entities(self.replication).for_each(|entity| gathered.add_all(entity));
                    self.ear.unread(why);
                    continue;
                }
                Ok(Replicated::Committed { position, at_ms }) => {
                    let lag_ms = SystemClock.now_ms().saturating_sub(at_ms);
                    self.ear.behind(Duration::from_millis(u64::try_from(lag_ms).unwrap_or(0)));
                    position
                }
                Ok(Replicated::Idle(position)) => {
                    self.ear.behind(Duration::ZERO);
                    position
                }
            };
            if !self.ear.tell(&mut gathered).await {
                self.held.get_or_insert_with(Instant::now);
            }
            *self.known = (*self.known).max(Some(position));
            if self.held.is_none() {
                replica.confirm(position);
                self.confirm().await;
            }
        }
    }

    /// Confirms what did not change, once everything is delivered that was committed before the owner was asked.
    async fn confirm(&mut self) {
        let Some((asked_ms, written)) = self.asked else { return };
        if self.held.is_some() || self.known.is_none_or(|known| known < written) {
            return;
        }
        self.asked = None;
        let contract = self.ear.contract();
        let is_seen = |group: &&GroupId| !self.blind.contains(&contract.group(**group).entity);
        let groups = self.replication.confirms.iter().filter(is_seen).copied().collect();
        let window_ms = (self.followed_ms, asked_ms);
        self.ear.confirm(Confirmation::by_complete_feed(self.ear.system(), groups, window_ms)).await;
    }

    /// Looks whether a row is told by the key it had, too: where the key is no part of the replica identity, it is not.
    fn see(&mut self, relation: &Relation) {
        if self.replication.confirms.is_empty() {
            return;
        }
        for table in tables(self.replication, relation) {
            if !table.key.iter().all(|column| relation.identity.contains(column)) && self.blind.insert(table.entity) {
                let named = &self.ear.contract().ty(table.entity).name;
                self.ear.unread(format!(
                    "nothing of {named} is confirmed: run `alter table {}.{} replica identity full`, or have an index on \
                     its key be the identity",
                    relation.schema, relation.name
                ));
            }
        }
    }

    /// Whether what was held back need not be any more. Once nothing that was kept then can be of use, the system is not
    /// made to keep its changes for it.
    async fn is_shared_again(&mut self) -> bool {
        let held = self.held.map_or(Duration::ZERO, |since| since.elapsed());
        let is_over = held > self.ear.cache().lasting(self.ear.system());
        let is_shared = self.ear.cache().recalls_are_shared().await;
        if is_over && !is_shared {
            self.held = None;
            // Elsewhere, what was asked until now may have changed unheard, and is in memory for as long as it is confirmed.
            (self.followed_ms, self.asked) = (self.ear.cache().now_ms(), None);
        }
        self.ear.held_back(if is_over || is_shared { Duration::ZERO } else { held });
        is_shared
    }
}

/// Asks the owner again and again how far it has written, if anything can be confirmed by that.
fn ask(cache: &Cache, written: Option<Written>, asking: &mut JoinSet<()>) -> Receiver<Said> {
    let (sender, receiver) = channel(1);
    let Some(mut written) = written else { return receiver };
    let cache = cache.clone();
    asking.spawn(async move {
        loop {
            sleep(ASKED_EVERY).await;
            // Before the question: what is committed while it is on its way may be missing in the answer.
            let asked_ms = cache.now_ms();
            let said = written.position().await.map(|position| position.map(|position| (asked_ms, position)));
            let is_over = said.is_err();
            let Some(said) = said.transpose() else { continue };
            if sender.send(said).await.is_err() || is_over {
                return;
            }
        }
    });
    receiver
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
        let replication =
            Replication { slot, publication, create_slot: false, tables: vec![table], confirms: Vec::new() };
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        let relation =
            Relation { id: 1, schema: "public".to_owned(), name: "item".to_owned(), columns, identity: Vec::new() };
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
