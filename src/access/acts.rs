//! Acting as a buyer: `Freehold-Act-As: account=…; login=…` by those who have the right. Pure.
//!
//! What comes out is a caller of the buyers' audience, for that account alone, who may do what a buyer may and they themselves
//! may, and sees what is another login's own only where they see everything. Who they are stays, and as whom they act is noted.

use std::collections::BTreeSet;

use compact_str::{CompactString, ToCompactString};

use super::{
    caller::{Accounts, Acting, Caller, Permissions},
    claims::Known,
    refusal::Refusal,
};
use crate::contract::ActAs;

/// The longest header: a number and a login.
const HEADER_BYTES_MAX: usize = 512;

/// Reads who is to be acted as; none where no header says so.
pub(super) fn read(headers: &[&[u8]]) -> Result<Option<Acting>, Refusal> {
    let header = match headers {
        [] => return Ok(None),
        [header] if header.len() <= HEADER_BYTES_MAX => std::str::from_utf8(header),
        _ => return Err(Refusal::ActAsMalformed),
    };
    let (mut account, mut login) = (None, None);
    for part in header.map_err(|_| Refusal::ActAsMalformed)?.split(';') {
        let (name, value) = part.split_once('=').ok_or(Refusal::ActAsMalformed)?;
        let slot = match name.trim() {
            "account" => &mut account,
            "login" => &mut login,
            _ => return Err(Refusal::ActAsMalformed),
        };
        let value = value.trim();
        if value.is_empty() || slot.replace(value.to_compact_string()).is_some() {
            return Err(Refusal::ActAsMalformed);
        }
    }
    Ok(Some(Acting { account: account.ok_or(Refusal::ActAsMalformed)?, login }))
}

/// Makes the caller who acts as a buyer.
pub(super) fn act(known: Known, acting: Acting, as_buyer: Option<&ActAs>) -> Result<Caller, Refusal> {
    let Known { caller, may_act } = known;
    let buyer = as_buyer.filter(|_| may_act).ok_or(Refusal::ActAsForbidden)?;
    // Who may see some accounts acts for these; those below them are not known here, so for none of them.
    if let Accounts::Of(accounts) = &caller.accounts
        && !accounts.contains(&acting.account)
    {
        return Err(Refusal::ActAsForbidden);
    }
    let permissions = buyer.permissions.iter().map(ToCompactString::to_compact_string);
    let mut permissions: BTreeSet<CompactString> = permissions.filter(|word| caller.permissions.has(word)).collect();
    // By these a login sees what is its own; who sees everything has no need of another's, and nobody else gets it.
    if matches!(caller.accounts, Accounts::Of(_)) && acting.login != caller.login {
        permissions.retain(|word| !buyer.own_permissions.contains(word.as_str()));
    }
    Ok(Caller {
        audience: Some(buyer.audience),
        accounts: Accounts::Of(BTreeSet::from([acting.account.clone()])),
        permissions: Permissions::Of(permissions),
        login: acting.login.clone(),
        acting: Some(acting),
        ..caller
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{access::caller::OrderLimit, value::AudienceId};

    fn buyer() -> ActAs {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        ActAs {
            audience: AudienceId(0),
            permissions: words(&["VIEW_PRICE", "VIEW_STOCK", "VIEW_OWN"]),
            own_permissions: words(&["VIEW_OWN"]),
        }
    }

    fn agent(accounts: Accounts, permissions: Permissions) -> Known {
        let caller = Caller {
            subject: "agent".into(),
            audience: Some(AudienceId(1)),
            accounts,
            permissions,
            ..Caller::default()
        };
        Known { caller, may_act: true }
    }

    fn acting(account: &str) -> Acting {
        Acting { account: account.into(), login: Some("a@x".into()) }
    }

    #[test]
    fn the_header_names_an_account_and_perhaps_a_login() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[b"account=100; login=a@x"]), Ok(Some(acting("100"))));
        assert_eq!(read(&[b" account = 100 "]), Ok(Some(Acting { account: "100".into(), login: None })));
        let long = format!("account={}", "1".repeat(600));
        for header in
            ["", "100", "account=", "login=a@x", "account=1; account=2", "account=1; role=x", "account=1;", &long]
        {
            assert_eq!(read(&[header.as_bytes()]), Err(Refusal::ActAsMalformed), "{header}");
        }
        assert_eq!(read(&[b"account=1", b"account=1"]), Err(Refusal::ActAsMalformed));
    }

    #[test]
    fn whoever_acts_is_the_buyer_in_all_but_name() {
        let caller = act(agent(Accounts::All, Permissions::All), acting("100"), Some(&buyer())).unwrap();
        assert_eq!((caller.subject.as_str(), caller.audience), ("agent", Some(AudienceId(0))));
        assert_eq!(caller.accounts, Accounts::Of(BTreeSet::from(["100".into()])));
        let permissions = ["VIEW_PRICE", "VIEW_STOCK", "VIEW_OWN"].map(CompactString::from);
        assert_eq!(caller.permissions, Permissions::Of(permissions.into()));
        assert_eq!((caller.login.as_deref(), caller.acting), (Some("a@x"), Some(acting("100"))));
    }

    #[test]
    fn nobody_gains_by_acting() {
        let few = Permissions::Of(BTreeSet::from(["VIEW_STOCK".into(), "VIEW_CREDIT".into()]));
        let some = Accounts::Of(BTreeSet::from(["100".into()]));
        let caller = act(agent(some.clone(), few.clone()), acting("100"), Some(&buyer())).unwrap();
        assert_eq!(caller.permissions, Permissions::Of(BTreeSet::from(["VIEW_STOCK".into()])));
        for refused in [
            act(agent(some.clone(), few.clone()), acting("200"), Some(&buyer())),
            act(agent(some.clone(), few.clone()), acting("100"), None),
            act(Known { may_act: false, ..agent(some, few) }, acting("100"), Some(&buyer())),
        ] {
            assert_eq!(refused, Err(Refusal::ActAsForbidden));
        }
    }

    #[test]
    fn nobody_sees_what_is_another_logins_own_by_acting_as_it() {
        let own = Permissions::Of(BTreeSet::from(["VIEW_OWN".into()]));
        let permissions = |accounts: Accounts, login: Option<&str>| {
            let mut known = agent(accounts, own.clone());
            known.caller.login = login.map(CompactString::from);
            act(known, acting("100"), Some(&buyer())).unwrap().permissions
        };
        let some = Accounts::Of(BTreeSet::from(["100".into()]));
        let none = Permissions::Of(BTreeSet::new());
        assert_eq!(permissions(some.clone(), Some("b@x")), none);
        assert_eq!(permissions(some.clone(), None), none);
        assert_eq!(permissions(some, Some("a@x")), own, "it is their own");
        assert_eq!(permissions(Accounts::All, None), own, "they see every row as it is");
    }

    #[test]
    fn an_agents_order_limit_holds_for_whom_they_act_as() {
        let limit = Some(OrderLimit { amount: 500.into(), currency: None });
        let mut known = agent(Accounts::All, Permissions::All);
        known.caller.order_limit.clone_from(&limit);
        assert_eq!(act(known, acting("100"), Some(&buyer())).unwrap().order_limit, limit);
    }
}
