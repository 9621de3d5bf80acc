//! The verbs that are announced but not part of this version, so that each is refused by its name.

use nedb_types::{Error, ErrorCode};

/// The verbs, with what they are for.
const LATER_VERBS: [(&str, &str); 10] = [
    ("erase", "erasing content on request"),
    ("pack", "compressing old segments"),
    ("prune", "dropping old content by policy"),
    ("backup", "incremental backups"),
    ("fork", "branches of a database"),
    ("anchor", "external anchoring of checkpoints"),
    ("audit", "audit reports"),
    ("import-v1", "importing the data of earlier packages"),
    ("key", "encryption keys"),
    ("files", "stored files"),
];

/// The error for a verb that this version does not have; `None` for a word that is no verb of any version.
pub fn refusal(name: &str) -> Option<Error> {
    let (verb, purpose) = LATER_VERBS.iter().find(|(verb, _)| *verb == name)?;
    let message = format!("this version has no verb `{verb}` ({purpose})");
    Some(Error::new(ErrorCode::Unsupported, message))
}
