//! Access: what each caller sees, by whatever path they ask.
//!
//! Reading order: `rig` (engines whose owners fail and callers), `table` (who has what of the canonical graph), `matrix`
//! (every field for every caller), `schema` (what each audience is told there is), `paths` (the paths by which somebody might see
//! what is not theirs), `shown` (what is said beside the data), `ruled` (rules), `own` and `placed` (rows by login), `below` (the
//! hierarchy), `pushdown` (what an owner reads), `leak` (one engine for all against one for
//! each).

mod below;
mod branches;
mod leak;
mod lists;
mod matrix;
mod own;
mod paths;
mod placed;
mod pushdown;
mod rig;
mod ruled;
mod schema;
mod shown;
mod table;
