//! The caller of a request: which audience's schema they are answered by, whose rows they may see, and what they may do.
//!
//! What is said here has been proven: a caller is made from a token that was checked, or by configuration.

use std::collections::BTreeSet;

use compact_str::CompactString;
use rust_decimal::Decimal;

use crate::value::AudienceId;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who it is, as the issuer of their token names them; for the audit trail.
    pub subject: CompactString,
    /// The audience whose schema answers them; none: the whole graph.
    pub audience: Option<AudienceId>,
    /// Whose rows they may see.
    pub accounts: Accounts,
    /// What they may do for these accounts.
    pub permissions: Permissions,
    /// Their login, by which rows that are their own are known; none: they have none.
    pub login: Option<CompactString>,
    /// Who says that it is them, by the name of the issuer in the contract; none: nobody had to.
    pub issuer: Option<CompactString>,
    /// The greatest order that they may place without approval, as far as their token says.
    pub order_limit: Option<OrderLimit>,
    /// The buyer they act as; then all but who they are and their order limit is the buyer's.
    pub acting: Option<Acting>,
}

/// The greatest order that somebody may place without approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLimit {
    /// The amount.
    pub amount: Decimal,
    /// Its currency; none: the account's.
    pub currency: Option<CompactString>,
}

/// A buyer that somebody else acts as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acting {
    /// The buyer's account.
    pub account: CompactString,
    /// The buyer's login, where it matters which of the account's it is.
    pub login: Option<CompactString>,
}

/// Accounts that a caller may see rows of, by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accounts {
    /// Every account's.
    All,
    /// These, and where a permission says so those below them.
    Of(BTreeSet<CompactString>),
}

/// What a caller may do, by the names that the contract uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permissions {
    /// Everything.
    All,
    /// These.
    Of(BTreeSet<CompactString>),
}

impl Caller {
    /// Returns the caller that nothing is kept from: whoever runs the process.
    pub fn operator() -> Self {
        Self {
            subject: CompactString::const_new("operator"),
            audience: None,
            accounts: Accounts::All,
            permissions: Permissions::All,
            login: None,
            issuer: None,
            order_limit: None,
            acting: None,
        }
    }

    /// Returns whoever is let in without a token: of no account, with no permission.
    pub fn anonymous() -> Self {
        Self { subject: CompactString::const_new("anonymous"), ..Self::default() }
    }

    /// Whether the caller may see rows of every account.
    pub fn sees_every_account(&self) -> bool {
        self.accounts == Accounts::All
    }
}

impl Default for Caller {
    /// Nobody: whoever forgets to say who asks is shown no row that belongs to an account.
    fn default() -> Self {
        Self {
            subject: CompactString::const_new("nobody"),
            audience: None,
            accounts: Accounts::Of(BTreeSet::new()),
            permissions: Permissions::Of(BTreeSet::new()),
            login: None,
            issuer: None,
            order_limit: None,
            acting: None,
        }
    }
}

impl Permissions {
    /// Whether something may be done.
    pub fn has(&self, permission: &str) -> bool {
        match self {
            Self::All => true,
            Self::Of(permissions) => permissions.contains(permission),
        }
    }
}
