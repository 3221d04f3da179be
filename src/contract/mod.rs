//! The contract: SDL and TOML as written, compiled into what the program runs on.
//!
//! Reading order: `model` (the compiled contract).

mod model;

pub use model::{
    Answer, Argument, Contract, Domain, Entity, EnumValue, Feed, Field, Group, GroupBinding, List, ListUse, Object,
    OnOutage, OrderColumn, PagingField, Reference, Role, Secret, System, SystemKind, Type, TypeKind, TypeRef,
    TypeRefKind,
};
