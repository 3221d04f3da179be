//! Test machinery: private servers, contracts built by hand, an engine over a contract folder. Kept small on purpose.

pub mod binding;
pub mod engine;
pub mod fault_proxy;
pub mod graphql_server;
pub mod mariadb;
pub mod odata_server;
pub mod postgres;
pub mod process;
pub mod readme;
pub mod redis;
pub mod resident;
pub mod rest_server;
pub mod served;
pub mod system;
