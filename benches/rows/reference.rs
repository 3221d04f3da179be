//! async-graphql's side: the same graph, once derived and once dynamic, its rows held in memory.

use std::sync::Arc;

use async_graphql::{
    EmptyMutation, EmptySubscription, Object, SimpleObject, Value,
    dynamic::{self, Field, FieldFuture, FieldValue, TypeRef},
};

use super::{Work, value};

#[derive(SimpleObject)]
pub struct Item {
    f0: String,
    f1: String,
    f2: String,
    f3: String,
    f4: String,
    f5: String,
    f6: String,
    f7: String,
    f8: String,
    f9: String,
}

impl Item {
    fn new(object: usize) -> Self {
        let f = |field| value(object, field);
        Self { f0: f(0), f1: f(1), f2: f(2), f3: f(3), f4: f(4), f5: f(5), f6: f(6), f7: f(7), f8: f(8), f9: f(9) }
    }

    fn field(&self, field: usize) -> &str {
        let all = [&self.f0, &self.f1, &self.f2, &self.f3, &self.f4, &self.f5, &self.f6, &self.f7, &self.f8, &self.f9];
        all[field]
    }
}

/// A product put together from the records of three owners.
pub struct Product {
    erp: Arc<Vec<String>>,
    pim: Arc<Vec<String>>,
    shop: Arc<Vec<String>>,
}

impl Product {
    fn new() -> Self {
        let part = |owner: usize| Arc::new((0..40).filter(|n| n * 3 / 40 == owner).map(|n| value(0, n)).collect());
        Self { erp: part(0), pim: part(1), shop: part(2) }
    }

    fn field(&self, field: usize) -> &str {
        match field * 3 / 40 {
            0 => &self.erp[field],
            1 => &self.pim[field - 14],
            _ => &self.shop[field - 27],
        }
    }
}

macro_rules! product_fields {
    ($($name:ident $number:literal),* $(,)?) => {
        #[Object]
        impl Product {
            $(async fn $name(&self) -> &str { self.field($number) })*
        }
    };
}

product_fields!(
    f0 0, f1 1, f2 2, f3 3, f4 4, f5 5, f6 6, f7 7, f8 8, f9 9, f10 10, f11 11, f12 12, f13 13, f14 14, f15 15, f16 16,
    f17 17, f18 18, f19 19, f20 20, f21 21, f22 22, f23 23, f24 24, f25 25, f26 26, f27 27, f28 28, f29 29, f30 30, f31 31,
    f32 32, f33 33, f34 34, f35 35, f36 36, f37 37, f38 38, f39 39,
);

pub struct Query {
    items: Vec<Arc<Item>>,
    product: Arc<Product>,
}

#[Object]
impl Query {
    async fn items(&self) -> Vec<Arc<Item>> {
        self.items.clone()
    }

    async fn product(&self) -> Arc<Product> {
        self.product.clone()
    }
}

/// The schema as derive makes it.
pub fn static_schema(work: Work) -> async_graphql::Schema<Query, EmptyMutation, EmptySubscription> {
    let items = (0..work.n_objects()).map(|object| Arc::new(Item::new(object))).collect();
    let query = Query { items, product: Arc::new(Product::new()) };
    async_graphql::Schema::build(query, EmptyMutation, EmptySubscription)
        .validation_mode(async_graphql::ValidationMode::Fast)
        .finish()
}

/// The schema as it is built at run time.
pub fn dynamic_schema(work: Work) -> dynamic::Schema {
    let items: Arc<Vec<Arc<Item>>> =
        Arc::new((0..work.n_objects()).map(|object| Arc::new(Item::new(object))).collect());
    let product = Arc::new(Product::new());
    let mut item = dynamic::Object::new("Item");
    for n in 0..10 {
        item = item.field(Field::new(format!("f{n}"), TypeRef::named_nn(TypeRef::STRING), move |ctx| {
            FieldFuture::new(async move {
                let item: &Arc<Item> = ctx.parent_value.try_downcast_ref()?;
                Ok(Some(Value::from(item.field(n))))
            })
        }));
    }
    let mut product_type = dynamic::Object::new("Product");
    for n in 0..40 {
        product_type =
            product_type.field(Field::new(format!("f{n}"), TypeRef::named_nn(TypeRef::STRING), move |ctx| {
                FieldFuture::new(async move {
                    let product: &Arc<Product> = ctx.parent_value.try_downcast_ref()?;
                    Ok(Some(Value::from(product.field(n))))
                })
            }));
    }
    let query = dynamic::Object::new("Query")
        .field(Field::new("items", TypeRef::named_nn_list_nn("Item"), move |_| {
            let items = items.clone();
            FieldFuture::new(async move {
                Ok(Some(FieldValue::list(items.iter().map(|item| FieldValue::owned_any(item.clone())))))
            })
        }))
        .field(Field::new("product", TypeRef::named_nn("Product"), move |_| {
            let product = product.clone();
            FieldFuture::new(async move { Ok(Some(FieldValue::owned_any(product))) })
        }));
    dynamic::Schema::build("Query", None, None)
        .register(item)
        .register(product_type)
        .register(query)
        .validation_mode(async_graphql::ValidationMode::Fast)
        .finish()
        .expect("a schema")
}
