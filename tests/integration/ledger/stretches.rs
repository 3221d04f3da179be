//! Pages for many who ask at once.

use freehold::ledger::{ExceptionFilter, LedgerError, Listed, Page, Stretch};

use super::place::{Place, observed};

const FIRST: Stretch = Stretch { after: None, before: None, rows: 10, is_backward: false };

/// Asks for what is wrong with these accounts.
fn of_accounts(accounts: impl Iterator<Item = usize>) -> Listed {
    let accounts = accounts.map(|number| format!("K{number}")).collect();
    Listed::Exceptions(ExceptionFilter { accounts: Some(accounts), ..ExceptionFilter::default() })
}

/// Each may have a thousand accounts, and what they ask is joined: more values than any statement takes.
#[tokio::test]
async fn many_who_see_many_accounts_are_answered_at_once() {
    for place in Place::both() {
        place.after([observed("K7", 10, &["HOLD", "LATE"]), observed("K69007", 20, &["HOLD"])]).await;
        let store = place.store();
        let listed: Vec<Listed> = (0..70).map(|asking| of_accounts(asking * 1_000..(asking + 1) * 1_000)).collect();
        let stretches = store.stretches(&listed, &FIRST).await.expect("places");
        let counts = store.listed_counts(&listed, 100).await.expect("counts");
        for (asking, (rows, n)) in stretches.iter().zip(counts).enumerate() {
            let expected = match asking {
                0 => 2,
                69 => 1,
                _ => 0,
            };
            assert_eq!((rows.len(), n), (expected, expected as u64), "{asking} {}", place.url);
        }
        assert_eq!((stretches.len(), stretches[69][0].at_ms), (70, 20));
    }
}

/// It says so of what was asked, and nothing of the ledger, which others ask too.
#[tokio::test]
async fn who_asks_with_too_many_values_is_refused() {
    for place in Place::both() {
        let store = place.store();
        let codes = (0..70_000).map(|number| format!("CODE_{number}")).collect();
        let filter = ExceptionFilter { codes, ..ExceptionFilter::default() };
        let listed = [Listed::Exceptions(filter.clone())];
        for refused in [
            store.stretches(&listed, &FIRST).await.map(drop),
            store.listed_counts(&listed, 100).await.map(drop),
            store.exceptions(&filter, &Page::first(10)).await.map(drop),
            store.exceptions_count(&filter).await.map(drop),
            listed[0].check(),
        ] {
            assert!(matches!(&refused, Err(LedgerError::Refused(detail)) if detail.contains("10000")), "{refused:?}");
        }
    }
}
