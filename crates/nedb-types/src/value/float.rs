//! A finite floating-point number.

use crate::{Error, ErrorCode, Result};
use std::fmt;
use std::hash::{Hash, Hasher};

/// Is a finite 64-bit float: NaN and the infinities have no place in the order of values and are refused.
///
/// Equality is that of the bits, so -0.0 and 0.0 are different values, though they sort alike.
///
/// # Examples
///
/// ```
/// use nedb_types::{ErrorCode, Float};
///
/// assert_eq!(Float::new(1.5)?.get(), 1.5);
/// assert_eq!(Float::new(f64::NAN).unwrap_err().code(), ErrorCode::InvalidValue);
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Float(f64);

impl Float {
    /// Takes a finite number.
    ///
    /// # Errors
    ///
    /// `invalid_value` for NaN and the infinities.
    pub fn new(number: f64) -> Result<Self> {
        if number.is_finite() {
            return Ok(Self(number));
        }
        Err(Error::new(ErrorCode::InvalidValue, format!("the number {number} cannot be stored, only finite ones can")))
    }

    /// Returns the number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl PartialEq for Float {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Float {}

impl Hash for Float {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

impl fmt::Debug for Float {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Float({:?})", self.0)
    }
}

impl fmt::Display for Float {
    /// Writes the shortest text that gives the same number again, always with a point or an exponent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ryu::Buffer::new().format_finite(self.0))
    }
}
