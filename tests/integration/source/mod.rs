//! Sources: the conformance suite that every kind passes, and what only one kind has.

mod conformance;
mod file;
mod graphql;
mod mysql;
mod odata;
#[cfg(feature = "odbc")]
mod odbc;
mod outage;
mod paging;
mod postgres;
mod rest;
mod stack;

/// Makes each behaviour a test of each kind.
macro_rules! on_every_kind {
    ($($behaviour:ident),* $(,)?) => {
        $crate::source::on_kind!(on_postgres, postgres, $($behaviour),*);
        $crate::source::on_kind!(on_mysql, mysql, $($behaviour),*);
        $crate::source::on_kind!(on_sqlite, sqlite, $($behaviour),*);
        #[cfg(feature = "odbc")]
        $crate::source::on_kind!(on_odbc_postgres, odbc_postgres, $($behaviour),*);
        #[cfg(feature = "odbc")]
        $crate::source::on_kind!(on_odbc_sqlite, odbc_sqlite, $($behaviour),*);
    };
}
use on_every_kind;

macro_rules! on_kind {
    ($module:ident, $kind:ident, $($behaviour:ident),*) => {
        mod $module {
            $(#[tokio::test]
            async fn $behaviour() {
                super::$behaviour(crate::common::system::System::$kind()).await;
            })*
        }
    };
}
use on_kind;
