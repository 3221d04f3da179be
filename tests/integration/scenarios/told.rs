//! Answers as text: what everyone is told, and what an agent is told besides.

use serde_json::Value;

/// Returns a value as it is read out; null is `null`.
fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Returns the member of an object that may itself be null.
fn inner<'v>(value: &'v Value, member: &str) -> &'v Value {
    value.get(member).unwrap_or(&Value::Null)
}

/// A line for each reason: severity, code, sentence.
fn reasons(reasons: &Value, indent: &str) -> Vec<String> {
    let line = |reason: &Value| {
        format!("{indent}{} {}: {}", word(&reason["severity"]), word(&reason["code"]), word(&reason["message"]))
    };
    list(reasons).iter().map(line).collect()
}

/// A line for each reason: its code, and each fact it rests on, by the system that owns it and what it is said of.
fn evidence(reasons: &Value) -> Vec<String> {
    let line = |reason: &Value| {
        let mut facts: Vec<(String, Vec<String>)> = Vec::new();
        for fact in list(&reason["evidence"]) {
            let of = match &fact["system"] {
                Value::Null => word(&fact["entity"]),
                system => format!("{} {}", word(system), word(&fact["entity"])),
            };
            let said = format!("{} {}", word(&fact["field"]), word(&fact["value"]));
            match facts.last_mut() {
                Some((last, all)) if *last == of => all.push(said),
                _ => facts.push((of, vec![said])),
            }
        }
        let facts: Vec<String> = facts.iter().map(|(of, said)| format!("{of}: {}", said.join(", "))).collect();
        format!("{} by {}", word(&reason["code"]), facts.join("; "))
    };
    list(reasons).iter().map(line).collect()
}

fn steps(steps: &Value) -> Vec<String> {
    list(steps).iter().map(|step| format!("{}: {}", word(&step["step"]), word(&step["text"]))).collect()
}

/// What is told of a resolved price.
pub fn price(price: &Value) -> Vec<String> {
    let [unit_price, net, list_price] = ["unitPrice", "net", "listPrice"].map(|of| word(inner(&price[of], "amount")));
    let [source, contract] = ["source", "contract"].map(|of| word(&price[of]));
    let mut lines = vec![format!("{unit_price} {source} {contract}, net {net}, list {list_price}")];
    lines.extend(reasons(&price["reasons"], ""));
    lines
}

/// What an agent is told besides of a resolved price.
pub fn price_because(price: &Value) -> Vec<String> {
    [evidence(&price["reasons"]), steps(&price["explanation"])].concat()
}

/// What is told of a cart.
pub fn cart(cart: &Value) -> Vec<String> {
    let mut lines = vec![format!("{}, net {}", word(&cart["decision"]), word(inner(&cart["net"], "amount")))];
    lines.extend(reasons(&cart["reasons"], ""));
    for line in list(&cart["lines"]) {
        let (price, promise) = (&line["price"], &line["promise"]);
        let mut text = format!(
            "{} {} at {} {}, {} by {}",
            word(&line["quantity"]),
            word(&line["sku"]),
            word(inner(inner(price, "unitPrice"), "amount")),
            word(inner(price, "source")),
            word(inner(&line["availability"], "word")),
            word(inner(promise, "date")),
        );
        if let Some(basis) = inner(promise, "basis").as_str() {
            text += &format!(" {basis}");
        }
        for substitute in list(&line["substitutes"]) {
            text += &format!(", or {}", word(&substitute["sku"]));
        }
        lines.push(text);
        lines.extend(reasons(&line["reasons"], "  "));
    }
    lines
}

/// What an agent is told besides of a cart.
pub fn cart_because(cart: &Value) -> Vec<String> {
    let mut lines = evidence(&cart["reasons"]);
    lines.extend(list(&cart["lines"]).iter().flat_map(|line| evidence(&line["reasons"])));
    lines.extend(evidence(&cart["creditReasons"]).into_iter().map(|line| format!("credit {line}")));
    lines.extend(steps(&cart["explanation"]));
    lines
}

/// What is told of an order; texts and freight among its lines are left out.
pub fn order(order: &Value) -> Vec<String> {
    let axes = ["fulfillmentStatus", "invoiceStatus", "paymentStatus", "returnStatus"].map(|axis| word(&order[axis]));
    let [delivery, invoices, payment, returns] = axes;
    let status = word(&order["status"]);
    let mut lines =
        vec![format!("{status}: delivery {delivery}, invoices {invoices}, payment {payment}, returns {returns}")];
    lines.extend(reasons(&order["reasons"], ""));
    for line in list(&order["lines"]).iter().filter(|line| !line["sku"].is_null()) {
        let requested = line["requestedSku"].as_str().map(|sku| format!(" for {sku}")).unwrap_or_default();
        let [number, sku, status, open, promised] =
            ["lineNumber", "sku", "status", "open", "promisedDate"].map(|of| word(&line[of]));
        lines.push(format!("{number} {sku}{requested} {status}, open {open}, promised {promised}"));
    }
    lines
}

/// What an agent is told besides of an order.
pub fn order_because(order: &Value) -> Vec<String> {
    [evidence(&order["reasons"]), steps(&order["statusExplanation"])].concat()
}
