//! The facts that the status of an order and of its lines follows from, as owners say them.
//!
//! Words of owners are read leniently: one that is not known here is kept, and makes unknown what it takes.

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::rules::{
    account::{AccountStatus, TermsFacts},
    calendar::end_of,
    context::Context,
    credit::CreditFacts,
    evidence::At,
    fact::{Fact, Unknown},
    money::MoneyFacts,
    ship_to::ShipToFacts,
};

/// What is known, or why it is not.
pub(super) type Known<T> = Result<T, Unknown>;

macro_rules! facts {
    ($(#[$said:meta])* $name:ident { $($field:ident: $ty:ty,)* }) => {
        $(#[$said])*
        #[derive(Debug, Clone, PartialEq, Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        pub(in crate::rules) struct $name {
            #[serde(rename = "$at")]
            pub(super) at: At,
            $(pub(super) $field: Fact<$ty>,)*
        }
    };
}

macro_rules! words {
    ($(#[$said:meta])* $name:ident { $($word:ident)* }) => {
        $(#[$said])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
        pub(in crate::rules) enum $name {
            $($word,)*
            /// A word that is not known here.
            #[serde(untagged)]
            Other(String),
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.serialize(out)
            }
        }
    };
}

type List<T> = Vec<Fact<T>>;

facts! {
    /// An order.
    OrderFacts {
        state: OrderState,
        native_status: String,
        customer_po: String,
        same_customer_po: String,
        ship_to_id: String,
        requested_date: Date,
        valid_until: Date,
        total: MoneyFacts,
        payment_terms: String,
        holds: List<HoldFacts>,
        lines: List<LineFacts>,
        shipments: List<ShipmentFacts>,
        invoices: List<InvoiceFacts>,
        returns: List<ReturnFacts>,
        buyer: BuyingFacts,
    }
}

facts! {
    /// What a line needs of its order.
    HolderFacts {
        state: OrderState,
        requested_date: Date,
        valid_until: Date,
        holds: List<HoldFacts>,
    }
}

facts! {
    /// The account that ordered.
    BuyingFacts {
        status: AccountStatus,
        native_status: String,
        terms: TermsFacts,
        ship_tos: List<ShipToFacts>,
        credit: CreditFacts,
    }
}

facts! {
    /// Something that holds the order or a line.
    HoldFacts {
        code: HoldCode,
        native_code: String,
        level: HoldLevel,
        line_number: i64,
        since: Timestamp,
        releasable: bool,
        set_by: String,
    }
}

facts! {
    /// A line.
    LineFacts {
        line_number: i64,
        r#type: LineType,
        sku: String,
        requested_sku: String,
        ordered: Decimal,
        cancelled: Decimal,
        allocated: Decimal,
        shipped: Decimal,
        delivered: Decimal,
        invoiced: Decimal,
        returned: Decimal,
        backordered: Decimal,
        requested_date: Date,
        promised_date: Date,
    }
}

facts! {
    /// Goods that leave together.
    ShipmentFacts {
        number: String,
        state: ShipmentState,
        native_status: String,
        delivered_at: Timestamp,
        lines: List<DocumentLineFacts>,
    }
}

facts! {
    /// An invoice, a credit note or a write-off.
    InvoiceFacts {
        number: String,
        kind: InvoiceKind,
        due_date: Date,
        total: MoneyFacts,
        open: MoneyFacts,
        lines: List<DocumentLineFacts>,
    }
}

facts! {
    /// A return.
    ReturnFacts {
        number: String,
        state: ReturnState,
        native_status: String,
        date: Date,
        lines: List<DocumentLineFacts>,
    }
}

facts! {
    /// A quantity of a line in another document.
    DocumentLineFacts {
        line_number: i64,
        quantity: Decimal,
    }
}

words! {
    /// How far the document itself is.
    OrderState { Draft Quotation PendingApproval Confirmed Completed Closed Cancelled }
}

words! {
    /// Why something is held.
    HoldCode {
        CreditHold DeliveryBlock BillingBlock ManualReview PrepaymentRequired ApprovalRequired FreightConstraint
    }
}

words! {
    /// What a hold holds.
    HoldLevel { Order Line }
}

words! {
    /// What a line is.
    LineType { Goods Service Comment Freight Return }
}

words! {
    /// How far a shipment is.
    ShipmentState { Picking Packed InTransit Delivered Exception }
}

words! {
    /// What an invoice document is.
    InvoiceKind { Invoice CreditNote WriteOff }
}

words! {
    /// How far a return is.
    ReturnState { Requested Approved InTransit Received Refused }
}

/// Returns a number, zero where its owner keeps none.
pub(super) fn number(fact: &Fact<Decimal>) -> Known<Decimal> {
    Ok(fact.asked().map_err(Clone::clone)?.copied().unwrap_or_default())
}

/// Returns a quantity, zero where its owner keeps none. One below zero is none that a word could be made of.
pub(super) fn quantity(fact: &Fact<Decimal>) -> Known<Decimal> {
    Some(number(fact)?).filter(|quantity| *quantity >= Decimal::ZERO).ok_or_else(senseless)
}

/// Returns a list's items, or why one of them is not known.
pub(super) fn items<T>(list: &Fact<List<T>>) -> Known<Vec<&T>> {
    list.items().map_err(Clone::clone)
}

/// Whether any of several is so, whatever their order: one that is for sure outweighs those that are unknown.
pub(super) fn any(each: impl IntoIterator<Item = Known<bool>>) -> Known<bool> {
    let mut unknown = None;
    for one in each {
        match one {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(because) => unknown = unknown.or(Some(because)),
        }
    }
    unknown.map_or(Ok(false), Err)
}

/// Says that an owner's answer is none of those that make sense.
pub(super) fn senseless() -> Unknown {
    Unknown { code: "CONTRACT_VIOLATION".to_owned(), system: String::new() }
}

impl OrderFacts {
    /// The part of the order that its lines need. A hold of a line that there is not is the order's: it must not get lost.
    pub(super) fn holder(&self) -> HolderFacts {
        let Self { at, state, requested_date, valid_until, .. } = self;
        let placed = |hold: &Fact<HoldFacts>| match hold {
            Fact::Known(hold) => Fact::Known(self.placed(hold)),
            hold => hold.clone(),
        };
        let holds = match &self.holds {
            Fact::Known(holds) => Fact::Known(holds.iter().map(placed).collect()),
            holds => holds.clone(),
        };
        HolderFacts {
            at: *at,
            state: state.clone(),
            requested_date: requested_date.clone(),
            valid_until: valid_until.clone(),
            holds,
        }
    }

    fn placed(&self, hold: &HoldFacts) -> HoldFacts {
        let Some(number) = hold.line_number.known() else { return hold.clone() };
        let is_of = |line: &LineFacts| Ok(line.line_number.asked().map_err(Clone::clone)? == Some(number));
        match items(&self.lines).and_then(|lines| any(lines.into_iter().map(is_of))) {
            Ok(true) => hold.clone(),
            Ok(false) => HoldFacts { level: Fact::Known(HoldLevel::Order), ..hold.clone() },
            Err(unknown) => HoldFacts { line_number: Fact::Unknown(unknown), ..hold.clone() },
        }
    }
}

impl HolderFacts {
    /// An order of which nothing could be found out.
    pub(super) fn unknown(unknown: &Unknown) -> Self {
        Self {
            at: At::default(),
            state: Fact::Unknown(unknown.clone()),
            requested_date: Fact::Unknown(unknown.clone()),
            valid_until: Fact::Unknown(unknown.clone()),
            holds: Fact::Unknown(unknown.clone()),
        }
    }

    /// Whether the document alone says that nothing more happens: it was cancelled or closed, or its offer has run out.
    pub(super) fn is_over(&self, context: &Context<'_>) -> bool {
        match self.state.known() {
            Some(OrderState::Cancelled | OrderState::Closed) => true,
            Some(OrderState::Quotation) => self.valid_until.known().is_some_and(|last| *last < context.today()),
            _ => false,
        }
    }

    /// Returns the instant at which its offer runs out, if that is to come.
    pub(super) fn offer_ends(&self, context: &Context<'_>) -> Option<Timestamp> {
        let last = self.valid_until.known().filter(|_| self.state == Fact::Known(OrderState::Quotation))?;
        end_of(*last, context).filter(|instant| *instant > context.now)
    }
}

impl LineFacts {
    /// What the line is called in sentences.
    pub(super) fn called(&self) -> String {
        self.line_number.known().map_or_else(|| "A line".to_owned(), |number| format!("Line {number}"))
    }
}
