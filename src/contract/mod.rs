//! The contract: SDL and TOML as written, compiled into what the program runs on.
//!
//! Reading order: `model` (the compiled contract), `public` (the schema a caller sees).

mod model;
mod public;

pub use model::{
    Answer, Argument, Contract, Domain, Entity, EnumValue, Feed, Field, Group, GroupBinding, List, ListUse, Object,
    OnOutage, OrderColumn, PagingField, Reference, Role, Secret, System, SystemKind, Type, TypeKind, TypeRef,
    TypeRefKind,
};
pub use public::{KeptDocument, PublicSchema};
