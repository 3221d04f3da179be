//! Order lines and what has become of their quantities.

use super::{
    item::{Item, Supply},
    random::Random,
    story::Story,
};

/// A line of an order. Quantities are in the item's unit; days count from today.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) number: i64,
    pub(super) kind: LineKind,
    /// The position of the item that is delivered.
    pub(super) item: Option<usize>,
    /// The position of the item asked for, where it is another one.
    pub(super) requested: Option<usize>,
    pub(super) text: String,
    pub(super) unit: Option<&'static str>,
    pub(super) ordered: i64,
    pub(super) cancelled: i64,
    pub(super) allocated: i64,
    pub(super) shipped: i64,
    pub(super) delivered: i64,
    pub(super) invoiced: i64,
    pub(super) returned: i64,
    pub(super) backordered: i64,
    pub(super) price_cents: Option<i64>,
    pub(super) per: i64,
    pub(super) plant: Option<&'static str>,
    pub(super) promised: Option<i64>,
}

/// What a line is, by the ERP's item category.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineKind {
    Goods,
    Service,
    Comment,
    Freight,
    Return,
}

impl LineKind {
    /// The ERP's code.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Goods => "TAN",
            Self::Service => "TAD",
            Self::Comment => "TEXT",
            Self::Freight => "FRT",
            Self::Return => "REN",
        }
    }
}

impl Line {
    /// A line of goods or of work, as ordered.
    pub(super) fn of_item(number: i64, position: usize, item: &Item, ordered: i64, price_cents: Option<i64>) -> Self {
        let goods = item.is_goods();
        Self {
            number,
            kind: if goods { LineKind::Goods } else { LineKind::Service },
            item: Some(position),
            text: item.name(0),
            unit: Some(item.family.unit),
            ordered,
            price_cents,
            per: item.family.per,
            plant: goods.then_some("1000"),
            ..Self::of_text(number, LineKind::Comment, "")
        }
    }

    /// A line without an item.
    pub(super) fn of_text(number: i64, kind: LineKind, text: &str) -> Self {
        Self {
            number,
            kind,
            item: None,
            requested: None,
            text: text.to_owned(),
            unit: None,
            ordered: 0,
            cancelled: 0,
            allocated: 0,
            shipped: 0,
            delivered: 0,
            invoiced: 0,
            returned: 0,
            backordered: 0,
            price_cents: None,
            per: 1,
            plant: None,
            promised: None,
        }
    }

    /// What has not been shipped and not been cancelled.
    pub(super) fn open(&self) -> i64 {
        self.ordered - self.cancelled - self.shipped
    }

    /// The price of so many, in cents.
    pub(super) fn value(&self, quantity: i64) -> i64 {
        self.price_cents.map_or(0, |cents| (cents * quantity + self.per / 2) / self.per)
    }

    /// The net amount of the line, in cents; `None` where it has no price.
    pub(super) fn net_cents(&self) -> Option<i64> {
        self.price_cents.map(|_| self.value(self.ordered - self.cancelled))
    }

    /// The ERP's word for how far the line is.
    pub(super) fn status(&self) -> &'static str {
        match self.kind {
            LineKind::Comment | LineKind::Freight => "",
            LineKind::Return => "CPL",
            _ if self.ordered == self.cancelled => "REJ",
            _ if self.open() > 0 => "OPN",
            _ => "CPL",
        }
    }

    /// Lets the order's story happen to the line.
    pub(super) fn settle(&mut self, story: Story, supply: Supply, age: i64, random: &mut Random) {
        match self.kind {
            LineKind::Comment | LineKind::Freight | LineKind::Return => return,
            LineKind::Service => return self.settle_service(story),
            LineKind::Goods => {}
        }
        let wanted = self.ordered - self.cancelled;
        self.shipped = match story {
            Story::Quotation | Story::ExpiredQuotation | Story::Approval | Story::Open => 0,
            Story::Cancelled => {
                self.cancelled = self.ordered;
                0
            }
            Story::Partial | Story::ClosedShort if wanted > 1 => random.between(1, wanted - 1),
            Story::Partial | Story::ClosedShort => 0,
            Story::Shipped | Story::Completed | Story::Returned => wanted,
        };
        self.delivered = if age > 6 || story.is_over() { self.shipped } else { 0 };
        self.invoiced = match story {
            Story::Shipped | Story::Partial if age < 4 => 0,
            _ => self.shipped,
        };
        if story == Story::Returned && self.shipped > 0 {
            self.returned = random.between(1, self.shipped);
        }
        if matches!(story, Story::Open | Story::Partial) {
            self.supply(supply, age, random);
        }
    }

    /// Reserves what is open, or leaves it waiting where the item is short.
    fn supply(&mut self, supply: Supply, age: i64, random: &mut Random) {
        let open = self.open();
        match supply {
            Supply::ShortDated => {
                self.backordered = open;
                self.promised = Some(random.between(5, 40));
            }
            Supply::ShortUndated => self.backordered = open,
            Supply::Unstocked => self.promised = Some(random.between(20, 90)),
            Supply::Low if open > 3 => {
                self.allocated = open / 2;
                self.backordered = open - self.allocated;
                self.promised = Some(random.between(8, 30));
            }
            Supply::Low | Supply::Plenty => {
                self.allocated = if random.percent(75) { open } else { 0 };
                self.promised = Some(random.between(1, 6).max(3 - age));
            }
        }
    }

    fn settle_service(&mut self, story: Story) {
        match story {
            Story::Cancelled => self.cancelled = self.ordered,
            Story::Completed | Story::Returned | Story::Shipped => self.invoiced = self.ordered,
            _ => {}
        }
    }
}
