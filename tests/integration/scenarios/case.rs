//! A case: what is asked, what everyone is told, and what an agent is told besides.
//!
//! In: the company. Out: nothing, or every difference between what is told and what the case says, at once.

use serde_json::{Map, Value, json};

use super::{
    company::{Company, Who},
    told,
};

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub enum Asked {
    /// What an account pays for a quantity of a product.
    Price { account: &'static str, sku: &'static str, quantity: &'static str },
    /// Whether a cart of one line would be taken.
    Cart { account: &'static str, ship_to: Option<&'static str>, line: (&'static str, &'static str) },
    /// How an order of an account is.
    Order { account: &'static str, number: &'static str },
}

/// A case.
#[derive(Debug, Clone, Copy)]
pub struct Case<'c> {
    pub asked: Asked,
    /// What everyone is told.
    pub told: &'c str,
    /// What an agent is told besides: evidence and explanation.
    pub because: &'c str,
}

const EVIDENCE: &str = " evidence { field value system entity asOf }";
/// What is the account's credit to the cent, or would let somebody work it out: never for a buyer's eyes.
const AMOUNTS_OF_CREDIT: [&str; 5] = ["limit", "exposure", "receivable", "overdue", "overBy"];

impl Asked {
    fn account(self) -> &'static str {
        match self {
            Self::Price { account, .. } | Self::Cart { account, .. } | Self::Order { account, .. } => account,
        }
    }

    /// Returns the query with what an agent asks besides, and its variables.
    fn query(self, is_agent: bool) -> (String, Value) {
        let (query, credit, variables) = match self {
            Self::Price { account, sku, quantity } => (
                "query($account: String!, $sku: String!, $quantity: Decimal) { price(account: $account, sku: $sku) {
                  asked: resolved(quantity: $quantity) {
                    unitPrice { amount } source contract net { amount } listPrice { amount }
                    reasons { code severity message # } explanation { step text # }
                  } } }",
                "",
                json!({"account": account, "sku": sku, "quantity": quantity}),
            ),
            Self::Cart { account, ship_to, line: (sku, quantity) } => (
                "query($account: String!, $shipTo: String, $lines: [CartLine!]!) {
                  asked: validateCart(account: $account, shipTo: $shipTo, lines: $lines) {
                    decision net { amount } reasons { code severity message # }
                    lines {
                      sku quantity price { unitPrice { amount } source } promise { date basis } availability { word }
                      substitutes { sku } reasons { code severity message # }
                    }
                    explanation { step text # } $credit
                  } }",
                "creditReasons { code severity message # }",
                json!({"account": account, "shipTo": ship_to, "lines": [{"sku": sku, "quantity": quantity}]}),
            ),
            Self::Order { number, .. } => (
                "query($number: String!) { asked: order(number: $number) {
                  status fulfillmentStatus invoiceStatus paymentStatus returnStatus
                  reasons { code severity message # } statusExplanation { step text # }
                  lines { lineNumber sku requestedSku status open promisedDate }
                } }",
                "",
                json!({"number": number}),
            ),
        };
        let query = query.replace("$credit", if is_agent { credit } else { "" });
        (query.replace(" #", if is_agent { EVIDENCE } else { "" }), variables)
    }

    fn told(self, answer: &Value) -> [Vec<String>; 2] {
        match self {
            Self::Price { .. } => [told::price(answer), told::price_because(answer)],
            Self::Cart { .. } => [told::cart(answer), told::cart_because(answer)],
            Self::Order { .. } => [told::order(answer), told::order_because(answer)],
        }
    }
}

/// Holds what everyone is told against what each case says, over both kinds of ERP.
pub async fn check(cases: &[(&str, Case<'_>)]) {
    let mut wrong = Vec::new();
    for company in Company::both().await {
        for (name, case) in cases {
            let said = case.differences(&company).await;
            wrong.extend(said.into_iter().map(|said| format!("{name}, over {:?}: {said}", company.erp)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

impl Case<'_> {
    async fn differences(&self, company: &Company) -> Vec<String> {
        let buyer = self.ask(company, Who::Buyer(self.asked.account())).await;
        let agent = self.ask(company, Who::Agent).await;
        let analyst = self.ask(company, Who::Analyst).await;
        let mut wrong = Vec::new();
        let mut differ = |who: &str, told: &[String], expected: &str| {
            if told.join("\n") != expected.trim_matches('\n') {
                wrong.push(format!("{who} is told\n{}", told.join("\n")));
            }
        };
        let [told, because] = self.asked.told(&agent);
        differ("the buyer", &self.asked.told(&buyer)[0], self.told);
        differ("the agent", &told, self.told);
        differ("the agent besides", &because, self.because);
        differ("the analyst", &self.asked.told(&analyst)[0], self.told);
        // The steps that are read out to a buyer are the agent's, without what they rest on.
        for step in ["explanation", "statusExplanation"] {
            assert_eq!(without_evidence(&agent[step]), buyer[step], "{:?}", self.asked);
        }
        assert!(is_stamped(&agent), "a fact of a system without its as-of: {agent}");
        let buyers = buyer.to_string();
        let leaked = amounts_of_credit(&agent).into_iter().find(|amount| buyers.contains(amount.as_str()));
        assert_eq!(leaked, None, "the buyer sees an amount of credit: {buyers}");
        wrong
    }

    async fn ask(&self, company: &Company, who: Who) -> Value {
        let (query, variables) = self.asked.query(matches!(who, Who::Agent | Who::Analyst));
        let mut data = company.data(who, &query, variables).await;
        match data.remove("price") {
            Some(mut price) => price["asked"].take(),
            None => data.remove("asked").unwrap_or_default(),
        }
    }
}

/// Calls with every object that stands somewhere in a value.
pub fn each_object(value: &Value, call: &mut impl FnMut(&Map<String, Value>)) {
    match value {
        Value::Object(members) => {
            call(members);
            members.values().for_each(|inner| each_object(inner, call));
        }
        Value::Array(items) => items.iter().for_each(|inner| each_object(inner, call)),
        _ => {}
    }
}

fn without_evidence(steps: &Value) -> Value {
    let mut steps = steps.clone();
    for step in steps.as_array_mut().into_iter().flatten() {
        step.as_object_mut().map(|step| step.remove("evidence"));
    }
    steps
}

/// Whether every fact that a system said has the instant since when it is known.
fn is_stamped(agent: &Value) -> bool {
    let mut is_stamped = true;
    each_object(agent, &mut |members| {
        is_stamped &= members.get("system").is_none_or(|system| system.is_null() || !members["asOf"].is_null());
    });
    is_stamped
}

fn amounts_of_credit(agent: &Value) -> Vec<String> {
    let mut amounts = Vec::new();
    each_object(agent, &mut |members| {
        let field = members.get("field").and_then(Value::as_str).unwrap_or_default();
        let value = members.get("value").and_then(Value::as_str);
        let amount = value.and_then(|value| value.strip_suffix(" EUR")).filter(|amount| *amount != "0.00");
        amounts.extend(amount.filter(|_| AMOUNTS_OF_CREDIT.contains(&field)).map(str::to_owned));
    });
    amounts
}
