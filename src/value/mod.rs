//! The words all else is said in: identities, keys, arguments, scalars and the shape of a record.
//!
//! Reading order: `id`, `key`, `argument`, `input`, `scalar`, `shape`, `adaptation`, `json`, `duration`. Nothing here knows a contract, a clock or a network.

mod adaptation;
mod argument;
mod duration;
mod id;
mod input;
mod json;
mod key;
mod scalar;
mod shape;

pub use adaptation::{Adaptation, Adaptations};
pub use argument::Argument;
pub use duration::{duration_text, parse_duration};
pub use id::{DomainId, GroupId, ListId, ShapeId, SystemId, TypeId};
pub use input::Input;
pub use json::{write_json_string, write_json_text};
pub use key::Key;
pub use scalar::{EnumWords, Leaf, LeafError, Scalar};
pub use shape::{Nesting, Shape, Slot, SlotKind, Variant};
