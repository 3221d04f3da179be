//! Visibility: which audiences have something of the graph. What is not theirs does not exist for them.

use std::collections::BTreeSet;

use crate::value::AudienceId;

/// Who has a type, a field or an argument.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Visibility {
    /// Every audience.
    #[default]
    Everyone,
    /// These audiences alone; nobody, where there is none.
    Only(BTreeSet<AudienceId>),
}

impl Visibility {
    /// Whether an audience has it. None stands for the whole graph, which has everything.
    pub fn includes(&self, audience: Option<AudienceId>) -> bool {
        match (self, audience) {
            (Self::Everyone, _) | (_, None) => true,
            (Self::Only(audiences), Some(audience)) => audiences.contains(&audience),
        }
    }

    /// Returns who has both.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Everyone, other) => other,
            (only, Self::Everyone) => only,
            (Self::Only(mut audiences), Self::Only(other)) => {
                audiences.retain(|audience| other.contains(audience));
                Self::Only(audiences)
            }
        }
    }

    /// Returns who has either.
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Only(mut audiences), Self::Only(other)) => {
                audiences.extend(other);
                Self::Only(audiences)
            }
            _ => Self::Everyone,
        }
    }
}
