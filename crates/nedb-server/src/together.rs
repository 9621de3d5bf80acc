//! Work that many callers bring and one of them does for all: what came while it was done is done next, all of it at once.
//!
//! ```text
//! caller A ─┐                      ┌──> answer of A
//! caller B ─┼─> waiting ──> round ─┼──> answer of B        one sync for all of them
//! caller C ─┘      ^               └──> answer of C
//!                  └── goes on while anybody waits
//! ```
//!
//! A round of short work is done on a thread that serves connections, after what these have sent was read: no thread is woken for it, and who
//! waits for the sync is whom it serves. Long work, work beside that of other databases, and all work for a while after a round that took
//! long (on a slow disk, behind a large batch), is done on a thread of its own, and connections are served meanwhile.
//!
//! Promises: each caller is answered once; more than a bound of waiting bytes is refused as busy. Leaves to others: what a round does, and
//! what of it is short.

mod pace;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use nedb::{Error, ErrorCode, Result};
use nedb_io::Mutex;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::Instant;

use self::pace::Pace;

/// How many bytes may wait for their round.
const WAITING_BYTES_MAX: usize = 64 << 20;

/// How many bytes a round brings at most that is done where connections are served.
const SHORT_BYTES_MAX: usize = 16 << 10;

/// How long a round waits in all for callers who may still come.
const GATHER_TIME_MAX: Duration = Duration::from_micros(300);

/// What is told whose round a defect ended, with the code `io`: that nobody knows what became of it.
pub(crate) const UNKNOWN_OUTCOME: &str =
    "a defect ended the round of this call: whether it was carried out is not known";

/// What is done together.
pub(crate) trait Work: Send + Sync + 'static {
    /// What one caller brings.
    type Item: Send + 'static;
    /// What he gets.
    type Answer: Send + 'static;

    /// Whether this takes no longer than a small write, but for the disk.
    fn is_short(&self, item: &Self::Item) -> bool;

    /// Whether a round would wait now for more than the disk, such as for others who write.
    fn is_held_up(&self) -> bool;

    /// Does all of it, and gives an answer for each in their order.
    fn round(&self, items: &mut Vec<Self::Item>) -> Vec<Self::Answer>;

    /// Learns how long the round took, with what it left of its items, before the callers are told.
    fn took(&self, _items: &[Self::Item], _time: Duration) {}
}

/// The rounds of one kind of work.
pub(crate) struct Together<W: Work> {
    work: W,
    queue: Mutex<Queue<W>>,
    pace: Pace,
    last_here: LastHere,
}

/// Whose round was the last that was done where connections are served. Rounds of several databases would wait there for each other's syncs, so who
/// finds that another was there goes elsewhere.
#[derive(Clone, Default)]
pub(crate) struct LastHere(Arc<AtomicUsize>);

impl LastHere {
    fn was_of<T>(&self, one: &T) -> bool {
        let address = std::ptr::from_ref(one).addr();
        self.0.swap(address, Ordering::Relaxed) == address
    }
}

struct Queue<W: Work> {
    round: Round<W>,
    is_running: bool,
    /// How many were in the last round that was taken.
    last_count: usize,
}

/// What was brought to a round.
pub(crate) struct Joined<A>(oneshot::Receiver<A>);

impl<A> Joined<A> {
    /// Waits for its answer.
    ///
    /// Errors: `io` when a defect ended the round.
    pub(crate) async fn answer(self) -> Result<A> {
        self.0.await.map_err(|_gone| Error::new(ErrorCode::Io, UNKNOWN_OUTCOME))
    }
}

/// What callers brought, and where they wait for their answers.
struct Round<W: Work> {
    items: Vec<W::Item>,
    callers: Vec<Caller<W::Answer>>,
    bytes: usize,
    /// Whether all of it is short.
    is_short: bool,
}

/// Where a caller waits, and how much he brought.
struct Caller<A> {
    answer: oneshot::Sender<A>,
    bytes: usize,
}

impl<W: Work> Round<W> {
    const EMPTY: Self = Self { items: Vec::new(), callers: Vec::new(), bytes: 0, is_short: true };

    fn may_be_short(&self) -> bool {
        self.is_short && self.bytes <= SHORT_BYTES_MAX
    }

    /// Takes out those who came first, so many of them.
    fn take_first(&mut self, count: usize, work: &W) -> Self {
        let (items, callers) = (self.items.split_off(count), self.callers.split_off(count));
        let bytes = callers.iter().map(|caller| caller.bytes).sum();
        let is_short = items.iter().all(|item| work.is_short(item));
        let rest = Self { items, callers, bytes, is_short };
        let mut first = std::mem::replace(self, rest);
        first.bytes -= bytes;
        first
    }
}

impl<W: Work> Queue<W> {
    const EMPTY: Self = Self { round: Round::EMPTY, is_running: false, last_count: 0 };

    /// Takes the next round; nothing when nobody waits. One that is not short has half of those who come again and again, who wait or were in the last one:
    /// with all of them in it, nobody would be read or answered meanwhile.
    fn take(&mut self, work: &W) -> Option<Round<W>> {
        let waiting = self.round.items.len();
        let half = (waiting + self.last_count).div_ceil(2);
        let count = if self.round.may_be_short() { waiting } else { half.min(waiting) };
        (self.is_running, self.last_count) = (count > 0, count);
        self.is_running.then(|| {
            let first = self.round.take_first(count, work);
            // About as many come to the next one.
            self.round.items.reserve(count);
            self.round.callers.reserve(count);
            first
        })
    }
}

impl<W: Work> Together<W> {
    pub(crate) fn new(work: W, last_here: LastHere) -> Arc<Self> {
        Arc::new(Self { work, queue: Mutex::new(Queue::EMPTY), pace: Pace::new(), last_here })
    }

    /// What is done.
    pub(crate) fn work(&self) -> &W {
        &self.work
    }

    /// How many bytes wait for their round.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.queue.lock().round.bytes
    }

    /// Brings something of so many bytes to the next round.
    ///
    /// Errors: `busy` when too much waits; `io` when a defect ended the round.
    pub(crate) async fn carry_out(self: &Arc<Self>, item: W::Item, bytes: usize) -> Result<W::Answer> {
        self.join(item, bytes)?.answer().await
    }

    /// Brings something of so many bytes to the next round, behind all that is there already, without waiting for its answer.
    ///
    /// Errors: `busy` when too much waits.
    pub(crate) fn join(self: &Arc<Self>, item: W::Item, bytes: usize) -> Result<Joined<W::Answer>> {
        let is_short = self.work.is_short(&item);
        let mut queue = self.queue.lock();
        let round = &mut queue.round;
        if round.bytes.saturating_add(bytes) > WAITING_BYTES_MAX && !round.items.is_empty() {
            return Err(Error::new(ErrorCode::Busy, "too many writes are waiting for the disk"));
        }
        let (answer, answered) = oneshot::channel();
        round.bytes += bytes;
        round.is_short &= is_short;
        round.items.push(item);
        round.callers.push(Caller { answer, bytes });
        if !std::mem::replace(&mut queue.is_running, true) {
            tokio::spawn(Arc::clone(self).run());
        }
        Ok(Joined(answered))
    }

    /// Does rounds where connections are served, until nobody waits or one belongs elsewhere.
    async fn run(self: Arc<Self>) {
        loop {
            self.gather().await;
            let Some(round) = self.next() else { return };
            if !self.belongs_here(&round) {
                tokio::task::spawn_blocking(move || self.run_elsewhere(round));
                return;
            }
            let time = self.perform(round, tell);
            self.pace.judge(time);
        }
    }

    /// Lets the connections that have sent something bring it, and a little later those that were answered together before. Whoever yields is woken
    /// before those whose bytes have just come, and by the next time these have run: a lone caller costs two looks at the sockets. (Where another
    /// thread waits for the sockets, it reads them.)
    async fn gather(&self) {
        if !self.pace.is_quick() || !self.queue.lock().round.may_be_short() {
            return;
        }
        tokio::task::yield_now().await;
        let (begun, patience) = (Instant::now(), self.pace.patience());
        let (mut count, mut grown) = (self.count(), begun);
        while begun.elapsed() < GATHER_TIME_MAX {
            tokio::task::yield_now().await;
            let now = self.count();
            if std::mem::replace(&mut count, now) != now {
                grown = Instant::now();
            } else if grown.elapsed() >= patience {
                return;
            }
        }
    }

    fn count(&self) -> usize {
        self.queue.lock().round.items.len()
    }

    /// Does rounds until nobody waits or the next belongs where connections are served.
    fn run_elsewhere(self: Arc<Self>, first: Round<W>) {
        // From this thread each caller would cost a call of the system, so one task tells all of them where they wait.
        let tell = |callers, answers| drop(Handle::current().spawn(async move { tell(callers, answers) }));
        let mut next = Some(first);
        while let Some(round) = next {
            self.perform(round, tell);
            if self.goes_on_here() {
                Handle::current().spawn(self.run());
                return;
            }
            next = self.next();
        }
    }

    /// Whether somebody waits for a round that belongs where connections are served.
    fn goes_on_here(&self) -> bool {
        let queue = self.queue.lock();
        !queue.round.items.is_empty() && self.belongs_here(&queue.round)
    }

    fn belongs_here(&self, round: &Round<W>) -> bool {
        round.may_be_short() && self.pace.is_quick() && self.last_here.was_of(self) && !self.work.is_held_up()
    }

    /// Does a round and returns how long it took.
    fn perform(&self, mut round: Round<W>, tell: impl FnOnce(Vec<Caller<W::Answer>>, Vec<W::Answer>)) -> Duration {
        let mut running = Running { together: self, is_over: false };
        let begun = Instant::now();
        let answers = self.work.round(&mut round.items);
        let time = begun.elapsed();
        self.work.took(&round.items, time);
        drop(round.items);
        self.pace.note(time, answers.len());
        tell(round.callers, answers);
        running.is_over = true;
        time
    }

    fn next(&self) -> Option<Round<W>> {
        self.queue.lock().take(&self.work)
    }
}

/// Tells callers their answers.
fn tell<A>(callers: Vec<Caller<A>>, answers: Vec<A>) {
    for (caller, answer) in callers.into_iter().zip(answers) {
        // A connection that has gone needs no answer.
        let _unheard = caller.answer.send(answer);
    }
}

/// Lets the next caller begin anew when a defect ended a round; those that wait are told by the end of their channels.
struct Running<'t, W: Work> {
    together: &'t Together<W>,
    is_over: bool,
}

impl<W: Work> Drop for Running<'_, W> {
    fn drop(&mut self) {
        if !self.is_over {
            let left = std::mem::replace(&mut *self.together.queue.lock(), Queue::EMPTY);
            // Without the lock: what callers brought may hold anything.
            drop(left);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::thread::{ThreadId, current};

    use super::*;

    /// Says where its rounds are done, and of how many callers.
    struct Noting {
        is_short: bool,
        is_held_up: AtomicBool,
        time: Duration,
    }

    impl Work for Noting {
        type Item = ();
        type Answer = (ThreadId, usize);

        fn is_short(&self, _item: &()) -> bool {
            self.is_short
        }

        fn is_held_up(&self) -> bool {
            self.is_held_up.load(Ordering::Relaxed)
        }

        fn round(&self, items: &mut Vec<()>) -> Vec<(ThreadId, usize)> {
            let begun = Instant::now();
            while begun.elapsed() < self.time {}
            vec![(current().id(), items.len()); items.len()]
        }
    }

    fn on_one_thread(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(test);
    }

    /// Carries out calls of so many callers at once; whether the thread that serves them did them, and in rounds of how many.
    async fn carry_out(together: &Arc<Together<Noting>>, callers: usize, bytes: usize) -> Vec<(bool, usize)> {
        let joined: Vec<_> = (0..callers).map(|_| together.join((), bytes).unwrap()).collect();
        let mut answers = Vec::new();
        for joined in joined {
            let (thread, count) = joined.answer().await.unwrap();
            answers.push((thread == current().id(), count));
        }
        answers
    }

    fn together(is_short: bool, time: Duration) -> Arc<Together<Noting>> {
        beside(&LastHere::default(), is_short, time)
    }

    fn beside(here: &LastHere, is_short: bool, time: Duration) -> Arc<Together<Noting>> {
        Together::new(Noting { is_short, is_held_up: AtomicBool::new(false), time }, here.clone())
    }

    #[test]
    fn a_round_of_short_work_is_done_where_its_callers_are_served() {
        on_one_thread(async {
            let together = together(true, Duration::ZERO);
            carry_out(&together, 1, 100).await;
            for callers in [1, 50, 1] {
                assert_eq!(carry_out(&together, callers, 100).await, vec![(true, callers); callers]);
            }
            assert_eq!(together.waiting_bytes(), 0);
        });
    }

    #[test]
    fn long_or_large_work_is_done_on_a_thread_of_its_own() {
        on_one_thread(async {
            assert_eq!(carry_out(&together(false, Duration::ZERO), 2, 100).await, [(false, 1); 2]);
            assert_eq!(carry_out(&together(true, Duration::ZERO), 2, SHORT_BYTES_MAX).await, [(false, 1), (true, 1)]);
        });
    }

    #[test]
    fn of_those_who_come_again_half_are_in_a_round_that_is_not_short() {
        let work = |is_short| Noting { is_short, is_held_up: AtomicBool::new(false), time: Duration::ZERO };
        let come = |queue: &mut Queue<Noting>, is_short, count| {
            for _ in 0..count {
                queue.round.items.push(());
                queue.round.callers.push(Caller { answer: oneshot::channel().0, bytes: 10 });
                queue.round.bytes += 10;
                queue.round.is_short &= is_short;
            }
        };
        for (is_short, expected) in [(false, [25; 4]), (true, [50, 1, 25, 25])] {
            let (work, mut queue) = (work(is_short), Queue::EMPTY);
            come(&mut queue, is_short, 50);
            let mut counts = Vec::new();
            for come_back in [0, usize::from(is_short), 25, 25] {
                // Who was in a round asks again while the next one is under way.
                come(&mut queue, is_short, come_back);
                let round = queue.take(&work).unwrap();
                assert_eq!((round.bytes, queue.round.bytes), (10 * round.items.len(), 10 * queue.round.items.len()));
                counts.push(round.items.len());
            }
            assert_eq!(counts, expected);
        }
        let (work, mut queue) = (work(false), Queue::EMPTY);
        for (came, taken) in [(1, 1), (0, 0), (1, 1), (3, 2), (0, 1), (0, 0)] {
            come(&mut queue, false, came);
            assert_eq!(queue.take(&work).map_or(0, |round| round.items.len()), taken, "{came}");
            assert_eq!(queue.is_running, taken > 0);
        }
    }

    #[test]
    fn after_a_round_that_took_long_others_are_done_elsewhere_and_then_it_is_tried_again() {
        on_one_thread(async {
            let time = pace::SHORT_TIME_MAX * 2;
            let together = together(true, time);
            carry_out(&together, 1, 100).await;
            let begun = Instant::now();
            assert_eq!(carry_out(&together, 1, 100).await, [(true, 1)]);
            assert_eq!(carry_out(&together, 1, 100).await, [(false, 1)]);
            while carry_out(&together, 1, 100).await == [(false, 1)] {}
            assert!(begun.elapsed() >= time * 8, "{:?}", begun.elapsed());
        });
    }

    #[test]
    fn of_two_databases_neither_waits_for_the_other() {
        on_one_thread(async {
            let here = LastHere::default();
            let (one, other) = (beside(&here, true, Duration::ZERO), beside(&here, true, Duration::ZERO));
            for _ in 0..3 {
                assert_eq!(carry_out(&one, 1, 100).await, [(false, 1)]);
                assert_eq!(carry_out(&other, 1, 100).await, [(false, 1)]);
            }
            assert_eq!(carry_out(&other, 1, 100).await, [(true, 1)]);
        });
    }

    #[test]
    fn what_would_wait_for_others_is_done_on_a_thread_of_its_own() {
        on_one_thread(async {
            let together = together(true, Duration::ZERO);
            carry_out(&together, 1, 100).await;
            for _ in 0..2 {
                together.work().is_held_up.store(true, Ordering::Relaxed);
                assert_eq!(carry_out(&together, 3, 100).await, [(false, 3); 3]);
                together.work().is_held_up.store(false, Ordering::Relaxed);
                assert_eq!(carry_out(&together, 3, 100).await, [(true, 3); 3]);
            }
        });
    }

    #[test]
    fn more_than_may_wait_is_refused_as_busy_and_one_alone_never_is() {
        on_one_thread(async {
            let together = together(false, Duration::ZERO);
            let first = together.join((), WAITING_BYTES_MAX + 1).unwrap();
            assert_eq!(together.join((), 1).err().map(|error| error.code()), Some(ErrorCode::Busy));
            assert_eq!(first.answer().await.unwrap().1, 1);
        });
    }
}
