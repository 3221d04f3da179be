//! What a commercial rule costs: a cart of 1, 50 and 500 lines, and one price of many records.
//!
//! From the bytes of the facts to the bytes of the answer, as a request runs it; nothing is fetched. Every line has four price
//! records, two plants, two deliveries on their way and a substitute.
//!
//! `cargo bench --bench rules`

use std::{fmt::Write, hint::black_box};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use freehold::rules::{At, Context, Settings, Source, Sources, find};

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Says of everything that nobody said it: what looking it up costs is not the rule's.
struct Nobody;

impl Sources for Nobody {
    fn source(&self, _: At, _: &str) -> Source {
        Source { system: None, entity: String::new(), domain: None, as_of: None }
    }
}

fn price() -> String {
    let mut records = String::new();
    for (n, source) in ["CONTRACT_CUSTOMER", "CONTRACT_CUSTOMER", "CUSTOMER_GROUP", "LIST"].into_iter().enumerate() {
        let _ = write!(
            records,
            r#"{}{{"$at":9,"record":"7{n}","source":"{source}","contract":null,"state":"RELEASED","minimumQuantity":"{}",
               "unitPrice":{{"amount":"{}.50","currency":"EUR","per":1,"unit":"EA"}},"validFrom":"2026-01-01","validTo":null}}"#,
            if n > 0 { "," } else { "" },
            1 + n * 5,
            90 + n,
        );
    }
    format!(r#"{{"$at":8,"currency":"EUR","candidates":[{records}],"surcharges":[]}}"#)
}

fn product(sku: &str, relations: &str) -> String {
    let plant = |code: u16| {
        format!(
            r#"{{"$at":4,"plant":"{code}","onHand":"40","allocated":"4","committed":"0","qualityHold":"0","safetyStock":"1","asOf":"2026-06-30T06:00:00Z"}}"#
        )
    };
    let comes = |date: &str| {
        format!(
            r#"{{"$at":5,"document":"D","kind":"PO","plant":"1000","quantity":"50","date":"{date}","confirmed":true}}"#
        )
    };
    format!(
        r#"{{"$at":2,"sku":"{sku}","type":"GOODS","lifecycle":"ACTIVE","baseUnit":"EA","salesUnit":null,"units":[],"packQuantity":null,
           "minimumQuantity":null,"listPrice":{{"amount":"100","currency":"EUR","per":1,"unit":"EA"}},"hazardous":false,"freightClass":null,
           "documents":[],"stock":{{"$at":3,"onHand":"80","available":"70","plants":[{},{}],"inbound":[{},{}],"leadTimeDays":14,
           "backorderPolicy":"ALLOW"}},"relations":[{relations}],"price":{}}}"#,
        plant(1000),
        plant(2000),
        comes("2026-07-10"),
        comes("2026-08-10"),
        price(),
    )
}

fn cart(n_lines: usize) -> (String, String) {
    let substitute = product("S", "");
    let relation = format!(r#"{{"kind":"SUBSTITUTE","sku":"S","quantity":null,"product":{substitute}}}"#);
    let products: Vec<String> = (0..n_lines).map(|n| product(&format!("P{n}"), &relation)).collect();
    let prices = vec![price(); n_lines];
    let facts = format!(
        r#"{{"$at":0,"account":{{"$at":1,"number":"1","status":"ACTIVE","terms":{{"code":"N30","prepay":false}},"shipTos":[],"credit":null}},
           "products":[{}],"prices":[{}],"ordersByCustomerPo":[]}}"#,
        products.join(","),
        prices.join(","),
    );
    // Every third line asks for more than there is.
    let lines: Vec<String> =
        (0..n_lines).map(|n| format!(r#"{{"sku":"P{n}","quantity":"{}"}}"#, if n % 3 == 0 { 99 } else { 9 })).collect();
    (facts, format!(r#"{{"account":"1","lines":[{}]}}"#, lines.join(",")))
}

fn rules(criterion: &mut Criterion) {
    let settings = Settings::default();
    let now = "2026-06-30T10:00:00Z".parse().expect("an instant");
    let context = Context { now, settings: &settings, sources: &Nobody, order_limit: None };
    let mut group = criterion.benchmark_group("rules");
    for n_lines in [1, 50, 500] {
        let (facts, arguments) = cart(n_lines);
        let rule = find("cart").expect("the rule");
        group.throughput(Throughput::Elements(n_lines as u64));
        group.bench_function(BenchmarkId::new("cart", n_lines), |bencher| {
            bencher.iter(|| (rule.run)(black_box(facts.as_bytes()), arguments.as_bytes(), &context).expect("facts"));
        });
    }
    let rule = find("price").expect("the rule");
    let facts = price();
    group.throughput(Throughput::Elements(1));
    group.bench_function("price of 4 records", |bencher| {
        bencher.iter(|| (rule.run)(black_box(facts.as_bytes()), br#"{"quantity":"9"}"#, &context).expect("facts"));
    });
    group.finish();
}

criterion_group!(benches, rules);
criterion_main!(benches);
