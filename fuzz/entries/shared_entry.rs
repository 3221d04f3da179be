//! Reading any bytes as what another process kept: never a panic, and what is read is written as it was.

use freehold::cache::SharedEntry;
use freehold::value::SystemId;

/// Reads the bytes as they are, and with the check that they should have.
pub fn run(bytes: &[u8]) {
    let _ = SharedEntry::read(b"name", bytes, SystemId(0));
    let mut sealed = bytes.to_vec();
    SharedEntry::seal(b"name", &mut sealed);
    if let Some(entry) = SharedEntry::read(b"name", &sealed, SystemId(0))
        && let Some(written) = entry.write(b"name")
    {
        let is_compressed = sealed[1] >= 16;
        assert!(is_compressed || written == sealed);
        assert_eq!(SharedEntry::read(b"name", &written, SystemId(0)).as_ref(), Some(&entry));
        assert_eq!(SharedEntry::read(b"another", &sealed, SystemId(0)), None);
    }
}
