//! The three works and their rows, the same for every side.

pub mod memory;
pub mod reference;

/// One work to compare.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// 100 objects of 9 fields.
    A,
    /// One product with 40 fields over three owners.
    B,
    /// 10,000 objects of 10 fields.
    C,
}

impl Work {
    /// Its name in the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::A => "a: 100 objects x 9 fields",
            Self::B => "b: 1 product x 40 fields, 3 owners",
            Self::C => "c: 10,000 objects x 10 fields",
        }
    }

    /// How many objects it answers.
    pub fn n_objects(self) -> usize {
        match self {
            Self::A => 100,
            Self::B => 1,
            Self::C => 10_000,
        }
    }

    /// How many fields it answers.
    pub fn n_fields(self) -> usize {
        match self {
            Self::A => 100 * 9,
            Self::B => 40,
            Self::C => 10_000 * 10,
        }
    }

    /// Its query.
    pub fn query(self) -> String {
        let fields = |n_fields: usize| (0..n_fields).map(|n| format!("f{n}")).collect::<Vec<_>>().join(" ");
        match self {
            Self::A => format!("{{ items {{ {} }} }}", fields(9)),
            Self::B => format!("{{ product {{ {} }} }}", fields(40)),
            Self::C => format!("{{ items {{ {} }} }}", fields(10)),
        }
    }
}

/// The text of a field. Numbers, flags and texts as a catalogue has them.
pub fn value(object: usize, field: usize) -> String {
    match field % 5 {
        0 => format!("PMP-{object:05}-{field}"),
        1 => format!("Centrifugal pump, stainless, size {object}"),
        2 => format!("{object}.{field:02}"),
        3 => "ACTIVE".to_owned(),
        _ => format!("https://shop.example/products/{object}/{field}"),
    }
}
