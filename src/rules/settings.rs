//! What a seller configures of the rules: `[rules]` in `freehold.toml`.

use jiff::tz::TimeZone;
use rust_decimal::Decimal;

/// What is configured of the rules.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The seller's zone: the calendar that days of validity are days of.
    pub zone: TimeZone,
    /// Of credit: the table `[rules.credit]`.
    pub credit: CreditSettings,
    /// Of tax exemptions: the table `[rules.tax]`.
    pub tax: TaxSettings,
    /// Of the status of orders: the table `[rules.status]`.
    pub status: StatusSettings,
}

/// What is configured of credit: `[rules.credit]`, each field a key of its name.
#[derive(Debug, Clone)]
pub struct CreditSettings {
    /// A limit is nearly used up when less than so many percent of it are available.
    pub near_limit_percent: Decimal,
    /// An overdue amount up to this is let pass, in the account's currency.
    pub overdue_ignored: Decimal,
    /// The account may not order while its oldest open invoice is so many days past due; none: it may whatever is overdue.
    pub overdue_days_blocking: Option<u32>,
}

/// What is configured of tax exemptions: `[rules.tax]`, each field a key of its name.
#[derive(Debug, Clone)]
pub struct TaxSettings {
    /// A certificate expires soon when it holds for no more than so many days.
    pub expiring_days: u32,
}

/// What is configured of the status of orders: `[rules.status]`, each field a key of its name.
#[derive(Debug, Clone)]
pub struct StatusSettings {
    /// By how much of a whole, in percent, an invoiced quantity or amount may differ and still be all of it, or none.
    pub invoiced_tolerance_percent: Decimal,
    /// An amount no greater than this is nothing: what rounding leaves over, in units of the currency.
    pub amount_tolerance: Decimal,
    /// Goods can be returned so many days after they arrived; none: at any time.
    pub return_days: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            zone: TimeZone::UTC,
            credit: CreditSettings::default(),
            tax: TaxSettings::default(),
            status: StatusSettings::default(),
        }
    }
}

impl Default for CreditSettings {
    /// A tenth of the limit, and thirty days, are what credit departments commonly begin with.
    fn default() -> Self {
        Self { near_limit_percent: Decimal::TEN, overdue_ignored: Decimal::ZERO, overdue_days_blocking: Some(30) }
    }
}

impl Default for TaxSettings {
    fn default() -> Self {
        Self { expiring_days: 30 }
    }
}

impl Default for StatusSettings {
    /// Owners keep ratios in doubles: a millionth of a percent, and half a cent, are noise.
    fn default() -> Self {
        Self { invoiced_tolerance_percent: Decimal::new(1, 6), amount_tolerance: Decimal::new(5, 3), return_days: None }
    }
}
