//! Sources: the conformance suite that every kind passes, and what only one kind has.

mod conformance;
mod file;
mod graphql;
mod odata;
mod outage;
mod paging;
mod postgres;
mod rest;
mod stack;

/// Makes each behaviour a test of each kind.
macro_rules! on_every_kind {
    ($($behaviour:ident),* $(,)?) => {
        mod on_postgres {
            $(#[tokio::test]
            async fn $behaviour() {
                super::$behaviour(crate::common::system::System::postgres()).await;
            })*
        }
        mod on_sqlite {
            $(#[tokio::test]
            async fn $behaviour() {
                super::$behaviour(crate::common::system::System::sqlite()).await;
            })*
        }
    };
}
use on_every_kind;
