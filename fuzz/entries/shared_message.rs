//! Reading any bytes as what another process told: never a panic, and what is read is written as it was.

use std::sync::OnceLock;

use freehold::cache::SharedMessage;
use freehold::contract::{Contract, Files, load};

/// The files of the contract that the message is about.
const FILES: [(&str, &str); 3] = [
    ("freehold.toml", include_str!("../contract/freehold.toml")),
    ("graph.graphql", include_str!("../contract/graph.graphql")),
    ("systems/erp.toml", include_str!("../contract/systems/erp.toml")),
];

/// Returns the contract that messages are about.
pub fn contract() -> &'static Contract {
    static CONTRACT: OnceLock<Contract> = OnceLock::new();
    CONTRACT.get_or_init(|| {
        let files = FILES.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let loaded = load(&Files::new(files), &|_| None);
        loaded.contract.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
    })
}

/// Reads the bytes as they are, and with the check that they should have.
pub fn run(bytes: &[u8]) {
    let _ = SharedMessage::read(contract(), bytes);
    let mut sealed = bytes.to_vec();
    SharedMessage::seal(&mut sealed);
    if let Some(message) = SharedMessage::read(contract(), &sealed) {
        assert_eq!(message.write(contract()), sealed);
    }
}
