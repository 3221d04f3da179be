//! HTTP over real sockets: the audits of GraphQL over HTTP, and the bounds of the server.

mod audits;
mod bounds;
mod client;
mod kept;
mod pages;
mod schema;
mod server;
