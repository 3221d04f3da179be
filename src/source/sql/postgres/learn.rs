//! What the server knows about a query: the types of its parameters and columns, learned by preparing it once.
//!
//! In: a binding and a connection. Out: the statement to run from then on. Preparing is asked of the server only at the
//! first use, and again when the tables have changed.

use sqlx::{
    AssertSqlSafe, Column as _, Either, Executor, PgConnection, Row, SqlSafeStr, Statement, postgres::PgTypeInfo,
};

use super::{
    super::{
        page::Column,
        question::{group_questions, list_question},
        template::{Form, Template},
    },
    encode::{self, ListQuery, ParameterType},
    failure,
    fit::Fit,
};
use crate::{
    contract::{Contract, Group, List},
    fetch::FetchErrorKind,
    source::layout::{GroupLayout, ListLayout},
    value::Key,
};

/// A group, ready to be asked.
#[derive(Debug)]
pub struct LearnedGroup {
    /// The group's query, then its part queries.
    pub queries: Vec<KeyQuery>,
    /// Where the answers keep what.
    pub layout: GroupLayout,
}

/// A query by keys.
#[derive(Debug)]
pub struct KeyQuery {
    /// The statement.
    pub sql: String,
    /// The types of the key's fields.
    pub keys: Vec<ParameterType>,
}

impl KeyQuery {
    /// Returns the texts of each key field, for the keys that the columns can hold.
    pub fn arrays(&self, keys: &[Key]) -> Vec<Vec<String>> {
        let mut arrays = vec![Vec::with_capacity(keys.len()); self.keys.len()];
        for key in keys {
            let n_fields = key.fields().count();
            if n_fields == arrays.len() && key.fields().zip(&self.keys).all(|(text, ty)| ty.fit.takes(text)) {
                for (array, text) in arrays.iter_mut().zip(key.fields()) {
                    array.push(text.to_owned());
                }
            }
        }
        arrays
    }
}

/// A list, ready to be asked.
#[derive(Debug)]
pub struct LearnedList {
    /// Its query.
    pub query: ListQuery,
    /// Where the answers keep what.
    pub layout: ListLayout,
}

/// Why a query could not be learned.
#[derive(Debug)]
pub enum LearnFailure {
    /// The server refused it.
    Server(sqlx::Error),
    /// It does not fit the contract.
    Binding(FetchErrorKind, String),
}

impl From<sqlx::Error> for LearnFailure {
    fn from(error: sqlx::Error) -> Self {
        Self::Server(error)
    }
}

/// Learns a group's queries.
pub async fn group(
    connection: &mut PgConnection,
    contract: &Contract,
    group: &Group,
) -> Result<LearnedGroup, LearnFailure> {
    let mut queries = Vec::new();
    let mut columns = Vec::new();
    for (name, query) in
        group_questions(group).map_err(|detail| LearnFailure::Binding(FetchErrorKind::BadRequest, detail))?
    {
        let template = parse(&group.name, &name, query)?;
        let mut placeholders = template.placeholders();
        let keys = placeholders.next().filter(|p| p.name == "keys" && matches!(p.form, Form::In { .. }));
        if keys.is_none() || placeholders.next().is_some() {
            let detail = format!("{}: the {name} must have `in (:keys)` once and no other placeholder", group.name);
            return Err(LearnFailure::Binding(FetchErrorKind::BadRequest, detail));
        }
        let learned = learn(connection, &template, Some(group.key_columns.len())).await?;
        queries.push(KeyQuery {
            sql: encode::group(&template, &learned.parameters),
            keys: learned.parameters.into_iter().next().unwrap_or_default(),
        });
        columns.push(learned.columns.into_iter().map(|(name, _)| name).collect());
    }
    let layout = GroupLayout::new(contract, group, columns)
        .map_err(|detail| LearnFailure::Binding(FetchErrorKind::ContractViolation, detail))?;
    Ok(LearnedGroup { queries, layout })
}

/// Learns a list's query.
pub async fn list(connection: &mut PgConnection, list: &List) -> Result<LearnedList, LearnFailure> {
    let template = parse(
        &list.name,
        "query",
        list_question(list).map_err(|detail| LearnFailure::Binding(FetchErrorKind::BadRequest, detail))?,
    )?;
    let learned = learn(connection, &template, None).await?;
    let (names, types): (Vec<String>, Vec<ParameterType>) = learned.columns.into_iter().unzip();
    let layout = ListLayout::new(list, names)
        .map_err(|detail| LearnFailure::Binding(FetchErrorKind::ContractViolation, detail))?;
    let order = (list.order.iter().zip(&layout.order))
        .map(|(order, at)| Column { name: layout.columns[*at].clone(), descending: order.descending });
    let query = ListQuery {
        parameters: list.parameters.clone(),
        types: learned.parameters,
        order: order.collect(),
        order_types: layout.order.iter().map(|at| types[*at].clone()).collect(),
        template,
    };
    Ok(LearnedList { query, layout })
}

fn parse(of: &str, name: &str, query: &str) -> Result<Template, LearnFailure> {
    if query.to_ascii_lowercase().contains("set_config") {
        // It could lift the session's promise to read only, for whichever statement runs on the connection next.
        let detail = format!("{of}, {name}: a query may not change settings");
        return Err(LearnFailure::Binding(FetchErrorKind::BadRequest, detail));
    }
    Template::parse(query)
        .map_err(|error| LearnFailure::Binding(FetchErrorKind::BadRequest, format!("{of}, {name}: failed to {error}")))
}

struct Learned {
    parameters: Vec<Vec<ParameterType>>,
    columns: Vec<(String, ParameterType)>,
}

async fn learn(
    connection: &mut PgConnection,
    template: &Template,
    n_keys: Option<usize>,
) -> Result<Learned, LearnFailure> {
    let encode::Probe { sql, parameters: ranges } = encode::probe(template, n_keys);
    let statement = (&mut *connection).prepare(AssertSqlSafe(sql).into_sql_str()).await?;
    let parameters = match statement.parameters() {
        Some(Either::Left(types)) => types,
        _ => &[],
    };
    let columns = statement.columns();
    let types: Vec<&PgTypeInfo> = parameters.iter().chain(columns.iter().map(|column| column.type_info())).collect();
    let mut types = named(connection, &types).await?.into_iter();
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
        Ok(ParameterType { name: row.try_get::<String, _>(0)?, fit: Fit::of(ty) })
    };
    rows.iter().zip(types).map(pair).collect()
}

impl LearnFailure {
    /// Returns the failure's kind and the operator's detail.
    pub fn classify(&self) -> (FetchErrorKind, String) {
        match self {
            Self::Server(error) => failure::classify(error),
            Self::Binding(kind, detail) => (*kind, detail.clone()),
        }
    }
}
