//! The promise: by when a quantity can be had, and the word that storefronts say.
//!
//! In: what can be promised by day, the policy of back orders, the lead time. Out: a day and what it rests on, and a word.

use jiff::{Span, civil::Date};
use rust_decimal::Decimal;
use serde::Serialize;

use crate::rules::ratio::Ratio;

/// What storefronts say of availability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Word {
    /// The quantity is free.
    InStock,
    /// The quantity, or a part of it, is free, and little more.
    Limited,
    /// It is on its way, with a day.
    Backorder,
    /// Nothing is on its way; it is known how long it takes.
    LeadTime,
    /// It is made for the order.
    MadeToOrder,
    /// It cannot be had, or nobody can say when.
    Unavailable,
    /// It could not be found out.
    Unknown,
}

/// What a promise rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Basis {
    /// What is free now.
    Stock,
    /// What is on its way.
    Inbound,
    /// The time to make or buy it.
    LeadTime,
    /// The time to make it for the order.
    MadeToOrder,
    /// The time the supplier takes.
    DropShip,
}

/// By when a quantity can be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Promise {
    /// The day all of it can leave; none where nobody can say.
    pub date: Option<Date>,
    /// The quantity, in base units.
    pub quantity: Decimal,
    /// What the day rests on.
    pub basis: Basis,
}

/// What to do with an order beyond what is available.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Policy {
    Deny,
    Allow,
    AllowUntilInbound,
    MakeToOrder,
    DropShip,
}

impl Policy {
    /// Returns the policy of a word; none for a word that is not known here.
    pub fn of(word: &str) -> Option<Self> {
        Some(match word {
            "DENY" => Self::Deny,
            "ALLOW" => Self::Allow,
            "ALLOW_UNTIL_INBOUND" => Self::AllowUntilInbound,
            "MAKE_TO_ORDER" => Self::MakeToOrder,
            "DROP_SHIP" => Self::DropShip,
            _ => return None,
        })
    }

    /// Returns the policy while stock lasts: nothing is made or bought any more.
    pub fn while_stock_lasts(self) -> Self {
        if self == Self::Deny { self } else { Self::AllowUntilInbound }
    }
}

/// What a quantity meets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Demand<'a> {
    pub needed: Ratio,
    /// What is free now.
    pub free: Ratio,
    /// What can be promised by day, today's the first.
    pub promisable: &'a [(Date, Ratio)],
    pub policy: Policy,
    pub lead_time_days: Option<i64>,
    pub today: Date,
}

/// How a quantity can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// So, by a day where it is known.
    By(Basis, Option<Date>),
    /// It is taken, and nobody can say how it will come.
    Open,
    /// Not at all: it is not taken.
    Refused,
}

/// Finds the way a quantity can be had.
pub(super) fn way(demand: &Demand<'_>) -> Way {
    if demand.needed <= demand.free {
        return Way::By(Basis::Stock, Some(demand.today));
    }
    let inbound = || {
        let first = demand.promisable.iter().find(|(_, sum)| demand.needed <= *sum);
        first.map(|(day, _)| Way::By(Basis::Inbound, Some(demand.today.max(*day))))
    };
    let made = demand.lead_time_days.and_then(|days| demand.today.checked_add(Span::new().try_days(days).ok()?).ok());
    match demand.policy {
        Policy::Deny => Way::Refused,
        Policy::AllowUntilInbound => inbound().unwrap_or(Way::Refused),
        Policy::Allow => inbound().unwrap_or(if made.is_some() { Way::By(Basis::LeadTime, made) } else { Way::Open }),
        Policy::MakeToOrder => Way::By(Basis::MadeToOrder, made),
        Policy::DropShip if made.is_some() => Way::By(Basis::DropShip, made),
        Policy::DropShip => Way::Open,
    }
}

/// Returns the word for a quantity of which so much is free.
pub(super) fn word(way: Way, free: Ratio, limited_below: Ratio) -> Word {
    match way {
        Way::By(Basis::Stock, _) if free < limited_below => Word::Limited,
        Way::By(Basis::Stock, _) => Word::InStock,
        Way::By(Basis::Inbound, _) => Word::Backorder,
        Way::By(Basis::LeadTime | Basis::DropShip, _) => Word::LeadTime,
        Way::By(Basis::MadeToOrder, _) => Word::MadeToOrder,
        Way::Open | Way::Refused if free.is_positive() => Word::Limited,
        Way::Open | Way::Refused => Word::Unavailable,
    }
}
