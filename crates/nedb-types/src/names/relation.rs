//! The name of a relation between documents.

use super::text_name::{NameRule, text_name};
use crate::ErrorCode;
use crate::limits::RELATION_BYTES_MAX;

text_name! {
    /// Names a relation: 1 to 128 bytes of UTF-8 without control characters.
    ///
    /// # Errors
    ///
    /// `new` gives `invalid_name` or `name_too_long`.
    ///
    /// # Examples
    ///
    /// ```
    /// use nedb_types::Relation;
    ///
    /// assert_eq!(Relation::new("follows")?.as_str(), "follows");
    /// # Ok::<(), nedb_types::Error>(())
    /// ```
    Relation, |name: &str| RULE.check(name)
}

const RULE: NameRule = NameRule {
    what: "relation name",
    bytes_max: RELATION_BYTES_MAX,
    limit: "RELATION_BYTES_MAX",
    too_long: ErrorCode::NameTooLong,
};
