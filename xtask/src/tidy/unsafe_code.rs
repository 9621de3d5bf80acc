//! `unsafe` stands in one module of the product: that of `nedb-io` for mapped files and single instructions. Outside the product,
//! the peer whose binding can only be opened with `unsafe` has its own file too.

use super::Report;
use crate::tree::Tree;

/// The only place where a proof beside each block replaces the compiler's.
const THE_ONE_MODULE: &str = "crates/nedb-io/src/machine/";
/// Opens LMDB to be measured beside; nothing that is shipped uses it.
const PEER_FILE: &str = "bench-peers/src/lmdb_store.rs";

pub fn check(tree: &Tree) -> Report {
    let mut breaches = Vec::new();
    let is_allowed = |path: &str| path.starts_with(THE_ONE_MODULE) || path == PEER_FILE;
    for file in tree.rust.iter().filter(|file| !is_allowed(&file.path)) {
        for token in file.tokens.iter().filter(|token| token.text == "unsafe") {
            breaches.push(format!("{}:{}: unsafe code outside {THE_ONE_MODULE}", file.path, token.line));
        }
    }
    Report::breaches(breaches)
}

#[cfg(test)]
mod tests {
    use super::{PEER_FILE, THE_ONE_MODULE, check};
    use crate::tidy::planted;

    #[test]
    fn unsafe_outside_the_one_module_is_found() {
        assert_eq!(planted(check, "crates/nedb/src/a.rs", "fn a() { unsafe { b() } }\n").len(), 1);
        let inside = format!("{THE_ONE_MODULE}a.rs");
        assert_eq!(planted(check, &inside, "fn a() { unsafe { b() } }\n").len(), 0);
        assert_eq!(planted(check, PEER_FILE, "fn a() { unsafe { b() } }\n").len(), 0);
        assert_eq!(planted(check, "a.rs", "#![forbid(unsafe_code)] // unsafe\n").len(), 0);
    }
}
