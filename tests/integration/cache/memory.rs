//! How much is kept, and what is not driven out.

use freehold::settings::CacheSettings;

use super::case::{Case, pass};

const MIB: usize = 1024 * 1024;

fn small() -> Case {
    Case::start(1, false, CacheSettings { memory_bytes_max: 4 * MIB, ..CacheSettings::default() })
}

#[tokio::test(start_paused = true)]
async fn an_export_of_many_keys_does_not_drive_out_what_is_asked_often() {
    let case = small();
    for _ in 0..5 {
        case.ask("held", 0..100).await;
    }
    let kept = case.cache().weight();
    case.asked();
    case.ask("held", 1_000..51_000).await;
    assert_eq!(case.cache().weight(), kept, "an export passes through");
    case.asked();
    case.ask("held", 0..100).await;
    assert_eq!(case.asked(), [0; 0]);
}

#[tokio::test(start_paused = true)]
async fn memory_stays_within_its_budget_under_a_scan_of_a_million_keys() {
    let case = small();
    let mut n_asked_again = 0;
    for page in 0..1_000 {
        if page % 10 == 0 {
            case.ask("held", 0..100).await;
            n_asked_again += case.asked().iter().sum::<usize>();
        }
        case.ask("held", 1_000 + page * 1_000..2_000 + page * 1_000).await;
        case.asked();
        let (bytes, entries) = case.cache().weight();
        assert!(bytes <= 4 * MIB as u64 && (page < 30 || entries > 10_000), "{bytes} bytes, {entries} entries");
    }
    pass(1).await;
    assert!(n_asked_again < 2_000, "what is asked often was asked for {n_asked_again} times of 10,000");
}
