//! The table of rules: every name that `@rule` may call.

use super::{account, availability, cart, credit, price, product, rule::Rule, status, tax};

/// The rules, by name.
pub const RULES: &[Rule] = &[
    account::RULE,
    availability::RULE,
    cart::RULE,
    credit::RULE,
    price::RULE,
    product::SALE,
    product::CONTENT,
    status::LINE_RULE,
    status::ORDER_RULE,
    tax::RULE,
];

/// Returns the rule of a name.
pub fn find(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, de::value::Error, forward_to_deserialize_any};

    use super::*;
    use crate::rules::{
        CreditFacts, MoneyFacts, TermsFacts,
        account::{AccountRuleFacts, BuyerFacts},
        article::{Article, Conversion, DimensionsFacts, Document, Relation, UnitPrice, WeightFacts},
        ship_to::ShipToFacts,
        status::{
            BuyingFacts, DocumentLineFacts, HoldFacts, HolderFacts, InvoiceFacts, LineFacts, OrderFacts, ReturnFacts,
            ShipmentFacts,
        },
        tax::{AccountTaxFacts, TaxExemptionFacts},
    };

    /// A deserializer that holds nothing and takes down what a struct asks for.
    struct Asked<'a>(&'a mut Vec<&'static str>);

    impl<'de> Deserializer<'de> for Asked<'_> {
        type Error = Error;

        fn deserialize_any<V: serde::de::Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
            Err(serde::de::Error::custom("it holds nothing"))
        }

        fn deserialize_struct<V: serde::de::Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Error> {
            self.0.extend(fields.iter().filter(|field| !field.starts_with('$')));
            Err(serde::de::Error::custom("it holds nothing"))
        }

        forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }

    fn asked<'de, T: Deserialize<'de>>() -> Vec<&'static str> {
        let mut fields = Vec::new();
        let _ = T::deserialize(Asked(&mut fields));
        fields.sort_unstable();
        fields
    }

    /// What a selection without arguments selects: the fields, sorted, by the path to them.
    fn selected(text: &str) -> BTreeMap<String, Vec<String>> {
        let mut by_path: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut path: Vec<String> = Vec::new();
        let mut last = String::new();
        for word in text.split_whitespace() {
            match word {
                "{" => path.push(last.clone()),
                "}" => drop(path.pop()),
                field => {
                    by_path.entry(path.join(".")).or_default().push(field.to_owned());
                    field.clone_into(&mut last);
                }
            }
        }
        by_path.values_mut().for_each(|fields| fields.sort_unstable());
        by_path
    }

    fn reads(inputs: &str, read: &[(&str, Vec<&'static str>)]) {
        let read: BTreeMap<String, Vec<String>> = (read.iter())
            .map(|(path, fields)| ((*path).to_owned(), fields.iter().map(|&field| field.to_owned()).collect()))
            .collect();
        assert_eq!(selected(&plain(inputs)), read, "{inputs}");
    }

    #[test]
    fn what_is_selected_is_read_and_what_is_read_is_selected() {
        let money = asked::<MoneyFacts>;
        let amounts = ["limit", "exposure", "receivable", "overdue"];
        let credit = |path: &'static str| -> Vec<(String, Vec<&'static str>)> {
            let inner = amounts.map(|field| (format!("{path}{field}").trim_start_matches('.').to_owned(), money()));
            inner.into()
        };
        let credit_alone = credit("");
        let mut read: Vec<(&str, Vec<&str>)> = vec![("", asked::<CreditFacts>())];
        read.extend(credit_alone.iter().map(|(path, fields)| (path.as_str(), fields.clone())));
        reads(credit::RULE.inputs, &read);

        let in_account = credit("credit.");
        let mut read = vec![
            ("", asked::<AccountRuleFacts>()),
            ("terms", asked::<TermsFacts>()),
            ("credit", asked::<CreditFacts>()),
        ];
        read.extend(in_account.iter().map(|(path, fields)| (path.as_str(), fields.clone())));
        reads(account::RULE.inputs, &read);

        reads(tax::RULE.inputs, &[("", asked::<AccountTaxFacts>()), ("taxExemptions", asked::<TaxExemptionFacts>())]);
        reads(status::LINE_RULE.inputs, &[("", asked::<LineFacts>())]);
        reads(status::LINE_RULE.holder, &[("", asked::<HolderFacts>()), ("holds", asked::<HoldFacts>())]);

        let in_order = credit("buyer.credit.");
        let mut read = vec![
            ("", asked::<OrderFacts>()),
            ("total", money()),
            ("holds", asked::<HoldFacts>()),
            ("lines", asked::<LineFacts>()),
            ("shipments", asked::<ShipmentFacts>()),
            ("shipments.lines", asked::<DocumentLineFacts>()),
            ("invoices", asked::<InvoiceFacts>()),
            ("invoices.total", money()),
            ("invoices.open", money()),
            ("invoices.lines", asked::<DocumentLineFacts>()),
            ("returns", asked::<ReturnFacts>()),
            ("returns.lines", asked::<DocumentLineFacts>()),
            ("buyer", asked::<BuyingFacts>()),
            ("buyer.terms", asked::<TermsFacts>()),
            // Of an address, an order only needs to know whether it is open.
            ("buyer.shipTos", vec!["active", "id", "validFrom", "validTo"]),
            ("buyer.credit", asked::<CreditFacts>()),
        ];
        read.extend(in_order.iter().map(|(path, fields)| (path.as_str(), fields.clone())));
        reads(status::ORDER_RULE.inputs, &read);
    }

    /// What is read of whatever stands under a field of this name.
    fn read_under(field: &str) -> Vec<&'static str> {
        match field {
            "account" => asked::<cart::AccountInCart>(),
            "amount" | "exposure" | "limit" | "orderLimit" | "overdue" | "receivable" => asked::<MoneyFacts>(),
            "buyer" => asked::<price::Buyer>(),
            "buyers" => asked::<BuyerFacts>(),
            "candidates" => asked::<price::Record>(),
            "credit" => asked::<CreditFacts>(),
            "dimensions" => asked::<DimensionsFacts>(),
            "documents" => asked::<Document>(),
            "grossWeight" => asked::<WeightFacts>(),
            "inbound" => asked::<availability::InboundFacts>(),
            "nodes" | "ordersByCustomerPo" => asked::<cart::OrderOfPo>(),
            "orders" => asked::<cart::Orders>(),
            "ownerAtp" => asked::<availability::OwnerAtp>(),
            "ownerPrice" => asked::<price::OwnerPrice>(),
            "plants" => asked::<availability::PlantFacts>(),
            "price" | "prices" => asked::<price::PriceFacts>(),
            "product" | "products" => asked::<Article>(),
            "relations" => asked::<Relation>(),
            "shipTos" => asked::<ShipToFacts>(),
            "stock" => asked::<availability::StockFacts>(),
            "surcharges" => asked::<price::Surcharge>(),
            "taxExemptions" => asked::<TaxExemptionFacts>(),
            "terms" => asked::<TermsFacts>(),
            "unitPrice" | "listPrice" => asked::<UnitPrice>(),
            "units" => asked::<Conversion>(),
            other => panic!("nobody says what is read under {other}"),
        }
    }

    /// Leaves out arguments, directives, and which type a fragment is for: its fields stand under the field around it.
    fn plain(inputs: &str) -> String {
        let mut plain = String::new();
        let mut in_arguments = false;
        for letter in inputs.chars() {
            match letter {
                '(' => in_arguments = true,
                ')' => in_arguments = false,
                letter if !in_arguments => plain.push(letter),
                _ => {}
            }
        }
        plain
            .replace("@optional", "")
            .replace("@set", "")
            .replace("... on SafetyDataSheet { validUntil }", "validUntil")
    }

    /// One struct serves several rules, of which each selects a part of it; together they select all of it.
    #[test]
    fn what_prices_stock_and_carts_select_is_read_and_what_they_read_one_of_them_selects() {
        let roots = [
            (&price::RULE, asked::<price::PriceFacts>()),
            (&availability::RULE, asked::<Article>()),
            (&product::SALE, asked::<Article>()),
            (&cart::RULE, asked::<cart::FactsOfCart>()),
        ];
        let mut unselected: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (rule, root) in &roots {
            for (path, fields) in selected(&plain(rule.inputs)) {
                let under = path.rsplit('.').next().unwrap_or_default();
                let read = if path.is_empty() { root.clone() } else { read_under(under) };
                for field in &fields {
                    assert!(read.contains(&field.as_str()), "{}: nobody reads {path} {field}", rule.name);
                }
                let group = read.join(" ");
                unselected.entry(group).or_insert(read).retain(|field| !fields.iter().any(|own| own == field));
            }
        }
        unselected.retain(|_, fields| !fields.is_empty());
        assert_eq!(unselected, BTreeMap::new());
    }

    #[test]
    fn each_rule_has_a_name_of_its_own() {
        for rule in RULES {
            assert_eq!(find(rule.name).map(|found| (found.on, found.inputs)), Some((rule.on, rule.inputs)));
            assert_eq!(RULES.iter().filter(|one| one.name == rule.name).count(), 1);
        }
        assert!(find("nothing").is_none());
    }
}
