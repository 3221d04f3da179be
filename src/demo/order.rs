//! The company's sales orders: what each is, decided once, before the ERP and the shop write down their part.

use super::{
    account::{Account, Standing},
    anchor,
    invoice::{Invoice, invoices},
    item::Item,
    line::{Line, LineKind},
    money::share,
    random::Random,
    story::{Story, chosen},
};

/// A sales order. Days count from today; `age` is how many days ago it was written.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) number: String,
    pub(super) web_no: Option<String>,
    /// The id of the login that placed it in the shop.
    pub(super) placed_by: Option<String>,
    pub(super) customer_po: Option<String>,
    /// The position of the account.
    pub(super) account: usize,
    pub(super) ship_to: Option<String>,
    pub(super) age: i64,
    /// The day asked for.
    pub(super) requested: Option<i64>,
    pub(super) story: Story,
    pub(super) hold: Option<Hold>,
    pub(super) lines: Vec<Line>,
    pub(super) freight_cents: i64,
    pub(super) surcharge_cents: i64,
    pub(super) tax_percent: i64,
    pub(super) invoices: Vec<Invoice>,
}

/// What holds an order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hold {
    /// The ERP's code.
    pub(super) code: &'static str,
    /// The line it holds; `None`: the whole order.
    pub(super) line: Option<i64>,
    pub(super) released: bool,
}

impl Hold {
    /// A hold on the whole order, in force.
    pub(super) fn on_order(code: &'static str) -> Self {
        Self { code, line: None, released: false }
    }
}

impl Order {
    /// The sum of the lines, in cents.
    pub(super) fn net_cents(&self) -> i64 {
        let counts = |line: &&Line| matches!(line.kind, LineKind::Goods | LineKind::Service);
        self.lines.iter().filter(counts).filter_map(Line::net_cents).sum()
    }

    /// The tax on all of it, in cents.
    pub(super) fn tax_cents(&self) -> i64 {
        share(self.net_cents() + self.freight_cents + self.surcharge_cents, self.tax_percent)
    }

    /// The whole amount, in cents.
    pub(super) fn total_cents(&self) -> i64 {
        self.net_cents() + self.freight_cents + self.surcharge_cents + self.tax_cents()
    }

    /// Settles each line, sets the hold off against what it stops, and writes the invoices.
    pub(super) fn settle(&mut self, items: &[Item], terms: &str, random: &mut Random) {
        for line in &mut self.lines {
            if let Some(item) = line.item {
                line.settle(self.story, items[item].supply, self.age, random);
            }
        }
        self.finish(terms, random);
    }

    /// Sets the hold off against what it stops, and writes the invoices.
    pub(super) fn finish(&mut self, terms: &str, random: &mut Random) {
        if let Some(hold) = self.hold.filter(|hold| !hold.released) {
            for line in self.lines.iter_mut().filter(|line| hold.line.is_none_or(|held| held == line.number)) {
                match hold.code {
                    // Goods are not kept for those who cannot have them.
                    "CR" | "PP" | "AP" => line.allocated = 0,
                    "BB" => line.invoiced = 0,
                    _ => {}
                }
            }
        }
        self.invoices = invoices(self, terms, random);
    }
}

/// How many orders are made up beside those the documentation names.
const N_ORDERS: i64 = 22_000;

/// The oldest order, in days.
const AGE_MAX: i64 = 720;

/// Decides every order: those the documentation names first, then from the oldest to the youngest.
pub(super) fn orders(items: &[Item], accounts: &[Account]) -> Vec<Order> {
    let mut random = Random::of("orders");
    let mut orders = anchor::orders(items, accounts);
    let sold: Vec<usize> = positions(items, |item| item.is_goods() && item.list_cents.is_some() && item.status != "05");
    let services: Vec<usize> = positions(items, |item| item.family.prefix == "SRV");
    let projects: Vec<usize> = positions(items, |item| item.family.prefix == "ETO");
    let withdrawn: Vec<usize> = positions(items, |item| item.status == "30" && item.list_cents.is_some());
    let main_account = accounts.iter().position(|account| account.number == "100042").expect("an anchor");
    for n in 0..N_ORDERS {
        let age = AGE_MAX - n * AGE_MAX / (N_ORDERS - 1);
        let position = if random.percent(2) { main_account } else { random.below(accounts.len()) };
        let account = &accounts[position];
        let story = chosen(age, account.standing, &mut random);
        let mut lines = Vec::new();
        for _ in 0..random.between(1, 5) {
            let item = random.pick(&sold);
            let number = 10 * (1 + lines.len() as i64);
            let mut line = Line::of_item(
                number,
                item,
                &items[item],
                quantity(&items[item], &mut random),
                price(&items[item], account),
            );
            line.plant = Some(random.pick(&["1000", "1000", "1010", "1020", "1100"]));
            if random.percent(3) {
                line.cancelled = if line.ordered > 1 && random.percent(50) { line.ordered / 2 } else { line.ordered };
            } else if random.percent(2) {
                line.requested = Some(random.pick(&withdrawn));
            }
            lines.push(line);
        }
        let mut extra = |line: Line| lines.push(Line { number: 10 * (1 + lines.len() as i64), ..line });
        if random.percent(6) {
            let item = random.pick(&services);
            extra(Line::of_item(0, item, &items[item], random.between(2, 16), price(&items[item], account)));
        }
        if story == Story::Quotation && random.percent(20) {
            let item = random.pick(&projects);
            extra(Line::of_item(0, item, &items[item], 1, None));
        }
        if random.percent(10) {
            extra(Line::of_text(
                0,
                LineKind::Comment,
                random.pick(&["Deliver before noon", "Mark with our order number", "Partial delivery allowed"]),
            ));
        }
        let freight_cents = if random.percent(60) { random.between(9, 180) * 100 } else { 0 };
        if freight_cents > 0 && random.percent(30) {
            let freight = Line::of_text(0, LineKind::Freight, "Freight and packaging");
            extra(Line { ordered: 1, unit: Some("EA"), price_cents: Some(freight_cents), ..freight });
        }
        if story == Story::Completed && random.percent(1) {
            let back = lines[0].item.expect("the first line has an item");
            let returned =
                Line::of_item(10 * (1 + lines.len() as i64), back, &items[back], 1, price(&items[back], account));
            lines.push(Line { kind: LineKind::Return, ..returned });
        }
        let mut order = Order {
            number: (4_500_020_000 + n).to_string(),
            web_no: random.percent(45).then(|| format!("W-{}", 400_000 + n)),
            placed_by: None,
            customer_po: random.percent(85).then(|| format!("PO-{}-{}", account.number, random.between(1_000, 9_999))),
            account: position,
            ship_to: Some(account.ship_tos[random.below(account.ship_tos.len())].clone()),
            age,
            requested: random.percent(60).then(|| random.between(3, 30) - age),
            story,
            hold: hold(story, account, lines.len() as i64, &mut random),
            lines,
            freight_cents,
            surcharge_cents: 0,
            tax_percent: if account.town.country == "DE" { 19 } else { 0 },
            invoices: Vec::new(),
        };
        if order.net_cents() < 10_000 {
            order.surcharge_cents = 1_500;
        }
        order.settle(items, account.terms, &mut random);
        orders.push(order);
    }
    orders
}

fn positions(items: &[Item], wanted: impl Fn(&Item) -> bool) -> Vec<usize> {
    (0..items.len()).filter(|&n| items[n].in_erp() && wanted(&items[n])).collect()
}

fn quantity(item: &Item, random: &mut Random) -> i64 {
    match item.family.prefix {
        "FIT" => 10 * random.between(1, 60),
        "HSE" => 5 * random.between(1, 30),
        "SP" | "CHM" => random.between(1, 12),
        "VLV" => random.between(1, 20),
        _ => random.between(1, 5),
    }
}

/// What an account pays, in cents of its currency: the list price less its tier's discount.
pub(super) fn price(item: &Item, account: &Account) -> Option<i64> {
    let percent = match account.tier {
        Some("OEM") => 78,
        Some("GOLD") => 82,
        Some("SILVER") => 88,
        Some("BRONZE") => 93,
        _ => 100,
    };
    item.list_cents.map(|cents| share(share(cents, percent), currency_percent(account.currency)))
}

/// What a hundred euros are in a currency.
pub(super) fn currency_percent(currency: &str) -> i64 {
    match currency {
        "USD" => 109,
        "GBP" => 85,
        "CHF" => 95,
        _ => 100,
    }
}

fn hold(story: Story, account: &Account, n_lines: i64, random: &mut Random) -> Option<Hold> {
    match story {
        Story::Approval => Some(Hold::on_order("AP")),
        Story::Open if account.standing == Standing::Held => Some(Hold::on_order("CR")),
        Story::Open if account.standing == Standing::Prepaid && random.percent(60) => Some(Hold::on_order("PP")),
        Story::Open | Story::Partial if random.percent(10) => {
            let code = random.pick(&["DB", "BB", "MR", "FC"]);
            Some(Hold { line: (code == "FC").then(|| 10 * random.between(1, n_lines)), ..Hold::on_order(code) })
        }
        Story::Completed if random.percent(3) => Some(Hold { released: true, ..Hold::on_order("CR") }),
        _ => None,
    }
}
