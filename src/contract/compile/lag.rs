//! Lag: a system that is said to be behind must still be able to answer within the bounds of what is asked of it.

use super::{groups::Groups, survey::Survey};
use crate::{diagnostic::Findings, value::duration_text};

/// Checks the lag of each system against the domains of its groups.
pub(super) fn check(survey: &Survey<'_>, groups: &Groups<'_>, findings: &mut Findings) {
    let domains: Vec<_> = survey.written.settings.domains.values().collect();
    for (number, file) in survey.written.systems.iter().enumerate() {
        let (Some(place), Some(system)) = (file.lag, &file.system) else { continue };
        let asked = groups.iter().filter(|(name, plan)| plan.served && name.system.index() == number);
        let of_groups = asked.filter_map(|(_, plan)| domains.get(plan.domain?.index()));
        let Some(tightest) = of_groups.min_by_key(|domain| domain.max_age) else { continue };
        if system.lag >= tightest.max_age {
            let (lag, max_age) = (duration_text(system.lag), duration_text(tightest.max_age));
            findings.fault(
                "LAG_MAX_AGE",
                place,
                format!("`{}` is {lag} behind, and `{}` may be {max_age} old: it could never be served", file.name, tightest.name),
                "ask a system that is less behind, or lengthen `max_age`",
            );
        }
    }
}
