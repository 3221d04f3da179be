//! The company's articles: what each is, decided once, before the ERP, the PIM and the shop each write down their part.

use super::{
    random::Random,
    vocabulary::{FAMILIES, Family, MATERIALS, SERIES, SIZES, Word},
};

/// An article.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) sku: String,
    pub(super) family: &'static Family,
    /// Which of the family's nouns it is.
    pub(super) noun: usize,
    pub(super) series: &'static str,
    pub(super) size: i64,
    pub(super) material: Word,
    /// The ERP's status code.
    pub(super) status: &'static str,
    pub(super) supply: Supply,
    /// The list price for `family.per` units; `None` where it is engineered to order.
    pub(super) list_cents: Option<i64>,
    pub(super) cost_cents: i64,
    pub(super) grams: i64,
    pub(super) known_to: KnownTo,
}

/// How well an article can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Supply {
    /// There is enough.
    Plenty,
    /// A few are left.
    Low,
    /// All is promised; more comes on a day that is known.
    ShortDated,
    /// All is promised; more comes nobody knows when.
    ShortUndated,
    /// Not kept in stock.
    Unstocked,
}

/// Which systems know an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KnownTo {
    Both,
    ErpOnly,
    PimOnly,
}

impl Item {
    /// The name in one language: 0 English, 1 German, 2 French.
    pub(super) fn name(&self, language: usize) -> String {
        let in_language = |word: &Word| [word.en, word.de, word.fr][language];
        let noun = in_language(&self.family.nouns[self.noun]);
        match self.family.prefix {
            "SRV" => format!("{noun}, {} {}", self.series, ["on site", "vor Ort", "sur site"][language]),
            "CHM" => format!("{noun} {} {} l", self.series, self.size),
            "ETO" => format!("{noun} {}-{}", self.series, self.size),
            _ => format!("{noun} {} DN{}, {}", self.series, self.size, in_language(&self.material)),
        }
    }

    /// Whether it can ship.
    pub(super) fn is_goods(&self) -> bool {
        self.family.prefix != "SRV"
    }

    /// Whether plants keep it.
    pub(super) fn is_stocked(&self) -> bool {
        self.in_erp() && self.supply != Supply::Unstocked
    }

    /// Whether the ERP knows it.
    pub(super) fn in_erp(&self) -> bool {
        self.known_to != KnownTo::PimOnly
    }

    /// Whether the PIM knows it.
    pub(super) fn in_pim(&self) -> bool {
        self.known_to != KnownTo::ErpOnly
    }

    /// Whether it is dangerous goods.
    pub(super) fn is_hazardous(&self) -> bool {
        self.family.prefix == "CHM" && self.noun != 0 || self.sku == "CHM-0100"
    }

    /// Whether customers may order it.
    pub(super) fn is_sold(&self) -> bool {
        self.in_erp() && matches!(self.status, "10" | "20")
    }
}

/// Articles of the last family members that only the PIM knows: being written about before they are sold.
const PIM_ONLY: i64 = 24;

/// Decides every article.
pub(super) fn items() -> Vec<Item> {
    let mut random = Random::of("items");
    let mut items = Vec::with_capacity(5_000);
    for family in FAMILIES {
        let pim_only = if family.prefix == "PMP" { PIM_ONLY } else { 0 };
        for n in 0..family.count + pim_only {
            let mut item = item(family, n, &mut random);
            if n >= family.count {
                (item.known_to, item.status, item.supply) = (KnownTo::PimOnly, "05", Supply::Unstocked);
            } else if family.prefix == "FIT" && n % 37 == 6 {
                item.known_to = KnownTo::ErpOnly;
            }
            settle_anchor(&mut item);
            items.push(item);
        }
    }
    items
}

fn item(family: &'static Family, n: i64, random: &mut Random) -> Item {
    let number = family.first + n * family.step;
    let size = random.pick(SIZES);
    let sku = match family.prefix {
        "FIT" if n % 40 == 19 => format!("FIT {size}/4\"×{number}"),
        "HSE" if n % 25 == 9 => format!("HSE DN {size}/{number} m"),
        "SP" if n == 11 => "SP/1'4\"×".to_owned(),
        prefix => format!("{prefix}-{number:04}"),
    };
    let status = match random.between(1, 100) {
        1..=86 => "10",
        87..=92 => "20",
        93..=97 => "30",
        98 => "90",
        _ => "05",
    };
    let unstocked = matches!(family.prefix, "SRV" | "ETO" | "KIT") || status == "05";
    let supply = match random.between(1, 100) {
        _ if unstocked => Supply::Unstocked,
        1..=80 => Supply::Plenty,
        81..=90 => Supply::Low,
        91..=97 => Supply::ShortDated,
        _ => Supply::ShortUndated,
    };
    let cents = random.between(family.cents.0, family.cents.1);
    Item {
        sku,
        family,
        noun: usize::try_from(n).expect("counts are positive") % family.nouns.len(),
        series: random.pick(SERIES),
        size,
        material: random.pick(MATERIALS),
        status,
        supply,
        list_cents: (cents > 0).then_some(cents),
        cost_cents: if cents > 0 { cents * random.between(45, 70) / 100 } else { random.between(1_800_000, 9_000_000) },
        grams: random.between(family.grams.0, family.grams.1),
        known_to: KnownTo::Both,
    }
}

/// Makes the articles that the documentation names what it says they are.
fn settle_anchor(item: &mut Item) {
    let (status, supply) = match item.sku.as_str() {
        "PMP-4010" | "PMP-4020" | "SP-10000" | "FIT-0007" | "CHM-0100" | "SP/1'4\"×" => ("10", Supply::Plenty),
        "PMP-3990" => ("30", Supply::Low),
        "VLV-2205" => ("10", Supply::ShortDated),
        "DRV-7300" => ("10", Supply::ShortUndated),
        "VLV-2300" => ("20", Supply::Low),
        "VLV-2310" => ("90", Supply::Plenty),
        "SRV-0001" | "ETO-0100" => ("10", Supply::Unstocked),
        _ => return,
    };
    (item.status, item.supply) = (status, supply);
    match item.sku.as_str() {
        "PMP-4010" => (item.list_cents, item.cost_cents) = (Some(184_000), 101_200),
        "PMP-4020" => (item.list_cents, item.cost_cents) = (Some(197_500), 112_300),
        "VLV-2205" => (item.list_cents, item.cost_cents) = (Some(28_650), 14_900),
        "DRV-7300" => (item.list_cents, item.cost_cents) = (Some(121_900), 70_400),
        _ => {}
    }
}
