//! The shop's logins: who may log in for which company, and which of them placed an order.

use super::{
    account::{Account, person},
    calendar::local,
    order::Order,
    random::Random,
};

/// A login of a company.
#[derive(Debug)]
pub(super) struct Login {
    pub(super) id: String,
    /// The position of the account.
    pub(super) account: usize,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) active: bool,
    /// When it last logged in.
    pub(super) seen: Option<String>,
    pub(super) rights: Rights,
    /// The greatest order it may place without approval, in cents.
    pub(super) limit_cents: Option<i64>,
    /// Whether it may look at the catalogue and the prices of the company above, too.
    pub(super) is_above: bool,
}

/// What a login may do for its company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rights {
    /// Everything.
    All,
    /// Place orders and see those.
    Own,
    /// Look at the catalogue.
    Look,
}

/// Decides every login, company by company.
pub(super) fn logins(accounts: &[Account]) -> Vec<Login> {
    let mut random = Random::of("logins");
    let mut logins = Vec::new();
    let mut number = 5_000;
    for (position, account) in accounts.iter().enumerate().filter(|(_, account)| account.block != "N") {
        for n in 0..random.between(1, 3) {
            number += 1;
            let name = person(&mut random);
            let seen = random.percent(85).then(|| local(-random.between(0, 200), random.between(360, 1_200)));
            logins.push(Login {
                id: format!("L-{number}"),
                account: position,
                email: format!(
                    "{}.{number}@a{}.example",
                    name.to_lowercase().replace([' ', '\''], "."),
                    account.number
                ),
                name,
                seen,
                active: random.percent(94),
                rights: match n {
                    0 => Rights::All,
                    1 => Rights::Own,
                    _ => Rights::Look,
                },
                limit_cents: (n == 1).then(|| random.between(5, 80) * 10_000),
                is_above: n == 0 && account.parent.is_some() && random.percent(10),
            });
        }
    }
    logins
}

/// Who of each company may place orders.
#[derive(Debug)]
pub(super) struct Placers<'a> {
    by_account: Vec<Vec<&'a str>>,
    random: Random,
}

impl<'a> Placers<'a> {
    /// Starts with a sequence of chance of its own, named for what is placed.
    pub(super) fn of(what: &str, n_accounts: usize, logins: &'a [Login]) -> Self {
        let mut by_account = vec![Vec::new(); n_accounts];
        for login in logins.iter().filter(|login| login.rights != Rights::Look) {
            by_account[login.account].push(login.id.as_str());
        }
        Self { by_account, random: Random::of(what) }
    }

    /// Picks somebody of a company; nobody where it has no login that may.
    pub(super) fn pick(&mut self, account: usize) -> Option<&'a str> {
        let placers = &self.by_account[account];
        (!placers.is_empty()).then(|| self.random.pick(placers))
    }
}

/// Says of every order that came through the shop who placed it.
pub(super) fn sign(orders: &mut [Order], n_accounts: usize, logins: &[Login]) {
    let mut placers = Placers::of("who placed orders", n_accounts, logins);
    for order in orders.iter_mut().filter(|order| order.web_no.is_some()) {
        order.placed_by = placers.pick(order.account).map(str::to_owned);
    }
}
