//! The demo company's systems as their owners run them: the PIM answers REST and the shop GraphQL, each on a free
//! loopback port; the ERP is a file that is opened.
//!
//! In: the filled databases. Out: running servers, and the address of each system by the name of its variable.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

use async_graphql::Request;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use tokio::{net::TcpListener, task::JoinHandle};

use super::{
    DemoError, DemoSystems, pim_api,
    shop_schema::{ShopSchema, schema},
};

/// How many questions a server answers at once.
const CONNECTIONS_MAX: u32 = 4;

/// The demo company's systems, running until this is dropped.
#[derive(Debug)]
pub struct DemoServers {
    urls: [(&'static str, String); 3],
    running: [JoinHandle<()>; 2],
}

impl DemoServers {
    /// Returns the address of a system by the variable that its file names.
    pub fn url(&self, variable: &str) -> Option<String> {
        self.urls.iter().find(|(name, _)| *name == variable).map(|(_, url)| url.clone())
    }
}

impl Drop for DemoServers {
    fn drop(&mut self) {
        self.running.iter().for_each(JoinHandle::abort);
    }
}

/// Starts the systems of a filled company on the runtime at hand.
///
/// *Errors*: no port is free, or a file cannot be opened.
pub async fn serve(systems: &DemoSystems) -> Result<DemoServers, DemoError> {
    let (pim, pim_running) = start(pim_api::routes(opened(&systems.pim).await?)).await?;
    let shop = Router::new().route("/graphql", post(answer)).with_state(schema(opened(&systems.shop).await?));
    let (shop, shop_running) = start(shop).await?;
    Ok(DemoServers {
        urls: [
            ("ERP_URL", systems.erp.display().to_string()),
            ("PIM_URL", format!("http://{pim}")),
            ("SHOP_URL", format!("http://{shop}/graphql")),
        ],
        running: [pim_running, shop_running],
    })
}

/// Opens a server's database.
async fn opened(path: &Path) -> Result<SqlitePool, DemoError> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    Ok(SqlitePoolOptions::new().max_connections(CONNECTIONS_MAX).connect_with(options).await?)
}

/// Serves on a free loopback port.
async fn start(router: Router) -> Result<(SocketAddr, JoinHandle<()>), DemoError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(DemoError::Port)?;
    let address = listener.local_addr().map_err(DemoError::Port)?;
    let serving = async move {
        // It ends when it is aborted; an accept that fails is tried again inside.
        let _ = axum::serve(listener, router).await;
    };
    Ok((address, tokio::spawn(serving)))
}

/// Answers one question to the shop.
async fn answer(State(shop): State<ShopSchema>, body: Bytes) -> Response {
    let Ok(request) = serde_json::from_slice::<Request>(&body) else {
        return (StatusCode::BAD_REQUEST, "this is no GraphQL request").into_response();
    };
    match serde_json::to_vec(&shop.execute(request).await) {
        Ok(answer) => ([(header::CONTENT_TYPE, "application/json")], answer).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
