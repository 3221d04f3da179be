//! The index: from a key to the rows that may have it.
//!
//! Eight bytes a row: half of the key's hash and the row's number, sorted, and a directory over them. Two keys may share
//! a hash, so whoever asks compares the rows' keys; rows of one key come in the order of the file.

use std::hash::{BuildHasher, Hasher};

use hashbrown::DefaultHashBuilder;

/// How many entries a place of the directory leads to, about.
const ENTRIES_PER_PLACE: usize = 8;

/// From a key to its rows.
#[derive(Debug)]
pub struct Index {
    hasher: DefaultHashBuilder,
    /// A hash in the upper half, a row in the lower one.
    entries: Box<[u64]>,
    /// Where the entries begin whose hashes begin with these bits, and where the last ones end.
    directory: Box<[u32]>,
    bits: u32,
}

/// An index in the making.
#[derive(Debug)]
pub struct IndexBuilder {
    hasher: DefaultHashBuilder,
    entries: Vec<u64>,
}

impl IndexBuilder {
    /// Begins an index of so many rows.
    pub fn new(n_rows: usize) -> Self {
        Self { hasher: DefaultHashBuilder::default(), entries: Vec::with_capacity(n_rows) }
    }

    /// Adds a row by the fields of its key.
    pub fn add<'k>(&mut self, row: u32, key: impl Iterator<Item = &'k str>) {
        self.entries.push(u64::from(hash(&self.hasher, key)) << 32 | u64::from(row));
    }

    /// Ends it.
    pub fn finish(mut self) -> Index {
        self.entries.sort_unstable();
        let n_places = (self.entries.len() / ENTRIES_PER_PLACE).next_power_of_two();
        let bits = n_places.trailing_zeros();
        let mut directory = Vec::with_capacity(n_places + 1);
        for place in 0..=n_places as u64 {
            let first = self.entries.partition_point(|entry| entry.checked_shr(64 - bits).unwrap_or(0) < place);
            // A table has fewer rows than a number of 32 bits counts.
            directory.push(u32::try_from(first).unwrap_or(u32::MAX));
        }
        let entries = self.entries.into_boxed_slice();
        Index { hasher: self.hasher, entries, directory: directory.into_boxed_slice(), bits }
    }
}

impl Index {
    /// Returns the rows that may have a key, in the order of the file.
    pub fn find<'k>(&self, key: impl Iterator<Item = &'k str>) -> impl Iterator<Item = u32> {
        let hash = hash(&self.hasher, key);
        let place = hash.checked_shr(32 - self.bits).unwrap_or(0) as usize;
        let near = &self.entries[self.directory[place] as usize..self.directory[place + 1] as usize];
        let first = near.partition_point(|entry| ((entry >> 32) as u32) < hash);
        near[first..].iter().take_while(move |entry| (**entry >> 32) as u32 == hash).map(|entry| *entry as u32)
    }

    /// Returns how many bytes it takes.
    pub fn weight(&self) -> usize {
        size_of_val(&*self.entries) + size_of_val(&*self.directory)
    }
}

fn hash<'k>(hasher: &DefaultHashBuilder, key: impl Iterator<Item = &'k str>) -> u32 {
    let mut state = hasher.build_hasher();
    for field in key {
        state.write(field.as_bytes());
        // Keeps `a, bc` and `ab, c` apart.
        state.write_u8(0xff);
    }
    (state.finish() >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_by_its_key_in_the_order_of_the_file() {
        for n_rows in [0, 1, 7, 100, 5_000] {
            let mut builder = IndexBuilder::new(n_rows);
            let key = |row: usize| (row % 1_000).to_string();
            for row in 0..n_rows {
                builder.add(row as u32, [key(row).as_str(), "x"].into_iter());
            }
            let index = builder.finish();
            for wanted in 0..n_rows.min(1_000) {
                let found: Vec<u32> = index.find([key(wanted).as_str(), "x"].into_iter()).collect();
                let own: Vec<u32> = (wanted..n_rows).step_by(1_000).map(|row| row as u32).collect();
                let found: Vec<u32> = found.into_iter().filter(|row| *row as usize % 1_000 == wanted).collect();
                assert_eq!(found, own);
            }
            assert!(index.weight() <= 8 * n_rows + 2 * n_rows + 16, "{}", index.weight());
        }
    }
}
