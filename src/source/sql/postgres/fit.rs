//! What texts PostgreSQL's types take. Pure.
//!
//! In: a type as the server names it. Out: the texts it takes.

use std::sync::Arc;

use sqlx::{
    TypeInfo,
    postgres::{PgTypeInfo, PgTypeKind},
};

use super::super::fit::Fit;

/// Finds what texts a type takes.
pub fn fit(ty: &PgTypeInfo) -> Fit {
    match ty.kind() {
        PgTypeKind::Enum(words) => return Fit::Words(Arc::clone(words)),
        PgTypeKind::Domain(base) => return fit(base),
        _ => {}
    }
    match ty.oid().map(|oid| oid.0) {
        Some(16) => Fit::Boolean,
        Some(20) => Fit::Integer(i64::MIN.into(), i64::MAX.into()),
        Some(21) => Fit::Integer(i16::MIN.into(), i16::MAX.into()),
        Some(23) => Fit::Integer(i32::MIN.into(), i32::MAX.into()),
        Some(26) => Fit::Integer(0, u32::MAX.into()),
        Some(18 | 19 | 25 | 1042 | 1043) => Fit::Text,
        Some(700) => Fit::Real,
        Some(701) => Fit::Double,
        Some(1082) => Fit::Date,
        Some(1083) => Fit::Time,
        Some(1114 | 1184) => Fit::Timestamp,
        Some(1700) => Fit::Numeric,
        Some(2950) => Fit::Uuid,
        _ if ty.name().eq_ignore_ascii_case("citext") => Fit::Text,
        _ => Fit::Unknown,
    }
}
