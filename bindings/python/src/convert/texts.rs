//! Texts of Python whose UTF-8 form is kept from one call to the next: the names of fields and collections.
//!
//! The interface that every Python has gives the UTF-8 form of a text only as a fresh object. Programs write the same few names
//! again and again, as the same objects; for these the form is kept. Promises: a look-up compares the object itself, which
//! is held, so that another one cannot take its place.

use std::cell::Cell;

use pyo3::{prelude::*, types::PyString};

/// Texts that are kept by a thread; a new one takes the place of another with the same number.
const TEXTS_MAX: usize = 256;
/// Longer texts are no names, and would take room.
const TEXT_BYTES_MAX: usize = 64;

thread_local! {
    static TEXTS: Cell<Texts> = const { Cell::new(Texts { kept: Vec::new() }) };
}

/// The kept texts of this thread.
#[derive(Default)]
pub struct Texts {
    kept: Vec<Option<(Py<PyString>, String)>>,
}

impl Texts {
    /// Calls with the UTF-8 form of a text; an error when it has none.
    pub fn with<T>(text: &Bound<'_, PyString>, work: impl FnOnce(&str) -> T) -> PyResult<T> {
        let mut texts = TEXTS.take();
        let done = texts.utf8(text, work);
        TEXTS.set(texts);
        done
    }

    fn utf8<T>(&mut self, text: &Bound<'_, PyString>, work: impl FnOnce(&str) -> T) -> PyResult<T> {
        if self.kept.is_empty() {
            self.kept.resize_with(TEXTS_MAX, || None);
        }
        let address = text.as_ptr() as usize;
        // Objects lie at multiples of 16; the upper bits keep those apart that have the same place in their pages.
        let Some(place) = self.kept.get_mut(((address >> 4) ^ (address >> 12)) % TEXTS_MAX) else {
            return Ok(work(&text.to_cow()?));
        };
        if let Some((kept, form)) = place
            && kept.is(text)
        {
            return Ok(work(form));
        }
        let form = text.to_cow()?.into_owned();
        let done = work(&form);
        if form.len() <= TEXT_BYTES_MAX {
            *place = Some((text.clone().unbind(), form));
        }
        Ok(done)
    }
}
