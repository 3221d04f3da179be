//! Parcels: whether a product is small and light enough for one, and whether all of a line is light enough.
//!
//! In: a product's size and weight, the quantity of a line, what a parcel may be at most. Out: reasons. What has a freight class
//! goes as freight, and no parcel is asked for. A size that nobody knows is not taken for a small one.

use crate::rules::{
    article::{Article, DimensionsFacts},
    context::Context,
    evidence::Evidence,
    fact::{Fact, Unknown},
    measure::{Measure, Measured},
    ratio::Ratio,
    reason::{Reason, ReasonCode, Severity},
};

/// What stands against sending a product as a parcel.
#[derive(Default)]
pub(super) struct Against {
    /// Why.
    pub reasons: Vec<Reason>,
    /// Whether one piece alone is too great or too heavy.
    pub is_over: bool,
}

/// A measure of an owner's, or that it says none.
type Said<T> = Result<Option<T>, Unknown>;

/// Returns what stands against sending so many base units of a product as a parcel; none where the quantity is not known.
pub(super) fn against(article: &Article, quantity: Option<Ratio>, context: &Context<'_>) -> Against {
    let mut against = Against::default();
    if article.freight_class.known().is_none() {
        size(article, context, &mut against);
        weight(article, quantity, context, &mut against);
    }
    against
}

fn size(article: &Article, context: &Context<'_>, against: &mut Against) {
    let parcel = &context.settings.parcel;
    if !parcel.limits_size() {
        return;
    }
    let [longest, middle, shortest] = match sides(&article.dimensions) {
        Ok(Some(sides)) => sides,
        Ok(None) => {
            let message = "Its size was never measured, so nobody can say whether it goes as a parcel.";
            let evidence = vec![context.evidence_of_null(article.at, "dimensions")];
            return against.reasons.push(constraint(message.to_owned(), evidence).weighing(Severity::Info));
        }
        Err(unknown) => {
            let message = "Whether it is small enough for a parcel could not be found out.";
            let evidence = vec![context.evidence_of_silence(article.at, "dimensions", &unknown)];
            return against.reasons.push(constraint(message.to_owned(), evidence).for_lack_of(&unknown));
        }
    };
    let evidence = || vec![context.evidence_of(article.at, "dimensions", &article.dimensions)];
    if let Some(most) = parcel.length_max.as_ref().filter(|most| most.exact() < longest) {
        against.over(format!("It is longer than a parcel may be: {most}."), evidence());
    }
    // Around the two shorter sides, and once along the longest: as carriers measure.
    let whole = middle.plus(shortest).and_then(|half| half.plus(half)?.plus(longest));
    if let Some(most) =
        parcel.length_and_girth_max.as_ref().filter(|most| whole.is_none_or(|whole| most.exact() < whole))
    {
        against.over(format!("Its length and girth are more than a parcel may have: {most}."), evidence());
    }
}

fn weight(article: &Article, quantity: Option<Ratio>, context: &Context<'_>, against: &mut Against) {
    let Some(most) = &context.settings.parcel.weight_max else { return };
    let one = match of_one(article) {
        Ok(Some(one)) => one,
        Ok(None) => {
            let message = "Its weight is not known to its owner, so nobody can say whether it goes as a parcel.";
            let evidence = vec![context.evidence_of_null(article.at, "grossWeight")];
            return against.reasons.push(constraint(message.to_owned(), evidence).weighing(Severity::Info));
        }
        Err(unknown) => {
            let message = "Whether it is light enough for a parcel could not be found out.";
            let evidence = vec![context.evidence_of_silence(article.at, "grossWeight", &unknown)];
            return against.reasons.push(constraint(message.to_owned(), evidence).for_lack_of(&unknown));
        }
    };
    let evidence = vec![context.evidence_of(article.at, "grossWeight", &article.gross_weight)];
    if most.exact() < one {
        against.over(format!("It is heavier than a parcel may be: {most}; and it has no freight class."), evidence);
    } else if quantity.is_some_and(|quantity| quantity.times(one).is_none_or(|all| most.exact() < all)) {
        // Several parcels carry what one does not.
        let message = format!("All of it is heavier than one parcel may be: {most}; and it has no freight class.");
        against.reasons.push(constraint(message, evidence).weighing(Severity::Info));
    }
}

impl Against {
    fn over(&mut self, message: String, evidence: Vec<Evidence>) {
        self.is_over = true;
        self.reasons.push(constraint(message, evidence));
    }
}

fn constraint(message: String, evidence: Vec<Evidence>) -> Reason {
    Reason::new(ReasonCode::FreightConstraint, message, evidence)
}

/// Returns the sides of a product, the longest first, in millimetres.
fn sides(dimensions: &Fact<DimensionsFacts>) -> Said<[Ratio; 3]> {
    let Some(dimensions) = dimensions.asked()? else { return Ok(None) };
    let Some(unit) = dimensions.unit.asked()? else { return Ok(None) };
    let mut sides = [Ratio::ZERO; 3];
    for (side, fact) in sides.iter_mut().zip([&dimensions.length, &dimensions.width, &dimensions.height]) {
        let Some(value) = fact.asked()? else { return Ok(None) };
        *side = Measure::new(Measured::Length, *value, unit).ok_or_else(foreign)?.exact();
    }
    sides.sort_by(|one, other| other.cmp(one));
    Ok(Some(sides))
}

/// Returns what one base unit of a product weighs, in grams.
fn of_one(article: &Article) -> Said<Ratio> {
    let Some(weight) = article.gross_weight.asked()? else { return Ok(None) };
    let (Some(value), Some(unit)) = (weight.value.asked()?, weight.unit.asked()?) else { return Ok(None) };
    Ok(Some(Measure::new(Measured::Weight, *value, unit).ok_or_else(foreign)?.exact()))
}

/// A unit that nothing can be compared in.
fn foreign() -> Unknown {
    Unknown { code: "CONTRACT_VIOLATION".to_owned(), system: String::new() }
}
