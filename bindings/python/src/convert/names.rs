//! The names of fields as Python texts, kept from one document to the next.
//!
//! Documents of a collection have the same names again and again; a kept text spares making it and hashing it, and lets the
//! dicts of many rows share it. Promises: a look-up compares the whole name. Leaves to others: what the names are for.

use std::cell::Cell;

use pyo3::{prelude::*, types::PyString};

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

    /// The text of a name.
    pub fn text<'py>(&mut self, py: Python<'py>, name: &str) -> Bound<'py, PyString> {
        if name.len() > NAME_BYTES_MAX {
            return PyString::new(py, name);
        }
        if self.kept.is_empty() {
            self.kept.resize_with(NAMES_MAX, || None);
        }
        match self.kept.get_mut(number(name)) {
            Some(Some((kept, text))) if **kept == *name => text.bind(py).clone(),
            Some(place) => {
                let text = PyString::new(py, name);
                *place = Some((name.into(), text.clone().unbind()));
                text
            }
            None => PyString::new(py, name),
        }
    }
}

/// The place of a name.
fn number(name: &str) -> usize {
    let mixed = name.bytes().fold(0_usize, |mixed, byte| mixed.wrapping_mul(31).wrapping_add(usize::from(byte)));
    mixed % NAMES_MAX
}
