//! Resolving: candidates become the price, or the reasons why there is none.
//!
//! In: the facts of a price, its article, what is asked. Out: a resolved price.

use super::{
    boundary::boundary,
    candidate::{Candidate, Why, computed, strange},
    facts::{OwnerPrice, PriceFacts, PriceSource},
    field::Field,
    pick::{pick, tiers},
    resolved::{FREEHOLD, Priced, ResolvedPrice, Tier},
    surcharge::surcharges,
    want::{Ask, NoWant, Want, want},
};
use crate::rules::{
    amount::rounded,
    article::{Article, NoUnit},
    context::Context,
    explanation::Step,
    fact::{Fact, Unknown},
    ratio::Ratio,
    reason::{Reason, ReasonCode, Severity, sort},
    settings::Strategy,
};

/// Resolves the price of one product for one account.
///
/// *Units*: `net` is rounded half up to the digits of the currency; `unitPrice` is the owner's own, never rounded.
/// *Errors*: none; a price that there is not is none, with a reason that weighs BLOCKING.
/// *Source*: most specific first, or lowest, as configured for the system that owns the records.
pub(crate) fn resolve(
    facts: &PriceFacts,
    article: Option<&Article>,
    ask: &Ask<'_>,
    context: &Context<'_>,
) -> ResolvedPrice {
    let mut out = ResolvedPrice::nothing(ask.quantity);
    let empty = Article::default();
    if let Err(unknown) = attempt(facts, article.unwrap_or(&empty), ask, context, &mut out) {
        // What was worked out before is no answer any more, and half an answer is a wrong one.
        out = ResolvedPrice { unit: out.unit, currency: out.currency, ..ResolvedPrice::nothing(ask.quantity) };
        out.reasons.push(unclear(facts, &unknown, context));
    }
    if ask.date.is_none() {
        out.holds_until = boundary(facts, context);
    }
    sort(&mut out.reasons);
    out
}

/// Returns why there is no telling what the price is.
pub(crate) fn why_unclear(unknown: &Unknown) -> &'static str {
    match unknown.is_withheld() {
        true => "The price is the account's own, and not for whoever asks.",
        false => "The price could not be found out.",
    }
}

/// Says that a price could not be found out.
pub(super) fn unclear(facts: &PriceFacts, unknown: &Unknown, context: &Context<'_>) -> Reason {
    let evidence = vec![context.evidence(facts.at, "candidates", &unknown.code)];
    Reason::new(ReasonCode::PriceUnclear, "The price could not be found out.", evidence)
}

fn attempt(
    facts: &PriceFacts,
    article: &Article,
    ask: &Ask<'_>,
    context: &Context<'_>,
    out: &mut ResolvedPrice,
) -> Result<(), Unknown> {
    let want = match want(facts, article, ask, context) {
        Ok(want) => want,
        Err(NoWant::Unclear(unknown)) => return Err(unknown),
        Err(NoWant::Quantity) => {
            let evidence = vec![context.evidence(facts.at, "quantity", ask.quantity)];
            let message = "The quantity has to be more than nothing.";
            let reason = Reason::new(ReasonCode::PriceBelowMinimumQty, message, evidence);
            out.reasons.push(reason.weighing(Severity::Blocking));
            return Ok(());
        }
        Err(NoWant::Unit) => {
            let unit = ask.unit.unwrap_or_default();
            let message = format!("{unit} is none of the product's units.");
            let evidence = vec![context.evidence(article.at, "units", unit)];
            out.reasons.push(Reason::new(ReasonCode::UomNotConvertible, message, evidence));
            return Ok(());
        }
    };
    (out.unit, out.currency) = (Some(want.unit.to_owned()), Some(want.currency.to_owned()));
    out.list_price = article.list_price.as_ref().and_then(Fact::known).and_then(Priced::known);
    if let Some(owner) = facts.owner_price.asked()? {
        return passed_through(facts, owner, &want, context, out);
    }
    let system = context.sources.source(facts.at, "candidates").system;
    let pricing = context.settings.pricing(system.as_deref());
    let field = Field::survey(facts, &want, pricing, context)?;
    if out.list_price.is_none() {
        let list = field.candidates.iter().find(|candidate| candidate.source == PriceSource::List);
        out.list_price = list.map(|list| Priced::of(&list.offer));
    }
    out.explanation.push(field.told(&want, context));
    match pick(&field.candidates, want.quantity, pricing.strategy) {
        Some(picked) => {
            out.set(picked, FREEHOLD.to_owned());
            out.tiers = tiers(&field.candidates, pricing.strategy).into_iter().map(Tier::of).collect();
            out.explanation.push(strategy_told(picked, pricing.strategy, context));
            field.remarks(picked, &want, pricing, context, out);
            priced(facts, picked, &want, context, out)?;
        }
        None => {
            out.tiers = tiers(&field.candidates, pricing.strategy).into_iter().map(Tier::of).collect();
            field.missing(facts, &want, context, out);
        }
    }
    quantity_rules(&want, context, out)
}

/// Takes over what the owner has computed, and marks whose it is.
fn passed_through(
    facts: &PriceFacts,
    owner: &OwnerPrice,
    want: &Want<'_>,
    context: &Context<'_>,
    out: &mut ResolvedPrice,
) -> Result<(), Unknown> {
    let evidence = || vec![context.evidence(owner.at, "unitPrice", "computed by its owner")];
    match computed(owner, want, &context.zone())? {
        Ok(picked) => {
            let system = context.sources.source(owner.at, "unitPrice").system;
            out.set(&picked, system.unwrap_or_else(|| "owner".to_owned()));
            out.source = owner.source.known().copied();
            let text = "Its owner computes the price itself; it is passed on as it is.".to_owned();
            out.explanation.push(Step { step: "OWNER", text, evidence: evidence() });
            priced(facts, &picked, want, context, out)?;
        }
        Err(why) => {
            let (code, message) = match why {
                Why::Currency => (ReasonCode::CurrencyNotOffered, "The owner's price is in another currency."),
                Why::Unit => (ReasonCode::UomNotConvertible, "The owner's price is for another unit."),
                Why::Over => (ReasonCode::PriceExpired, "The owner's price has expired."),
                _ => (ReasonCode::PriceMissing, "The owner has no price for it."),
            };
            out.reasons.push(Reason::new(code, message, evidence()).weighing(Severity::Blocking));
        }
    }
    quantity_rules(want, context, out)
}

/// Works out what the quantity costs, and the surcharges on it.
fn priced(
    facts: &PriceFacts,
    picked: &Candidate<'_>,
    want: &Want<'_>,
    context: &Context<'_>,
    out: &mut ResolvedPrice,
) -> Result<(), Unknown> {
    let net = want.quantity.times(picked.offer.each).ok_or_else(|| strange("OVERFLOW"))?;
    out.net = Some(rounded(net, want.currency, context.settings).ok_or_else(|| strange("OVERFLOW"))?);
    match surcharges(facts, want, Some(net), context) {
        Ok(surcharges) => {
            if !surcharges.is_empty() {
                let kinds: Vec<_> = surcharges.iter().map(|surcharge| surcharge.kind.as_str()).collect();
                let text = format!("Added apart from the price: {}.", kinds.join(", "));
                let evidence = vec![context.evidence(facts.at, "surcharges", kinds.join(", "))];
                out.explanation.push(Step { step: "SURCHARGES", text, evidence });
            }
            out.surcharges = Some(surcharges);
        }
        Err(unknown) => {
            let evidence = vec![context.evidence(facts.at, "surcharges", &unknown.code)];
            let message = "What is added to the price could not be found out.";
            let reason = Reason::new(ReasonCode::PriceUnclear, message, evidence);
            out.reasons.push(reason.weighing(Severity::Warning));
        }
    }
    Ok(())
}

fn strategy_told(picked: &Candidate<'_>, strategy: Strategy, context: &Context<'_>) -> Step {
    let by = match strategy {
        Strategy::MostSpecificWins => "the most specific source wins",
        Strategy::BestPriceWins => "the lowest price wins",
    };
    let text = format!("Of the prices in force {by}: {}.", picked.source.words());
    let record = picked.record.unwrap_or("listPrice");
    Step { step: "STRATEGY", text, evidence: vec![context.evidence(picked.at, "record", record)] }
}

/// Checks the quantity against the pack and the least quantity of a line.
fn quantity_rules(want: &Want<'_>, context: &Context<'_>, out: &mut ResolvedPrice) -> Result<(), Unknown> {
    let article = want.article;
    let in_units = |to: &str| match article.converted(want.unit, to) {
        Ok(units) => want.quantity.times(units).map(Some).ok_or_else(|| strange("OVERFLOW")),
        Err(NoUnit::Foreign) => Ok(None),
        Err(NoUnit::Unclear(unknown)) => Err(unknown),
    };
    if let Some(pack) = article.pack_quantity.asked()?
        && let Some(base_unit) = article.base_unit.asked()?
        && let Some(quantity) = in_units(base_unit)?
        && let Some(packs) = quantity.over(Ratio::of(*pack))
        && !packs.is_whole()
    {
        let evidence = vec![context.evidence(article.at, "packQuantity", pack)];
        let message = format!("It is sold in packages of {} {base_unit}.", pack.normalize());
        out.reasons.push(Reason::new(ReasonCode::PackQtyRequired, message, evidence));
    }
    if let Some(minimum) = article.minimum_quantity.asked()?
        && let Some(sales_unit) = article.usual_unit()?
        && let Some(quantity) = in_units(sales_unit)?
        && quantity < Ratio::of(*minimum)
    {
        let evidence = vec![context.evidence(article.at, "minimumQuantity", minimum)];
        let message = format!("The least quantity of a line is {} {sales_unit}.", minimum.normalize());
        let below = Reason::new(ReasonCode::PriceBelowMinimumQty, message, evidence);
        out.reasons.push(below);
    }
    Ok(())
}
