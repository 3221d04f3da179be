//! A loader's batch: one MGET, then the database for what was not there, whose records are kept behind the answer.

use std::{collections::HashMap, fmt::Display, future::Future, hash::Hash, marker::PhantomData, sync::Arc};

use async_graphql::dataloader::Loader;
use redis::{AsyncCommands, aio::MultiplexedConnection};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::postgres::PgPool;

/// How long an entry lives: longer than the bench.
const SECONDS: u64 = 2 * 60 * 60;

/// What is looked up by key, cached one by one.
pub trait Record: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What it is looked up by.
    type Key: Clone + Eq + Hash + Send + Sync + 'static;

    /// Returns the name of its entry.
    fn entry(key: &Self::Key) -> String;

    /// Asks the database for many.
    fn select(
        pool: &PgPool,
        keys: &[Self::Key],
    ) -> impl Future<Output = Result<HashMap<Self::Key, Self>, sqlx::Error>> + Send;
}

/// The loader of one kind of record.
pub struct Cached<R> {
    pool: PgPool,
    redis: Option<MultiplexedConnection>,
    record: PhantomData<fn() -> R>,
}

/// Why the database said nothing.
#[derive(Debug, Clone)]
pub struct Failure(Arc<sqlx::Error>);

impl Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

impl<R: Record> Cached<R> {
    /// Makes a loader; without Redis it asks the database for everything.
    pub fn new(pool: PgPool, redis: Option<MultiplexedConnection>) -> Self {
        Self { pool, redis, record: PhantomData }
    }

    async fn find(redis: &MultiplexedConnection, keys: &[R::Key]) -> Vec<Option<R>> {
        let entries: Vec<String> = keys.iter().map(R::entry).collect();
        // A cache that fails has nothing.
        let texts: Vec<Option<Vec<u8>>> = redis.clone().mget(&entries).await.unwrap_or_default();
        texts.into_iter().map(|text| serde_json::from_slice(&text?).ok()).collect()
    }

    fn keep(redis: &MultiplexedConnection, records: &HashMap<R::Key, Arc<R>>, keys: &[R::Key]) {
        let mut pipeline = redis::pipe();
        for key in keys {
            if let Some(text) = records.get(key).and_then(|record| serde_json::to_vec(&**record).ok()) {
                pipeline.set_ex(R::entry(key), text, SECONDS).ignore();
            }
        }
        let mut redis = redis.clone();
        tokio::spawn(async move {
            // What cannot be kept is asked for again.
            let _ = pipeline.query_async::<()>(&mut redis).await;
        });
    }
}

impl<R: Record> Loader<R::Key> for Cached<R> {
    type Value = Arc<R>;
    type Error = Failure;

    async fn load(&self, keys: &[R::Key]) -> Result<HashMap<R::Key, Arc<R>>, Failure> {
        let mut records = HashMap::with_capacity(keys.len());
        if let Some(redis) = &self.redis {
            let found = Self::find(redis, keys).await;
            records.extend(keys.iter().zip(found).filter_map(|(key, record)| Some((key.clone(), Arc::new(record?)))));
        }
        if records.len() == keys.len() {
            return Ok(records);
        }
        let missing: Vec<R::Key> = keys.iter().filter(|key| !records.contains_key(key)).cloned().collect();
        let selected = R::select(&self.pool, &missing).await.map_err(|error| Failure(Arc::new(error)))?;
        records.extend(selected.into_iter().map(|(key, record)| (key, Arc::new(record))));
        if let Some(redis) = &self.redis {
            Self::keep(redis, &records, &missing);
        }
        Ok(records)
    }
}
