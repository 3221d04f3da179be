//! The position: how far a run has come with everything it compares, as the ledger keeps it.
//!
//! In: JSON that an earlier run wrote. Out: JSON. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fetch::Cursor;

/// How far a run has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    /// By what is compared.
    pub walks: BTreeMap<String, Walk>,
}

/// How far it has come with one type in one system.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Walk {
    pub leg: Leg,
    /// Where it stands in the leg's listing; none before anything was asked.
    pub listed: Option<Listed>,
}

/// The legs of a walk, in order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Leg {
    /// Through the keys that the owner has.
    #[default]
    Owner,
    /// Through the keys that the copying system has.
    Copy,
    /// Through what was found before and not met again.
    Known,
    /// At its end.
    Done,
}

/// A place in a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Listed {
    /// The last row's place.
    pub after: Option<Vec<Option<String>>>,
    /// Rows that were listed.
    pub n_rows: u64,
    /// Keys that were looked at.
    pub n_taken: u64,
    /// Rows in all, as far as that is known.
    pub n_total: Option<u64>,
    /// Of so many rows one is looked at …
    pub stride: u64,
    /// … and this is the first.
    pub first: u64,
}

impl Leg {
    pub fn next(self) -> Self {
        match self {
            Self::Owner => Self::Copy,
            Self::Copy => Self::Known,
            Self::Known | Self::Done => Self::Done,
        }
    }
}

impl Listed {
    /// Begins a listing: of a sample, rows are taken from all of it, and others in the next run.
    pub fn begin(n_total: Option<u64>, sample: Option<u64>, run: u64) -> Self {
        let stride = match (sample, n_total) {
            (Some(sample), Some(n_total)) => n_total.div_ceil(sample.max(1)).max(1),
            _ => 1,
        };
        Self { after: None, n_rows: 0, n_taken: 0, n_total, stride, first: run % stride }
    }

    /// Returns where the next page begins.
    pub fn cursor(&self) -> Option<Cursor> {
        self.after.clone().map(Cursor)
    }

    /// Counts the next row; says whether it is looked at.
    pub fn takes_next(&mut self, sample: Option<u64>) -> bool {
        let is_taken = self.n_rows % self.stride == self.first && sample.is_none_or(|sample| self.n_taken < sample);
        self.n_rows += 1;
        self.n_taken += u64::from(is_taken);
        is_taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_spread_over_the_whole_listing_and_another_in_the_next_run() {
        let taken = |run| {
            let mut listed = Listed::begin(Some(10), Some(3), run);
            (0..10).filter(|_| listed.takes_next(Some(3))).collect::<Vec<_>>()
        };
        assert_eq!(taken(0), [0, 4, 8]);
        assert_eq!(taken(5), [1, 5, 9]);
        let mut uncounted = Listed::begin(None, Some(3), 5);
        assert_eq!((0..10).filter(|_| uncounted.takes_next(Some(3))).count(), 3);
        let mut all = Listed::begin(Some(10), None, 5);
        assert_eq!((0..12).filter(|_| all.takes_next(None)).count(), 12);
    }

    #[test]
    fn a_position_is_read_back_as_it_was_written() {
        let walk = Walk { leg: Leg::Copy, listed: Some(Listed::begin(Some(7), Some(2), 3)) };
        let position = Position { walks: [("Product in shop".to_owned(), walk)].into() };
        let text = serde_json::to_string(&position).unwrap();
        assert_eq!(serde_json::from_str::<Position>(&text).unwrap(), position);
    }
}
