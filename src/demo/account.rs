//! The companies that buy: accounts in hierarchies, their addresses, contacts and certificates.

use super::{
    DemoError,
    calendar::{OPEN_END, day, instant},
    random::Random,
    table::{Filling, Table, row},
    vocabulary::{CARRIERS, FIRMS, FIRST_NAMES, FUNCTIONS, LAST_NAMES, STREETS, TOWNS, TRADES, Town},
};

/// A company that buys.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) number: String,
    pub(super) name: String,
    pub(super) parent: Option<String>,
    pub(super) top: String,
    pub(super) town: &'static Town,
    pub(super) tier: Option<&'static str>,
    pub(super) currency: &'static str,
    pub(super) terms: &'static str,
    /// The ERP's block code.
    pub(super) block: &'static str,
    pub(super) standing: Standing,
    pub(super) agreements: Agreements,
    /// The numbers of the addresses that goods may go to.
    pub(super) ship_tos: Vec<String>,
}

/// How an account stands with its credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Unlimited,
    Prepaid,
    Good,
    NearLimit,
    /// Above its limit, and nothing in the ERP says so but the amounts.
    Exceeded,
    /// Held by hand.
    Held,
    Overdue,
}

/// What an account has agreed about prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Agreements {
    None,
    Own,
    /// The account above has, and this one may use them.
    Parents,
    /// All have run out.
    Expired,
}

const N_TOPS: i64 = 96;

/// Decides every account: those the documentation names first.
pub(super) fn accounts() -> Vec<Account> {
    let mut random = Random::of("accounts");
    let mut accounts = anchors();
    for n in 0..N_TOPS {
        let number = 110_000 + n * 20;
        let firm = FIRMS[random.below(FIRMS.len())];
        let top = account(number, None, None, firm, &mut random);
        let below = if random.percent(75) { random.between(1, 5) } else { 0 };
        let mut last = top.number.clone();
        let top_number = top.number.clone();
        accounts.push(top);
        for child in 1..=below {
            // The fourth stands below the third: hierarchies are more than two levels deep.
            let parent = if child == 4 { last.clone() } else { top_number.clone() };
            let child = account(number + child, Some(parent), Some(&top_number), firm, &mut random);
            last = child.number.clone();
            accounts.push(child);
        }
    }
    accounts
}

fn account(number: i64, parent: Option<String>, top: Option<&String>, firm: &str, random: &mut Random) -> Account {
    let town = &TOWNS[random.below(TOWNS.len())];
    let legal_form = match town.country {
        "DE" | "AT" => "GmbH",
        "FR" => "S.A.S.",
        "GB" => "Ltd",
        "US" => "Inc.",
        "NL" | "BE" => "B.V.",
        _ => "AG",
    };
    let standing = match random.between(1, 100) {
        1..=8 => Standing::Unlimited,
        9..=14 => Standing::Prepaid,
        15..=78 => Standing::Good,
        79..=86 => Standing::NearLimit,
        87..=91 => Standing::Exceeded,
        92..=95 => Standing::Held,
        _ => Standing::Overdue,
    };
    let block = match random.between(1, 100) {
        1..=90 => "",
        91 | 92 => "A",
        93 | 94 => "D",
        95 => "B",
        96 => "X",
        97 | 98 => "Z",
        _ => "N",
    };
    let agreements = match random.between(1, 100) {
        1..=62 => Agreements::Own,
        63..=67 => Agreements::Expired,
        _ if parent.is_some() => Agreements::Parents,
        _ => Agreements::None,
    };
    let number = number.to_string();
    Account {
        name: format!("{firm} {} {} {legal_form}", random.pick(TRADES), town.name),
        top: top.unwrap_or(&number).clone(),
        parent,
        town,
        tier: [Some("GOLD"), Some("SILVER"), Some("BRONZE"), Some("OEM"), None][random.below(5)],
        currency: match town.country {
            "US" => "USD",
            "GB" => "GBP",
            "CH" => "CHF",
            _ => "EUR",
        },
        terms: if standing == Standing::Prepaid { "PREPAY" } else { random.pick(&["N30", "N30", "N60", "D14-2"]) },
        block,
        standing,
        agreements,
        ship_tos: (1..=random.between(1, 6)).map(|n| format!("{number}-{n:02}")).collect(),
        number,
    }
}

/// The accounts that the documentation names.
fn anchors() -> Vec<Account> {
    let anchor = |number: &str, name: &str, parent: Option<&str>, standing, agreements| Account {
        number: number.to_owned(),
        name: name.to_owned(),
        parent: parent.map(str::to_owned),
        top: parent.unwrap_or(number).to_owned(),
        town: &TOWNS[0],
        tier: Some("GOLD"),
        currency: "EUR",
        terms: if standing == Standing::Prepaid { "PREPAY" } else { "D14-2" },
        block: "",
        standing,
        agreements,
        ship_tos: (1..=3).map(|n| format!("{number}-{n:02}")).collect(),
    };
    let group = Some("100040");
    let mut anchors = vec![
        anchor("100040", "Nordwasser Gruppe SE", None, Standing::Good, Agreements::Own),
        anchor("100042", "Nordwasser Anlagenbau GmbH", group, Standing::Good, Agreements::Own),
        anchor("100043", "Nordwasser Service GmbH", group, Standing::NearLimit, Agreements::Parents),
        anchor("100077", "Krüger Schiffstechnik GmbH", None, Standing::Held, Agreements::Own),
        anchor("100078", "Elbe Dockservice GmbH", None, Standing::Exceeded, Agreements::None),
        anchor("100090", "Pop-up Brewing GmbH", None, Standing::Prepaid, Agreements::None),
        anchor("100101", "Stadtwerke Hafenstadt AöR", None, Standing::Unlimited, Agreements::Own),
        anchor("100120", "Altmann Rohrleitungsbau KG", None, Standing::Overdue, Agreements::Expired),
        anchor("100200", "Lone Star Fluid Systems Inc.", None, Standing::Good, Agreements::Own),
    ];
    let texan = anchors.last_mut().expect("the last of the list above");
    (texan.town, texan.currency, texan.tier) = (&TOWNS[17], "USD", Some("OEM"));
    anchors
}

/// Writes the accounts and what hangs on them, credit apart, which follows from their orders.
pub(super) async fn fill(erp: &mut Filling, accounts: &[Account]) -> Result<(), DemoError> {
    let mut random = Random::of("account tables");
    let mut terms = Table::new("payment_terms");
    terms.row(row!["N30", 30, None::<i64>, None::<i64>, false]);
    terms.row(row!["N60", 60, None::<i64>, None::<i64>, false]);
    terms.row(row!["D14-2", 30, "2.0", 14, false]);
    terms.row(row!["PREPAY", 0, None::<i64>, None::<i64>, true]);
    let mut masters = Table::new("account");
    let mut ship_tos = Table::new("ship_to");
    let mut contacts = Table::new("contact");
    let mut certificates = Table::new("tax_certificate");
    for (n, account) in (0_i64..).zip(accounts) {
        let town = account.town;
        let roles = if account.parent.is_some() && n % 4 == 0 {
            r#"["SOLD_TO","SHIP_TO"]"#
        } else {
            r#"["SOLD_TO","SHIP_TO","BILL_TO","PAYER"]"#
        };
        masters.row(row![
            &account.number,
            &account.name,
            format!("{:<2}", account.block),
            roles,
            account.parent.as_ref(),
            &account.top,
            account.tier,
            account.tier,
            account.currency,
            match town.country {
                "DE" | "AT" | "CH" => "de",
                "FR" => "fr",
                _ => "en",
            },
            format!("{} {}", random.pick(STREETS), random.between(1, 140)),
            town.postal_code,
            town.name,
            town.region,
            town.country,
            account.terms,
            random.percent(70).then_some("DAP"),
            random.percent(30).then(|| random.pick(CARRIERS)),
            random.percent(80).then(|| person(&mut random)),
            random.percent(60).then(|| instant(-n * 3, 36_000)),
        ]);
        for (site, address) in account.ship_tos.iter().enumerate() {
            let place = if site == 0 { town } else { &TOWNS[random.below(TOWNS.len())] };
            let closed = site == 2;
            ship_tos.row(row![
                &account.number,
                address,
                format!("{} {}", account.name, ["works", "warehouse", "site"][site % 3]),
                format!("{} {}", random.pick(STREETS), random.between(1, 140)),
                place.postal_code,
                place.name,
                place.region,
                place.country,
                !closed,
                "2019-01-01",
                if closed { day(-180) } else { OPEN_END.to_owned() },
                random.pick(&["[]", "[]", "[]", r#"["LIFTGATE"]"#, r#"["NO_HAZMAT"]"#, r#"["CALL_AHEAD","LIFTGATE"]"#]),
            ]);
        }
        for contact in 1..=random.between(1, 3) {
            let name = person(&mut random);
            let email = random
                .percent(85)
                .then(|| format!("{}@a{}.example", name.to_lowercase().replace([' ', '\''], "."), account.number));
            let phone = random.percent(60).then(|| format!("+49 40 {}", random.between(100_000, 999_999)));
            contacts.row(row![&account.number, contact, name, random.pick(FUNCTIONS), email, phone]);
        }
        if let Some(region) = town.region {
            let until = if account.number == "100200" { -31 } else { random.between(-300, 600) };
            certificates.row(row![
                &account.number,
                format!("US-{region}"),
                format!("{region}-{}", 40_000 + n * 7),
                day(until - 730),
                day(until),
                n % 17 == 0,
            ]);
        }
    }
    for table in [terms, masters, ship_tos, contacts, certificates] {
        erp.write(table).await?;
    }
    Ok(())
}

/// A person's name.
pub(super) fn person(random: &mut Random) -> String {
    format!("{} {}", random.pick(FIRST_NAMES), random.pick(LAST_NAMES))
}
