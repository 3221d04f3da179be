//! Sight: whose rows of each type a caller may see. Pure.
//!
//! In: a caller, the contract's scopes, and the accounts below the caller's own where that was found out. Out: for each type
//! that belongs to accounts, every row, or those of some accounts, or of these only what is the caller's own.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use compact_str::CompactString;

use super::caller::{Accounts, Caller};
use crate::{
    contract::{Contract, Role, Scope, TypeKind},
    value::TypeId,
};

/// What a caller may see of every type that belongs to accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight(BTreeMap<TypeId, Of>);

/// What a caller may see of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Of {
    /// What they are shown.
    shown: Rows,
    /// What a rule looks up for them when they name an account. Which account that may be is theirs; what they lack is the
    /// permission to be shown it, and what the rule comes to does not depend on that.
    named: Rows,
}

/// For what rows are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be shown.
    Shown,
    /// To be read by a rule, for an account that the caller has named.
    Named,
}

/// The rows of one type that a caller may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    /// Those of these accounts.
    pub accounts: Arc<BTreeSet<CompactString>>,
    /// Of these only those of this login; none: all of them.
    pub login: Option<CompactString>,
}

impl Sight {
    /// Returns what a caller may see; none where that is everything.
    ///
    /// `below` are the accounts below the caller's own; empty where they were not asked for or could not be found out.
    pub fn new(contract: &Contract, caller: &Caller, below: &BTreeSet<CompactString>) -> Option<Self> {
        let Accounts::Of(own) = &caller.accounts else { return None };
        let none = Arc::new(BTreeSet::new());
        let with_below = Arc::new(own.union(below).cloned().collect());
        let own = Arc::new(own.clone());
        let rows = |scope: &Scope| {
            let has = |permission: &Option<String>| permission.as_ref().is_none_or(|word| caller.permissions.has(word));
            let sees_below = scope.children.as_ref().is_some_and(|word| caller.permissions.has(word));
            let owned = scope.own.as_ref().filter(|own| caller.permissions.has(&own.permission));
            let (accounts, login) = match (has(&scope.permission), owned, &caller.login) {
                (true, ..) if sees_below => (&with_below, None),
                (true, ..) => (&own, None),
                (false, Some(_), Some(login)) => (&own, Some(login.clone())),
                (false, ..) => (&none, None),
            };
            let named = if sees_below { &with_below } else { &own };
            let named = Rows { accounts: Arc::clone(named), login: None };
            Of { shown: Rows { accounts: Arc::clone(accounts), login }, named }
        };
        let scoped = contract.types.iter().enumerate().filter_map(|(id, ty)| {
            let TypeKind::Object(object) = &ty.kind else { return None };
            let Role::Entity(entity) = &object.role else { return None };
            Some((TypeId::from(id), rows(entity.scope.as_ref()?)))
        });
        Some(Self(scoped.collect()))
    }

    /// Whether a caller sees the rows of accounts below theirs, of whatever type.
    pub fn reaches_below(contract: &Contract, caller: &Caller) -> bool {
        let Accounts::Of(own) = &caller.accounts else { return false };
        !own.is_empty()
            && contract.types.iter().any(|ty| match &ty.kind {
                TypeKind::Object(object) => match &object.role {
                    Role::Entity(entity) => {
                        let children = entity.scope.as_ref().and_then(|scope| scope.children.as_ref());
                        children.is_some_and(|word| caller.permissions.has(word))
                    }
                    _ => false,
                },
                _ => false,
            })
    }

    /// Returns what may be seen of a type; nothing of one that is not known to belong to accounts.
    pub fn rows(&self, ty: TypeId, purpose: Purpose) -> Rows {
        self.of(ty, purpose).cloned().unwrap_or_default()
    }

    fn of(&self, ty: TypeId, purpose: Purpose) -> Option<&Rows> {
        self.0.get(&ty).map(|of| match purpose {
            Purpose::Shown => &of.shown,
            Purpose::Named => &of.named,
        })
    }

    /// Whether rows of any type are looked up for the caller when they name an account: it is theirs, or one below that they see.
    pub fn knows(&self, account: &str) -> bool {
        self.0.values().any(|of| of.named.accounts.contains(account))
    }

    /// Whether a row may be seen: its type, its account and its login.
    pub fn has(&self, (ty, purpose): (TypeId, Purpose), account: Option<&str>, login: Option<&str>) -> bool {
        self.of(ty, purpose).is_some_and(|rows| {
            account.is_some_and(|account| rows.accounts.contains(account))
                && rows.login.as_ref().is_none_or(|own| login == Some(own.as_str()))
        })
    }
}

impl Default for Rows {
    fn default() -> Self {
        Self { accounts: Arc::new(BTreeSet::new()), login: None }
    }
}

impl Rows {
    /// Returns what may be seen of both of two types.
    pub fn and(self, other: &Self) -> Self {
        let both = || Arc::new(self.accounts.intersection(&other.accounts).cloned().collect());
        match (&self.login, &other.login) {
            (Some(one), Some(two)) if one != two => Self::default(),
            (one, two) => Self { accounts: both(), login: one.clone().or_else(|| two.clone()) },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::access::Permissions;

    const CONTRACT: &str = r#"
type Account @key(fields: "number") @owner(system: "erp") @domain(name: "customer") @scope(account: "number", children: "BELOW") {
  number: String!
  children: [Account] @list(name: "children")
}
type Order @key(fields: "number") @owner(system: "erp") @domain(name: "order")
  @scope(account: "account", permission: "ORDERS", children: "BELOW", login: "placedBy", own: "OWN") {
  number: String!
  account: String
  placedBy: String
}
type Price @key(fields: "account sku") @owner(system: "erp") @domain(name: "price") @scope(account: "account", permission: "PRICES") {
  account: String!
  sku: String!
  net: Decimal
}
scalar Decimal
type Query {
  account(number: String!): Account @ref(key: "number: $number")
  order(number: String!): Order @ref(key: "number: $number")
  price(account: String!, sku: String!): Price @ref(key: "account: $account, sku: $sku")
}
"#;

    fn contract() -> Contract {
        let erp = r#"
kind = "sqlite"
url = "erp.db"
[Account]
query = "select number from account where number in (:keys)"
[Order]
query = "select number, account, placedBy from orders where number in (:keys)"
[Price]
query = "select account, sku, net from price where (account, sku) in (:keys)"
[lists.children]
query = "select number from account where parent = :number and (:accounts is null or number in (:accounts))"
order = ["number"]
scope = "accounts"
"#;
        let settings = "systems = [\"erp.toml\"]\n[hierarchy]\nlist = \"children\"\nparameter = \"number\"\n";
        let files = [("graph.graphql", CONTRACT), ("freehold.toml", settings), ("erp.toml", erp)];
        let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let loaded = crate::contract::load(&crate::contract::Files::new(files), &|_| None);
        let faults: Vec<String> = loaded.diagnostics.iter().map(|finding| format!("{finding:?}")).collect();
        loaded.contract.unwrap_or_else(|| panic!("{faults:#?}"))
    }

    fn caller(accounts: &[&str], permissions: &[&str], login: Option<&str>) -> Caller {
        Caller {
            accounts: Accounts::Of(accounts.iter().map(|text| CompactString::from(*text)).collect()),
            permissions: Permissions::Of(permissions.iter().map(|text| CompactString::from(*text)).collect()),
            login: login.map(CompactString::from),
            ..Caller::default()
        }
    }

    #[test]
    fn each_permission_opens_what_it_names_and_no_more() {
        let contract = contract();
        let below = BTreeSet::from([CompactString::from("C1")]);
        let id = |name: &str| contract.type_names[name];
        let sees = |permissions: &[&str], ty: &str, account: &str, login: Option<&str>| {
            let sight =
                Sight::new(&contract, &caller(&["P"], permissions, Some("ann")), &below).expect("not everything");
            sight.has((id(ty), Purpose::Shown), Some(account), login)
        };
        // permissions, type, account, login of the row, seen
        type Row = (&'static [&'static str], &'static str, &'static str, Option<&'static str>, bool);
        let table: &[Row] = &[
            (&[], "Account", "P", None, true),
            (&[], "Account", "C1", None, false),
            (&["BELOW"], "Account", "C1", None, true),
            (&["BELOW"], "Account", "X", None, false),
            (&[], "Order", "P", Some("ann"), false),
            (&["OWN"], "Order", "P", Some("ann"), true),
            (&["OWN"], "Order", "P", Some("bob"), false),
            (&["OWN"], "Order", "P", None, false),
            (&["OWN"], "Order", "X", Some("ann"), false),
            (&["ORDERS"], "Order", "P", Some("bob"), true),
            (&["ORDERS"], "Order", "C1", Some("bob"), false),
            (&["ORDERS", "BELOW"], "Order", "C1", Some("bob"), true),
            (&["OWN", "BELOW"], "Order", "C1", Some("ann"), false),
            (&["PRICES", "BELOW"], "Price", "P", None, true),
            (&["PRICES", "BELOW"], "Price", "C1", None, false),
            (&["ORDERS"], "Price", "P", None, false),
        ];
        for (permissions, ty, account, login, seen) in table {
            let said = sees(permissions, ty, account, *login);
            assert_eq!(said, *seen, "{permissions:?} {ty} {account} {login:?}");
        }
    }

    #[test]
    fn a_rule_looks_up_what_belongs_to_the_callers_account_and_never_anothers() {
        let contract = contract();
        let below = BTreeSet::from([CompactString::from("C1")]);
        let named = |permissions: &[&str], ty: &str, account: &str| {
            let sight = Sight::new(&contract, &caller(&["P"], permissions, None), &below).expect("not everything");
            sight.has((contract.type_names[ty], Purpose::Named), Some(account), None)
        };
        assert!(named(&[], "Price", "P"), "whoever may not see prices has the same prices");
        assert!(!named(&["PRICES", "BELOW"], "Price", "C1"), "a child's contract is not its parent's");
        assert!(!named(&["PRICES"], "Price", "X"));
        assert!(named(&["BELOW"], "Order", "C1"));
        assert!(!named(&[], "Order", "C1"));
        let knows = |permissions: &[&str], account: &str| {
            let sight = Sight::new(&contract, &caller(&["P"], permissions, None), &below).expect("not everything");
            sight.knows(account)
        };
        assert!(knows(&[], "P") && knows(&["BELOW"], "C1"));
        assert!(!knows(&[], "C1") && !knows(&["BELOW"], "X"));
    }

    #[test]
    fn nobody_sees_nothing_and_the_operator_everything() {
        let contract = contract();
        let nobody = Sight::new(&contract, &Caller::default(), &BTreeSet::new()).expect("not everything");
        for purpose in [Purpose::Shown, Purpose::Named] {
            assert!(!nobody.has((contract.type_names["Account"], purpose), Some("P"), None));
            assert!(
                !nobody.has((contract.type_names["Query"], purpose), Some("P"), None),
                "an unknown type is not seen"
            );
        }
        assert_eq!(Sight::new(&contract, &Caller::operator(), &BTreeSet::new()), None);
    }

    proptest! {
        #[test]
        fn what_may_be_seen_of_two_types_may_be_seen_of_each(
            one in proptest::collection::btree_set("[abc]", 0..3),
            two in proptest::collection::btree_set("[abc]", 0..3),
            logins in (proptest::option::of("[xy]"), proptest::option::of("[xy]")),
            asked in ("[abc]", "[xy]"),
        ) {
            let rows = |set: BTreeSet<String>, login: Option<String>| Rows {
                accounts: Arc::new(set.into_iter().map(CompactString::from).collect()),
                login: login.map(CompactString::from),
            };
            let has = |rows: &Rows| {
                rows.accounts.contains(asked.0.as_str()) && rows.login.as_ref().is_none_or(|login| *login == asked.1)
            };
            let (one, two) = (rows(one, logins.0), rows(two, logins.1));
            prop_assert_eq!(has(&one.clone().and(&two)), has(&one) && has(&two));
        }
    }
}
