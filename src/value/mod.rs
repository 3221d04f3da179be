//! The words all else is said in: identities, keys, arguments, scalars and the shape of a record.
//!
//! Reading order: `id`, `key` with `spelling`, `argument`, `input`, `scalar`, `shape`, `adaptation` with `decimal`, `pointer`,
//! `json`, `duration`. Nothing here knows a contract, a clock or a network.

mod adaptation;
mod argument;
mod decimal;
mod duration;
mod id;
mod input;
mod json;
mod key;
mod pointer;
mod scalar;
mod shape;
mod spelling;

pub use adaptation::{Adaptation, Adaptations, Per};
pub use argument::Argument;
pub use decimal::compare_decimals;
pub use duration::{duration_text, parse_duration};
pub use id::{AudienceId, DomainId, GroupId, ListId, RuleId, ShapeId, SystemId, TypeId};
pub use input::Input;
pub use json::{json_text, write_json_string};
pub use key::Key;
pub use pointer::{Pointer, PointerError};
pub use scalar::{EnumWords, Leaf, LeafError, Scalar};
pub use shape::{Nesting, Shape, Slot, SlotKind, Variant};
pub use spelling::{Case, Spelling};
