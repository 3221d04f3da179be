//! How many bytes a row takes beside its characters. `benches/file.rs` measures the same of millions of rows, and the time.

use super::Drop;

#[tokio::test]
async fn a_row_takes_its_characters_and_a_dozen_bytes() {
    let drop = Drop::new(&[]);
    let n_rows = 20_000;
    let rows: String = (0..n_rows).map(|n| format!("SKU-{n:08};{n}.50;text;PUMP;A\n")).collect();
    let text = format!("sku;Net Price;text;category;status\n{rows}");
    drop.write("prices-1.csv", &text, -9_000);
    drop.look(0);
    assert_eq!(drop.price("SKU-00012345").await, "12345.50");
    drop.data("{ pricesOf(category: \"PUMP\", first: 1) { totalCount } }").await;
    let loaded = drop.source.loaded();
    let of = |name: &str| loaded.iter().find(|loaded| loaded.of == name).unwrap();
    let (group, list) = (of("drop Price"), of("pricesOf"));
    assert_eq!(group.n_rows, n_rows);
    assert_eq!(group.n_bytes_text, text.len(), "the file's characters are kept once, without room to grow");
    // Four bytes for where a row begins, eight for its key, and the directory over the keys.
    assert!(group.n_bytes_index <= 13 * n_rows, "{} bytes for {n_rows} rows", group.n_bytes_index);
    // The list shares the rows with the group: four bytes for where a row begins and four for its place in the order.
    assert_eq!(list.n_bytes_index, 8 * n_rows);
}
