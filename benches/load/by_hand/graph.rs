//! The graph: its types and their resolvers.

use std::sync::Arc;

use async_graphql::{Context, Object, Result, SimpleObject, dataloader::DataLoader};
use tokio::sync::OnceCell;

use super::{
    cached::{Cached, Record},
    record::{
        Account, Attribute, CategoryPage, Content, Document, Item, LastOrders, Lifecycle, Order, Price, Quantity,
        Stock, Terms,
    },
};

async fn load<R: Record>(context: &Context<'_>, key: R::Key) -> Result<Option<Arc<R>>> {
    Ok(context.data_unchecked::<DataLoader<Cached<R>>>().load_one(key).await?)
}

async fn load_many<R: Record>(context: &Context<'_>, keys: &[R::Key]) -> Result<Vec<Option<Arc<R>>>> {
    let loader = context.data_unchecked::<DataLoader<Cached<R>>>();
    let mut found = loader.load_many(keys.iter().cloned()).await?;
    Ok(keys.iter().map(|key| found.remove(key)).collect())
}

/// The root.
pub struct Query;

#[Object]
impl Query {
    async fn product(&self, context: &Context<'_>, sku: String) -> Result<Option<Product>> {
        Ok(load::<Item>(context, sku).await?.map(Product::of))
    }

    async fn account(&self, context: &Context<'_>, number: String) -> Result<Option<Buyer>> {
        Ok(load::<Account>(context, number).await?.map(Buyer))
    }

    async fn products_of_category(
        &self,
        context: &Context<'_>,
        category: String,
        first: i32,
    ) -> Result<ProductConnection> {
        let page = load::<CategoryPage>(context, (category, first)).await?.unwrap_or_default();
        let items = load_many::<Item>(context, &page.skus).await?;
        let nodes = items.into_iter().map(|item| item.map(Product::of)).collect();
        Ok(ProductConnection { nodes, page_info: PageInfo { has_next_page: page.has_more } })
    }
}

/// A product: the ERP's item, the PIM's content, looked up once whichever of its fields are asked.
pub struct Product {
    item: Arc<Item>,
    content: OnceCell<Option<Arc<Content>>>,
}

impl Product {
    fn of(item: Arc<Item>) -> Self {
        Self { item, content: OnceCell::new() }
    }

    async fn content(&self, context: &Context<'_>) -> Result<Option<&Content>> {
        let content = self.content.get_or_try_init(|| load::<Content>(context, self.item.sku.clone())).await?;
        Ok(content.as_deref())
    }
}

#[Object]
impl Product {
    async fn sku(&self) -> &str {
        &self.item.sku
    }

    async fn lifecycle(&self) -> Option<Lifecycle> {
        self.item.lifecycle
    }

    async fn base_unit(&self) -> &str {
        &self.item.base_unit
    }

    async fn gtin(&self) -> Option<&str> {
        self.item.gtin.as_deref()
    }

    async fn minimum_quantity(&self) -> Option<&str> {
        self.item.minimum_quantity.as_deref()
    }

    async fn pack_quantity(&self) -> Option<&str> {
        self.item.pack_quantity.as_deref()
    }

    async fn origin_country(&self) -> Option<&str> {
        self.item.origin_country.as_deref()
    }

    async fn weight(&self) -> Option<&Quantity> {
        self.item.weight.as_ref()
    }

    async fn name(&self, context: &Context<'_>) -> Result<Option<&str>> {
        Ok(self.content(context).await?.map(|content| content.name.as_str()))
    }

    async fn brand(&self, context: &Context<'_>) -> Result<Option<&str>> {
        Ok(self.content(context).await?.map(|content| content.brand.as_str()))
    }

    async fn teaser(&self, context: &Context<'_>) -> Result<Option<&str>> {
        Ok(self.content(context).await?.map(|content| content.teaser.as_str()))
    }

    async fn description(&self, context: &Context<'_>) -> Result<Option<&str>> {
        Ok(self.content(context).await?.map(|content| content.description.as_str()))
    }

    async fn image_url(&self, context: &Context<'_>) -> Result<Option<&str>> {
        Ok(self.content(context).await?.map(|content| content.image_url.as_str()))
    }

    async fn attributes(&self, context: &Context<'_>) -> Result<Option<&[Attribute]>> {
        Ok(self.content(context).await?.map(|content| content.attributes.as_slice()))
    }

    async fn documents(&self, context: &Context<'_>) -> Result<Option<&[Document]>> {
        Ok(self.content(context).await?.map(|content| content.documents.as_slice()))
    }

    async fn price(&self, context: &Context<'_>, account: String) -> Result<Option<Arc<Price>>> {
        load::<Price>(context, (account, self.item.sku.clone())).await
    }

    async fn stock(&self, context: &Context<'_>) -> Result<Option<Arc<Stock>>> {
        load::<Stock>(context, self.item.sku.clone()).await
    }
}

/// A company that buys.
pub struct Buyer(Arc<Account>);

#[Object(name = "Account")]
impl Buyer {
    async fn number(&self) -> &str {
        &self.0.number
    }

    async fn name(&self) -> &str {
        &self.0.name
    }

    async fn status(&self) -> &str {
        &self.0.status
    }

    async fn currency(&self) -> &str {
        &self.0.currency
    }

    async fn price_group(&self) -> Option<&str> {
        self.0.price_group.as_deref()
    }

    async fn terms(&self) -> &Terms {
        &self.0.terms
    }

    async fn orders(&self, context: &Context<'_>, first: i32) -> Result<OrderConnection> {
        let last = load::<LastOrders>(context, (self.0.number.clone(), first)).await?.unwrap_or_default();
        Ok(OrderConnection(last))
    }
}

/// The last orders of an account.
pub struct OrderConnection(Arc<LastOrders>);

#[Object]
impl OrderConnection {
    async fn nodes(&self) -> &[Order] {
        &self.0.orders
    }

    async fn page_info(&self) -> PageInfo {
        PageInfo { has_next_page: self.0.has_more }
    }
}

/// The products of a category.
#[derive(SimpleObject)]
pub struct ProductConnection {
    nodes: Vec<Option<Product>>,
    page_info: PageInfo,
}

/// Where a page stands in its list.
#[derive(SimpleObject)]
pub struct PageInfo {
    has_next_page: bool,
}
