//! What took long: the last questions, commands and requests of each database that did, in memory.
//!
//! Promises: bounded in number and in bytes; of a question no value of a parameter is kept, only its name; what is kept of words of the Redis
//! protocol is not logged. Leaves to others: who may read them, since the text of a question and the words of a command may say what
//! somebody looked for; and which of many commands come in (`resp/slow_calls.rs`).

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nedb::{Object, QueryCourse, QueryStep, Result, Timestamp, Value};
use nedb_io::{Clock, Mutex};

/// How many are kept of each database.
pub(crate) const KEPT_MAX: usize = 128;

/// How much of a text is kept.
const TEXT_BYTES_MAX: usize = 2 << 10;

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct SlowCall {
    pub(crate) id: u64,
    pub(crate) at: Timestamp,
    pub(crate) asked: Asked,
    pub(crate) time_us: u64,
    rows: Option<u64>,
    course: Option<QueryCourse>,
}

/// What was asked, and by whom.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The language or the protocol: `nql`, `sql`, `mongo`, `redis`, `http` or `stream`.
    pub(crate) kind: &'static str,
    pub(crate) by: String,
    pub(crate) text: String,
    pub(crate) parameters: Vec<String>,
    /// How it came, over the Redis protocol.
    pub(crate) sent: Option<Sent>,
}

/// How a call of the Redis protocol came.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// Its words, unless it is a question.
    pub(crate) words: Option<Vec<String>>,
    /// The address of the client, and the name that he gave his connection.
    pub(crate) address: String,
    pub(crate) name: String,
    /// How many calls, this one included, took the time together.
    pub(crate) together: usize,
}

impl Asked {
    /// Takes as much of the text as is kept.
    pub(crate) fn new(kind: &'static str, by: &str, text: &str, parameters: Vec<String>) -> Self {
        let mut end = text.len().min(TEXT_BYTES_MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        Self { kind, by: by.to_owned(), text: text.get(..end).unwrap_or_default().to_owned(), parameters, sent: None }
    }

    /// Says how it came.
    pub(crate) fn sent_as(self, sent: Sent) -> Self {
        Self { sent: Some(sent), ..self }
    }

    /// What may be logged of it: of a command its name.
    fn logged(&self) -> &str {
        let words = self.sent.as_ref().and_then(|sent| sent.words.as_ref());
        words.map_or(&self.text, |words| words.first().map_or("", String::as_str))
    }
}

impl Sent {
    /// `args?, client, name, together`
    fn tell(&self, object: &mut Object) {
        if let Some(words) = &self.words {
            object.insert("args", Value::Array(words.iter().map(|word| Value::String(word.clone())).collect()));
        }
        object.insert("client", self.address.as_str());
        object.insert("name", self.name.as_str());
        object.insert("together", self.together as u64);
    }
}

impl SlowCall {
    /// `{id, at, kind, by, text, params, args?, client?, name?, together?, ms, rows?, way?, estimated_rows?, scanned?, steps?}`.
    pub(crate) fn to_object(&self) -> Object {
        let mut object = Object::new();
        object.insert("id", self.id);
        object.insert("at", self.at.to_string());
        object.insert("kind", self.asked.kind);
        object.insert("by", self.asked.by.as_str());
        object.insert("text", self.asked.text.as_str());
        let names = self.asked.parameters.iter().map(|name| Value::String(name.clone())).collect();
        object.insert("params", Value::Array(names));
        if let Some(sent) = &self.asked.sent {
            sent.tell(&mut object);
        }
        object.insert("ms", self.time_us / 1_000);
        if let Some(rows) = self.rows {
            object.insert("rows", rows);
        }
        if let Some(course) = &self.course {
            object.insert("way", course.operator);
            if let Some(estimated) = course.estimated_rows {
                object.insert("estimated_rows", estimated);
            }
            object.insert("scanned", course.documents_scanned);
            object.insert("steps", Value::Array(course.steps.iter().map(step).collect()));
        }
        object
    }
}

/// `{step, estimated_rows?, rows?, ms?}`: rows and time of a step that collects, the steps before it included.
fn step(step: &QueryStep) -> Value {
    let mut object = Object::new();
    object.insert("step", step.operator);
    if let Some(estimated) = step.estimated_rows {
        object.insert("estimated_rows", estimated);
    }
    if let Some((rows, time_us)) = step.collected {
        object.insert("rows", rows);
        object.insert("ms", time_us / 1_000);
    }
    Value::Object(object)
}

/// What took long in one database.
#[derive(Debug)]
pub(crate) struct SlowLog {
    clock: Arc<dyn Clock>,
    /// From how many microseconds on something is slow; never when there is none.
    threshold_us: Option<u64>,
    /// When the write was over that was kept last.
    write_over_us: AtomicU64,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    next_id: u64,
    calls: VecDeque<SlowCall>,
}

impl SlowLog {
    pub(crate) fn new(clock: Arc<dyn Clock>, threshold_us: Option<u64>) -> Self {
        Self { clock, threshold_us, write_over_us: AtomicU64::new(0), kept: Mutex::default() }
    }

    /// The clock by which all of it is timed.
    pub(crate) fn now_us(&self) -> u64 {
        self.clock.monotonic_us()
    }

    pub(crate) fn is_slow(&self, time_us: u64) -> bool {
        self.threshold_us.is_some_and(|threshold_us| time_us >= threshold_us)
    }

    /// Whether a write that began and was over at these moments is kept: it was slow, and did not wait beside another one that is kept. Those that
    /// a slow disk holds up together would push everything else out of the log.
    pub(crate) fn is_slow_write(&self, begun_us: u64, over_us: u64) -> bool {
        let last_us = self.write_over_us.load(Ordering::Relaxed);
        let order = Ordering::Relaxed;
        self.is_slow(over_us.saturating_sub(begun_us))
            && begun_us >= last_us
            && self.write_over_us.compare_exchange(last_us, over_us, order, order).is_ok()
    }

    /// Keeps what was asked if it was slow.
    pub(crate) fn answered(
        &self,
        database: &str,
        asked: &Asked,
        time_us: u64,
        found: Option<(u64, Option<QueryCourse>)>,
    ) {
        if !self.is_slow(time_us) {
            return;
        }
        let (rows, course) = found.map_or((None, None), |(rows, course)| (Some(rows), course));
        let steps =
            course.iter().flat_map(|course| &course.steps).map(|step| step.operator).collect::<Vec<_>>().join(" > ");
        let ms = time_us / 1_000;
        tracing::info!(database, kind = asked.kind, by = asked.by, ms, rows, steps, "slow: {}", asked.logged());
        let mut kept = self.kept.lock();
        if kept.calls.len() == KEPT_MAX {
            kept.calls.pop_back();
        }
        let (id, at) = (kept.next_id, Timestamp::from_micros(self.clock.wall_us()));
        kept.next_id += 1;
        kept.calls.push_front(SlowCall { id, at, asked: asked.clone(), time_us, rows, course });
    }

    /// The newest ones, the newest first.
    pub(crate) fn newest(&self, count: usize) -> Vec<SlowCall> {
        self.kept.lock().calls.iter().take(count).cloned().collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.kept.lock().calls.len()
    }

    /// Forgets them; numbers go on.
    pub(crate) fn clear(&self) {
        self.kept.lock().calls.clear();
    }
}

/// A question that was begun.
#[derive(Clone, Debug)]
pub(crate) struct Begun {
    log: Arc<SlowLog>,
    database: String,
    asked: Asked,
    start_us: u64,
}

impl Begun {
    pub(crate) fn new(log: &Arc<SlowLog>, database: &str, asked: Asked) -> Self {
        Self { log: Arc::clone(log), database: database.to_owned(), asked, start_us: log.now_us() }
    }

    fn elapsed_us(&self) -> u64 {
        self.log.now_us().saturating_sub(self.start_us)
    }

    /// Notes that it was answered, as a whole or with an error: there are no rows to be counted.
    pub(crate) fn answered(&self) {
        self.ended(self.elapsed_us(), None);
    }

    fn ended(&self, time_us: u64, found: Option<(u64, Option<QueryCourse>)>) {
        self.log.answered(&self.database, &self.asked, time_us, found);
    }
}

/// The rows of a question, whose time is known when they go.
pub(crate) struct Timed<I> {
    begun: Begun,
    rows: I,
    /// What they tell of their way.
    course: fn(&I) -> Option<QueryCourse>,
    count: u64,
    /// The time in which they were made, where a reader may hold that up in between.
    made_us: Option<u64>,
}

impl<I> Timed<I> {
    /// Counts the time from the beginning to the end of the rows.
    pub(crate) fn new(begun: Begun, rows: I, course: fn(&I) -> Option<QueryCourse>) -> Self {
        Self { begun, rows, course, count: 0, made_us: None }
    }

    /// Leaves out the time in which a reader takes them: two looks at the clock for each row.
    pub(crate) fn without_reader(mut self) -> Self {
        self.made_us = Some(self.begun.elapsed_us());
        self
    }
}

impl<T, I: Iterator<Item = Result<T>>> Iterator for Timed<I> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = if let Some(made_us) = &mut self.made_us {
            let start_us = self.begun.log.now_us();
            let row = self.rows.next();
            *made_us += self.begun.log.now_us().saturating_sub(start_us);
            row
        } else {
            self.rows.next()
        };
        self.count += u64::from(matches!(row, Some(Ok(_))));
        row
    }
}

impl<I> Drop for Timed<I> {
    fn drop(&mut self) {
        let time_us = self.made_us.unwrap_or_else(|| self.begun.elapsed_us());
        self.begun.ended(time_us, Some((self.count, (self.course)(&self.rows))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_slow_ones_are_kept_and_none_of_the_others() {
        let log = SlowLog::new(nedb_io::Io::real().clock, Some(1_000));
        let asked = |text: &str| Asked::new("nql", "me", text, Vec::new());
        log.answered("db", &asked("quick"), 999, None);
        for number in 0..200 {
            log.answered("db", &asked(&number.to_string()), 1_000, None);
        }
        assert_eq!(log.len(), KEPT_MAX);
        let newest = log.newest(2);
        assert_eq!((newest[0].id, newest[0].asked.text.as_str(), newest.len()), (199, "199", 2));
        log.clear();
        assert_eq!(log.len(), 0);
        log.answered("db", &asked(&"ä".repeat(2_000)), 5_000, None);
        assert_eq!((log.newest(1)[0].id, log.newest(1)[0].asked.text.len()), (200, TEXT_BYTES_MAX));
        assert!(SlowLog::new(nedb_io::Io::real().clock, None).threshold_us.is_none());
    }

    #[test]
    fn of_writes_that_waited_beside_each_other_one_is_kept() {
        let log = SlowLog::new(nedb_io::Io::real().clock, Some(1_000));
        assert!(!log.is_slow_write(0, 999));
        let stall = [(100, 5_000), (90, 5_010), (4_999, 6_500)];
        assert_eq!(stall.map(|(begun_us, over_us)| log.is_slow_write(begun_us, over_us)), [true, false, false]);
        assert!(log.is_slow_write(5_000, 6_000), "the next stall");
    }
}
