//! The audit trail: who asked for whose data, as log lines of a target of its own.
//!
//! A line has no data, no token and no amount. Names that are e-mail addresses are written as a hash, which is the same each
//! time: who asked often can be seen, and who that is only by whoever knows the address.

use std::borrow::Cow;

use tracing::info;

use super::event::Audit;

/// The target of the trail, by which it is filtered.
pub(super) const TARGET: &str = "audit";

/// How many characters of a hash are written: nobody has as many customers as would share one.
const HASH_LENGTH: usize = 16;

/// The longest name that is written.
const NAME_BYTES_MAX: usize = 120;

/// Writes a line.
pub(super) fn write(audit: &Audit<'_>) {
    let accounts = audit.n_accounts.map_or(Cow::Borrowed("all"), |n| Cow::Owned(n.to_string()));
    info!(
        target: TARGET,
        {
            caller.subject = &*name(audit.subject),
            caller.issuer = audit.issuer,
            caller.audience = audit.audience,
            caller.accounts = &*accounts,
            acting.account = audit.acting_account.map(name).as_deref(),
            acting.login = audit.acting_login.map(name).as_deref(),
            operation.name = audit.operation.map(short),
            audit.types = audit.owned_types.join(",").as_str(),
            request.status = audit.status
        },
        "audit"
    );
}

/// Returns a name as it may stand in a log.
fn name(name: &str) -> Cow<'_, str> {
    if name.contains('@') {
        return Cow::Owned(format!("mail:{}", &blake3::hash(name.as_bytes()).to_hex()[..HASH_LENGTH]));
    }
    Cow::Borrowed(short(name))
}

/// Returns the beginning of a name, which whoever gives it may have made as long as they like.
pub(super) fn short(name: &str) -> &str {
    &name[..name.floor_char_boundary(NAME_BYTES_MAX)]
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use super::*;
    use crate::telemetry::{Event, Telemetry};

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_says_who_asked_as_whom_and_never_an_address() {
        let (written, operation) = (Written::default(), "OrderPage".repeat(10_000));
        let writer = written.clone();
        let lines = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
        tracing::subscriber::with_default(lines, || {
            Telemetry::new().emit(&Event::Audited(Audit {
                subject: "agent-3",
                issuer: Some("shop"),
                audience: Some("storefront"),
                acting_account: Some("100042"),
                acting_login: Some("ann@example.com"),
                operation: Some(&operation),
                n_accounts: Some(1),
                owned_types: &["Account", "Order"],
                status: "complete",
            }));
            Telemetry::new().emit(&Event::RequestAnswered {
                operation: Some(&operation),
                status: "partial",
                duration: std::time::Duration::ZERO,
                n_errors: 0,
                n_fetches: 0,
                n_bytes: 0,
            });
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        for part in [
            " audit: audit ",
            "caller.subject=\"agent-3\"",
            "caller.accounts=\"1\"",
            "acting.account=\"100042\"",
            "acting.login=\"mail:",
            format!("operation.name=\"{}\"", &operation[..NAME_BYTES_MAX]).as_str(),
            "audit.types=\"Account,Order\"",
            "request.status=\"complete\"",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("example.com"), "{text}");
        assert!(text.contains("request.status=\"partial\"") && text.len() < 1_000, "{} bytes", text.len());
    }

    #[test]
    fn a_name_is_short_and_no_address() {
        assert_eq!(name("u-17"), "u-17");
        assert_eq!(name("a@b").len(), "mail:".len() + HASH_LENGTH);
        assert_eq!((name("a@b"), name(&"é".repeat(200)).len()), (name("a@b"), 120));
    }
}
