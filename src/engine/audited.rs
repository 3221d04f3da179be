//! What of a request the audit trail is told: who asked, as whom, and for which types of data that belongs to accounts.

use crate::{
    access::Accounts,
    contract::{Contract, Role, TypeKind},
    plan::Plan,
    telemetry::{Audit, Event, Telemetry},
};

use super::request::Request;

/// Tells of a request that was answered, or refused where it has no plan.
pub(super) fn tell(
    telemetry: &Telemetry,
    contract: &Contract,
    request: &Request,
    plan: Option<&Plan>,
    status: &'static str,
) {
    let caller = &*request.caller;
    let acting = caller.acting.as_ref();
    telemetry.emit(&Event::Audited(Audit {
        subject: &caller.subject,
        issuer: caller.issuer.as_deref(),
        audience: caller.audience.and_then(|audience| contract.audiences.get(audience.index())).map(String::as_str),
        acting_account: acting.map(|acting| acting.account.as_str()),
        acting_login: acting.and_then(|acting| acting.login.as_deref()),
        operation: plan.and_then(|plan| plan.operation.as_deref()),
        n_accounts: match &caller.accounts {
            Accounts::All => None,
            Accounts::Of(numbers) => Some(numbers.len()),
        },
        owned_types: &plan.map(|plan| owned_types(contract, plan)).unwrap_or_default(),
        status,
    }));
}

/// Names the types of a plan whose rows belong to accounts.
fn owned_types<'c>(contract: &'c Contract, plan: &Plan) -> Vec<&'c str> {
    let owned = plan.places.iter().map(|place| contract.ty(place.ty)).filter(|ty| match &ty.kind {
        TypeKind::Object(object) => matches!(&object.role, Role::Entity(entity) if entity.scope.is_some()),
        _ => false,
    });
    let mut names: Vec<&str> = owned.map(|ty| ty.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}
