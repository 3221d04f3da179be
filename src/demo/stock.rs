//! The ERP's plants, what they hold and what is on its way.

use super::{
    DemoError,
    calendar::{day, instant},
    item::{Item, Supply},
    line::LineKind,
    order::Order,
    random::Random,
    story::Story,
    table::{Filling, Table, row},
};

const PLANTS: [(&str, &str, &str, &str); 4] = [
    ("1000", "Hannover main works", "Hannover", "DE"),
    ("1010", "Lyon distribution", "Lyon", "FR"),
    ("1020", "Gdańsk works", "Gdańsk", "PL"),
    ("1100", "Houston distribution", "Houston", "US"),
];

/// What orders want of an item from a plant.
#[derive(Debug, Default, Clone, Copy)]
struct Demand {
    allocated: i64,
    committed: i64,
}

/// Writes plants, stock and what is on its way.
///
/// *Shape*: returns what is free to promise of each item over all plants, by the item's position; `None` where it is not stocked.
pub(super) async fn fill(erp: &mut Filling, items: &[Item], orders: &[Order]) -> Result<Vec<Option<i64>>, DemoError> {
    let mut random = Random::of("stock");
    let mut plants = Table::new("plant");
    for (code, name, city, country) in PLANTS {
        plants.row(row![code, name, city, country]);
    }
    let demand = demand(items.len(), orders);
    let mut stock = Table::new("stock");
    let mut inbound = Table::new("inbound");
    let mut n_documents = 4_600_000_000_i64;
    let mut free = vec![None; items.len()];
    for (n, item) in items.iter().enumerate().filter(|(_, item)| item.is_stocked()) {
        let mut available_sum = 0;
        for (place, (plant, ..)) in PLANTS.into_iter().enumerate() {
            let Demand { allocated, committed } = demand[n][place];
            // Not every plant keeps every item, but the main works does, and so does whoever has promised some.
            if place > 0 && allocated + committed == 0 && !random.percent(45) {
                continue;
            }
            let scale = if item.family.prefix == "FIT" { 40 } else { 1 };
            let safety = random.between(0, 4) * scale;
            let quality = if random.percent(6) { random.between(1, 5) * scale } else { 0 };
            let spare = match item.supply {
                Supply::Plenty => random.between(8, 160) * scale,
                Supply::Low => random.between(0, 2) * scale,
                _ => 0,
            };
            // Of what is short the safety stock is gone too, so less than nothing is free.
            let on_hand = match item.supply {
                Supply::Plenty | Supply::Low => allocated + quality + safety + spare,
                _ => allocated + quality,
            };
            let (on_hand, safety, quality) = match (item.sku.as_str(), place) {
                ("VLV-2205", 0) => (allocated + 6, 12, 12),
                _ => (on_hand, safety, quality),
            };
            available_sum += on_hand - allocated - quality - safety;
            let booked = random.percent(97).then(|| instant(-random.between(0, 2), random.between(18_000, 64_000)));
            stock.row(row![&item.sku, plant, on_hand, allocated, committed, quality, safety, booked]);
        }
        free[n] = Some(available_sum);
        for (kind, quantity, due, confirmed) in on_the_way(item, &mut random) {
            n_documents += 10;
            let plant = if item.supply == Supply::ShortDated { "1000" } else { PLANTS[random.below(4)].0 };
            inbound.row(row![format!("{n_documents}/10"), &item.sku, plant, kind, quantity, due.map(day), confirmed]);
        }
    }
    for table in [plants, stock, inbound] {
        erp.write(table).await?;
    }
    Ok(free)
}

fn demand(n_items: usize, orders: &[Order]) -> Vec<[Demand; 4]> {
    let mut demand = vec![[Demand::default(); 4]; n_items];
    for order in orders.iter().filter(|order| matches!(order.story, Story::Open | Story::Partial | Story::Approval)) {
        for line in order.lines.iter().filter(|line| line.kind == LineKind::Goods) {
            let place = PLANTS.iter().position(|(plant, ..)| line.plant == Some(plant));
            if let (Some(item), Some(place)) = (line.item, place) {
                demand[item][place].allocated += line.allocated;
                demand[item][place].committed += line.open() - line.allocated;
            }
        }
    }
    demand
}

/// The kind, the quantity, the day and whether it is confirmed of what is on its way.
fn on_the_way(item: &Item, random: &mut Random) -> Vec<(&'static str, i64, Option<i64>, bool)> {
    let quantity = random.between(5, 120);
    let kind = random.pick(&["NB", "NB", "NB", "UB", "FA"]);
    match item.supply {
        _ if item.sku == "VLV-2205" => vec![("NB", 60, Some(12), true), ("FA", 100, Some(34), false)],
        Supply::ShortDated => vec![(kind, quantity, Some(random.between(3, 40)), random.percent(70))],
        Supply::ShortUndated => vec![("NB", quantity, None, false)],
        // Some promises were not kept, and nobody has named another day.
        _ if random.percent(5) => vec![("NB", quantity, Some(-random.between(1, 30)), random.percent(30))],
        _ if random.percent(35) => vec![(kind, quantity, Some(random.between(2, 70)), random.percent(75))],
        _ => Vec::new(),
    }
}
