//! Reasons: coded business outcomes, each with what it rests on.
//!
//! The list of codes is closed. A code's severity, scope and meaning stand in one table, which the README shows.

use serde::Serialize;

use super::{evidence::Evidence, fact::Unknown};

/// How much a reason weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Severity {
    /// It stops an order.
    Blocking,
    /// Somebody should know.
    Warning,
    /// For completeness.
    Info,
}

/// What a reason is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Scope {
    /// The whole order or cart.
    Order,
    /// One line.
    Line,
    /// The account.
    Account,
    /// The product.
    Product,
    /// A system.
    Source,
}

/// What the table says of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// The code.
    pub code: ReasonCode,
    /// How much it weighs unless the rule or the configuration says otherwise.
    pub severity: Severity,
    /// What it is about.
    pub scope: Scope,
    /// What it means, in one sentence.
    pub means: &'static str,
    /// Who acts on it.
    pub acts: &'static str,
}

macro_rules! reasons {
    ($($code:ident $severity:ident $scope:ident $means:literal $acts:literal)*) => {
        /// The codes of reasons.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
        pub enum ReasonCode {
            $(#[doc = $means] $code,)*
        }

        /// Every code with what it means, by scope as the README shows them.
        pub const REASONS: &[Meaning] = &[$(Meaning {
            code: ReasonCode::$code,
            severity: Severity::$severity,
            scope: Scope::$scope,
            means: $means,
            acts: $acts,
        },)*];
    };
}

reasons! {
    PriceMissing Blocking Line "No price record is eligible." "pricing"
    PriceExpired Warning Line "The agreed price has expired." "sales, to renew the contract"
    PriceNotYetValid Info Line "An agreed price begins later." "nobody"
    PriceOnRequest Blocking Line "Engineered to order: a person has to quote." "sales, to quote"
    PriceBelowMinimumQty Warning Line "Less than the least quantity that has a price." "the buyer"
    PriceConflict Warning Line "Two records of equal rank, or owners, disagree on the price." "pricing"
    PriceUnclear Blocking Line "The price could not be found out." "customer service, when the owner answers again"
    CurrencyNotOffered Blocking Line "There is no price in the asked currency." "pricing"
    UomNotConvertible Blocking Line "The unit is not one of the product's." "the buyer"
    PackQtyRequired Blocking Line "The quantity is no multiple of the pack." "the buyer"
    ProductDiscontinued Blocking Product "It is sold no more." "the buyer, to take the successor"
    ProductPhaseOut Warning Product "It is sold while stock lasts." "the buyer"
    ProductBlocked Blocking Product "It is held for quality or legal reasons." "quality"
    ProductPreLaunch Blocking Product "It is not sold yet." "product management"
    ProductNotAssorted Blocking Product "It is not in the account's catalogue." "sales"
    ProductUnknownToOwner Blocking Product "Its owner does not know it." "master data"
    ProductUnclear Blocking Product "Whether it may be sold could not be found out." "customer service, when the owner answers again"
    Substituted Info Line "Another article is delivered than was asked for." "nobody"
    SubstituteAvailable Info Line "Another article serves instead and is in stock." "the buyer"
    Backordered Warning Line "Nothing of it can be delivered from stock." "planning"
    PartialBackorder Warning Line "A part of it cannot be delivered from stock." "planning"
    BackorderNotAllowed Blocking Line "More than is available, and no back order is taken." "the buyer"
    AvailabilityUnclear Warning Line "What is available could not be found out." "customer service, when the owner answers again"
    LeadTimeExceedsRequest Warning Line "It comes later than asked for." "the buyer"
    InventoryStale Warning Source "The stock is older than this use allows." "operations"
    CreditHold Blocking Account "The account is on credit hold or above its limit." "credit control"
    CreditLimitNear Warning Account "The credit limit is nearly used up." "credit control"
    CreditNotChecked Blocking Account "Credit could not be checked." "credit control"
    AccountOverdue Warning Account "Invoices are past their due date." "credit control"
    CreditNotice Warning Account "Something of the account's credit is to be seen to." "credit control"
    PrepaymentRequired Blocking Order "It has to be paid first." "the buyer"
    AccountInactive Blocking Account "The account buys no more, or is not approved yet." "sales"
    AccountBlocked Blocking Account "The account is blocked." "sales"
    AccountUnclear Blocking Account "What the account may do could not be found out." "customer service, when the owner answers again"
    ShipToNotAllowed Blocking Order "The address is none of the account's." "customer service"
    ShipToInactive Blocking Order "The address is closed." "customer service"
    BuyerNotPermitted Blocking Order "The buyer may not place orders for the account." "the account's administrator"
    OrderLimitExceeded Blocking Order "The order is above the buyer's limit." "the account's approver"
    ApprovalRequired Blocking Order "Somebody has to approve it." "the approver"
    TaxCertExpired Warning Account "The tax certificate had expired on the day of the order." "the buyer, to send a valid one"
    TaxCertExpiring Info Account "The tax certificate expires soon." "the buyer, to send the next one"
    TaxCertRevoked Warning Account "The tax certificate was withdrawn." "the buyer, to send a valid one"
    TaxCertMissing Warning Account "There is no tax certificate." "the buyer, to send one"
    TaxCertWrongJurisdiction Warning Account "The tax certificate holds elsewhere." "the buyer, to send the right one"
    TaxUnclear Warning Account "Whether a tax certificate holds could not be found out: tax is charged." "tax"
    FreightConstraint Warning Line "It cannot be shipped there as it is." "logistics"
    HazmatDocumentExpired Warning Product "The safety data sheet has expired." "product safety"
    ExportRestricted Blocking Line "It may not be shipped to that country." "export control"
    DeliveryBlock Blocking Order "Delivery is blocked." "logistics"
    BillingBlock Blocking Order "Invoicing is blocked." "accounting"
    ShipmentException Blocking Order "A shipment was lost, refused or damaged." "logistics"
    InvoiceException Blocking Order "An invoice was cancelled or contradicts the order." "accounting"
    MinOrderValue Warning Order "It is below the least order value." "the buyer"
    DuplicatePo Warning Order "The account has an order with the same order number of its own." "customer service"
    ReturnWindowClosed Blocking Line "It is too late to return it." "customer service"
    ReturnNotAllowed Blocking Line "It cannot be returned." "customer service"
    ManualReview Blocking Order "A person has to look at it." "customer service"
    QuantitiesInconsistent Warning Line "The owner's quantities contradict each other." "the data owner"
    SourceUnavailable Warning Source "A system did not answer." "operations"
    SourceTimeout Warning Source "A system did not answer in time." "operations"
    SourceThrottled Warning Source "A system takes no more questions for now." "operations"
    StatusUnmapped Warning Source "A word of the owner is not mapped." "integration"
    IdentityUnmatched Warning Source "A key has no counterpart in the other system." "master data"
    IdentityAmbiguous Warning Source "A key has several counterparts in the other system." "master data"
    OwnerConflict Warning Source "A copy differs from its owner." "the data owner"
}

impl ReasonCode {
    /// Returns what the table says of the code.
    pub fn meaning(self) -> &'static Meaning {
        &REASONS[self as usize]
    }

    /// Returns the freshness domain that it is mostly of, as the shipped contract calls it; none where it may be of any.
    pub fn domain(self) -> Option<&'static str> {
        use ReasonCode as Code;
        Some(match self {
            Code::PriceMissing
            | Code::PriceExpired
            | Code::PriceNotYetValid
            | Code::PriceOnRequest
            | Code::PriceBelowMinimumQty
            | Code::PriceConflict
            | Code::PriceUnclear
            | Code::CurrencyNotOffered => "price",
            Code::UomNotConvertible
            | Code::PackQtyRequired
            | Code::ProductNotAssorted
            | Code::FreightConstraint
            | Code::ExportRestricted => "product",
            Code::ProductDiscontinued
            | Code::ProductPhaseOut
            | Code::ProductBlocked
            | Code::ProductPreLaunch
            | Code::ProductUnknownToOwner
            | Code::ProductUnclear => "product.lifecycle",
            Code::HazmatDocumentExpired => "product.content",
            Code::SubstituteAvailable
            | Code::Backordered
            | Code::PartialBackorder
            | Code::BackorderNotAllowed
            | Code::AvailabilityUnclear
            | Code::LeadTimeExceedsRequest
            | Code::InventoryStale => "inventory",
            Code::CreditHold
            | Code::CreditLimitNear
            | Code::CreditNotChecked
            | Code::CreditNotice
            | Code::AccountOverdue => "customer.credit",
            Code::BuyerNotPermitted | Code::OrderLimitExceeded | Code::ApprovalRequired => "customer.permissions",
            Code::PrepaymentRequired
            | Code::AccountInactive
            | Code::AccountBlocked
            | Code::AccountUnclear
            | Code::ShipToNotAllowed
            | Code::ShipToInactive
            | Code::TaxCertExpired
            | Code::TaxCertExpiring
            | Code::TaxCertRevoked
            | Code::TaxCertMissing
            | Code::TaxCertWrongJurisdiction
            | Code::TaxUnclear => "customer",
            Code::Substituted
            | Code::DeliveryBlock
            | Code::BillingBlock
            | Code::ShipmentException
            | Code::InvoiceException
            | Code::MinOrderValue
            | Code::DuplicatePo
            | Code::ReturnWindowClosed
            | Code::ReturnNotAllowed
            | Code::ManualReview
            | Code::QuantitiesInconsistent => "order",
            Code::SourceUnavailable
            | Code::SourceTimeout
            | Code::SourceThrottled
            | Code::StatusUnmapped
            | Code::IdentityUnmatched
            | Code::IdentityAmbiguous
            | Code::OwnerConflict => return None,
        })
    }

    /// Whether it says that something could not be found out. A word that is not mapped is as good as none.
    pub fn means_unknown(self) -> bool {
        use ReasonCode as Code;
        matches!(
            self,
            Code::PriceUnclear
                | Code::ProductUnclear
                | Code::AvailabilityUnclear
                | Code::CreditNotChecked
                | Code::AccountUnclear
                | Code::TaxUnclear
                | Code::SourceUnavailable
                | Code::SourceTimeout
                | Code::SourceThrottled
                | Code::StatusUnmapped
        )
    }
}

impl std::fmt::Display for ReasonCode {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.serialize(out)
    }
}

/// A reason: a code, in words, with what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The code.
    pub code: ReasonCode,
    /// How much it weighs.
    pub severity: Severity,
    /// What it is about.
    pub scope: Scope,
    /// One sentence for whoever reads it; no amount that not everybody may see.
    pub message: String,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// The line of an order that it is about, for the ledger: people read it in the sentence.
    #[serde(skip)]
    pub line: Option<String>,
    /// The system that did not answer, for the ledger, where there is no evidence that would name it.
    #[serde(skip)]
    pub system: Option<String>,
}

impl Reason {
    /// Makes a reason that weighs what the table says.
    pub fn new(code: ReasonCode, message: impl Into<String>, evidence: Vec<Evidence>) -> Self {
        let Meaning { severity, scope, .. } = *code.meaning();
        Self { code, severity, scope, message: message.into(), evidence, line: None, system: None }
    }

    /// Makes the reason of what could not be found out: `what` is the subject of a sentence, such as "the credit".
    pub fn of_unknown(what: &str, unknown: &Unknown) -> Self {
        let system = match unknown.system.as_str() {
            "" => "its owner",
            system => system,
        };
        let (code, why) = match unknown.code.as_str() {
            code if code.contains("TIMEOUT") => (ReasonCode::SourceTimeout, "did not answer in time"),
            code if code.contains("THROTTLED") => (ReasonCode::SourceThrottled, "takes no more questions for now"),
            code if code.contains("CONTRACT") => (ReasonCode::SourceUnavailable, "says what cannot be read"),
            code if code.contains("STALE") => (ReasonCode::SourceUnavailable, "said it too long ago"),
            _ => (ReasonCode::SourceUnavailable, "did not answer"),
        };
        Self::new(code, format!("{what} could not be found out: {system} {why}."), Vec::new()).for_lack_of(unknown)
    }

    /// Says whose silence it comes of.
    pub fn for_lack_of(self, unknown: &Unknown) -> Self {
        Self { system: Some(unknown.system.clone()).filter(|system| !system.is_empty()), ..self }
    }

    /// Says which line of an order it is about.
    pub fn of_line(self, line: &impl std::fmt::Display) -> Self {
        Self { line: Some(line.to_string()), ..self }
    }

    /// Says which line of an order it is about, where it is about one alone.
    pub fn of_lines(self, mut lines: Vec<i64>) -> Self {
        lines.sort_unstable();
        lines.dedup();
        match lines.as_slice() {
            [line] => self.of_line(line),
            _ => self,
        }
    }

    /// Returns the freshness domain of what is wrong: that of the first fact it rests on that an owner said, or else the one
    /// that its code is mostly of.
    pub fn domain(&self) -> Option<&str> {
        self.evidence.iter().find_map(|evidence| evidence.domain.as_deref()).or_else(|| self.code.domain())
    }

    /// Gives it another weight.
    pub fn weighing(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }

    /// Says that it is about something else than its code mostly is.
    pub fn about(self, scope: Scope) -> Self {
        Self { scope, ..self }
    }
}

/// Puts reasons in their order: blocking first, then by scope, by code, by what they say.
pub fn sort(reasons: &mut [Reason]) {
    reasons.sort_by(|one, other| {
        let place = |reason: &Reason| (reason.severity, reason.scope, reason.code.to_string());
        place(one).cmp(&place(other)).then_with(|| one.message.cmp(&other.message))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_each_code_at_its_place() {
        for (position, meaning) in REASONS.iter().enumerate() {
            assert_eq!(meaning.code as usize, position);
            assert_eq!(meaning.code.meaning(), meaning);
        }
        assert_eq!(ReasonCode::PriceBelowMinimumQty.to_string(), "PRICE_BELOW_MINIMUM_QTY");
    }

    #[test]
    fn a_code_is_of_a_domain_of_the_shipped_contract() {
        let shipped = include_str!("../../schema/freehold.toml");
        for code in REASONS.iter().map(|meaning| meaning.code) {
            let Some(domain) = code.domain() else { continue };
            let written = [format!("[freshness.{domain}]"), format!("[freshness.\"{domain}\"]")];
            assert!(written.iter().any(|line| shipped.contains(line)), "{code}: {domain}");
        }
    }

    #[test]
    fn a_reason_is_of_the_domain_of_what_it_rests_on() {
        let of = |domain: Option<&str>| Evidence {
            domain: domain.map(str::to_owned),
            ..Evidence::of_question("quantity", 1)
        };
        let reason = |evidence| Reason::new(ReasonCode::CreditHold, "so", evidence);
        assert_eq!(reason(vec![of(None), of(Some("order")), of(Some("price"))]).domain(), Some("order"));
        assert_eq!(reason(vec![of(None)]).domain(), Some("customer.credit"));
        assert_eq!(Reason::new(ReasonCode::StatusUnmapped, "so", Vec::new()).domain(), None);
    }

    #[test]
    fn the_graph_lists_the_same_codes_and_says_the_same_of_them() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/reason.graphql");
        let text = std::fs::read_to_string(path).unwrap();
        let body = text.split("enum ReasonCode {\n").nth(1).and_then(|rest| rest.split("\n}").next()).unwrap();
        let written: Vec<&str> = body.lines().map(str::trim).collect();
        let said = REASONS.iter().flat_map(|one| [format!("\"{}\"", one.means), one.code.to_string()]);
        assert_eq!(written, said.collect::<Vec<_>>());
    }

    #[test]
    fn what_is_unknown_has_the_code_of_its_cause() {
        for (code, expected) in [
            ("SOURCE_TIMEOUT", ReasonCode::SourceTimeout),
            ("SOURCE_THROTTLED", ReasonCode::SourceThrottled),
            ("SOURCE_UNAVAILABLE", ReasonCode::SourceUnavailable),
            ("STALE_REFUSED", ReasonCode::SourceUnavailable),
            ("CONTRACT_VIOLATION", ReasonCode::SourceUnavailable),
            ("ANYTHING", ReasonCode::SourceUnavailable),
        ] {
            let unknown = Unknown { code: code.to_owned(), system: "erp".to_owned() };
            let reason = Reason::of_unknown("The price", &unknown);
            assert_eq!((reason.code, reason.scope), (expected, Scope::Source));
            assert_eq!(reason.system.as_deref(), Some("erp"));
            assert!(reason.message.starts_with("The price could not be found out: erp "));
        }
    }

    #[test]
    fn reasons_stand_in_one_order() {
        let of = |code| Reason::new(code, "so", Vec::new());
        let mut reasons = [
            of(ReasonCode::SubstituteAvailable),
            of(ReasonCode::Backordered),
            of(ReasonCode::PriceMissing),
            of(ReasonCode::CreditHold),
            of(ReasonCode::PrepaymentRequired),
            of(ReasonCode::CurrencyNotOffered),
        ];
        sort(&mut reasons);
        let codes = reasons.map(|reason| reason.code.to_string());
        let expected = [
            "PREPAYMENT_REQUIRED",
            "CURRENCY_NOT_OFFERED",
            "PRICE_MISSING",
            "CREDIT_HOLD",
            "BACKORDERED",
            "SUBSTITUTE_AVAILABLE",
        ];
        assert_eq!(codes, expected);
    }
}
