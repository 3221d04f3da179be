//! What a seller configures of the rules: `[rules]` in `freehold.toml`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, tz::TimeZone};
use rust_decimal::Decimal;

use super::{
    measure::Measure,
    reason::{ReasonCode, Severity},
};

/// What is configured of the rules.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The seller's zone: the calendar that days of validity are days of.
    pub zone: TimeZone,
    /// How many digits behind the point amounts of a currency have, where it is not two.
    pub digits: BTreeMap<String, u32>,
    /// How prices are resolved, wherever a system does not have its own way.
    pub price: Pricing,
    /// How the prices of one system are resolved.
    pub price_of: BTreeMap<String, Pricing>,
    /// What counts as available.
    pub availability: Stocking,
    /// Of credit: the table `[rules.credit]`.
    pub credit: CreditSettings,
    /// Of tax exemptions: the table `[rules.tax]`.
    pub tax: TaxSettings,
    /// Of the status of orders: the table `[rules.status]`.
    pub status: StatusSettings,
    /// The countries that nothing is shipped to, ISO 3166 two letters.
    pub export_forbidden: BTreeSet<String>,
    /// The carriers that take dangerous goods; empty: any.
    pub hazmat_carriers: BTreeSet<String>,
    /// What a parcel may be at most; more goes as freight.
    pub parcel: Parcel,
    /// What stops a cart, wherever a segment of accounts does not have its own rules.
    pub cart: Checkout,
    /// What stops a cart of accounts of a tier or a price group.
    pub cart_of: BTreeMap<String, Checkout>,
}

/// Which of several valid prices is the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// That of the most specific source.
    #[default]
    MostSpecificWins,
    /// The lowest.
    BestPriceWins,
}

/// Whether the list price may serve an account whose agreement has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fallback {
    /// Yes, and it is mentioned for completeness only.
    Allowed,
    /// Yes, with a warning.
    Flagged,
    /// No: there is no price.
    #[default]
    Forbidden,
}

/// How prices are resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pricing {
    /// Which of several valid prices is the price.
    pub strategy: Strategy,
    /// Whether the list price may serve an account whose agreement has ended.
    pub fallback_to_list: Fallback,
    /// Whether `Product.listPrice` is the price of an account that no record holds for.
    pub list_from_product: bool,
}

impl Default for Pricing {
    fn default() -> Self {
        Self { strategy: Strategy::default(), fallback_to_list: Fallback::default(), list_from_product: true }
    }
}

/// What counts as available.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stocking {
    /// The plants that serve orders; none: all.
    pub plants: Option<BTreeSet<String>>,
    /// Below this, in base units, storefronts say LIMITED.
    pub limited_below: Decimal,
    /// How many seconds old stock may be before it is said to be stale; none: as old as its freshness domain allows.
    pub stale_after_seconds: Option<u32>,
}

impl Default for Stocking {
    fn default() -> Self {
        Self { plants: None, limited_below: Decimal::from(5), stale_after_seconds: None }
    }
}

impl Stocking {
    /// Returns the instant from which stock that was true at another is stale.
    pub fn stale_from(&self, as_of: Timestamp) -> Option<Timestamp> {
        let age = jiff::SignedDuration::from_secs(self.stale_after_seconds?.into());
        as_of.checked_add(age).ok()
    }
}

/// What a parcel may be at most: `[rules.freight.parcel]`, each field a key of its name. None: anything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parcel {
    /// How long its longest side may be.
    pub length_max: Option<Measure>,
    /// How much its longest side and the way around the other two may be together.
    pub length_and_girth_max: Option<Measure>,
    /// How heavy it may be.
    pub weight_max: Option<Measure>,
}

impl Parcel {
    /// Whether anything is said of its size.
    pub fn limits_size(&self) -> bool {
        self.length_max.is_some() || self.length_and_girth_max.is_some()
    }
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

/// What becomes of a cart for a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Treatment {
    /// It is refused.
    Block,
    /// A person has to look at it.
    Review,
    /// It is taken, with a warning.
    Warn,
    /// It is taken.
    Info,
}

/// What stops a cart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checkout {
    /// What becomes of a cart for a reason, where it is not what its severity says.
    pub treatments: BTreeMap<ReasonCode, Treatment>,
    /// The least net value of an order, by currency.
    pub minimum_order_value: BTreeMap<String, Decimal>,
    /// The net value above which a person has to look at it, by currency.
    pub review_above: BTreeMap<String, Decimal>,
    /// Whether a person has to look at the first order of an account.
    pub review_first_order: bool,
}

/// What says that something could not be found out: nobody may configure that to be fine.
pub const UNCLEAR: &[ReasonCode] = &[
    ReasonCode::PriceUnclear,
    ReasonCode::AvailabilityUnclear,
    ReasonCode::CreditNotChecked,
    ReasonCode::AccountUnclear,
    ReasonCode::ProductUnclear,
];

/// What a person can settle, so that a cart is not refused for it unless that is configured.
const SETTLED_BY_A_PERSON: &[ReasonCode] = &[
    ReasonCode::ManualReview,
    ReasonCode::PriceOnRequest,
    ReasonCode::ApprovalRequired,
    ReasonCode::OrderLimitExceeded,
    ReasonCode::PrepaymentRequired,
];

impl Checkout {
    /// Returns what becomes of a cart for a reason that weighs so much.
    pub fn treatment(&self, code: ReasonCode, severity: Severity) -> Treatment {
        let usual = match severity {
            _ if UNCLEAR.contains(&code) => Treatment::Review,
            Severity::Blocking if SETTLED_BY_A_PERSON.contains(&code) => Treatment::Review,
            Severity::Blocking => Treatment::Block,
            Severity::Warning => Treatment::Warn,
            Severity::Info => Treatment::Info,
        };
        let treatment = self.treatments.get(&code).copied().unwrap_or(usual);
        if UNCLEAR.contains(&code) { treatment.min(Treatment::Review) } else { treatment }
    }
}

/// Currencies whose smallest unit is not a hundredth (ISO 4217).
const DIGITS: &[(&str, u32)] = &[
    ("BHD", 3),
    ("BIF", 0),
    ("CLF", 4),
    ("CLP", 0),
    ("DJF", 0),
    ("GNF", 0),
    ("IQD", 3),
    ("ISK", 0),
    ("JOD", 3),
    ("JPY", 0),
    ("KMF", 0),
    ("KRW", 0),
    ("KWD", 3),
    ("LYD", 3),
    ("OMR", 3),
    ("PYG", 0),
    ("RWF", 0),
    ("TND", 3),
    ("UGX", 0),
    ("UYI", 0),
    ("UYW", 4),
    ("VND", 0),
    ("VUV", 0),
    ("XAF", 0),
    ("XOF", 0),
    ("XPF", 0),
];

impl Settings {
    /// Returns how many digits amounts of a currency are rounded to.
    pub fn digits(&self, currency: &str) -> u32 {
        let known = || DIGITS.iter().find(|(name, _)| *name == currency).map(|(_, digits)| *digits);
        self.digits.get(currency).copied().or_else(known).unwrap_or(2)
    }

    /// Whether something that an input of a rule is read for is configured, by the name that the input has for it.
    pub fn is_set(&self, name: &str) -> bool {
        match name {
            "parcel.size" => self.parcel.limits_size(),
            "parcel.weight" => self.parcel.weight_max.is_some(),
            _ => false,
        }
    }

    /// Returns how the prices of a system are resolved.
    pub fn pricing(&self, system: Option<&str>) -> Pricing {
        system.and_then(|system| self.price_of.get(system)).copied().unwrap_or(self.price)
    }

    /// Returns what stops a cart of an account of a tier and a price group; the tier has the first word.
    pub fn checkout(&self, tier: Option<&str>, price_group: Option<&str>) -> &Checkout {
        let own = tier.into_iter().chain(price_group).find_map(|segment| self.cart_of.get(segment));
        own.unwrap_or(&self.cart)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            zone: TimeZone::UTC,
            digits: BTreeMap::new(),
            price: Pricing::default(),
            price_of: BTreeMap::new(),
            availability: Stocking::default(),
            credit: CreditSettings::default(),
            tax: TaxSettings::default(),
            status: StatusSettings::default(),
            export_forbidden: BTreeSet::new(),
            hazmat_carriers: BTreeSet::new(),
            parcel: Parcel::default(),
            cart: Checkout::default(),
            cart_of: BTreeMap::new(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_has_the_word_before_the_default_and_the_tier_before_the_price_group() {
        let review_first = |review_first_order| Checkout { review_first_order, ..Checkout::default() };
        let settings = Settings {
            cart_of: [("GOLD".to_owned(), review_first(true)), ("OEM".to_owned(), review_first(false))].into(),
            ..Settings::default()
        };
        assert!(settings.checkout(Some("GOLD"), Some("OEM")).review_first_order);
        assert!(!settings.checkout(Some("TIN"), Some("OEM")).review_first_order);
        assert_eq!(settings.checkout(None, None), &settings.cart);
        assert_eq!(["EUR", "JPY", "KWD", "LYD", "XPF", "CLF"].map(|name| settings.digits(name)), [2, 0, 3, 3, 0, 4]);
    }

    #[test]
    fn what_could_not_be_found_out_is_never_configured_to_be_fine() {
        for code in UNCLEAR {
            for treatment in [Treatment::Block, Treatment::Review, Treatment::Warn, Treatment::Info] {
                let checkout = Checkout { treatments: [(*code, treatment)].into(), ..Checkout::default() };
                assert!(checkout.treatment(*code, Severity::Info) <= Treatment::Review, "{code}");
            }
        }
        let usual = Checkout::default();
        assert_eq!(usual.treatment(ReasonCode::Backordered, Severity::Warning), Treatment::Warn);
        assert_eq!(usual.treatment(ReasonCode::PriceOnRequest, Severity::Blocking), Treatment::Review);
        assert_eq!(usual.treatment(ReasonCode::PriceMissing, Severity::Blocking), Treatment::Block);
    }
}
