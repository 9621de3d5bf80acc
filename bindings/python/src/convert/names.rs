//! The names of fields as Python texts, kept from one document to the next.
//!
//! Documents of a collection have the same names again and again; a kept text spares making it and hashing it, and lets the
//! dicts of many rows share it. Promises: a look-up compares the whole name. Leaves to others: what the names are for.

use std::cell::Cell;

use pyo3::{
    prelude::*,
    types::{PyDict, PyString},
};

/// Names that are kept by a thread; a new one takes the place of another with the same number.
const NAMES_MAX: usize = 256;
/// Longer names are made anew each time: they are rare, and would take room.
const NAME_BYTES_MAX: usize = 64;

thread_local! {
    static NAMES: Cell<Names> = const { Cell::new(Names { kept: Vec::new() }) };
}

/// The kept names of this thread.
#[derive(Default)]
pub struct Names {
    kept: Vec<Option<(Box<str>, Py<PyString>)>>,
}

impl Names {
    /// Calls with the names of this thread. A call inside that call begins with none of its own.
    pub fn with<T>(work: impl FnOnce(&mut Self) -> T) -> T {
        let mut names = NAMES.take();
        let done = work(&mut names);
        NAMES.set(names);
        done
    }

    /// Sets an entry of a dict by its name.
    pub fn set<'py>(&mut self, dict: &Bound<'py, PyDict>, name: &str, value: Bound<'py, PyAny>) -> PyResult<()> {
        let py = dict.py();
        if name.len() > NAME_BYTES_MAX {
            return dict.set_item(PyString::new(py, name), value);
        }
        if self.kept.is_empty() {
            self.kept.resize_with(NAMES_MAX, || None);
        }
        match self.kept.get_mut(number(name)) {
            Some(Some((kept, text))) if **kept == *name => dict.set_item(text.bind(py), value),
            Some(place) => {
                let text = PyString::new(py, name);
                dict.set_item(&text, value)?;
                *place = Some((name.into(), text.unbind()));
                Ok(())
            }
            None => dict.set_item(PyString::new(py, name), value),
        }
    }
}

/// The place of a name: by its first and last bytes and its length, as names rarely differ in the middle alone.
fn number(name: &str) -> usize {
    let bytes = name.as_bytes();
    let ends =
        match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>(), bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
            (Some(first), Some(last), ..) => u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(29),
            (_, _, Some(first), Some(last)) => {
                u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last))
            }
            _ => bytes.iter().fold(0, |mixed, byte| mixed << 8 | u64::from(*byte)),
        };
    // The golden ratio spreads what differs over the upper bits.
    let mixed = (ends ^ bytes.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    usize::from(mixed.to_be_bytes()[0]) % NAMES_MAX
}
