//! What can have become of an order.

use super::{account::Standing, random::Random};

/// What has become of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Story {
    Quotation,
    ExpiredQuotation,
    Approval,
    /// Ordered; nothing has left.
    Open,
    /// Something has left.
    Partial,
    /// All has left; not all is paid.
    Shipped,
    Completed,
    Cancelled,
    /// Closed by hand with an open quantity.
    ClosedShort,
    /// Completed, and something came back.
    Returned,
}

impl Story {
    /// The ERP's status word.
    pub(super) fn status(self) -> &'static str {
        match self {
            Self::Quotation | Self::ExpiredQuotation => "QUOT",
            Self::Approval => "APPR",
            Self::Open | Self::Partial | Self::Shipped => "OPEN",
            Self::Completed | Self::Returned => "COMP",
            Self::ClosedShort => "CLSD",
            Self::Cancelled => "CANC",
        }
    }

    /// Whether nothing more is to come.
    pub(super) fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Returned | Self::ClosedShort | Self::Cancelled)
    }

    /// Whether every invoice is paid.
    pub(super) fn is_paid(self) -> bool {
        matches!(self, Self::Completed | Self::Returned | Self::ClosedShort)
    }
}

/// Chooses what has become of an order so many days old.
pub(super) fn chosen(age: i64, standing: Standing, random: &mut Random) -> Story {
    let chance = random.between(1, 100);
    if standing == Standing::Overdue && (60..240).contains(&age) && chance <= 35 {
        return Story::Shipped;
    }
    match age {
        91.. => match chance {
            1..=88 => Story::Completed,
            89..=91 => Story::Cancelled,
            92..=94 => Story::ClosedShort,
            95..=97 => Story::Returned,
            98 => Story::Shipped,
            _ => Story::ExpiredQuotation,
        },
        21..=90 => match chance {
            1..=58 => Story::Completed,
            59..=77 => Story::Shipped,
            78..=84 => Story::Partial,
            85..=90 => Story::Open,
            91..=93 => Story::Cancelled,
            94..=96 => Story::Returned,
            97 => Story::ClosedShort,
            _ => Story::ExpiredQuotation,
        },
        // An account above its limit gets no further than a quotation, and nothing says why.
        _ if standing == Standing::Exceeded => Story::Quotation,
        _ if standing == Standing::Held => Story::Open,
        _ => match chance {
            1..=36 => Story::Open,
            37..=58 => Story::Partial,
            59..=80 => Story::Shipped,
            81..=89 => Story::Quotation,
            90..=93 => Story::Approval,
            94..=96 => Story::Cancelled,
            _ => Story::Completed,
        },
    }
}
