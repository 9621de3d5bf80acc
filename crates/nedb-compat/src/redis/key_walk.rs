//! The walk over all keys, in the order of the keys.
//!
//! Keys are the documents of `_kv` and `_hash`, and those of every collection whose name does not begin with `_`: each of them
//! is a hash. Promises: a key comes once, and its place in the order does not depend on what lies under it. So whoever goes on
//! behind the last key misses none that was there all the time, even when a document became a string meanwhile.
//!
//! Each of the three sources gives its keys in order already: ids sort as keys do, and the documents of one collection are the
//! keys that begin with its name and a colon, which no name contains.

use std::sync::Arc;

use nedb::Result;

use super::layout::{self, DocKey, HASH, KV};
use super::tx::{Span, Tx, Walk};

/// A walk over all keys behind one of them.
pub(super) struct KeyWalk {
    sources: [Source; 3],
}

impl KeyWalk {
    pub(super) fn new(tx: &Tx<'_>, behind: Option<&[u8]>) -> Result<Self> {
        let mut of_users = tx.collections()?;
        of_users.retain(|name| layout::is_user(name));
        of_users.sort_by_cached_key(|name| first_key(name));
        let mut sources =
            [vec![KV.to_owned()], vec![HASH.to_owned()], of_users].map(|names| Source::new(names, behind));
        for source in &mut sources {
            source.advance(tx)?;
        }
        Ok(Self { sources })
    }

    /// The next key.
    pub(super) fn next(&mut self, tx: &Tx<'_>) -> Result<Option<Vec<u8>>> {
        let Some(key) = self.sources.iter().filter_map(|source| source.next.clone()).min() else { return Ok(None) };
        // A string or header and a document of the same name are one key.
        for source in self.sources.iter_mut().filter(|source| source.next.as_ref() == Some(&key)) {
            source.advance(tx)?;
        }
        Ok(Some(key))
    }
}

/// Collections one after the other, whose keys are in order.
struct Source {
    names: std::vec::IntoIter<String>,
    behind: Option<Vec<u8>>,
    open: Option<(String, Walk)>,
    next: Option<Vec<u8>>,
}

impl Source {
    fn new(names: Vec<String>, behind: Option<&[u8]>) -> Self {
        Self { names: names.into_iter(), behind: behind.map(<[u8]>::to_vec), open: None, next: None }
    }

    /// Finds the next key.
    fn advance(&mut self, tx: &Tx<'_>) -> Result<()> {
        loop {
            if let Some((name, walk)) = &mut self.open
                && let Some(document) = walk.next()
            {
                self.next = DocKey::new(Arc::<str>::from(name.as_str()), document?.0).key();
                if self.next.is_some() {
                    return Ok(());
                }
                continue;
            }
            let Some(name) = self.names.next() else {
                self.next = None;
                return Ok(());
            };
            self.open = self.walk(tx, &name)?.map(|walk| (name, walk));
        }
    }

    /// The documents of a collection behind the key at which the walk begins; `None` when all are before it.
    fn walk(&self, tx: &Tx<'_>, name: &str) -> Result<Option<Walk>> {
        let last = match &self.behind {
            None => None,
            Some(behind) if !layout::is_user(name) => Some(DocKey::value(behind).id.to_vec()),
            Some(behind) => match behind.strip_prefix(first_key(name).as_slice()) {
                Some(id) => Some(id.to_vec()),
                None if *behind > first_key(name) => return Ok(None),
                None => None,
            },
        };
        let from = last.map(|id| [id.as_slice(), &[0]].concat());
        tx.walk(&Span { from: from.as_deref(), ..Span::prefix(name, b"") }).map(Some)
    }
}

/// What the keys of a collection begin with.
fn first_key(name: &str) -> Vec<u8> {
    [name.as_bytes(), b":"].concat()
}
