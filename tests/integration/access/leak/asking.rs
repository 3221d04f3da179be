//! Who asks, and what: callers and documents by chance.

use freehold::access::{Accounts, Caller, Permissions};

use super::{
    super::rig::{Rig, caller},
    owners::{ACCOUNTS, Chance, LOGINS, N_PAPERS},
};

/// The permissions of the contract.
pub const RIGHTS: [&str; 5] = ["VIEW_ALL", "VIEW_OWN", "VIEW_BELOW", "VIEW_INVOICES", "VIEW_CREDIT"];

/// Makes a caller: of up to three accounts, with some rights, with or without a login; or one who sees everything.
pub fn somebody(rig: &Rig, chance: &mut Chance) -> Caller {
    let accounts: Vec<&str> = (0..chance.below(4)).map(|_| *chance.pick(&ACCOUNTS)).collect();
    let rights: Vec<&str> = RIGHTS.into_iter().filter(|_| !chance.one_in(3)).collect();
    let audience = [None, Some("storefront"), Some("bi")][chance.below(3)];
    let mut somebody = Caller {
        audience: audience.map(|audience| rig.audience(audience)),
        login: (!chance.one_in(3)).then(|| (*chance.pick(&LOGINS)).into()),
        ..caller(&accounts, &rights)
    };
    if chance.one_in(8) {
        somebody.accounts = Accounts::All;
    }
    if chance.one_in(8) {
        somebody.permissions = Permissions::All;
    }
    somebody
}

/// Makes a document of a few fields. One that an audience has not is refused to it, which is an answer as well.
pub fn document(chance: &mut Chance) -> String {
    let n_fields = 1 + chance.below(3);
    let fields: Vec<String> = (0..n_fields).map(|n| format!("f{n}: {}", root(chance))).collect();
    let fragments = "fragment order on Order { number account placedBy total note }
fragment paper on Document { __typename number account total ... on Order { note placedBy } ... on Invoice { paid: total } }";
    let used = |name: &str| fields.iter().any(|field| field.contains(&format!("...{name}")));
    let fragments = fragments.split('\n').filter(|line| used(line.split(' ').nth(1).unwrap_or_default()));
    format!("{{ {} }} {}", fields.join(" "), fragments.collect::<Vec<_>>().join(" "))
}

fn root(chance: &mut Chance) -> String {
    let account = *chance.pick(&ACCOUNTS);
    let number = |chance: &mut Chance| format!("O{:03}", chance.below(N_PAPERS + 4));
    let window = match chance.below(4) {
        0 => "first: 3".to_owned(),
        1 => "first: 20".to_owned(),
        2 => format!("first: 4, after: \"{}\"", cursor("allOrders", &number(chance))),
        _ => format!("last: 2, before: \"{}\"", cursor("allOrders", &number(chance))),
    };
    let page = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount";
    match chance.below(12) {
        0 => format!("order(number: \"{}\") {{ {} }}", number(chance), order(chance)),
        1 => {
            format!("orders(numbers: [\"{}\", \"{}\", \"X\"]) {{ {} }}", number(chance), number(chance), order(chance))
        }
        2 => format!(
            "account(number: \"{account}\") {{ number name limit parent {{ name }} _provenance {{ field system fault }} }}"
        ),
        3 => format!("account(number: \"{account}\") {{ children(first: 2) {{ {page} nodes {{ number name }} }} }}"),
        4 => format!(
            "account(number: \"{account}\") {{ orders(first: 3) {{ {page} edges {{ cursor node {{ {} }} }} }} }}",
            order(chance)
        ),
        5 => format!("allOrders({window}) {{ {page} nodes {{ {} }} }}", order(chance)),
        6 => format!("allOrders({window}) {{ edges {{ cursor node {{ ...order }} }} totalCount }}"),
        7 => format!("someOrders(first: {}) {{ ...order buyer {{ name }} }}", 1 + chance.below(9)),
        8 => format!("documents(first: {}) {{ {page} edges {{ cursor node {{ ...paper }} }} }}", 1 + chance.below(9)),
        9 => format!(
            "product(sku: \"P{:02}\") {{ sku madeFor name contentMissing _provenance {{ field system fault }} }}",
            chance.below(13)
        ),
        10 => format!("invoice(number: \"I{:03}\") {{ ...paper }}", chance.below(N_PAPERS + 2)),
        _ => format!(
            "accounts(first: {}) {{ {page} nodes {{ number limit parent {{ number }} }} }}",
            1 + chance.below(9)
        ),
    }
}

fn order(chance: &mut Chance) -> &'static str {
    const ORDERS: [&str; 9] = [
        "number",
        "...order",
        "...paper",
        "n: number total note _provenance { field system domain fault }",
        "number buyer { number name limit parent { name } }",
        "number product { sku name contentMissing }",
        "note",
        "number margin",
        "number ... on Document { total account }",
    ];
    ORDERS[chance.below(ORDERS.len())]
}

/// Writes a cursor as Freehold does: it gives no right, so whoever makes one up sees no more.
fn cursor(list: &str, number: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(serde_json::json!([list, number]).to_string())
}
