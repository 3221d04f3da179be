//! What is served: a group or list over the tables of one set of files, with what finds its rows.
//!
//! Made by the thread that loads, before anyone is answered from it; never changed afterwards, so that an answer is of one
//! set of files. Pure.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use super::{
    columns::Columns,
    index::{Index, IndexBuilder},
    sorted::{equal, sorted, write_cell, write_equal},
    table::Table,
};
use crate::{
    contract::{Contract, FileGroup, FileList, Group, List, TypeKind},
    fetch::{Cell, Count, Direction, FetchError, FetchErrorKind, Outcome, Page, Stamp, Window},
    source::{
        answer::{GroupAnswer, PageFacts, Rows, outcomes},
        layout::{GroupLayout, ListLayout},
        system_name::SystemName,
        window::{cursor_text, stretch, window},
    },
    value::{Argument, Key, Scalar},
};

/// How many rows are read for one key before it is called one too many: a key of a whole file is a mistake.
const ROWS_PER_KEY_MAX: usize = 1_000;

/// How many combinations of values one parent may ask for.
const COMBINATIONS_MAX: usize = 1_000;

/// A group over its files.
#[derive(Debug)]
pub struct GroupServing {
    table: Arc<Table>,
    columns: Columns,
    layout: GroupLayout,
    keys: Index,
    parts: Vec<PartServing>,
    /// Since when its rows hold.
    pub as_of_ms: i64,
}

#[derive(Debug)]
struct PartServing {
    table: Arc<Table>,
    columns: Columns,
    parents: Index,
}

/// A list over its file.
#[derive(Debug)]
pub struct ListServing {
    table: Arc<Table>,
    columns: Columns,
    layout: ListLayout,
    /// For each condition: its column, whether padding is cut, and the position of its parameter.
    conditions: Vec<(usize, bool, usize)>,
    /// The columns whose texts are numbers.
    numbers: Vec<usize>,
    descending: Vec<bool>,
    /// The rows in order, by which conditions are asked for.
    orders: Mutex<HashMap<u64, Order>>,
    /// Since when the file holds, in milliseconds since 1970.
    as_of_ms: i64,
}

/// Rows in order, sorted by whoever asks first.
type Order = Arc<OnceLock<Box<[u32]>>>;

impl GroupServing {
    /// Prepares a group; `tables` are those of the group and of its parts.
    ///
    /// *Errors*: what the files lack.
    pub fn new(
        contract: &Contract,
        group: &Group,
        asked: &FileGroup,
        tables: &[Arc<Table>],
        as_of_ms: i64,
    ) -> Result<Self, String> {
        let (table, of_parts) = tables.split_first().ok_or("there is no file")?;
        let columns = Columns::of_group(contract, group, table)?;
        let parts = asked.parts.iter().zip(of_parts).map(|((name, part), table)| {
            Columns::of_part(contract, group, (name, part), table).map(|columns| (table, columns))
        });
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        let names = std::iter::once(columns.names()).chain(parts.iter().map(|(_, columns)| columns.names()));
        let layout = GroupLayout::new(contract, group, names.collect())?;
        let missing = layout.layout.missing(&contract.shapes);
        let missing_in_parts = (asked.parts.iter().zip(&layout.parts)).flat_map(|((name, _), places)| {
            let missing = places.layout.missing(&contract.shapes);
            missing.into_iter().map(move |column| format!("{name}.{column}"))
        });
        let missing: Vec<String> = missing.into_iter().chain(missing_in_parts).collect();
        if !missing.is_empty() {
            return Err(format!("it has no column for {}", missing.join(", ")));
        }
        let keys = index(table, &columns, &layout.keys, &layout.trims);
        let parts = parts.into_iter().zip(&layout.parts).map(|((table, columns), places)| PartServing {
            parents: index(table, &columns, &places.parents, &layout.trims),
            table: Arc::clone(table),
            columns,
        });
        Ok(Self { parts: parts.collect(), table: Arc::clone(table), columns, keys, layout, as_of_ms })
    }

    /// Answers for keys.
    pub fn outcomes(
        &self,
        contract: &Contract,
        group: &Group,
        name: &SystemName,
        keys: &[Key],
        now_ms: i64,
    ) -> Vec<Outcome> {
        let rows = |table, columns: &Columns, index: &Index, rows_max| -> Rows<'_> {
            let found = keys.iter().flat_map(|key| index.find(key.fields()).take(rows_max));
            let mut numbers: Vec<u32> = found.collect();
            // Two keys may share a hash; each would bring the other's rows.
            numbers.sort_unstable();
            numbers.dedup();
            numbers.into_iter().map(|row| columns.row(table, row)).collect()
        };
        let stamp = Stamp {
            system: name.id(),
            started_ms: now_ms,
            ended_ms: now_ms,
            as_of_ms: Some(self.as_of_ms),
            until_ms: None,
        };
        let parts = self.parts.iter().map(|part| rows(&part.table, &part.columns, &part.parents, usize::MAX));
        let own = rows(&self.table, &self.columns, &self.keys, ROWS_PER_KEY_MAX);
        let answer = GroupAnswer { rows: own, parts: parts.collect(), stamp };
        outcomes(contract, group, &self.layout, name, keys, answer)
    }

    /// Returns the tables, and how many bytes finding their rows takes.
    pub fn weight(&self) -> (Vec<&Arc<Table>>, usize) {
        let tables = std::iter::once(&self.table).chain(self.parts.iter().map(|part| &part.table));
        let indexes = self.keys.weight() + self.parts.iter().map(|part| part.parents.weight()).sum::<usize>();
        (tables.collect(), indexes)
    }
}

/// Indexes the rows of a table by some columns; a row without a value in one of them has no key.
fn index(table: &Table, columns: &Columns, positions: &[usize], trims: &[bool]) -> Index {
    let mut builder = IndexBuilder::new(table.n_rows() as usize);
    for row in 0..table.n_rows() {
        let cells = columns.some(table, row, positions);
        let texts: Option<Vec<_>> = cells.iter().map(Cell::text).collect();
        if let Some(texts) = texts {
            builder.add(row, texts.iter().zip(trims).map(|(text, trim)| trimmed(text, *trim)));
        }
    }
    builder.finish()
}

fn trimmed(text: &str, trim: bool) -> &str {
    if trim { text.trim_end_matches([' ', '\0']) } else { text }
}

impl ListServing {
    /// Prepares a list. `warm` is what served before: what was asked of it will be asked again, and is sorted now.
    ///
    /// *Errors*: what the file lacks.
    pub fn new(
        contract: &Contract,
        list: &List,
        asked: &FileList,
        table: Arc<Table>,
        as_of_ms: i64,
        warm: Option<&Self>,
    ) -> Result<Self, String> {
        let compared: Vec<&str> = asked.conditions.iter().map(|(column, _)| column.as_str()).collect();
        let columns = Columns::of_list(list, &compared, &table)?;
        let names = columns.names();
        let conditions = asked.conditions.iter().map(|(column, parameter)| {
            let at =
                names.iter().position(|name| name == column).ok_or_else(|| format!("it has no column `{column}`"))?;
            let parameter = list.parameters.iter().position(|name| name == parameter);
            Ok((at, list.adaptations.of(column).trim, parameter.unwrap_or(usize::MAX)))
        });
        let serving = Self {
            conditions: conditions.collect::<Result<_, String>>()?,
            numbers: numbers(contract, list, &names),
            layout: ListLayout::new(list, names)?,
            descending: list.order.iter().map(|order| order.descending).collect(),
            orders: Mutex::default(),
            as_of_ms,
            table,
            columns,
        };
        let asked_before: Vec<u64> = warm.map(|warm| warm.orders().keys().copied().collect()).unwrap_or_default();
        asked_before.into_iter().for_each(|conditions| drop(serving.order(conditions)));
        Ok(serving)
    }

    /// Sorts what these arguments ask for, if nobody has yet; for a table of millions of rows this takes seconds.
    pub fn prepare(&self, arguments: &[Box<[Argument]>]) {
        arguments.iter().for_each(|arguments| drop(self.order(self.asked(arguments))));
    }

    /// Whether everything that these arguments ask for is sorted.
    pub fn is_prepared(&self, arguments: &[Box<[Argument]>]) -> bool {
        let orders = self.orders();
        arguments.iter().all(|arguments| orders.get(&self.asked(arguments)).is_some_and(|order| order.get().is_some()))
    }

    /// Answers for one parent.
    pub fn page(
        &self,
        list: &List,
        name: &SystemName,
        arguments: &[Argument],
        asked: &Window,
        is_counted: bool,
        now_ms: i64,
    ) -> Result<Page, FetchError> {
        let conditions = self.asked(arguments);
        let order = self.order(conditions);
        let order: &[u32] = order.get().map_or(&[], |order| order);
        let texts = self.combinations(conditions, arguments);
        let texts =
            texts.map_err(|detail| name.error(FetchErrorKind::BadRequest, format!("{}: {detail}", list.name)))?;
        let foreign =
            || name.error(FetchErrorKind::ForeignCursor, format!("a cursor is not of the list {}", list.name));
        let n_wanted = asked.n_rows as usize + 1;
        let (mut rows, mut n_all) = (Rows::new(), 0);
        for wanted in texts {
            let all = equal(order, &wanted, |row, out| self.write_conditions(conditions, row, out));
            n_all += all.len() as u64;
            let found = stretch(list, &self.layout, all, |at| self.cells(order[at]), asked).ok_or_else(foreign)?;
            let found = match asked.direction {
                Direction::Forward => found.start..found.end.min(found.start + n_wanted),
                Direction::Backward => found.end.saturating_sub(n_wanted).max(found.start)..found.end,
            };
            rows.extend(order[found].iter().map(|row| self.cells(*row)));
        }
        // Each combination of values is sorted by itself; the few rows that are left are sorted together.
        let rows = window(list, &self.layout, rows, asked).ok_or_else(foreign)?;
        let stamp = Stamp {
            system: name.id(),
            started_ms: now_ms,
            ended_ms: now_ms,
            as_of_ms: Some(self.as_of_ms),
            until_ms: None,
        };
        let facts = PageFacts { list, layout: &self.layout, window: asked, cursor_text };
        facts.page(name, &rows, is_counted.then_some(Count::Exactly(n_all)), stamp)
    }

    /// Returns the table, and how many bytes finding its rows takes.
    pub fn weight(&self) -> (Vec<&Arc<Table>>, usize) {
        let orders = self.orders();
        let bytes = orders.values().filter_map(|order| order.get()).map(|order| size_of_val(&**order)).sum();
        (vec![&self.table], bytes)
    }

    /// Returns which conditions have a value, as bits.
    fn asked(&self, arguments: &[Argument]) -> u64 {
        let given = |parameter: usize| !matches!(arguments.get(parameter), None | Some(Argument::Null));
        let bits = self.conditions.iter().enumerate().filter(|(_, condition)| given(condition.2));
        // More conditions than bits are not asked for, which the contract's lints know.
        bits.fold(0, |bits, (n, _)| bits | 1u64.checked_shl(n as u32).unwrap_or(0))
    }

    fn order(&self, conditions: u64) -> Order {
        let order = Arc::clone(self.orders().entry(conditions).or_default());
        order.get_or_init(|| {
            sorted(self.table.n_rows(), |row, out| {
                self.write_conditions(conditions, row, out);
                let cells = self.numbered(self.columns.some(&self.table, row, &self.layout.order), &self.layout.order);
                for (cell, descending) in cells.iter().zip(&self.descending) {
                    write_cell(cell, *descending, out);
                }
            })
        });
        order
    }

    fn orders(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Order>> {
        // A panic elsewhere cannot leave a map of finished orders half changed.
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_conditions(&self, conditions: u64, row: u32, out: &mut Vec<u8>) {
        let asked: Vec<&(usize, bool, usize)> = self.of(conditions).collect();
        let positions: Vec<usize> = asked.iter().map(|condition| condition.0).collect();
        if positions.is_empty() {
            return;
        }
        for (cell, condition) in self.columns.some(&self.table, row, &positions).iter().zip(asked) {
            let text = cell.text();
            write_equal(text.as_deref().map(|text| trimmed(text, condition.1)), out);
        }
    }

    fn of(&self, conditions: u64) -> impl Iterator<Item = &(usize, bool, usize)> {
        let is_asked = move |n: usize| conditions & 1u64.checked_shl(n as u32).unwrap_or(0) != 0;
        self.conditions.iter().enumerate().filter(move |(n, _)| is_asked(*n)).map(|(_, condition)| condition)
    }

    /// Returns what the rows of each combination of values begin with.
    fn combinations(&self, conditions: u64, arguments: &[Argument]) -> Result<Vec<Vec<u8>>, String> {
        let mut all = vec![Vec::new()];
        for condition in self.of(conditions) {
            let mut texts: Vec<&str> = match &arguments[condition.2] {
                Argument::Null => Vec::new(),
                Argument::One(text) => vec![text],
                Argument::Many(texts) => texts.iter().map(|text| text.as_str()).collect(),
            };
            texts.sort_unstable();
            texts.dedup();
            if all.len() * texts.len() > COMBINATIONS_MAX {
                return Err(format!("more than {COMBINATIONS_MAX} combinations of values are asked for"));
            }
            let with = |bytes: &Vec<u8>, text: &str| {
                let mut bytes = bytes.clone();
                write_equal(Some(text), &mut bytes);
                bytes
            };
            all = all.iter().flat_map(|bytes| texts.iter().map(|text| with(bytes, text))).collect();
        }
        Ok(all)
    }

    fn cells(&self, row: u32) -> Vec<Cell<'_>> {
        let all: Vec<usize> = (0..self.layout.columns.len()).collect();
        self.numbered(self.columns.row(&self.table, row), &all)
    }

    /// Makes numbers of the texts that are; `positions` says which column each cell is of.
    fn numbered<'t>(&self, mut cells: Vec<Cell<'t>>, positions: &[usize]) -> Vec<Cell<'t>> {
        for (cell, position) in cells.iter_mut().zip(positions) {
            if let Cell::Text(text) = cell
                && self.numbers.contains(position)
                && let Ok(number) = serde_json::from_str::<serde_json::Number>(text)
            {
                *cell = Cell::Json(std::borrow::Cow::Owned(number.into()));
            }
        }
        cells
    }
}

/// Finds the columns whose fields the contract says are numbers: a csv file has nothing but texts.
fn numbers(contract: &Contract, list: &List, names: &[String]) -> Vec<usize> {
    let fields = match contract.types.get(list.of.index()).map(|ty| &ty.kind) {
        Some(TypeKind::Object(object)) => object.fields.as_slice(),
        Some(TypeKind::Interface { fields, .. }) => fields,
        _ => &[],
    };
    let is_number = |name: &String| {
        let field = fields.iter().find(|field| field.name.eq_ignore_ascii_case(name));
        let kind = field.and_then(|field| contract.types.get(field.ty.named().index())).map(|ty| &ty.kind);
        matches!(kind, Some(TypeKind::Scalar { scalar: Scalar::Int | Scalar::Float | Scalar::Decimal, .. }))
    };
    names.iter().enumerate().filter(|(_, name)| is_number(name)).map(|(at, _)| at).collect()
}
