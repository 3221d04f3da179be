//! Access: who asks, as whom, and for which accounts.
//!
//! Reading order: `caller` (who asks), `sight` (whose rows they may see).

mod caller;
mod sight;

pub use caller::{Accounts, Caller, Permissions};
pub use sight::{Rows, Sight};
