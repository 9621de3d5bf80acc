//! The name of a collection.

use super::text_name::{NameRule, text_name};
use crate::limits::COLLECTION_BYTES_MAX;
use crate::{Error, ErrorCode, Result};

text_name! {
    /// Names a collection: 1 to 128 bytes of UTF-8 without `:` and control characters.
    ///
    /// A colon ends the collection in a node such as `user:1`, so a name cannot have one.
    ///
    /// # Errors
    ///
    /// `new` gives `invalid_name` or `name_too_long`.
    ///
    /// # Examples
    ///
    /// ```
    /// use nedb_types::{Collection, ErrorCode};
    ///
    /// assert_eq!(Collection::new("users")?.as_str(), "users");
    /// assert_eq!(Collection::new("a:b").unwrap_err().code(), ErrorCode::InvalidName);
    /// # Ok::<(), nedb_types::Error>(())
    /// ```
    Collection, check
}

const RULE: NameRule = NameRule {
    what: "collection name",
    bytes_max: COLLECTION_BYTES_MAX,
    limit: "COLLECTION_BYTES_MAX",
    too_long: ErrorCode::NameTooLong,
};

fn check(name: &str) -> Result<()> {
    RULE.check(name)?;
    if name.contains(':') {
        return Err(Error::new(ErrorCode::InvalidName, format!("collection name {name:?} has a colon")));
    }
    Ok(())
}
