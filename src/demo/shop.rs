//! The web shop: its listings with their stale copies, its logins, its orders and drafts.

use super::{
    DemoError,
    account::Account,
    calendar::{day, local},
    item::Item,
    line::LineKind,
    login::{Login, Placers, Rights},
    order::{Order, price},
    random::Random,
    table::{Filling, Table, row},
};

/// What the shop is filled from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) items: &'a [Item],
    pub(super) accounts: &'a [Account],
    pub(super) logins: &'a [Login],
    pub(super) orders: &'a [Order],
    /// What is free to promise of each item, by its position.
    pub(super) free: &'a [Option<i64>],
}

/// Writes what the shop knows.
pub(super) async fn fill(shop: &mut Filling, known: Known<'_>) -> Result<(), DemoError> {
    listings(shop, known).await?;
    logins(shop, known).await?;
    orders(shop, known).await
}

async fn listings(shop: &mut Filling, known: Known<'_>) -> Result<(), DemoError> {
    let mut random = Random::of("listings");
    let mut products = Table::new("product");
    for (n, item) in known.items.iter().enumerate().filter(|(_, item)| item.in_erp() && item.in_pim()) {
        let withdrawn_and_sold = item.sku == "PMP-3990" || item.status == "30" && random.percent(30);
        if item.status == "05" || !withdrawn_and_sold && random.percent(7) {
            continue;
        }
        let state = match item.status {
            _ if withdrawn_and_sold => "live",
            "10" => "live",
            "20" => "clearance",
            "30" => "archived",
            _ => "hidden",
        };
        let fresh = known.free[n].map(|free| free.max(0));
        let (stock, age) = match item.sku.as_str() {
            "PMP-3990" => (Some(14), 21),
            "VLV-2205" => (Some(120), 6),
            _ if random.percent(60) => (fresh, 1),
            _ => (fresh.map(|free| (free + random.between(-20, 40)).max(0)), random.between(2, 9)),
        };
        let slug: String = (item.name(0).to_lowercase().chars())
            .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' })
            .collect();
        let rank = random.percent(15).then(|| random.between(1, 400));
        let slug = format!("{}-{n}", slug.trim_matches('-').replace("--", "-"));
        products.row(row![
            &item.sku,
            slug,
            state != "hidden" && state != "archived",
            rank,
            stock,
            state,
            local(-age, 130)
        ]);
    }
    shop.write(products).await
}

async fn logins(shop: &mut Filling, known: Known<'_>) -> Result<(), DemoError> {
    let mut logins = Table::new("login");
    let mut rights = Table::new("login_account");
    let currency_of =
        |number: &str| known.accounts.iter().find(|account| account.number == number).map(|account| account.currency);
    for login in known.logins {
        let account = &known.accounts[login.account];
        let Login { id, name, email, active, seen, .. } = login;
        logins.row(row![id, name, email, *active, seen.as_ref()]);
        let permissions = match login.rights {
            Rights::All => {
                r#"["VIEW_CATALOG","VIEW_PRICE","VIEW_STOCK","VIEW_ORDERS_ACCOUNT","VIEW_ORDERS_CHILDREN","VIEW_INVOICES","VIEW_CREDIT","PLACE_ORDER","APPROVE_ORDER","MANAGE_USERS"]"#
            }
            Rights::Own => r#"["VIEW_CATALOG","VIEW_PRICE","VIEW_STOCK","VIEW_ORDERS_OWN","PLACE_ORDER"]"#,
            Rights::Look => r#"["VIEW_CATALOG","VIEW_STOCK"]"#,
        };
        rights.row(row![&account.number, id, permissions, login.limit_cents, account.currency]);
        if let Some(parent) = account.parent.as_ref().filter(|_| login.is_above) {
            rights.row(row![parent, id, r#"["VIEW_CATALOG","VIEW_PRICE"]"#, None::<i64>, currency_of(parent)]);
        }
    }
    shop.write(logins).await?;
    shop.write(rights).await
}

/// How many drafts are made up beside those the documentation names.
const N_DRAFTS: i64 = 420;

async fn orders(shop: &mut Filling, known: Known<'_>) -> Result<(), DemoError> {
    let mut random = Random::of("web orders");
    let mut orders = Table::new("web_order");
    let mut lines = Table::new("web_line");
    for order in known.orders {
        let Some(web_no) = &order.web_no else { continue };
        let account = &known.accounts[order.account];
        let stale = order.number == "4500012348" || random.percent(4);
        let state = match order.story.status() {
            "QUOT" => "quotation",
            "APPR" => "awaiting-approval",
            "CANC" => "cancelled",
            "COMP" | "CLSD" if !stale => "completed",
            _ if order.lines.iter().any(|line| line.shipped > 0) && !stale => "shipped",
            "COMP" | "CLSD" => "processing",
            _ => "received",
        };
        orders.row(row![
            web_no,
            &order.number,
            &account.number,
            &account.number,
            order.ship_to.as_ref(),
            order.customer_po.as_ref(),
            order.requested.map(day),
            account.currency,
            order.net_cents(),
            state,
            local(-order.age, 480),
            order.placed_by.as_ref(),
        ]);
        let goods = order.lines.iter().filter(|line| line.kind == LineKind::Goods);
        for (position, line) in (1_i64..).zip(goods) {
            let sku = line.item.map(|item| known.items[item].sku.clone());
            // The shop prices single units, so a bulk price loses its last digits there.
            lines.row(row![
                web_no,
                position,
                sku,
                &line.text,
                line.unit,
                line.ordered,
                line.price_cents.map(|cents| cents / line.per)
            ]);
        }
    }
    let sold: Vec<&Item> =
        known.items.iter().filter(|item| item.is_sold() && item.in_pim() && item.list_cents.is_some()).collect();
    let named = known.accounts.iter().position(|account| account.number == "100042").expect("an anchor");
    let mut placers = Placers::of("who writes drafts", known.accounts.len(), known.logins);
    for n in 0..N_DRAFTS {
        let position = if n == 0 { named } else { random.below(known.accounts.len()) };
        let account = &known.accounts[position];
        let web_no = format!("W-{}", 900_001 + n);
        let state =
            if n == 0 { "cart" } else { random.pick(&["cart", "cart", "cart", "submitted", "awaiting-approval"]) };
        let mut net_cents = 0;
        for position in 1..=random.between(1, 6) {
            let item = match (n, position) {
                (0, 1) => *sold.iter().find(|item| item.sku == "PMP-4010").expect("a named item"),
                _ => random.pick(&sold),
            };
            let (quantity, cents) = (random.between(1, 8), price(item, account).map(|cents| cents / item.family.per));
            net_cents += quantity * cents.unwrap_or(0);
            lines.row(row![&web_no, position, &item.sku, item.name(0), item.family.unit, quantity, cents]);
        }
        orders.row(row![
            &web_no,
            None::<i64>,
            &account.number,
            &account.number,
            (state != "cart").then(|| account.ship_tos[0].clone()),
            (state != "cart").then(|| format!("PO-{}-D{n}", account.number)),
            None::<i64>,
            account.currency,
            net_cents,
            state,
            local(-random.between(0, 21), random.between(360, 1_200)),
            placers.pick(position).map(str::to_owned),
        ]);
    }
    shop.write(orders).await?;
    shop.write(lines).await
}
