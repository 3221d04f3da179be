//! HTTP over real sockets: the audits of GraphQL over HTTP, and the bounds of the server.

mod audits;
mod bombs;
mod bounds;
pub mod client;
mod hostile;
mod kept;
mod pages;
mod schema;
pub mod server;
mod spellings;
mod standing;
