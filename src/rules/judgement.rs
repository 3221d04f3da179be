//! Judgements: what stands in the way of one thing, for whoever has to act on it.

use super::reason::{Reason, Severity};

/// What stands in the way of an order, or of an account or a product in a cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The type and the key of what it is about; none: the object that the rule was run for.
    pub about: Option<(&'static str, String)>,
    /// The account it concerns; none: the one that the object belongs to.
    pub account: Option<String>,
    /// Whether all that was asked is known: only then is what is not among the reasons known to be over.
    pub is_complete: bool,
    /// The reasons that stop an order.
    pub reasons: Vec<Reason>,
}

impl Judgement {
    /// Judges by all reasons that were found.
    pub fn new<'r>(about: Option<(&'static str, String)>, found: impl Iterator<Item = &'r Reason>) -> Self {
        let (mut is_complete, mut reasons) = (true, Vec::new());
        for reason in found {
            is_complete &= !reason.code.means_unknown();
            if reason.severity == Severity::Blocking {
                reasons.push(reason.clone());
            }
        }
        Self { about, account: None, is_complete, reasons }
    }

    /// Says whose account it concerns.
    pub fn for_account(self, account: String) -> Self {
        Self { account: Some(account), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::ReasonCode;

    #[test]
    fn what_is_unknown_or_unmapped_leaves_open_whether_the_rest_is_over() {
        for (code, is_complete) in [
            (ReasonCode::CreditHold, true),
            (ReasonCode::Backordered, true),
            (ReasonCode::StatusUnmapped, false),
            (ReasonCode::SourceTimeout, false),
            (ReasonCode::AccountUnclear, false),
        ] {
            let found = [Reason::new(ReasonCode::DeliveryBlock, "so", Vec::new()), Reason::new(code, "so", Vec::new())];
            let judgement = Judgement::new(None, found.iter());
            assert_eq!(judgement.is_complete, is_complete, "{code}");
            assert_eq!(judgement.reasons[0], found[0]);
        }
    }
}
