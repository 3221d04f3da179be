//! Jobs: what is done with a contract and its systems beside answering queries.
//!
//! Reading order: `live` (asking every system whether it can answer what the contract says).

mod live;

pub use live::{
    AskReport, Asked, Failure, Hint, KeyMatch, LiveOptions, LiveReport, Misfit, Normalisation, SampleError,
    SystemReport, check_live, given_samples,
};
