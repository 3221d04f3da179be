//! One contract, one dataset, every kind of system: the same question has the same answer, byte for byte of its data,
//! whoever holds the rows.
//!
//! Reading order: `dataset` (the rows), `rig` (each kind serving them), `suite` (the behaviours). A kind joins with a line
//! in the table below; `the_table_in_the_readme_is_this_one` keeps the README true.

mod dataset;
mod rig;
mod suite;

use std::path::Path;

/// Makes the table: kinds down, behaviours across, one test each.
macro_rules! table {
    ([$($behaviour:ident),* $(,)?] $kinds:tt) => {
        table!(@kinds [$($behaviour),*] $kinds);

        /// The behaviours, in the order of the table's columns.
        const BEHAVIOURS: &[&str] = &[$(stringify!($behaviour)),*];
    };
    (@kinds $behaviours:tt [$($(#[$built:meta])? $kind:ident),* $(,)?]) => {
        $($(#[$built])? table!(@kind $kind $behaviours);)*

        /// The kinds, in the order of the table's rows, whether this build speaks them or not.
        const KINDS: &[&str] = &[$(stringify!($kind)),*];
    };
    (@kind $kind:ident [$($behaviour:ident),*]) => {
        mod $kind {
            use super::{dataset::Dataset, rig, suite};
            $(
                #[tokio::test]
                async fn $behaviour() {
                    let dataset = Dataset::new();
                    let rig = rig::$kind(&dataset).await;
                    suite::$behaviour(&suite::Asked::start(stringify!($kind), rig, dataset)).await;
                }
            )*
        }
    };
}

table!(
    [batch, parts, several_key_fields, lists, paging, exact_numbers, absent_rows, awkward_keys, wrong_types, one_bad_row, stalls]
    [sqlite, postgres, mysql, #[cfg(feature = "odbc")] odbc, rest, odata_v2, odata_v4, graphql, file_csv, file_json]
);

#[test]
fn the_table_in_the_readme_is_this_one() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("a README");
    let mut table = format!("| kind | {} |\n", BEHAVIOURS.join(" | ").replace('_', " "));
    table += &format!("|{}\n", " --- |".repeat(BEHAVIOURS.len() + 1));
    for kind in KINDS {
        table += &format!("| {} |{}\n", kind.replace('_', " "), " ✓ |".repeat(BEHAVIOURS.len()));
    }
    assert!(readme.contains(&table), "the README should hold:\n\n{table}");
}
