//! What the server knows about a query: the types of its parameters and columns, learned by preparing it once.
//!
//! In: a binding and a connection. Out: the statement to run from then on. Preparing is asked of the server only at the
//! first use, and again when the tables have changed.

use sqlx::{
    AssertSqlSafe, Column as _, Either, Executor, PgConnection, Row, SqlSafeStr, Statement as _, postgres::PgTypeInfo,
};

use super::{
    super::{
        failure::Failure,
        kind::{self, LearnedGroup, LearnedList, Statement},
        question::{group_templates, list_template, order_columns},
        template::Template,
    },
    encode::{self, Binding, ListQuery, ParameterType},
    failure,
    fit::fit,
};
use crate::{
    contract::{Dialect, Group, List},
    value::Key,
};

/// A query by keys, or several of them as one statement.
#[derive(Debug)]
pub struct KeyQuery {
    /// The statement.
    pub sql: String,
    /// The types of the key's fields, as each of the queries has them.
    pub keys: Vec<Vec<ParameterType>>,
}

/// Returns the texts of each key field, for the keys that a query's columns can hold.
fn arrays(types: &[ParameterType], keys: &[Key]) -> Vec<Vec<String>> {
    let mut arrays = vec![Vec::with_capacity(keys.len()); types.len()];
    for key in keys {
        let n_fields = key.fields().count();
        if n_fields == arrays.len() && key.fields().zip(types).all(|(text, ty)| ty.fit.takes(text)) {
            for (array, text) in arrays.iter_mut().zip(key.fields()) {
                array.push(text.to_owned());
            }
        }
    }
    arrays
}

impl kind::KeyQuery<Binding> for KeyQuery {
    fn statements(&self, keys: &[Key]) -> Vec<Statement<Binding>> {
        let arrays: Vec<Vec<String>> = self.keys.iter().flat_map(|types| arrays(types, keys)).collect();
        if arrays.iter().all(Vec::is_empty) {
            return Vec::new();
        }
        let bindings = arrays.into_iter().map(|texts| Binding::Texts(Some(texts))).collect();
        vec![Statement { sql: self.sql.clone(), bindings }]
    }
}

/// Learns a group's queries: as one statement, where the server takes them so.
pub async fn group(connection: &mut PgConnection, group: &Group) -> Result<LearnedGroup<KeyQuery>, Failure> {
    let mut apart = Vec::new();
    let mut together = KeyQuery { sql: String::new(), keys: Vec::new() };
    let mut numbered = Vec::new();
    let mut columns: Vec<Vec<String>> = Vec::new();
    for template in group_templates(group)? {
        let learned = learn(connection, &template, Some(group.key_columns.len())).await?;
        let n_before = together.keys.iter().map(Vec::len).sum();
        numbered.push(encode::group(&template, &learned.parameters, n_before));
        let sql = encode::group(&template, &learned.parameters, 0);
        let keys = learned.parameters.into_iter().next().unwrap_or_default();
        together.keys.push(keys.clone());
        apart.push(KeyQuery { sql, keys: vec![keys] });
        columns.push(learned.columns.into_iter().map(|(name, _)| name).collect());
    }
    together.sql = encode::together(&numbered);
    let is_marked = columns.iter().flatten().any(|column| column == encode::QUERY_MARK);
    let is_one = apart.len() > 1 && !is_marked && takes(connection, &together.sql).await?;
    Ok(LearnedGroup { queries: if is_one { vec![together] } else { apart }, columns: Some(columns) })
}

/// Whether the server takes a statement.
async fn takes(connection: &mut PgConnection, sql: &str) -> Result<bool, Failure> {
    match (&mut *connection).prepare(AssertSqlSafe(sql.to_owned()).into_sql_str()).await {
        Ok(_) => Ok(true),
        Err(sqlx::Error::Database(_)) => Ok(false),
        Err(error) => Err(failure::of(&error)),
    }
}

/// Learns a list's query.
pub async fn list(connection: &mut PgConnection, list: &List) -> Result<LearnedList<ListQuery>, Failure> {
    let template = list_template(list)?;
    let learned = learn(connection, &template, None).await?;
    let (names, types): (Vec<String>, Vec<ParameterType>) = learned.columns.into_iter().unzip();
    let (order, at) = order_columns(list, &names)?;
    let query = ListQuery {
        parameters: list.parameters.clone(),
        types: learned.parameters,
        order,
        order_types: at.into_iter().map(|at| types[at].clone()).collect(),
        dialect: Dialect::postgres(),
        template,
    };
    Ok(LearnedList { query, columns: Some(names) })
}

struct Learned {
    parameters: Vec<Vec<ParameterType>>,
    columns: Vec<(String, ParameterType)>,
}

async fn learn(connection: &mut PgConnection, template: &Template, n_keys: Option<usize>) -> Result<Learned, Failure> {
    let encode::Probe { sql, parameters: ranges } = encode::probe(template, n_keys);
    let prepared = (&mut *connection).prepare(AssertSqlSafe(sql).into_sql_str()).await;
    let statement = prepared.map_err(|error| failure::of(&error))?;
    let parameters = match statement.parameters() {
        Some(Either::Left(types)) => types,
        _ => &[],
    };
    let columns = statement.columns();
    let types: Vec<&PgTypeInfo> = parameters.iter().chain(columns.iter().map(|column| column.type_info())).collect();
    let mut types = named(connection, &types).await.map_err(|error| failure::of(&error))?.into_iter();
    let parameter_types: Vec<ParameterType> = types.by_ref().take(parameters.len()).collect();
    Ok(Learned {
        parameters: (ranges.into_iter())
            .map(|range| parameter_types.get(range).map(<[_]>::to_vec).unwrap_or_default())
            .collect(),
        columns: columns.iter().map(|column| column.name().to_owned()).zip(types).collect(),
    })
}

/// Asks the server what its types are called in SQL.
async fn named(connection: &mut PgConnection, types: &[&PgTypeInfo]) -> Result<Vec<ParameterType>, sqlx::Error> {
    let oids: Vec<i64> = types.iter().map(|ty| ty.oid().map_or(0, |oid| i64::from(oid.0))).collect();
    // With -1 for the modifier the answer is `bpchar`; with none it is `character`, which casts to a single letter.
    let sql = "select format_type(oid::oid, -1) from unnest($1::int8[]) with ordinality as t(oid, n) order by n";
    let rows = sqlx::query(sql).bind(oids).fetch_all(connection).await?;
    let pair = |(row, ty): (&sqlx::postgres::PgRow, &&PgTypeInfo)| {
        Ok(ParameterType { name: row.try_get::<String, _>(0)?, fit: fit(ty) })
    };
    rows.iter().zip(types).map(pair).collect()
}
