//! Access: who asks, as whom, and for which accounts.
//!
//! Reading order: `caller` (who asks, and what they may see).

mod caller;

pub use caller::{Accounts, Caller, Permissions};
