//! What the claims of a proven token mean: claims → caller. Pure.
//!
//! Strict: a claim of a wrong type, a word that the contract does not know, or no account where the contract says where
//! accounts stand, is a refusal. Nothing that is not said is granted.

use std::collections::BTreeSet;

use compact_str::{CompactString, ToCompactString};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::{
    caller::{Accounts, Caller, OrderLimit, Permissions},
    jwt::Proven,
    refusal::Refusal,
};
use crate::contract::{AudienceClaim, ClaimPath, Granted, Issuer};

/// The most accounts, roles or permissions of one token; a token of the longest kind has no room for more.
const WORDS_MAX: usize = 4_096;

/// Every account, where an issuer may say so.
const EVERY: &str = "*";

/// A caller, and what else their token gives them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Who asks.
    pub caller: Caller,
    /// Whether they may act as a buyer.
    pub may_act: bool,
}

/// Reads who a token's bearer is.
pub fn read(issuer: &Issuer, Proven(claims): &Proven) -> Result<Known, Refusal> {
    let meaning = &issuer.claims;
    let subject = match claims.get("sub") {
        Some(Value::String(subject)) if !subject.is_empty() => subject.to_compact_string(),
        _ => return Err(Refusal::Claims),
    };
    let audience = match &meaning.audience {
        AudienceClaim::Always(audience) => *audience,
        AudienceClaim::Claim { at, map } => {
            let word = find(claims, at).and_then(Value::as_str).ok_or(Refusal::Claims)?;
            *map.get(word).ok_or(Refusal::Claims)?
        }
    };
    let accounts = match &meaning.accounts {
        None => Accounts::Of(BTreeSet::new()),
        Some(claim) => {
            let numbers = words(find(claims, &claim.at).ok_or(Refusal::Claims)?)?;
            match (numbers.contains(EVERY), numbers.len(), claim.all) {
                (true, 1, true) => Accounts::All,
                (true, ..) | (_, 0, _) => return Err(Refusal::Claims),
                (false, ..) => Accounts::Of(numbers),
            }
        }
    };
    let roles = match &meaning.roles {
        None => BTreeSet::new(),
        Some(claim) => words_or_none(claims, &claim.at)?,
    };
    let login = match &meaning.login {
        None => None,
        Some(at) => match find(claims, at) {
            None | Some(Value::Null) => None,
            Some(Value::String(login)) if !login.is_empty() => Some(login.to_compact_string()),
            Some(_) => return Err(Refusal::Claims),
        },
    };
    let limit = match &meaning.order_limit {
        None => None,
        Some(at) => match find(claims, at) {
            None | Some(Value::Null) => None,
            Some(limit) => Some(order_limit(limit).ok_or(Refusal::Claims)?),
        },
    };
    let may_act = roles.iter().any(|role| meaning.act_as.contains(role.as_str()));
    let permissions = permissions(issuer, claims, &roles)?;
    let issuer = Some(issuer.name.to_compact_string());
    let audience = Some(audience);
    let caller = Caller { subject, audience, accounts, permissions, login, issuer, order_limit: limit, acting: None };
    Ok(Known { caller, may_act })
}

fn permissions(
    issuer: &Issuer,
    claims: &Map<String, Value>,
    roles: &BTreeSet<CompactString>,
) -> Result<Permissions, Refusal> {
    let mut granted = match &issuer.claims.permissions {
        None => BTreeSet::new(),
        Some(at) => words_or_none(claims, at)?,
    };
    // A claim names permissions one by one; only a role of the contract grants everything.
    if granted.contains(EVERY) {
        return Err(Refusal::Claims);
    }
    let meanings =
        issuer.claims.roles.iter().flat_map(|claim| roles.iter().filter_map(|role| claim.map.get(role.as_str())));
    for meaning in meanings {
        match meaning {
            Granted::All => return Ok(Permissions::All),
            Granted::Of(words) => granted.extend(words.iter().map(ToCompactString::to_compact_string)),
        }
    }
    Ok(Permissions::Of(granted))
}

fn find<'c>(claims: &'c Map<String, Value>, ClaimPath(path): &ClaimPath) -> Option<&'c Value> {
    let Some(pointer) = path.strip_prefix('/') else { return claims.get(path) };
    let (first, rest) = pointer.split_once('/').map_or((pointer, None), |(first, rest)| (first, Some(rest)));
    let member = claims.get(&first.replace("~1", "/").replace("~0", "~"))?;
    match rest {
        None => Some(member),
        Some(rest) => member.pointer(&format!("/{rest}")),
    }
}

/// Reads a text or a list of texts, none of which is empty.
fn words(value: &Value) -> Result<BTreeSet<CompactString>, Refusal> {
    let word = |value: &Value| match value {
        Value::String(word) if !word.is_empty() => Ok(word.to_compact_string()),
        _ => Err(Refusal::Claims),
    };
    match value {
        Value::Array(items) if items.len() <= WORDS_MAX => items.iter().map(word).collect(),
        Value::Array(_) => Err(Refusal::Claims),
        one => Ok(BTreeSet::from([word(one)?])),
    }
}

fn words_or_none(claims: &Map<String, Value>, at: &ClaimPath) -> Result<BTreeSet<CompactString>, Refusal> {
    match find(claims, at) {
        None | Some(Value::Null) => Ok(BTreeSet::new()),
        Some(value) => words(value),
    }
}

/// Reads an amount, or one with its currency: `{"amount": "500", "currency": "EUR"}`.
fn order_limit(value: &Value) -> Option<OrderLimit> {
    let Value::Object(limit) = value else { return Some(OrderLimit { amount: amount(value)?, currency: None }) };
    let currency = match limit.get("currency") {
        None | Some(Value::Null) => None,
        Some(Value::String(currency)) if !currency.is_empty() => Some(currency.to_compact_string()),
        Some(_) => return None,
    };
    Some(OrderLimit { amount: amount(limit.get("amount")?)?, currency })
}

fn amount(value: &Value) -> Option<Decimal> {
    let amount: Decimal = match value {
        Value::Number(number) => number.to_string().parse().ok()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    (!amount.is_sign_negative()).then_some(amount)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::{
        access::sample,
        contract::{AccountsClaim, Algorithm, Claims, IssuerKeys, RolesClaim, Secret},
        value::AudienceId,
    };

    fn at(path: &str) -> ClaimPath {
        ClaimPath(path.to_owned())
    }

    fn issuer(all: bool) -> Issuer {
        let map = BTreeMap::from([("buyer".to_owned(), AudienceId(0)), ("agent".to_owned(), AudienceId(1))]);
        let view = Granted::Of(BTreeSet::from(["VIEW_PRICE".to_owned()]));
        let roles = BTreeMap::from([("buyer".to_owned(), view), ("agent".to_owned(), Granted::All)]);
        let claims = Claims {
            audience: AudienceClaim::Claim { at: at("kind"), map },
            accounts: Some(AccountsClaim { at: at("/shop/accounts"), all }),
            login: Some(at("email")),
            permissions: Some(at("permissions")),
            roles: Some(RolesClaim { at: at("https://id/roles"), map: roles }),
            order_limit: Some(at("limit")),
            act_as: BTreeSet::from(["agent".to_owned()]),
        };
        Issuer { claims, ..sample::issuer(IssuerKeys::Secret(Secret::new(String::new())), &[Algorithm::Rs256]) }
    }

    /// Reads the claims of a buyer with these changes.
    fn known(changes: &[(&str, Value)], all: bool) -> Result<Known, Refusal> {
        let mut claims = json!({"sub": "u1", "kind": "buyer", "shop": {"accounts": ["100", "200"]}, "email": "a@x",
            "https://id/roles": ["buyer", "stranger"], "limit": "12.50", "permissions": ["PLACE_ORDER"]});
        for (path, value) in changes {
            match path.strip_prefix('/') {
                Some(_) => *claims.pointer_mut(path).unwrap() = value.clone(),
                None => claims[*path] = value.clone(),
            }
        }
        let Value::Object(claims) = claims else { unreachable!("it is written as one") };
        read(&issuer(all), &Proven(claims))
    }

    #[test]
    fn claims_say_who_somebody_is() {
        let Known { caller, may_act } = known(&[], false).unwrap();
        assert_eq!((caller.subject.as_str(), caller.audience, may_act), ("u1", Some(AudienceId(0)), false));
        assert_eq!(caller.accounts, Accounts::Of(["100", "200"].map(CompactString::from).into()));
        assert_eq!(caller.permissions, Permissions::Of(["PLACE_ORDER", "VIEW_PRICE"].map(CompactString::from).into()));
        let limit = |currency: Option<&str>| {
            let currency = currency.map(CompactString::from);
            Some(OrderLimit { amount: Decimal::new(1_250, 2), currency })
        };
        assert_eq!((caller.login.as_deref(), caller.order_limit), (Some("a@x"), limit(None)));
        for (claim, currency) in [(json!(12.5), None), (json!({"amount": "12.5", "currency": "EUR"}), Some("EUR"))] {
            assert_eq!(known(&[("limit", claim)], false).unwrap().caller.order_limit, limit(currency));
        }
        assert_eq!(caller.issuer.as_deref(), Some("shop"));
        let agent = [("kind", json!("agent")), ("https://id/roles", json!("agent")), ("/shop/accounts", json!("*"))];
        let Known { caller, may_act } = known(&agent, true).unwrap();
        assert_eq!((caller.accounts, caller.permissions, may_act), (Accounts::All, Permissions::All, true));
    }

    #[test]
    fn what_is_not_said_is_not_granted() {
        let nothing = [("https://id/roles", json!([])), ("permissions", json!(null)), ("limit", json!(null))];
        let Known { caller, .. } = known(&nothing, false).unwrap();
        assert_eq!((caller.permissions, caller.order_limit), (Permissions::Of(BTreeSet::new()), None));
    }

    #[test]
    fn a_claim_that_does_not_fit_is_a_refusal_and_never_everything() {
        for change in [
            ("sub", json!("")),
            ("sub", json!(7)),
            ("kind", json!("operator")),
            ("kind", json!(null)),
            ("kind", json!(["buyer"])),
            ("/shop/accounts", json!([])),
            ("/shop/accounts", json!(null)),
            ("/shop/accounts", json!("")),
            ("/shop/accounts", json!(100)),
            ("/shop/accounts", json!(["100", 200])),
            ("/shop/accounts", json!("*")),
            ("/shop/accounts", json!({"100": true})),
            ("shop", json!("100")),
            ("https://id/roles", json!({"agent": true})),
            ("permissions", json!("*")),
            ("permissions", json!(true)),
            ("email", json!(["a@x"])),
            ("limit", json!(-1)),
            ("limit", json!("all")),
            ("limit", json!({"currency": "EUR"})),
            ("limit", json!({"amount": "1", "currency": ""})),
        ] {
            assert_eq!(known(std::slice::from_ref(&change), false), Err(Refusal::Claims), "{change:?}");
        }
        assert_eq!(known(&[("/shop/accounts", json!(["*", "100"]))], true), Err(Refusal::Claims));
    }
}
