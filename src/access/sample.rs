//! An issuer to try things with: nothing but its keys is configured, and whoever it names has one audience.

use std::collections::BTreeSet;

use crate::{
    contract::{Algorithm, AudienceClaim, Claims, Issuer, IssuerKeys},
    value::AudienceId,
};

/// Makes an issuer of these keys.
pub(super) fn issuer(keys: IssuerKeys, algorithms: &[Algorithm]) -> Issuer {
    let claims = Claims {
        audience: AudienceClaim::Always(AudienceId(0)),
        accounts: None,
        login: None,
        permissions: None,
        roles: None,
        order_limit: None,
        act_as: BTreeSet::new(),
    };
    Issuer {
        name: "shop".to_owned(),
        issuer: "https://id".to_owned(),
        audience: "freehold".to_owned(),
        algorithms: algorithms.to_vec(),
        keys,
        claims,
    }
}
