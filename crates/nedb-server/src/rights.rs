//! What a caller may do, and where.

use crate::databases::is_own;

/// A right on a database, from the least to the most; each has those before it.
///
/// ```
/// use nedb_server::Right;
/// assert!(Right::Admin > Right::Write && Right::Write > Right::Read && Right::Read > Right::Verify);
/// assert_eq!("write".parse(), Ok(Right::Write));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Heads, proofs, signed checkpoints, verification: no content.
    Verify,
    /// Whatever reads.
    Read,
    /// Whatever writes documents and relations.
    Write,
    /// Databases, indexes and maintenance.
    Admin,
}

impl Right {
    /// All of them, the least first.
    pub const ALL: [Self; 4] = [Self::Verify, Self::Read, Self::Write, Self::Admin];

    /// The word in token files and errors.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

impl std::str::FromStr for Right {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|right| right.as_str() == text);
        found.ok_or_else(|| format!("{text:?} is no right: there are verify, read, write and admin"))
    }
}

/// Who calls: a name for logs, and rights by database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The token's name; never the token.
    pub(crate) name: String,
    /// The right on databases that are not named.
    everywhere: Option<Right>,
    /// The rights on single databases, in place of the one above.
    on: Vec<(String, Right)>,
}

impl Identity {
    pub(crate) fn new(name: impl Into<String>, everywhere: Option<Right>, on: Vec<(String, Right)>) -> Self {
        Self { name: name.into(), everywhere, on }
    }

    /// Who may do everything: the holder of the one token, or anybody on a daemon without tokens.
    pub(crate) fn root(name: &str) -> Self {
        Self::new(name, Some(Right::Admin), Vec::new())
    }

    /// Who gave no token where one is asked for.
    pub(crate) fn nobody() -> Self {
        Self::new("", None, Vec::new())
    }

    /// Whether the caller gave no token where one is asked for.
    pub(crate) fn is_nobody(&self) -> bool {
        self.name.is_empty()
    }

    /// Whether the caller has a right on a database; without a database, on all of them.
    ///
    /// The daemon's own databases are read by those who may administrate all others, and nobody has more rights on them.
    pub(crate) fn may(&self, right: Right, database: Option<&str>) -> bool {
        if database.is_some_and(is_own) {
            return right <= Right::Read && self.may(Right::Admin, None);
        }
        let named = database.and_then(|database| self.on.iter().find(|(name, _)| name == database));
        let held = named.map(|(_, right)| *right).or(self.everywhere);
        held.is_some_and(|held| held >= right)
    }

    /// Whether the caller has a right on any database, be it there or not.
    pub(crate) fn may_somewhere(&self, right: Right) -> bool {
        self.may(right, None) || self.on.iter().any(|(_, held)| *held >= right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_on_one_database_takes_the_place_of_the_one_everywhere() {
        let identity =
            Identity::new("app", Some(Right::Read), vec![("shop".into(), Right::Write), ("hr".into(), Right::Verify)]);
        assert!(identity.may(Right::Write, Some("shop")) && !identity.may(Right::Admin, Some("shop")));
        assert!(identity.may(Right::Verify, Some("hr")) && !identity.may(Right::Read, Some("hr")));
        assert!(identity.may(Right::Read, Some("other")) && !identity.may(Right::Write, None));
        assert!(!identity.may(Right::Verify, Some("nedbd.audit")));
        assert!(identity.may_somewhere(Right::Write) && !identity.may_somewhere(Right::Admin));
        let root = Identity::root("root");
        assert!(root.may(Right::Read, Some("nedbd.audit")) && !root.may(Right::Write, Some("nedbd.audit")));
        assert!(!Identity::new("nobody", None, Vec::new()).may(Right::Verify, Some("shop")));
    }
}
