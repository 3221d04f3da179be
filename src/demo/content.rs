//! The PIM: names and texts by language, attributes, categories, relations and documents.

use super::{
    DemoError,
    calendar::{day, instant},
    item::Item,
    random::Random,
    table::{Filling, Table, row},
    vocabulary::{BRANDS, CATEGORIES, FAMILIES},
};

const LANGUAGES: [&str; 3] = ["en", "de", "fr"];

/// Writes what the PIM knows.
pub(super) async fn fill(pim: &mut Filling, items: &[Item]) -> Result<(), DemoError> {
    categories(pim).await?;
    let mut random = Random::of("content");
    let mut products = Table::new("product");
    let mut texts = Table::new("product_text");
    let mut attributes = Table::new("product_attribute");
    let mut places = Table::new("product_category");
    let mut external = Table::new("product_external");
    for (n, item) in items.iter().enumerate().filter(|(_, item)| item.in_pim()) {
        let sku = &item.sku;
        let (high, low) = (random.between(0, 0xffff_ffff), random.between(0, 0xffff_ffff_ffff));
        let uuid = format!("{high:08x}-7a00-4000-8000-{low:012x}");
        let changed = random.percent(85).then(|| instant(-random_days(n), 28_800));
        products.row(row![sku, &uuid, BRANDS[n % BRANDS.len()], item.family.code, item.status != "90", changed]);
        for (language, locale) in LANGUAGES.into_iter().enumerate() {
            // Translation runs behind: some products have no French name yet.
            if language == 2 && !random.percent(80) {
                continue;
            }
            let name = item.name(language);
            let body = (language < 2).then(|| sentence(item, language));
            texts.row(row![sku, locale, "web", &name, body]);
            if language == 0 && n % 3 == 0 {
                texts.row(row![sku, locale, "print", name, None::<i64>]);
            }
        }
        for (position, (code, label, value, unit)) in (1..).zip(technical(item, &mut random)) {
            attributes.row(row![sku, position, code, label, value, unit]);
        }
        places.row(row![sku, leaf_category(item.family.category, item.noun), 1]);
        if item.family.prefix == "KIT" {
            places.row(row![sku, "SPARES", 2]);
        }
        external.row(row![sku, "pim", uuid]);
        if item.in_erp() && n % 2 == 0 {
            external.row(row![sku, "legacy", format!("{:07}", 1_000_000 + n * 3)]);
        }
    }
    for table in [products, texts, attributes, places, external, relations(items), documents(items)] {
        pim.write(table).await?;
    }
    Ok(())
}

fn random_days(n: usize) -> i64 {
    i64::try_from(n * 104_729 % 700).unwrap_or(0)
}

fn leaf_category(above: &str, noun: usize) -> String {
    format!("{above}-{:02}", noun + 1)
}

async fn categories(pim: &mut Filling) -> Result<(), DemoError> {
    let mut tree: Vec<(String, Option<String>, String)> = (CATEGORIES.iter())
        .map(|(code, above, name)| ((*code).to_owned(), above.map(str::to_owned), (*name).to_owned()))
        .collect();
    for family in FAMILIES {
        tree.extend((family.nouns.iter().enumerate()).map(|(noun, word)| {
            (leaf_category(family.category, noun), Some(family.category.to_owned()), format!("{}s", word.en))
        }));
    }
    let mut categories = Table::new("category");
    let mut paths = Table::new("category_path");
    for (position, (code, above, name)) in (1_i64..).zip(&tree) {
        categories.row(row![code, above.as_ref(), name, position]);
        let mut next = Some(code);
        while let Some(ancestor) = next {
            paths.row(row![ancestor, code]);
            next = tree.iter().find(|(code, _, _)| code == ancestor).and_then(|(_, above, _)| above.as_ref());
        }
    }
    pim.write(categories).await?;
    pim.write(paths).await
}

fn sentence(item: &Item, language: usize) -> String {
    let name = item.name(language);
    match language {
        1 => format!("{name}. Für den Dauerbetrieb ausgelegt, werkseitig geprüft, Ersatzteile zehn Jahre lieferbar."),
        _ => format!("{name}. Made for continuous duty, tested at the works, spare parts available for ten years."),
    }
}

type Technical = (&'static str, &'static str, String, Option<&'static str>);

fn technical(item: &Item, random: &mut Random) -> Vec<Technical> {
    if !item.is_goods() {
        return Vec::new();
    }
    let mut attributes: Vec<Technical> = vec![
        ("nominal_size", "Nominal size", item.size.to_string(), Some("MM")),
        ("material", "Material", format!("\"{}\"", item.material.en), None),
    ];
    match item.family.prefix {
        "PMP" | "ETO" => {
            attributes.push(("flow_max", "Maximum flow", format!("{}.5", random.between(2, 180)), Some("M3/H")));
            attributes.push(("head_max", "Maximum head", random.between(8, 120).to_string(), Some("M")));
            attributes.push((
                "power",
                "Motor power",
                format!("{}.{}", random.between(0, 45), random.between(1, 9)),
                Some("KW"),
            ));
            attributes.push(("atex", "Explosion proof", random.percent(20).to_string(), None));
        }
        "VLV" | "FIT" | "HSE" => {
            attributes.push((
                "pressure_max",
                "Maximum pressure",
                random.pick(&["10", "16", "25", "40"]).to_string(),
                Some("BAR"),
            ));
        }
        "DRV" | "SEN" => {
            attributes.push((
                "protection",
                "Protection class",
                random.pick(&["\"IP54\"", "\"IP65\"", "\"IP67\""]).to_string(),
                None,
            ));
            attributes.push(("protocols", "Protocols", "[\"Modbus RTU\",\"PROFINET\"]".to_owned(), None));
        }
        _ => {}
    }
    attributes
}

fn relations(items: &[Item]) -> Table {
    let mut random = Random::of("relations");
    let mut table = Table::new("product_relation");
    let family =
        |prefix: &str| items.iter().filter(|item| item.family.prefix == prefix && item.in_erp()).collect::<Vec<_>>();
    let [pumps, valves, fittings, drives, spares, chemicals] = ["PMP", "VLV", "FIT", "DRV", "SP", "CHM"].map(family);
    for (n, item) in items.iter().enumerate().filter(|(_, item)| item.in_pim()) {
        let mut related: Vec<(&str, &str, Option<i64>)> = Vec::new();
        let same_family = if item.family.prefix == "PMP" { &pumps } else { &valves };
        match item.family.prefix {
            "PMP" | "VLV" if item.status == "30" => {
                let next = same_family.iter().find(|other| other.status == "10" && other.sku > item.sku);
                related.extend(next.map(|other| ("SUCCESSOR", other.sku.as_str(), None)));
            }
            "PMP" => {
                for _ in 0..random.between(2, 5) {
                    related.push(("SPARE_PART", random.pick(&spares).sku.as_str(), Some(random.between(1, 4))));
                }
                related.push(("ACCESSORY", random.pick(&drives).sku.as_str(), Some(1)));
                related.push(("SUBSTITUTE", pumps[(n + 1) % pumps.len()].sku.as_str(), None));
                related.push(("CONSUMABLE", random.pick(&chemicals).sku.as_str(), None));
            }
            "VLV" => {
                related.push(("CROSS_SELL", random.pick(&fittings).sku.as_str(), None));
                related.push(("SUBSTITUTE", random.pick(&valves).sku.as_str(), None));
                related.push(("UP_SELL", random.pick(&valves).sku.as_str(), None));
            }
            "KIT" => related
                .extend((0..4).map(|_| ("COMPONENT", random.pick(&spares).sku.as_str(), Some(random.between(1, 6))))),
            _ => {}
        }
        match item.sku.as_str() {
            "PMP-3990" => related = vec![("SUCCESSOR", "PMP-4010", None)],
            "PMP-4010" => {
                related = vec![
                    ("SPARE_PART", "SP-10000", Some(2)),
                    ("SPARE_PART", "SP/1'4\"×", Some(1)),
                    ("ACCESSORY", "DRV-7300", Some(1)),
                    ("SUBSTITUTE", "PMP-4020", None),
                    ("CONSUMABLE", "CHM-0100", None),
                ];
            }
            _ => {}
        }
        for (position, (kind, target, quantity)) in (1_i64..).zip(related) {
            table.row(row![&item.sku, position, kind.to_owned(), target.to_owned(), quantity]);
        }
    }
    table
}

/// The kind, the language, the format, the revision, the issuer and the last valid day of a document.
type Paper = (
    &'static str,
    Option<&'static str>,
    Option<&'static str>,
    Option<&'static str>,
    Option<&'static str>,
    Option<String>,
);

fn documents(items: &[Item]) -> Table {
    let mut random = Random::of("documents");
    let mut table = Table::new("product_document");
    for item in items.iter().filter(|item| item.in_pim() && item.is_goods()) {
        let mut papers: Vec<Paper> = vec![("IMAGE", None, Some("png"), None, None, None)];
        papers.extend(["en", "de"].map(|locale| ("DATASHEET", Some(locale), Some("pdf"), None, None, None)));
        match item.family.prefix {
            "PMP" | "DRV" | "ETO" => {
                papers.push(("MANUAL", Some("en"), Some("pdf"), None, None, None));
                papers.push(("CAD", None, Some("step"), None, None, None));
                papers.push(("DECLARATION", Some("en"), None, None, Some("Aquator GmbH"), None));
            }
            "SEN" => {
                let until = day(random.between(-200, 900));
                papers.push(("CERTIFICATE", Some("en"), None, None, Some("TÜV Nord"), Some(until)));
            }
            _ => {}
        }
        if item.is_hazardous() {
            let until = if item.sku == "CHM-0100" { -45 } else { random.between(-150, 700) };
            papers.push(("SDS", Some("en"), None, Some("3.1"), None, Some(day(until))));
        }
        for (position, (kind, locale, format, revision, issuer, until)) in (1_i64..).zip(papers) {
            let title = format!("{} {}", item.name(0), kind.to_lowercase());
            // An article number may hold what an address may not, so files are named by its bytes.
            let file: String =
                item.sku.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b) } else { '_' }).collect();
            let url = format!("https://media.aquator.example/{}/{file}-{position}", kind.to_lowercase());
            table.row(row![&item.sku, position, kind, title, url, locale, format, revision, issuer, until]);
        }
    }
    table
}
