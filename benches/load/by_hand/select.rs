//! The statements: one for each table, for all keys of a batch, prepared once by each connection.

use std::collections::HashMap;

use sqlx::{
    Row,
    postgres::{PgPool, PgRow},
};

use super::{
    cached::Record,
    record::{
        Account, Attribute, CategoryPage, Content, Document, Inbound, Item, LastOrders, Lifecycle, Order, OrderLine,
        PlantStock, Price, PriceBreak, Quantity, Stock, Terms,
    },
};

async fn by_text(pool: &PgPool, sql: &'static str, keys: &[String]) -> Result<Vec<PgRow>, sqlx::Error> {
    sqlx::query(sql).bind(keys).fetch_all(pool).await
}

/// Reads the columns of a row in turn.
struct Columns<'r>(&'r PgRow, usize);

impl<'r> Columns<'r> {
    fn next<T: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>>(&mut self) -> Result<T, sqlx::Error> {
        self.1 += 1;
        self.0.try_get(self.1 - 1)
    }
}

impl Record for Item {
    type Key = String;

    fn entry(key: &String) -> String {
        format!("item:{key}")
    }

    async fn select(pool: &PgPool, keys: &[String]) -> Result<HashMap<String, Self>, sqlx::Error> {
        let sql = "select item_no, life_cycle, base_unit, gtin, min_qty::text, pack_qty::text, origin, gross_kg::text \
                   from erp.item where item_no = any($1)";
        let rows = by_text(pool, sql, keys).await?;
        let item = |row: &PgRow| {
            let mut row = Columns(row, 0);
            let item = Self {
                sku: row.next()?,
                lifecycle: match row.next::<&str>()? {
                    "05" => Some(Lifecycle::PreLaunch),
                    "10" => Some(Lifecycle::Active),
                    "20" => Some(Lifecycle::PhaseOut),
                    _ => None,
                },
                base_unit: row.next()?,
                gtin: row.next()?,
                minimum_quantity: row.next()?,
                pack_quantity: row.next()?,
                origin_country: row.next()?,
                weight: row.next::<Option<String>>()?.map(|value| Quantity { value, unit: "KG".to_owned() }),
            };
            Ok((item.sku.clone(), item))
        };
        rows.iter().map(item).collect()
    }
}

impl Record for Content {
    type Key = String;

    fn entry(key: &String) -> String {
        format!("content:{key}")
    }

    async fn select(pool: &PgPool, keys: &[String]) -> Result<HashMap<String, Self>, sqlx::Error> {
        let content =
            "select item_no, name, brand, teaser, description, image_url from pim.content where item_no = any($1)";
        let attributes = "select item_no, name, value, unit from pim.attribute where item_no = any($1) \
                          order by item_no, position";
        let documents = "select item_no, title, kind, url, language from pim.document where item_no = any($1) \
                         order by item_no, position";
        let (content, attributes, documents) = tokio::try_join!(
            by_text(pool, content, keys),
            by_text(pool, attributes, keys),
            by_text(pool, documents, keys)
        )?;
        let mut found = HashMap::with_capacity(content.len());
        for row in &content {
            let mut row = Columns(row, 0);
            let key = row.next()?;
            let content = Self {
                name: row.next()?,
                brand: row.next()?,
                teaser: row.next()?,
                description: row.next()?,
                image_url: row.next()?,
                ..Self::default()
            };
            found.insert(key, content);
        }
        for row in &attributes {
            let mut row = Columns(row, 0);
            if let Some(content) = found.get_mut(row.next::<&str>()?) {
                content.attributes.push(Attribute { name: row.next()?, value: row.next()?, unit: row.next()? });
            }
        }
        for row in &documents {
            let mut row = Columns(row, 0);
            if let Some(content) = found.get_mut(row.next::<&str>()?) {
                let (title, kind, url, language) = (row.next()?, row.next()?, row.next()?, row.next()?);
                content.documents.push(Document { title, kind, url, language });
            }
        }
        Ok(found)
    }
}

impl Record for Price {
    /// The account and the product.
    type Key = (String, String);

    fn entry((account, sku): &Self::Key) -> String {
        format!("price:{account}:{sku}")
    }

    async fn select(pool: &PgPool, keys: &[Self::Key]) -> Result<HashMap<Self::Key, Self>, sqlx::Error> {
        let (accounts, skus): (Vec<&str>, Vec<&str>) = keys.iter().map(|(a, s)| (a.as_str(), s.as_str())).unzip();
        let ask = |sql: &'static str| sqlx::query(sql).bind(accounts.clone()).bind(skus.clone()).fetch_all(pool);
        let prices = "select account_no, item_no, currency, unit_price::text, per, unit, valid_to::text from erp.price \
                      where (account_no, item_no) in (select * from unnest($1::text[], $2::text[]))";
        let breaks = "select account_no, item_no, min_qty::text, unit_price::text from erp.price_break \
                      where (account_no, item_no) in (select * from unnest($1::text[], $2::text[])) \
                      order by account_no, item_no, price_break.min_qty";
        let (prices, breaks) = tokio::try_join!(ask(prices), ask(breaks))?;
        let mut found = HashMap::with_capacity(prices.len());
        for row in &prices {
            let mut row = Columns(row, 0);
            let price = Self {
                account: row.next()?,
                sku: row.next()?,
                currency: row.next()?,
                unit_price: row.next()?,
                per: row.next()?,
                unit: row.next()?,
                valid_to: row.next()?,
                breaks: Vec::new(),
            };
            found.insert((price.account.clone(), price.sku.clone()), price);
        }
        for row in &breaks {
            let mut row = Columns(row, 0);
            if let Some(price) = found.get_mut(&(row.next()?, row.next()?)) {
                price.breaks.push(PriceBreak { minimum_quantity: row.next()?, unit_price: row.next()? });
            }
        }
        Ok(found)
    }
}

impl Record for Stock {
    type Key = String;

    fn entry(key: &String) -> String {
        format!("stock:{key}")
    }

    async fn select(pool: &PgPool, keys: &[String]) -> Result<HashMap<String, Self>, sqlx::Error> {
        let stock = "select s.item_no, i.base_unit, sum(s.on_hand)::text, sum(s.on_hand - s.allocated)::text \
                     from erp.stock s join erp.item i on i.item_no = s.item_no where s.item_no = any($1) \
                     group by s.item_no, i.base_unit";
        let plants = "select item_no, plant, on_hand::text, (on_hand - allocated)::text from erp.stock \
                      where item_no = any($1) order by item_no, plant";
        let inbound = "select item_no, document, plant, qty::text, due_date::text from erp.inbound \
                       where item_no = any($1) order by item_no, inbound.due_date, document";
        let (stock, plants, inbound) =
            tokio::try_join!(by_text(pool, stock, keys), by_text(pool, plants, keys), by_text(pool, inbound, keys))?;
        let mut found = HashMap::with_capacity(stock.len());
        for row in &stock {
            let mut row = Columns(row, 0);
            let (sku, unit, on_hand, available) = (row.next::<String>()?, row.next()?, row.next()?, row.next()?);
            let (plants, inbound) = (Vec::new(), Vec::new());
            found.insert(sku.clone(), Self { sku, unit, on_hand, available, plants, inbound });
        }
        for row in &plants {
            let mut row = Columns(row, 0);
            if let Some(stock) = found.get_mut(row.next::<&str>()?) {
                stock.plants.push(PlantStock { plant: row.next()?, on_hand: row.next()?, available: row.next()? });
            }
        }
        for row in &inbound {
            let mut row = Columns(row, 0);
            if let Some(stock) = found.get_mut(row.next::<&str>()?) {
                let (document, plant, quantity, date) = (row.next()?, row.next()?, row.next()?, row.next()?);
                stock.inbound.push(Inbound { document, plant, quantity, date });
            }
        }
        Ok(found)
    }
}

impl Record for Account {
    type Key = String;

    fn entry(key: &String) -> String {
        format!("account:{key}")
    }

    async fn select(pool: &PgPool, keys: &[String]) -> Result<HashMap<String, Self>, sqlx::Error> {
        let sql = "select account_no, name, status, currency, price_group, terms, net_days from erp.account \
                   where account_no = any($1)";
        let rows = by_text(pool, sql, keys).await?;
        let account = |row: &PgRow| {
            let mut row = Columns(row, 0);
            let account = Self {
                number: row.next()?,
                name: row.next()?,
                status: row.next()?,
                currency: row.next()?,
                price_group: row.next()?,
                terms: Terms { code: row.next()?, net_days: row.next()? },
            };
            Ok((account.number.clone(), account))
        };
        rows.iter().map(account).collect()
    }
}

impl Record for LastOrders {
    /// The account and how many.
    type Key = (String, i32);

    fn entry((account, first): &Self::Key) -> String {
        format!("orders:{account}:{first}")
    }

    async fn select(pool: &PgPool, keys: &[Self::Key]) -> Result<HashMap<Self::Key, Self>, sqlx::Error> {
        let (accounts, firsts): (Vec<&str>, Vec<i32>) = keys.iter().map(|(a, first)| (a.as_str(), *first)).unzip();
        let sql = "select a.account_no, a.first, o.order_no, \
                   to_char(o.ordered_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), o.status, o.total::text \
                   from unnest($1::text[], $2::int[]) a (account_no, first) cross join lateral \
                   (select * from erp.sales_order s where s.account_no = a.account_no \
                    order by s.ordered_at desc, s.order_no desc limit a.first + 1) o \
                   order by a.account_no, a.first, o.ordered_at desc, o.order_no desc";
        let rows = sqlx::query(sql).bind(accounts).bind(firsts).fetch_all(pool).await?;
        let mut found: HashMap<Self::Key, Self> = HashMap::with_capacity(keys.len());
        for row in &rows {
            let mut row = Columns(row, 0);
            let key: Self::Key = (row.next()?, row.next()?);
            let first = key.1;
            let last = found.entry(key).or_default();
            if last.orders.len() as i32 == first {
                last.has_more = true;
                continue;
            }
            let (number, ordered_at, status, total) = (row.next()?, row.next()?, row.next()?, row.next()?);
            last.orders.push(Order { number, ordered_at, status, total, lines: Vec::new() });
        }
        let numbers: Vec<String> =
            found.values().flat_map(|last| &last.orders).map(|order| order.number.clone()).collect();
        let sql = "select order_no, position, item_no, qty::text, net_amount::text from erp.order_line \
                   where order_no = any($1) order by order_no, position";
        let rows = by_text(pool, sql, &numbers).await?;
        let mut lines: HashMap<&str, Vec<OrderLine>> = HashMap::with_capacity(numbers.len());
        for row in &rows {
            let mut row = Columns(row, 0);
            let order = row.next::<&str>()?;
            let (position, sku, quantity, net_amount) = (row.next()?, row.next()?, row.next()?, row.next()?);
            lines.entry(order).or_default().push(OrderLine { position, sku, quantity, net_amount });
        }
        for order in found.values_mut().flat_map(|last| &mut last.orders) {
            order.lines = lines.remove(order.number.as_str()).unwrap_or_default();
        }
        Ok(found)
    }
}

impl Record for CategoryPage {
    /// The category and how many.
    type Key = (String, i32);

    fn entry((category, first): &Self::Key) -> String {
        format!("category:{category}:{first}")
    }

    async fn select(pool: &PgPool, keys: &[Self::Key]) -> Result<HashMap<Self::Key, Self>, sqlx::Error> {
        let (categories, firsts): (Vec<&str>, Vec<i32>) = keys.iter().map(|(c, first)| (c.as_str(), *first)).unzip();
        let sql = "select c.category, c.first, i.item_no from unnest($1::text[], $2::int[]) c (category, first) \
                   cross join lateral (select item_no from erp.item where item.category = c.category \
                    order by item_no limit c.first + 1) i order by 1, 2, 3";
        let rows = sqlx::query(sql).bind(categories).bind(firsts).fetch_all(pool).await?;
        let mut found: HashMap<Self::Key, Self> = HashMap::with_capacity(keys.len());
        for row in &rows {
            let mut row = Columns(row, 0);
            let key: Self::Key = (row.next()?, row.next()?);
            let first = key.1;
            let page = found.entry(key).or_default();
            match page.skus.len() as i32 == first {
                true => page.has_more = true,
                false => page.skus.push(row.next()?),
            }
        }
        Ok(found)
    }
}
