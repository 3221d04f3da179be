//! The contract: SDL and TOML as written, compiled into what the program runs on.
//!
//! Reading order: `model` (the compiled contract), `visibility` (who has what of it), `public` and `reach` (the schema a caller sees), `files` and `load` (the
//! way in); as written: `sdl`, `place`, `merge`, `directive`, `reader`, `settings`, `freshness`, `hierarchy`, `system`, `guards`, `http`,
//! `drop`, `dialect`, `binding`, `changes`, `access`, `documents`, `limits`, `cost`, `env`, `secrets`,
//! `placeholder`, `condition`, `template`, `rule_inputs`, `rule_settings`, `provenance`; checked by
//! `type_system`; compiled by `compile`; then `version`, `ownership` and `diff`.

mod access;
mod binding;
mod changes;
mod compile;
mod condition;
mod cost;
mod dialect;
mod diff;
mod directive;
mod documents;
mod drop;
mod env;
mod files;
mod freshness;
mod guards;
mod hierarchy;
mod http;
mod limits;
mod load;
mod merge;
mod model;
mod ownership;
mod place;
mod placeholder;
mod provenance;
mod public;
mod reach;
mod reader;
mod rule_inputs;
mod rule_settings;
mod sdl;
mod secrets;
mod settings;
mod system;
mod template;
mod type_system;
mod version;
mod visibility;

pub use access::{
    Access, AccountsClaim, ActAs, Algorithm, AudienceClaim, ClaimPath, Claims, Granted, Issuer, IssuerKeys, RolesClaim,
};
pub use binding::{
    Blank, BlankForm, CONNECTION_VARIABLES, Complete, Counter, Crossref, Csv, Delivery, Empty, FailureKind, Failures,
    FileGroup, FileList, FilePart, Form, GraphQlDocument, GraphQlGroup, GraphQlKeys, GraphQlList, GraphQlMeaning,
    GraphQlPaging, GraphQlPiece, GraphQlRoot, GraphQlVariable, InsideGroup, InsideList, InsideTable, KeyMapping,
    NextLink, OdataDialect, OdataGroup, OdataList, OdataServer, OdataSet, OdataType, OdataVersion, PageTarget, Paging,
    Piece, RestCall, RestGroup, RestList, RowsAt, SqlGroup, SqlList, TextTemplate, ValueTemplate,
};
pub use changes::{
    Changes, Deletes, Encoding, Handshake, Hint, Listen, ListenedType, Overlap, Part, Proof, ReplicatedTable,
    Replication, Signature, SignedPiece, SignedTime, Watermark, Webhook, When,
};
pub use condition::{Condition, ConditionError, ConditionPiece};
pub use cost::{ListSize, Weight};
pub use dialect::{Dialect, SqlPaging};
pub use diff::{Change, ChangeKind, diff, diff_json, diff_text};
pub use documents::{Document, Documents, document_hash};
pub use drop::FileSystem;
pub use files::{Files, ReadError, read_folder};
pub use guards::{BreakerLimits, Guards, RateLimit};
pub use hierarchy::Hierarchy;
pub use http::{Auth, HttpSystem};
pub use limits::{AudienceLimits, CallerRate, Limits, Priority};
pub use load::{Loaded, load, read_manifest};
pub use model::{
    Answer, Argument, Contract, Domain, Entity, EnumValue, Feed, Field, Group, GroupBinding, HeldCopy, List,
    ListBinding, ListUse, Narrowed, Object, OnOutage, OrderColumn, Own, PagingField, Reference, Role, RuleInput,
    RuleUse, Scope, Secret, System, SystemKind, Type, TypeKind, TypeRef, TypeRefKind,
};
pub use ownership::{OwnershipRow, ownership, ownership_json, ownership_markdown, ownership_text};
pub use placeholder::{Placeholder, Scanned, Unreadable, Usage, scan};
pub use public::{KeptDocument, PublicSchema, input_of};
pub use visibility::Visibility;

/// Finds the name that somebody who wrote `written` probably meant.
fn nearest<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (written.chars().count() / 3).clamp(1, 3);
    names.map(|name| (distance(written, name), name)).filter(|(d, _)| *d <= limit).min().map(|(_, name)| name)
}

/// How many letters must be changed, added or left out to make one word the other; case does not count.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.to_lowercase().chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
