//! Redis commands: words in, answers as Python values out. What commands mean is the crate `nedb-compat`.

use nedb_compat::redis::{Commands, FAMILIES, Reply, Session};
use pyo3::{
    exceptions::PyTypeError,
    prelude::*,
    types::{PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyMemoryView, PySet, PyString, PyTuple},
};

use crate::{
    argument::text_or_bytes,
    database::Nedb,
    failure::{Raise, raised},
    fork::Birthplace,
};

/// What one client of the Redis commands talks to.
#[pyclass(frozen, module = "nedb")]
pub struct RedisSession {
    /// Taken only by the drop; goes before the database does, whose last handle closes it.
    session: Option<Session>,
    db: Py<Nedb>,
    decodes: bool,
    birthplace: Birthplace,
}

impl Drop for RedisSession {
    fn drop(&mut self) {
        if !self.birthplace.is_here() {
            // The database is the parent's: nothing may be done to it here.
            std::mem::forget(self.session.take());
        }
    }
}

#[pymethods]
impl RedisSession {
    #[new]
    fn new(py: Python<'_>, db: Py<Nedb>, client: String, decodes: bool) -> PyResult<Self> {
        let session = db.get().call(py, |db| Ok(Commands::of_client(db, client).session()))?;
        Ok(Self { session: Some(session), db, decodes, birthplace: Birthplace::here() })
    }

    /// Carries out one command, given as its words.
    #[pyo3(signature = (words, /))]
    fn execute<'py>(&self, py: Python<'py>, words: Vec<Word>) -> PyResult<Bound<'py, PyAny>> {
        let words: Vec<&[u8]> = words.iter().map(|word| word.0.as_slice()).collect();
        let reply = self.call(py, |session| Ok(session.execute(&words)))?;
        match reply {
            Reply::Error(error) => Err(raised(&error)),
            reply => self.to_python(py, reply),
        }
    }

    /// Deletes the elements that expired values left behind, and returns how many.
    fn reclaim(&self, py: Python<'_>) -> PyResult<u64> {
        self.call(py, |session| session.commands().reclaim())
    }

    /// The names of all commands.
    #[staticmethod]
    fn commands() -> Vec<&'static str> {
        FAMILIES.iter().flat_map(|(_, commands)| commands.iter().map(|command| command.name)).collect()
    }
}

impl RedisSession {
    /// Calls the session without the interpreter lock, when the database still is open.
    fn call<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&Session) -> nedb::Result<T> + Send) -> PyResult<T> {
        self.db.get().check()?;
        let Some(session) = &self.session else { return Err(PyTypeError::new_err("the session has ended")) };
        py.detach(|| work(session)).or_raise()
    }

    fn to_python<'py>(&self, py: Python<'py>, reply: Reply) -> PyResult<Bound<'py, PyAny>> {
        let values = |replies: Vec<Reply>| {
            replies.into_iter().map(|reply| self.to_python(py, reply)).collect::<PyResult<Vec<_>>>()
        };
        let pair = |(left, right)| Ok((self.to_python(py, left)?, self.to_python(py, right)?));
        Ok(match reply {
            Reply::Nil | Reply::NilArray => py.None().into_bound(py),
            Reply::Simple(word) => PyString::new(py, &word).into_any(),
            Reply::Int(number) => number.into_pyobject(py)?.into_any(),
            Reply::Bool(is_true) => PyBool::new(py, is_true).to_owned().into_any(),
            Reply::Double(number) => PyFloat::new(py, number).into_any(),
            Reply::Bulk(bytes) => self.bytes_to_python(py, &bytes),
            Reply::Array(replies) => PyList::new(py, values(replies)?)?.into_any(),
            Reply::Set(replies) => PySet::new(py, values(replies)?)?.into_any(),
            Reply::Map(pairs) => {
                let dict = PyDict::new(py);
                for (key, value) in pairs.into_iter().map(pair).collect::<PyResult<Vec<_>>>()? {
                    dict.set_item(key, value)?;
                }
                dict.into_any()
            }
            Reply::Pairs(pairs) => {
                let pairs =
                    pairs.into_iter().map(|both| pair(both).and_then(|(left, right)| PyTuple::new(py, [left, right])));
                PyList::new(py, pairs.collect::<PyResult<Vec<_>>>()?)?.into_any()
            }
            Reply::PairMap(pairs) => {
                let pairs =
                    pairs.into_iter().map(|both| pair(both).and_then(|(left, right)| PyList::new(py, [left, right])));
                PyList::new(py, pairs.collect::<PyResult<Vec<_>>>()?)?.into_any()
            }
            Reply::Error(error) => raised(&error).into_value(py).into_bound(py).into_any(),
        })
    }

    /// Text when the bytes are text and text is wanted.
    fn bytes_to_python<'py>(&self, py: Python<'py>, bytes: &[u8]) -> Bound<'py, PyAny> {
        match std::str::from_utf8(bytes) {
            Ok(text) if self.decodes => PyString::new(py, text).into_any(),
            _ => PyBytes::new(py, bytes).into_any(),
        }
    }
}

/// A word of a command: text as UTF-8, bytes as they are, numbers as Python prints them.
struct Word(Vec<u8>);

impl<'py> FromPyObject<'_, 'py> for Word {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Some(bytes) = text_or_bytes(value)? {
            return Ok(Self(bytes));
        }
        if value.is_instance_of::<PyByteArray>() || value.is_instance_of::<PyMemoryView>() {
            let bytes = value.py().get_type::<PyBytes>().call1((value,))?;
            return Ok(Self(bytes.cast::<PyBytes>()?.as_bytes().to_vec()));
        }
        let is_number = value.is_instance_of::<PyInt>() || value.is_instance_of::<PyFloat>();
        if is_number && !value.is_instance_of::<PyBool>() {
            return Ok(Self(value.repr()?.to_cow()?.into_owned().into_bytes()));
        }
        let name = value.get_type().name()?;
        Err(PyTypeError::new_err(format!("a word of a command is a str, bytes, an int or a float, not {name}")))
    }
}
