//! Whether the daemon is ready, and what is wrong if it is not: what `/health` tells.
//!
//! ```text
//! opening ──┐
//! ending  ──┼──> reasons: not ready, others are to be asked
//! no database can serve ──┘
//! some database cannot ────> degraded: ready, somebody is to look
//! ```
//!
//! Promises: one database that failed takes away no other, since whoever balances load would send nobody to any of them; names are told to those
//! who have a right on them, and to others how many there are. Leaves to others: which status that is.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use nedb::{ErrorCode, Object, Value};

use crate::server::Shared;

/// How far the opening of all databases before the daemon is ready has come.
#[derive(Debug, Default)]
pub(crate) struct Opening {
    is_over: AtomicBool,
    opened: AtomicU64,
    wanted: AtomicU64,
}

impl Opening {
    /// Begins with so many databases to open.
    pub(crate) fn begin(&self, wanted: usize) {
        self.wanted.store(wanted as u64, Ordering::Release);
    }

    /// Counts one that was tried.
    pub(crate) fn tried(&self) {
        self.opened.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::Release);
    }

    /// How many were tried, of how many; none when it is over.
    fn progress(&self) -> Option<(u64, u64)> {
        let progress = (self.opened.load(Ordering::Acquire), self.wanted.load(Ordering::Acquire));
        (!self.is_over.load(Ordering::Acquire)).then_some(progress)
    }
}

/// What became of a database that cannot do what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It could not be opened when it was last tried.
    Unopened(ErrorCode),
    /// It takes no more writes after a failed sync; reads go on.
    Poisoned,
}

/// How the daemon is at one moment.
#[derive(Debug, Default)]
pub(crate) struct Health {
    opening: Option<(u64, u64)>,
    is_ending: bool,
    /// How many databases there are.
    databases: usize,
    /// Those that failed, by name.
    failed: Vec<(String, Failure)>,
}

impl Shared {
    /// How the daemon is now, with the names of its databases.
    pub(crate) fn health(&self, names: &[String]) -> Health {
        Health {
            opening: self.opening.progress(),
            is_ending: self.is_ending(),
            databases: names.len(),
            failed: self.databases.failed(names),
        }
    }
}

impl Health {
    /// Whether requests are to be sent here.
    pub(crate) fn is_ready(&self) -> bool {
        self.reasons().is_empty()
    }

    /// Why it is not ready: `{code, text, ...}` each.
    pub(crate) fn reasons(&self) -> Vec<Value> {
        let mut reasons = Vec::new();
        if self.is_ending {
            reasons.push(said("ending", "the daemon is ending: what is under way comes to its end"));
        }
        if let Some((opened, wanted)) = self.opening {
            let mut reason = said("opening", "databases are opened before the first request");
            reason.insert("opened", opened);
            reason.insert("databases", wanted);
            reasons.push(reason);
        }
        if self.databases > 0 && self.failed.len() == self.databases {
            reasons.push(said("no_database", "no database can be opened and written to"));
        }
        reasons.into_iter().map(Value::Object).collect()
    }

    /// What is wrong with single databases: `{code, text, count, databases}` each, with the names of those that the caller may know.
    pub(crate) fn degraded(&self, may_know: impl Fn(&str) -> bool) -> Vec<Value> {
        let kinds = [
            ("unopened", "databases could not be opened when they were last asked for"),
            (
                "poisoned",
                "databases take no more writes after a failed sync: check the disk and start the daemon again",
            ),
        ];
        let mut degraded = Vec::new();
        for (code, text) in kinds {
            let of_kind = || self.failed.iter().filter(|(_, failure)| failure.code() == code);
            let count = of_kind().count() as u64;
            if count == 0 {
                continue;
            }
            let known = of_kind().filter(|(name, _)| may_know(name)).map(|(name, failure)| {
                let mut one = Object::new();
                one.insert("name", name.as_str());
                one.insert("error", failure.error().as_str());
                Value::Object(one)
            });
            let mut entry = said(code, text);
            entry.insert("databases", Value::Array(known.collect()));
            entry.insert("count", count);
            degraded.push(Value::Object(entry));
        }
        degraded
    }
}

impl Failure {
    const fn code(self) -> &'static str {
        match self {
            Self::Unopened(_) => "unopened",
            Self::Poisoned => "poisoned",
        }
    }

    const fn error(self) -> ErrorCode {
        match self {
            Self::Unopened(error) => error,
            Self::Poisoned => ErrorCode::Poisoned,
        }
    }
}

fn said(code: &str, text: &str) -> Object {
    let mut said = Object::new();
    said.insert("code", code);
    said.insert("text", text);
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(values: &[Value]) -> Vec<&str> {
        values.iter().filter_map(|value| value.as_object()?.get("code")?.as_str()).collect()
    }

    #[test]
    fn what_makes_it_unready_and_what_does_not() {
        let bad = || ("bad".to_owned(), Failure::Unopened(ErrorCode::Corrupt));
        let sick = || ("sick".to_owned(), Failure::Poisoned);
        for (health, reasons, degraded) in [
            (Health::default(), vec![], vec![]),
            (Health { is_ending: true, ..Health::default() }, vec!["ending"], vec![]),
            (Health { opening: Some((1, 3)), databases: 3, ..Health::default() }, vec!["opening"], vec![]),
            (
                Health { databases: 3, failed: vec![bad(), sick()], ..Health::default() },
                vec![],
                vec!["unopened", "poisoned"],
            ),
            (Health { databases: 1, failed: vec![bad()], ..Health::default() }, vec!["no_database"], vec!["unopened"]),
            (Health { databases: 1, failed: vec![sick()], ..Health::default() }, vec!["no_database"], vec!["poisoned"]),
        ] {
            assert_eq!(codes(&health.reasons()), reasons, "{health:?}");
            assert_eq!(codes(&health.degraded(|_| true)), degraded, "{health:?}");
            assert_eq!(health.is_ready(), reasons.is_empty());
        }
    }

    #[test]
    fn the_opening_tells_how_far_it_has_come_until_it_is_over() {
        let opening = Opening::default();
        assert_eq!(opening.progress(), Some((0, 0)));
        opening.begin(3);
        opening.tried();
        assert_eq!(opening.progress(), Some((1, 3)));
        let health = Health { opening: opening.progress(), ..Health::default() };
        let reason = health.reasons().remove(0);
        let reason = reason.as_object().unwrap();
        assert_eq!((reason.get("opened"), reason.get("databases")), (Some(&Value::I64(1)), Some(&Value::I64(3))));
        opening.end();
        assert_eq!(opening.progress(), None);
    }

    #[test]
    fn names_are_for_those_who_have_a_right_on_them() {
        let failed = vec![("a".to_owned(), Failure::Poisoned), ("b".to_owned(), Failure::Poisoned)];
        let health = Health { databases: 3, failed, ..Health::default() };
        let told = health.degraded(|name| name == "b").remove(0);
        let told = nedb_types::document::value_to_json(&told).unwrap();
        assert!(told.contains(r#""count":2"#) && told.contains(r#"[{"name":"b","error":"poisoned"}]"#), "{told}");
    }
}
