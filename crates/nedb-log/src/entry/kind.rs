//! What an operation does.

use nedb_types::{Error, ErrorCode, Result};

/// Says what an operation does; its number is part of the format.
///
/// # Examples
///
/// ```
/// use nedb_log::OpKind;
///
/// assert_eq!(OpKind::Put.number(), 1);
/// assert_eq!(OpKind::from_number(2)?, OpKind::Delete);
/// assert!(OpKind::from_number(99).is_err());
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum OpKind {
    /// Writes a version of a document.
    Put = 1,
    /// Ends a document.
    Delete = 2,
    /// Makes a relation between two documents.
    Link = 3,
    /// Ends a relation.
    Unlink = 4,
    /// Writes a version of a file; reserved.
    PutFile = 5,
    /// Records a request without effect.
    Noop = 6,
    /// Ends a document whose expiry has passed.
    Expire = 7,
    /// Writes a version as a change of the one before; reserved.
    Patch = 8,
    /// Records that payloads were erased; reserved.
    EraseReceipt = 9,
    /// Records a change of the catalogue; reserved.
    CatalogueNotice = 10,
}

impl OpKind {
    /// Returns the number that stands in the entry.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Returns the kind of a number; a kind that this version does not process is refused by its number.
    #[inline]
    pub fn from_number(number: u8) -> Result<Self> {
        match number {
            1 => Ok(Self::Put),
            2 => Ok(Self::Delete),
            3 => Ok(Self::Link),
            4 => Ok(Self::Unlink),
            6 => Ok(Self::Noop),
            7 => Ok(Self::Expire),
            _ => Err(Error::new(ErrorCode::UnknownFeature, format!("operation kind {number} is not known here"))),
        }
    }
}
