//! The dataset in a shop that speaks GraphQL.

use std::any::Any;

use futures_util::FutureExt;
use serde_json::Value;

use super::{super::dataset::Dataset, Rig};
use crate::common::graphql_server::GraphQlServer;

pub async fn graphql(dataset: &Dataset) -> Rig {
    let rows = |rows: &[serde_json::Map<String, Value>]| rows.iter().cloned().map(Value::Object).collect();
    let server = GraphQlServer::start(rows(&dataset.products), rows(&dataset.prices)).await;
    // No more at once than such servers give, whatever they are asked for.
    server.set(|manners| manners.rows_max = 50);
    let (counted, stalled) = (server.clone(), server.clone());
    let stall = move || {
        let server = stalled.clone();
        async move { Box::new(server.stall().await) as Box<dyn Any + Send> }.boxed()
    };
    Rig {
        system_file: include_str!("../../../contracts/kinds/graphql.toml"),
        env: vec![("ERP_URL", server.url.clone())],
        calls: Some(Box::new(move || counted.calls())),
        stall: Some(Box::new(stall)),
        _alive: Box::new(server),
    }
}
