//! What was handed over to a writer and is not acknowledged, and who waits for what.
//!
//! Promises: a write is in flight from the moment that it is handed over until its slot is told, once; who waits for room gets it in the order
//! of coming, a long write as well as a short one; whoever asks is asked now and then whether he still waits. Locks: `flights` before that of a slot, and
//! neither while anybody does I/O. Leaves to others: connections.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use nedb::{Error, ErrorCode, Receipt, Result};
use nedb_io::{Clock, Condvar, Mutex, Woken};
use nedb_wire::stream::{Credit, Draft, Window};
use tungstenite::Bytes;

use crate::socket::Broken;

/// How long somebody waits who wants to be asked whether he still does: soon enough for a person.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Whether somebody still waits; without it he does.
pub(super) type GoesOn<'a> = Option<&'a dyn Fn() -> bool>;

/// Somebody who waits, and when he was asked whether he still does.
struct Asked<'a> {
    goes_on: GoesOn<'a>,
    asked_us: u64,
}

/// A place among those who wait for room, which is given up also when the question to its holder panics.
struct Turn<'s> {
    state: &'s State,
    number: u64,
    is_over: bool,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.state.flights.lock().turns.remove(&self.number);
            self.state.room.notify_all();
        }
    }
}

/// Where the answer of one write comes to.
#[derive(Debug)]
pub(super) struct Slot {
    answer: Mutex<Answer>,
    told: Condvar,
}

#[derive(Debug)]
enum Answer {
    Awaited,
    Told(Result<Receipt>),
    /// Nobody waits for it any more, or it was taken.
    Unwanted,
}

impl Slot {
    fn new() -> Arc<Self> {
        Arc::new(Self { answer: Mutex::new(Answer::Awaited), told: Condvar::new() })
    }

    pub(super) fn is_told(&self) -> bool {
        !matches!(*self.answer.lock(), Answer::Awaited)
    }

    pub(super) fn wait_for(&self, time_max: Duration) -> bool {
        let mut answer = self.answer.lock();
        while matches!(*answer, Answer::Awaited) {
            let (again, woken) = self.told.wait_for(answer, time_max);
            answer = again;
            if woken == Woken::TimeOver {
                break;
            }
        }
        !matches!(*answer, Answer::Awaited)
    }

    pub(super) fn wait(&self) -> Result<Receipt> {
        let mut answer = self.answer.lock();
        loop {
            match std::mem::replace(&mut *answer, Answer::Unwanted) {
                Answer::Awaited => {
                    *answer = Answer::Awaited;
                    answer = self.told.wait(answer);
                }
                Answer::Told(result) => return result,
                Answer::Unwanted => {
                    return Err(Error::new(ErrorCode::InvalidArgument, "the receipt of this write was taken before"));
                }
            }
        }
    }

    /// Tells the answer; the error that nobody wants to hear comes back.
    fn tell(&self, result: Result<Receipt>) -> Option<Error> {
        let mut answer = self.answer.lock();
        if let Answer::Unwanted = *answer {
            return result.err();
        }
        *answer = Answer::Told(result);
        self.told.notify_all();
        None
    }

    /// Says that nobody will ask; the error that was told already comes back.
    fn forget(&self) -> Option<Error> {
        match std::mem::replace(&mut *self.answer.lock(), Answer::Unwanted) {
            Answer::Told(result) => result.err(),
            Answer::Awaited | Answer::Unwanted => None,
        }
    }
}

/// A write that is not acknowledged.
#[derive(Debug)]
struct Flight {
    message: Bytes,
    slot: Arc<Slot>,
}

/// What the carrier does next.
#[derive(Debug)]
pub(super) enum Next {
    /// Sends these.
    Send(Vec<Bytes>),
    /// Closes the connection: nothing is left, and nothing more will come.
    Close,
    /// Gives the connection up.
    GiveUp(Broken),
}

/// What the threads of a writer share.
#[derive(Debug)]
pub(super) struct State {
    flights: Mutex<Flights>,
    /// The carrier waits here for something to do.
    work: Condvar,
    /// Whoever hands over waits here for room, and `flush` for the acknowledgements.
    room: Condvar,
    keys: AtomicU64,
    clock: Arc<dyn Clock>,
}

#[derive(Debug)]
struct Flights {
    waiting: BTreeMap<u64, Flight>,
    bytes: u64,
    next_id: u64,
    /// Who waits for room, in the order of coming.
    turns: BTreeSet<u64>,
    next_turn: u64,
    credit: Credit,
    /// What was sent on this connection.
    sent: Window,
    next_unsent: u64,
    /// Whether anything was acknowledged on this connection.
    has_progress: bool,
    /// Since when something was in flight and nothing came.
    silent_since_us: u64,
    broken: Option<Broken>,
    is_closing: bool,
    is_closed: bool,
    over: Option<Error>,
    unheard: Option<Error>,
}

impl State {
    pub(super) fn new(credit: Credit, clock: Arc<dyn Clock>) -> Arc<Self> {
        let flights = Flights {
            waiting: BTreeMap::new(),
            bytes: 0,
            next_id: 0,
            turns: BTreeSet::new(),
            next_turn: 0,
            credit,
            sent: Window::new(credit),
            next_unsent: 0,
            has_progress: false,
            silent_since_us: 0,
            broken: None,
            is_closing: false,
            is_closed: false,
            over: None,
            unheard: None,
        };
        Arc::new(Self {
            flights: Mutex::new(flights),
            work: Condvar::new(),
            room: Condvar::new(),
            keys: AtomicU64::new(0),
            clock,
        })
    }

    /// A number that no other key of this writer has.
    pub(super) fn next_key(&self) -> u64 {
        self.keys.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn message_bytes_max(&self) -> usize {
        usize::try_from(self.flights.lock().credit.message_bytes_max).unwrap_or(usize::MAX)
    }

    /// Takes a write in, behind those before it, and waits for room; none when nobody waits for that any more.
    pub(super) fn hand_over(&self, draft: &Draft, goes_on: GoesOn<'_>) -> Result<Option<Arc<Slot>>> {
        let mut asked = self.asked(goes_on);
        let mut flights = self.flights.lock();
        let mut turn = Turn { state: self, number: flights.next_turn, is_over: false };
        flights.next_turn += 1;
        flights.turns.insert(turn.number);
        let is_admitted = loop {
            match flights.admits(turn.number, draft.bytes_max()) {
                Ok(false) => {}
                decided => break decided,
            }
            let (again, is_wanted) = self.wait_for_room(flights, &mut asked);
            flights = again;
            if !is_wanted {
                break Ok(false);
            }
        };
        turn.is_over = flights.turns.remove(&turn.number);
        if !flights.turns.is_empty() {
            // There may be room for the next one as well.
            self.room.notify_all();
        }
        if !is_admitted? {
            return Ok(None);
        }
        let id = flights.next_id;
        let (message, slot) = (Bytes::from(draft.message(id)), Slot::new());
        flights.next_id += 1;
        flights.bytes += message.len() as u64;
        flights.waiting.insert(id, Flight { message, slot: Arc::clone(&slot) });
        self.work.notify_one();
        Ok(Some(slot))
    }

    fn asked<'a>(&self, goes_on: GoesOn<'a>) -> Asked<'a> {
        Asked { goes_on, asked_us: if goes_on.is_some() { self.clock.monotonic_us() } else { 0 } }
    }

    /// Waits until something may be different; whether anybody still waits. He is asked without the lock, however often something
    /// else wakes him.
    fn wait_for_room<'s>(
        &'s self,
        flights: MutexGuard<'s, Flights>,
        asked: &mut Asked<'_>,
    ) -> (MutexGuard<'s, Flights>, bool) {
        let Some(goes_on) = asked.goes_on else { return (self.room.wait(flights), true) };
        let (flights, _woken) = self.room.wait_for(flights, ASK_EVERY);
        let now_us = self.clock.monotonic_us();
        if u128::from(now_us.saturating_sub(asked.asked_us)) < ASK_EVERY.as_micros() {
            return (flights, true);
        }
        asked.asked_us = now_us;
        drop(flights);
        let is_wanted = goes_on();
        (self.flights.lock(), is_wanted)
    }

    /// Hears the error of a write that nobody waits for.
    pub(super) fn forget(&self, slot: &Slot) {
        if let Some(error) = slot.forget() {
            self.flights.lock().unheard.get_or_insert(error);
        }
    }

    /// Waits until what is there now is acknowledged; false when nobody waits for that any more.
    pub(super) fn flush(&self, goes_on: GoesOn<'_>) -> Result<bool> {
        let mut asked = self.asked(goes_on);
        let mut flights = self.flights.lock();
        let end = flights.next_id;
        while flights.waiting.first_key_value().is_some_and(|(first, _)| *first < end) {
            let (again, is_wanted) = self.wait_for_room(flights, &mut asked);
            flights = again;
            if !is_wanted {
                return Ok(false);
            }
        }
        let unheard = flights.unheard.take();
        unheard.or_else(|| flights.over.clone()).map_or(Ok(true), Err)
    }

    /// Lets the carrier end when nothing is left.
    pub(super) fn close(&self) {
        self.flights.lock().is_closing = true;
        self.work.notify_one();
    }

    /// Lets the carrier end, and waits for it; false when nobody waits for that any more.
    pub(super) fn close_and_wait(&self, goes_on: GoesOn<'_>) -> bool {
        self.close();
        let mut asked = self.asked(goes_on);
        let mut flights = self.flights.lock();
        while !flights.is_closed {
            let (again, is_wanted) = self.wait_for_room(flights, &mut asked);
            flights = again;
            if !is_wanted {
                return false;
            }
        }
        true
    }

    /// A connection begins: nothing is in flight on it.
    pub(super) fn begin(&self, credit: Credit) {
        let mut flights = self.flights.lock();
        (flights.credit, flights.sent, flights.next_unsent) = (credit, Window::new(credit), 0);
        (flights.has_progress, flights.broken) = (false, flights.too_long());
        self.room.notify_all();
    }

    /// Waits for something to do.
    pub(super) fn next(&self, now_us: impl Fn() -> u64) -> Next {
        let mut flights = self.flights.lock();
        loop {
            if let Some(broken) = flights.broken.take() {
                return Next::GiveUp(broken);
            }
            let was_idle = flights.sent.is_empty();
            let messages = flights.take_unsent();
            if !messages.is_empty() {
                if was_idle {
                    flights.silent_since_us = now_us();
                }
                return Next::Send(messages);
            }
            if flights.is_closing && flights.waiting.is_empty() {
                return Next::Close;
            }
            flights = self.work.wait(flights);
        }
    }

    /// Tells the answer of a write; whether there was such a one.
    pub(super) fn acknowledge(&self, id: u64, result: Result<Receipt>, now_us: u64) -> bool {
        let mut flights = self.flights.lock();
        flights.silent_since_us = now_us;
        if flights.sent.give_back(id).is_none() {
            return false;
        }
        flights.has_progress = true;
        let Some(flight) = flights.waiting.remove(&id) else { return false };
        flights.bytes -= flight.message.len() as u64;
        if let Some(error) = flight.slot.tell(result) {
            flights.unheard.get_or_insert(error);
        }
        self.room.notify_all();
        self.work.notify_one();
        true
    }

    /// Whether something is in flight and nothing came for so long.
    pub(super) fn is_silent(&self, now_us: u64, silence_max: Duration) -> bool {
        let flights = self.flights.lock();
        let silence_us = now_us.saturating_sub(flights.silent_since_us);
        !flights.sent.is_empty() && u128::from(silence_us) >= silence_max.as_micros()
    }

    /// Gives the connection at hand up.
    pub(super) fn break_off(&self, broken: Broken) {
        self.flights.lock().broken.get_or_insert(broken);
        self.work.notify_one();
    }

    /// Whether anything was acknowledged on the connection at hand.
    pub(super) fn has_progress(&self) -> bool {
        self.flights.lock().has_progress
    }

    /// Whether nothing is in flight.
    pub(super) fn is_idle(&self) -> bool {
        self.flights.lock().waiting.is_empty()
    }

    /// Waits until somebody hands something over; whether that was so, and not the end of the writer.
    pub(super) fn wait_for_need(&self) -> bool {
        let mut flights = self.flights.lock();
        while flights.waiting.is_empty() && !flights.is_closing {
            flights = self.work.wait(flights);
        }
        !flights.waiting.is_empty()
    }

    /// Whether nobody needs a connection any more.
    pub(super) fn needs_nothing(&self) -> bool {
        let flights = self.flights.lock();
        flights.is_closing && flights.waiting.is_empty()
    }

    /// The carrier ended: what is not acknowledged is told why.
    pub(super) fn end(&self, error: Option<Error>) {
        let mut flights = self.flights.lock();
        let over = error.unwrap_or_else(|| Error::new(ErrorCode::Closed, "the writer is closed"));
        flights.bytes = 0;
        for (_, flight) in std::mem::take(&mut flights.waiting) {
            if let Some(error) = flight.slot.tell(Err(over.clone())) {
                flights.unheard.get_or_insert(error);
            }
        }
        flights.is_closed = true;
        flights.over.get_or_insert(over);
        self.wake(flights);
    }

    fn wake(&self, flights: MutexGuard<'_, Flights>) {
        drop(flights);
        self.room.notify_all();
        self.work.notify_one();
    }
}

impl Flights {
    /// Whether a write of so many bytes has its turn, and room.
    ///
    /// Errors: why it never will.
    fn admits(&self, turn: u64, bytes: u64) -> Result<bool> {
        if let Some(over) = &self.over {
            return Err(over.clone());
        }
        if bytes > self.credit.message_bytes_max {
            // A daemon that came again with a smaller limit.
            return Err(too_long(bytes, self.credit.message_bytes_max).error);
        }
        let is_first = self.turns.first() == Some(&turn);
        Ok(is_first && self.credit.has_room(self.waiting.len() as u64, self.bytes, bytes))
    }

    /// A daemon that began anew may take shorter messages than the one before.
    fn too_long(&self) -> Option<Broken> {
        let bytes_max = self.credit.message_bytes_max;
        let bytes = self.waiting.values().map(|flight| flight.message.len() as u64).find(|bytes| *bytes > bytes_max)?;
        Some(too_long(bytes, bytes_max))
    }

    /// What may be sent now, in order.
    fn take_unsent(&mut self) -> Vec<Bytes> {
        let mut messages = Vec::new();
        for (id, flight) in self.waiting.range(self.next_unsent..) {
            let bytes = flight.message.len() as u64;
            if !self.sent.has_room(bytes) || self.sent.take(*id, bytes).is_err() {
                break;
            }
            self.next_unsent = id + 1;
            messages.push(flight.message.clone());
        }
        messages
    }
}

fn too_long(bytes: u64, bytes_max: u64) -> Broken {
    let message = format!("a write has {bytes} bytes, and the daemon now takes {bytes_max} (--body-mb-max)");
    Broken { error: Error::new(ErrorCode::BatchTooLarge, message), is_hopeless: true }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::AtomicBool;

    use nedb::Object;
    use nedb_io::RealClock;

    use super::*;

    const CREDIT: Credit = Credit { operations_max: 8, bytes_max: 400, message_bytes_max: 400 };

    /// A write of about so many bytes.
    fn draft(bytes: usize) -> Draft {
        let mut fields = Object::new();
        fields.insert("t", "x".repeat(bytes));
        Draft::new("tx", &fields, 400).unwrap()
    }

    fn until(is_so: impl Fn() -> bool) {
        while !is_so() {
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_long_write_has_its_turn_before_short_ones_that_come_later() {
        let state = State::new(CREDIT, Arc::new(RealClock::new()));
        let first = state.hand_over(&draft(200), None).unwrap();
        assert!(first.is_some());
        std::thread::scope(|threads| {
            let long = threads.spawn(|| state.hand_over(&draft(250), None).map(drop));
            until(|| state.flights.lock().turns.len() == 1);
            // There would be room for it.
            let short = threads.spawn(|| state.hand_over(&draft(20), None).map(drop));
            until(|| state.flights.lock().turns.len() == 2);
            assert_eq!(state.flights.lock().next_id, 1);
            let Next::Send(_) = state.next(|| 0) else { panic!("there is something to send") };
            assert!(state.acknowledge(0, Err(Error::new(ErrorCode::Closed, "x")), 0));
            long.join().unwrap().unwrap();
            short.join().unwrap().unwrap();
        });
        let lengths: Vec<usize> = state.flights.lock().waiting.values().map(|flight| flight.message.len()).collect();
        assert!(matches!(lengths[..], [long, short] if long > 250 && short < 100), "{lengths:?}");
    }

    #[test]
    fn who_waits_no_longer_hands_nothing_over_and_holds_up_nobody() {
        let state = State::new(CREDIT, Arc::new(RealClock::new()));
        state.hand_over(&draft(200), None).unwrap();
        assert!(state.hand_over(&draft(250), Some(&|| false)).unwrap().is_none());
        assert!(!state.flush(Some(&|| false)).unwrap());
        assert!(!state.close_and_wait(Some(&|| false)));
        assert!(state.hand_over(&draft(20), None).unwrap().is_some());
        assert_eq!(state.flights.lock().next_id, 2);
    }

    #[test]
    fn who_is_woken_all_the_time_is_asked_all_the_same() {
        let state = State::new(CREDIT, Arc::new(RealClock::new()));
        state.hand_over(&draft(200), None).unwrap();
        let is_over = AtomicBool::new(false);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    state.room.notify_all();
                    std::thread::yield_now();
                }
            });
            let flushed = state.flush(Some(&|| false)).unwrap();
            is_over.store(true, Ordering::Relaxed);
            assert!(!flushed);
        });
    }

    #[test]
    fn a_question_that_panics_gives_its_turn_up() {
        let state = State::new(CREDIT, Arc::new(RealClock::new()));
        state.hand_over(&draft(200), None).unwrap();
        let asked =
            catch_unwind(AssertUnwindSafe(|| state.hand_over(&draft(250), Some(&|| panic!("as it was wanted")))));
        assert!(asked.is_err());
        assert!(state.hand_over(&draft(20), None).unwrap().is_some());
    }
}
