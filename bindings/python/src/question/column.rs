//! One column of a table of Arrow, in the buffers that Arrow has for its type.
//!
//! Promises: a column whose values have one type among integers of 64 bits, floats, booleans, texts and instants never becomes
//! Python objects; its buffers are laid out as Arrow's columnar format says (validity and booleans as bits, the lowest first;
//! offsets of texts in 32 bits). A column of any other or of several types is a list of objects, whose type pyarrow finds.

use nedb::{Error, ErrorCode, Result, Timestamp, ValueRef};
use pyo3::{
    prelude::*,
    types::{PyBytes, PyList, PyString},
};

use crate::{convert, failure::Raise};

/// Bits, the lowest of each byte first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    len: usize,
}

impl Bits {
    fn push(&mut self, bit: bool) {
        if self.len.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(bit) << (self.len % 8);
        }
        self.len += 1;
    }

    fn iter(&self) -> impl Iterator<Item = bool> {
        (0..self.len).map(|at| self.bytes.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1))
    }
}

/// The values of a column; where a row has none, a zero or an empty text stands in its place.
enum Values {
    /// There were only nulls so far.
    Nulls,
    Integers(Vec<i64>),
    Floats(Vec<f64>),
    Booleans(Bits),
    Instants(Vec<i64>),
    Texts {
        ends: Vec<i32>,
        text: String,
    },
    Objects(Py<PyList>),
}

/// A column that grows row by row.
pub struct Column {
    validity: Bits,
    nulls: usize,
    values: Values,
}

impl Column {
    /// A column without rows.
    pub fn new() -> Self {
        Self { validity: Bits::default(), nulls: 0, values: Values::Nulls }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.validity.len
    }

    /// Appends nulls up to a number of rows.
    pub fn fill(&mut self, py: Python<'_>, rows: usize) -> PyResult<()> {
        while self.len() < rows {
            self.push(py, &ValueRef::Null)?;
        }
        Ok(())
    }

    /// Appends a value.
    pub fn push(&mut self, py: Python<'_>, value: &ValueRef<'_>) -> PyResult<()> {
        if !self.values.takes(value, self.validity.len).or_raise()? {
            self.values = Values::Objects(self.objects(py)?);
            if let Values::Objects(list) = &self.values {
                list.bind(py).append(convert::stored_to_python(py, value)?)?;
            }
        } else if let Values::Objects(list) = &self.values {
            list.bind(py).append(convert::stored_to_python(py, value)?)?;
        }
        let is_there = !matches!(value, ValueRef::Null);
        self.nulls += usize::from(!is_there);
        self.validity.push(is_there);
        Ok(())
    }

    /// The values so far as Python objects.
    fn objects(&self, py: Python<'_>) -> PyResult<Py<PyList>> {
        let list = PyList::empty(py);
        for (row, is_there) in self.validity.iter().enumerate() {
            match self.values.stored(row).filter(|_| is_there) {
                Some(value) => list.append(convert::stored_to_python(py, &value)?)?,
                None => list.append(py.None())?,
            }
        }
        Ok(list.unbind())
    }

    /// What `nedb.arrow` makes an array of: a list, or a kind with its number of rows, of nulls, and its buffers.
    pub fn finish(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        let kind = self.values.kind();
        if let Values::Objects(list) = self.values {
            return Ok(list.into_bound(py).into_any());
        }
        let rows = self.validity.len;
        let validity = (self.nulls > 0).then(|| PyBytes::new(py, &self.validity.bytes));
        let buffers = PyList::empty(py);
        for buffer in self.values.buffers() {
            buffers.append(PyBytes::new(py, &buffer))?;
        }
        let parts = (PyString::new(py, kind), rows, self.nulls, validity, buffers);
        Ok(parts.into_pyobject(py)?.into_any())
    }
}

impl Values {
    /// The word by which `nedb.arrow` knows the type.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Nulls => "null",
            Self::Integers(_) => "int64",
            Self::Floats(_) => "double",
            Self::Booleans(_) => "bool",
            Self::Instants(_) => "timestamp",
            Self::Texts { .. } => "string",
            Self::Objects(_) => "objects",
        }
    }

    /// Takes a value behind so many rows; `false` when the column must become objects for it.
    fn takes(&mut self, value: &ValueRef<'_>, rows: usize) -> Result<bool> {
        if matches!(self, Self::Nulls) {
            *self = match value {
                ValueRef::I64(_) => Self::Integers(vec![0; rows]),
                ValueRef::F64(_) => Self::Floats(vec![0.0; rows]),
                ValueRef::DateTime(_) => Self::Instants(vec![0; rows]),
                ValueRef::String(_) => Self::Texts { ends: vec![0; rows], text: String::new() },
                ValueRef::Bool(_) => {
                    let mut bits = Bits::default();
                    (0..rows).for_each(|_| bits.push(false));
                    Self::Booleans(bits)
                }
                ValueRef::Null => return Ok(true),
                _ => return Ok(false),
            };
        }
        match (self, value) {
            (Self::Objects(_), _) => {}
            (Self::Integers(numbers), ValueRef::I64(number)) => numbers.push(*number),
            (Self::Integers(numbers) | Self::Instants(numbers), ValueRef::Null) => numbers.push(0),
            (Self::Floats(numbers), ValueRef::F64(number)) => numbers.push(number.get()),
            (Self::Floats(numbers), ValueRef::Null) => numbers.push(0.0),
            (Self::Booleans(bits), ValueRef::Bool(bit)) => bits.push(*bit),
            (Self::Booleans(bits), ValueRef::Null) => bits.push(false),
            (Self::Instants(moments), ValueRef::DateTime(moment)) => moments.push(moment.as_micros()),
            (Self::Texts { ends, text }, ValueRef::String(more)) => {
                text.push_str(more);
                ends.push(end_of(text)?);
            }
            (Self::Texts { ends, text }, ValueRef::Null) => ends.push(end_of(text)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The value of a row, as a document has it.
    fn stored(&self, row: usize) -> Option<ValueRef<'_>> {
        match self {
            Self::Nulls | Self::Objects(_) => None,
            Self::Integers(numbers) => numbers.get(row).map(|number| ValueRef::I64(*number)),
            Self::Floats(numbers) => nedb_types::Float::new(*numbers.get(row)?).ok().map(ValueRef::F64),
            Self::Booleans(bits) => bits.iter().nth(row).map(ValueRef::Bool),
            Self::Instants(moments) => {
                moments.get(row).map(|micros| ValueRef::DateTime(Timestamp::from_micros(*micros)))
            }
            Self::Texts { ends, text } => {
                let begin = row.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or_default();
                let part = usize::try_from(begin).ok()?..usize::try_from(*ends.get(row)?).ok()?;
                text.get(part).map(ValueRef::String)
            }
        }
    }

    /// The buffers behind that of the validity.
    fn buffers(self) -> Vec<Vec<u8>> {
        match self {
            Self::Nulls | Self::Objects(_) => Vec::new(),
            Self::Integers(numbers) | Self::Instants(numbers) => {
                vec![numbers.iter().flat_map(|number| number.to_ne_bytes()).collect()]
            }
            Self::Floats(numbers) => vec![numbers.iter().flat_map(|number| number.to_ne_bytes()).collect()],
            Self::Booleans(bits) => vec![bits.bytes],
            Self::Texts { ends, text } => {
                let offsets = std::iter::once(0).chain(ends).flat_map(i32::to_ne_bytes).collect();
                vec![offsets, text.into_bytes()]
            }
        }
    }
}

fn end_of(text: &str) -> Result<i32> {
    i32::try_from(text.len()).map_err(|_beyond| {
        Error::new(ErrorCode::Unsupported, "a column of Arrow holds at most 2 GiB of text: ask for fewer rows at once")
    })
}
