//! The ERP's shipments and returns: what follows from what an order's lines have shipped and got back.

use super::{
    DemoError,
    calendar::{day, local},
    item::Item,
    line::{Line, LineKind},
    order::Order,
    random::Random,
    table::{Filling, Table, row},
    vocabulary::CARRIERS,
};

/// Writes the shipments and the returns of all orders.
pub(super) async fn fill(erp: &mut Filling, items: &[Item], orders: &[Order]) -> Result<(), DemoError> {
    let mut random = Random::of("dispatch");
    let mut dispatch = Dispatch {
        items,
        shipments: Table::new("shipment"),
        shipment_lines: Table::new("shipment_line"),
        returns: Table::new("return_order"),
        return_lines: Table::new("return_line"),
        n_shipments: 8_000_000_000,
        n_returns: 6_000_000_000,
    };
    for order in orders {
        dispatch.ship(order, &mut random);
        dispatch.take_back(order, &mut random);
    }
    for table in [dispatch.shipments, dispatch.shipment_lines, dispatch.returns, dispatch.return_lines] {
        erp.write(table).await?;
    }
    Ok(())
}

struct Dispatch<'a> {
    items: &'a [Item],
    shipments: Table,
    shipment_lines: Table,
    returns: Table,
    return_lines: Table,
    n_shipments: i64,
    n_returns: i64,
}

impl Dispatch<'_> {
    fn ship(&mut self, order: &Order, random: &mut Random) {
        let shipped: Vec<&Line> = order.lines.iter().filter(|line| line.shipped > 0).collect();
        // What goes from one plant goes together, and some orders go on two days.
        let mut parcels: Vec<Vec<&Line>> = Vec::new();
        for plant in ["1000", "1010", "1020", "1100"] {
            let from_plant: Vec<&Line> = shipped.iter().copied().filter(|line| line.plant == Some(plant)).collect();
            if from_plant.len() > 1 && random.percent(20) {
                parcels.extend(from_plant.chunks(from_plant.len().div_ceil(2)).map(<[&Line]>::to_vec));
            } else if !from_plant.is_empty() {
                parcels.push(from_plant);
            }
        }
        for (n, parcel) in (0_i64..).zip(parcels) {
            let arrived = parcel.iter().all(|line| line.delivered == line.shipped);
            let left = (2 + n - order.age).min(0);
            let status = match arrived {
                true => "DLVD",
                false if random.percent(4) => "EXCP",
                false => "SENT",
            };
            let number = self.shipment(&parcel, |line| line.shipped);
            self.shipments.row(row![
                &number,
                &order.number,
                status,
                parcel[0].plant,
                local(left, 840 + 20 * n),
                arrived.then(|| local((left + 2).min(0), 600)),
                random.pick(CARRIERS),
                format!(r#"["{}"]"#, 34_043_400_000_000 + self.n_shipments % 1_000_000_000 * 7),
            ]);
        }
        let held = order.hold.is_some_and(|hold| !hold.released);
        let picked: Vec<&Line> = order.lines.iter().filter(|line| line.allocated > 0).take(1).collect();
        if !picked.is_empty() && !held && random.percent(25) {
            let number = self.shipment(&picked, |line| line.allocated);
            let status = random.pick(&["PICK", "PACK"]);
            self.shipments.row(row![
                &number,
                &order.number,
                status,
                picked[0].plant,
                None::<i64>,
                None::<i64>,
                None::<i64>,
                "[]"
            ]);
        }
    }

    /// Writes the lines of another shipment and returns its number.
    fn shipment(&mut self, parcel: &[&Line], quantity: impl Fn(&Line) -> i64) -> String {
        self.n_shipments += 1;
        let number = self.n_shipments.to_string();
        for line in parcel {
            if let Some(item) = line.item {
                self.shipment_lines.row(row![&number, line.number, &self.items[item].sku, quantity(line)]);
            }
        }
        number
    }

    /// Most of what comes back has a return of its own; for some there is a credit note alone.
    fn take_back(&mut self, order: &Order, random: &mut Random) {
        let back: Vec<&Line> =
            order.lines.iter().filter(|line| line.returned > 0 && line.kind == LineKind::Goods).collect();
        let asked_only =
            back.is_empty() && order.age < 40 && order.lines.iter().any(|line| line.delivered > 0) && random.percent(2);
        if back.is_empty() && !asked_only || order.number != "4500012348" && random.percent(15) {
            return;
        }
        self.n_returns += 1;
        let number = self.n_returns.to_string();
        let status = if asked_only { random.pick(&["REQ", "APP", "TRA", "REF"]) } else { "REC" };
        let reason = random.pick(&["Damaged in transit", "Ordered too many", "Wrong size", "Seal leaks"]);
        self.returns.row(row![&number, &order.number, status, day((15 - order.age).min(0)), reason]);
        let first_delivered = order.lines.iter().filter(|line| line.delivered > 0).take(1).collect();
        for line in if asked_only { first_delivered } else { back } {
            if let Some(item) = line.item {
                self.return_lines.row(row![&number, line.number, &self.items[item].sku, line.returned.max(1)]);
            }
        }
    }
}
