//! Arguments that many calls take: ids, moments, names of modes.

use std::borrow::Cow;

use nedb::{AsOf, DocId, Durability, Error, ErrorCode, Timestamp};
use pyo3::{
    exceptions::{PyOverflowError, PyTypeError},
    prelude::*,
    types::{PyBool, PyBytes, PyInt, PyString},
};

use crate::{
    convert,
    failure::{Raise, raised},
};

/// The greatest age of an acknowledged write that is not yet on the disk, in the mode `group`.
const GROUP_INTERVAL_US: u64 = 10_000;

/// The id of a document: text, bytes, or an integer, which stands for its decimal digits.
pub struct Id(pub Vec<u8>);

/// The id of a document in a call that is made often: its bytes stay in the object that Python gave, where it lets us see them.
pub struct GivenId<'a>(Cow<'a, [u8]>);

impl AsRef<[u8]> for GivenId<'_> {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for GivenId<'a> {
    type Error = PyErr;

    fn extract(value: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if value.is_instance_of::<PyString>() {
            return Ok(Self(match value.extract::<Cow<'a, str>>()? {
                Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
            }));
        }
        if value.is_instance_of::<PyBytes>() {
            return Ok(Self(Cow::Borrowed(value.extract()?)));
        }
        Ok(Self(Cow::Owned(value.extract::<Id>()?.0)))
    }
}

/// The id that a read shows in `_id`: the very text that was given, else one made of its bytes.
pub fn shown_id<'py>(given: &Bound<'py, PyAny>, id: &[u8]) -> Bound<'py, PyAny> {
    if given.is_exact_instance_of::<PyString>() {
        return given.clone();
    }
    match std::str::from_utf8(id) {
        Ok(text) => PyString::new(given.py(), text).into_any(),
        Err(_not_text) => PyBytes::new(given.py(), id).into_any(),
    }
}

/// The bytes of a text, as UTF-8, or of bytes; none of anything else.
pub fn text_or_bytes(value: Borrowed<'_, '_, PyAny>) -> PyResult<Option<Vec<u8>>> {
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Some(text.to_cow()?.into_owned().into_bytes()));
    }
    Ok(value.cast::<PyBytes>().ok().map(|bytes| bytes.as_bytes().to_vec()))
}

impl AsRef<[u8]> for Id {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl<'py> FromPyObject<'_, 'py> for Id {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Some(bytes) = text_or_bytes(value)? {
            return Ok(Self(bytes));
        }
        if value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>() {
            return Ok(Self(value.str()?.to_cow()?.into_owned().into_bytes()));
        }
        let name = value.get_type().name()?;
        Err(PyTypeError::new_err(format!("the id of a document is a str, bytes or an int, not {name}")))
    }
}

/// An id as Python shows it: text, or bytes where it is none.
pub fn id_to_python<'py>(py: Python<'py>, id: &DocId) -> Bound<'py, PyAny> {
    match id.as_str() {
        Some(text) => PyString::new(py, text).into_any(),
        None => PyBytes::new(py, id.as_bytes()).into_any(),
    }
}

/// A moment: a seq, -1 for the empty database, a `datetime`, or ISO 8601 text.
pub struct Moment(pub AsOf);

impl<'py> FromPyObject<'_, 'py> for Moment {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(text) = value.cast::<PyString>() {
            return Ok(Self(AsOf::Time(Timestamp::parse(&text.to_cow()?).or_raise()?)));
        }
        if let Some(at) = convert::timestamp_of(&value)? {
            return Ok(Self(AsOf::Time(at)));
        }
        if value.is_instance_of::<PyBool>() || !value.is_instance_of::<PyInt>() {
            let name = value.get_type().name()?;
            return Err(PyTypeError::new_err(format!("a moment is a seq, a datetime or ISO 8601 text, not {name}")));
        }
        // Beyond 64 bits lies the future, which reads as the head.
        let seq = value.extract::<i64>().or_else(|error| if value.gt(0)? { Ok(i64::MAX) } else { Err(error) });
        match seq {
            Ok(seq) if seq >= -1 => Ok(Self(AsOf::from_number(seq))),
            _ => Err(invalid(format!("{} is no seq: they begin at 0, and -1 is the empty database", shown(&value)))),
        }
    }
}

/// Refuses the key of an encrypted database.
pub fn refuse_key(tmk: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
    if tmk.is_none() {
        return Ok(());
    }
    let message = "tmk was given, and this version does not encrypt: leave it out";
    Err(raised(&Error::new(ErrorCode::Unsupported, message)))
}

/// A durability mode by its name.
pub fn durability(name: &str) -> PyResult<Durability> {
    match name {
        "sync" => Ok(Durability::Sync),
        "group" | "batch" => Ok(Durability::Group { interval_us: GROUP_INTERVAL_US }),
        "none" | "async" => Ok(Durability::None),
        other => Err(invalid(format!("{other:?} is no durability: sync, group (or batch), none (or async)"))),
    }
}

/// Seconds as microseconds.
pub fn micros(seconds: f64, what: &str) -> PyResult<u64> {
    if seconds < 0.0 {
        return Err(invalid(format!("{what} of {seconds} seconds is negative")));
    }
    let duration = std::time::Duration::try_from_secs_f64(seconds).ok();
    let micros = duration.and_then(|duration| u64::try_from(duration.as_micros()).ok());
    micros.ok_or_else(|| invalid(format!("{what} of {seconds} seconds ends beyond all time")))
}

/// A whole number that is not negative and that the type can hold; the refusal names the argument.
pub fn number<T: TryFrom<u64>>(name: &str, value: &Bound<'_, PyAny>) -> PyResult<T> {
    let number = match value.extract::<u64>() {
        Err(error) if !error.is_instance_of::<PyOverflowError>(value.py()) => return Err(error),
        extracted => extracted.ok().and_then(|number| T::try_from(number).ok()),
    };
    number.ok_or_else(|| {
        let bits = size_of::<T>() * 8;
        invalid(format!("{name} {} is not between 0 and 2**{bits} - 1", shown(value)))
    })
}

/// A seq, or -1 for what is before the first operation; the refusal names the argument.
pub fn seq_or_before(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Option<u64>> {
    let wrong = || invalid(format!("{name} {} is no seq: they begin at 0, and -1 is the empty database", shown(value)));
    match value.extract::<i64>() {
        Ok(-1) => Ok(None),
        Ok(seq) => u64::try_from(seq).map(Some).map_err(|_negative| wrong()),
        Err(error) if error.is_instance_of::<PyOverflowError>(value.py()) => Err(wrong()),
        Err(error) => Err(error),
    }
}

/// A number as Python writes it, unless it has too many digits for that.
fn shown(value: &Bound<'_, PyAny>) -> String {
    value.str().map_or_else(|_too_long| "of so many digits".to_owned(), |text| text.to_string())
}

/// The refusal of an argument.
pub fn invalid(message: String) -> PyErr {
    raised(&Error::new(ErrorCode::InvalidArgument, message))
}
