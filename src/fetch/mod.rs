//! The question put to an owner and its answer.
//!
//! Reading order: `owner` (the trait and its questions), `page` (lists), `error` (why an owner did not answer), `record`
//! (one field group of one entity, with its stamp), `tape` (how a record's bytes are read), `cell` (one value as a
//! source read it), `lay` (rows become records, checked against their types once), `turns` (how often a system
//! may be called), `clock`.

mod cell;
mod clock;
mod error;
mod lay;
mod owner;
mod page;
mod record;
mod tape;
mod turns;

pub use cell::Cell;
pub use clock::{Clock, SystemClock, steady_ms};
pub use error::{FetchError, FetchErrorKind, FetchFailure, TooOld};
pub use lay::{Layout, PartLayout, PartRows};
pub use owner::{Fetch, Outcome, Owner};
pub use page::{Count, Cursor, Direction, LeftOut, ListFetch, ListItem, Page, Window};
pub use record::{Record, Stamp, Violation};
pub use tape::{Entry, Table, TableWriter};
pub use turns::{Lent, Turn, TurnLimit, Turns};
