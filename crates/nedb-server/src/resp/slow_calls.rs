//! Which calls of the Redis protocol come into the slow log, where many were carried out together.
//!
//! Nobody looks at the clock for each call, so that how long all of them took is known, and not which of them took it. Kept are those that may
//! have: of each connection the first that does more than a small read or write. Where none does (the disk was slow), the first of all
//! stands for them.
//!
//! Promises: one round does not push everything else out of the log; words are kept as far as Redis keeps them; tokens never are, as what
//! brings them is not the database's. Leaves to others: what a connection carries out itself, but for the databases that it opens.

use nedb::QueryCourse;

use super::called::Called;
use super::connected::Client;
use crate::slow::{Asked, Sent, SlowLog};

/// How many calls are kept of those that were carried out together.
const KEPT_TOGETHER_MAX: usize = 8;

/// How many words of a call are kept, as in Redis; the last says how many more there are.
const WORDS_MAX: usize = 32;

/// How many bytes of a word are kept, as in Redis.
const WORD_BYTES_MAX: usize = 128;

/// Calls of one connection, by their words.
pub(super) struct Part<'c> {
    pub(super) client: &'c Client,
    pub(super) calls: Vec<Vec<&'c [u8]>>,
    /// How the first question among them was answered: its rows and its way.
    pub(super) course: Option<(u64, QueryCourse)>,
}

/// Keeps what of these calls, which took so long together, may have taken it.
pub(super) fn keep((log, database): (&SlowLog, &str), parts: &[Part<'_>], time_us: u64) {
    let together = parts.iter().map(|part| part.calls.len()).sum();
    for (part, call) in blamed(parts) {
        let course = part.course.as_ref().filter(|_| call.question().is_some());
        let found = course.map(|(rows, course)| (*rows, Some(course.clone())));
        log.answered(database, &asked(part.client, &call, together), time_us, found);
    }
}

/// The calls that stand for all.
fn blamed<'p, 'c>(parts: &'p [Part<'c>]) -> Vec<(&'p Part<'c>, Called<'c>)> {
    let first = |part: &'p Part<'c>, is_meant: fn(&Called<'_>) -> bool| {
        part.calls.iter().map(|words| Called::new(words.clone())).find(is_meant).map(|call| (part, call))
    };
    let long = parts.iter().filter_map(|part| first(part, |call| !call.name().is_empty() && !call.is_small()));
    let long: Vec<_> = long.take(KEPT_TOGETHER_MAX).collect();
    if long.is_empty() {
        return parts.iter().find_map(|part| first(part, |call| !call.name().is_empty())).into_iter().collect();
    }
    long
}

fn asked(client: &Client, call: &Called<'_>, together: usize) -> Asked {
    let said = client.said();
    let (kind, text, words) = if let Some(question) = call.question() {
        // Its parameters stand in the words behind it.
        ("nql", String::from_utf8_lossy(question).into_owned(), None)
    } else {
        let words = kept_words(&call.words);
        ("redis", words.join(" "), Some(words))
    };
    let sent = Sent { words, address: client.address().to_string(), name: said.name, together };
    Asked::new(kind, &said.user, &text, Vec::new()).sent_as(sent)
}

/// The words of a call, as far as Redis keeps them.
fn kept_words(words: &[&[u8]]) -> Vec<String> {
    let is_cut = words.len() > WORDS_MAX;
    let kept = words.iter().take(if is_cut { WORDS_MAX - 1 } else { WORDS_MAX });
    let mut kept: Vec<String> = kept.map(|word| kept_word(word)).collect();
    if is_cut {
        kept.push(format!("... ({} more arguments)", words.len() - kept.len()));
    }
    kept
}

fn kept_word(word: &[u8]) -> String {
    match word.split_at_checked(WORD_BYTES_MAX) {
        Some((start, rest)) if !rest.is_empty() => {
            format!("{}... ({} more bytes)", String::from_utf8_lossy(start), rest.len())
        }
        _ => String::from_utf8_lossy(word).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;

    use super::*;
    use crate::resp::connected::Connected;

    /// The texts that are kept of calls of some connections, the newest first.
    fn kept(parts: &[&[&'static str]]) -> Vec<String> {
        let (connected, nowhere) = (Arc::new(Connected::default()), SocketAddr::from(([127, 0, 0, 1], 7)));
        let listed: Vec<_> = (0..).zip(parts).map(|(id, _)| connected.join(id, (nowhere, nowhere), 0)).collect();
        let words = |call: &&'static str| call.split(' ').map(str::as_bytes).collect();
        let parts: Vec<Part<'_>> = listed
            .iter()
            .zip(parts)
            .map(|(listed, calls)| Part {
                client: &listed.client,
                calls: calls.iter().map(words).collect(),
                course: None,
            })
            .collect();
        let log = SlowLog::new(nedb_io::Io::real().clock, Some(0));
        keep((&log, "db0"), &parts, 5);
        log.newest(usize::MAX).into_iter().map(|call| call.asked.text).collect()
    }

    #[test]
    fn of_calls_that_took_long_together_those_are_kept_that_may_have() {
        assert_eq!(
            kept(&[&["SET a 1"], &["SET b 1", "KEYS *", "DEL a"], &["GET a"], &["eval return 0"]]),
            ["eval return 0", "KEYS *"]
        );
        assert_eq!(kept(&[&["MULTI", "SET a 1", "EXEC"]]), ["EXEC"]);
        assert_eq!(kept(&[&["EVAL FROM"]]), ["FROM"]);
    }

    #[test]
    fn one_stands_for_many_small_ones_and_a_round_has_few() {
        assert_eq!(kept(&[&["AUHT token", "SET a 1", "SET b 1"], &["GET c"]]), ["SET a 1"]);
        assert_eq!(kept(&[&["AUHT token"]]), Vec::<String>::new());
        assert_eq!(kept(&[["KEYS *"].as_slice(); 20]).len(), KEPT_TOGETHER_MAX);
    }

    #[test]
    fn words_are_kept_as_far_as_redis_keeps_them() {
        let long = "x".repeat(WORD_BYTES_MAX);
        assert_eq!(kept_word(long.as_bytes()), long);
        assert_eq!(kept_word(format!("{long}yz").as_bytes()), format!("{long}... (2 more bytes)"));
        assert_eq!(kept_words(&[b"a".as_slice(); 32]), ["a"; 32]);
        let many = kept_words(&[b"a".as_slice(); 40]);
        assert_eq!((many.len(), many[31].as_str()), (32, "... (9 more arguments)"));
        assert_eq!(kept_word(b"\xff"), "\u{fffd}");
    }
}
