//! What is in flight on a stream, counted alike by both sides.
//!
//! ```text
//! client: from the moment of sending to the acknowledgement's coming
//! server: from the moment of coming  to the acknowledgement's going out       so it never counts more than the client
//! ```

use std::collections::BTreeMap;

use super::{Credit, Ending};

/// The requests in flight by their ids, within the credit that the server gives.
///
/// ```
/// use nedb_wire::stream::{Credit, Ending, Window};
/// let mut window = Window::new(Credit { operations_max: 2, bytes_max: 100, message_bytes_max: 500 });
/// window.take(1, 60).unwrap();
/// assert!(window.has_room(40) && !window.has_room(41));
/// assert_eq!(window.take(1, 1).unwrap_err().0, Ending::RepeatedId);
/// assert_eq!(window.take(2, 41).unwrap_err().0, Ending::OverCredit);
/// assert_eq!(window.give_back(1), Some(60));
/// assert!(window.is_empty() && window.give_back(1).is_none());
/// ```
#[derive(Clone, Debug)]
pub struct Window {
    in_flight: BTreeMap<u64, u64>,
    bytes: u64,
    credit: Credit,
}

impl Window {
    /// A window in which nothing is.
    pub fn new(credit: Credit) -> Self {
        Self { in_flight: BTreeMap::new(), bytes: 0, credit }
    }

    /// Whether a message of so many bytes may be sent now.
    pub fn has_room(&self, bytes: u64) -> bool {
        self.credit.has_room(self.operations(), self.bytes, bytes)
    }

    /// Counts a message of so many bytes.
    ///
    /// Errors: the ending of the stream, and what is wrong.
    pub fn take(&mut self, id: u64, bytes: u64) -> Result<(), (Ending, String)> {
        if bytes > self.credit.message_bytes_max {
            let what = format!("request {id} has {bytes} bytes of {} at most", self.credit.message_bytes_max);
            return Err((Ending::TooLong, what));
        }
        if self.in_flight.contains_key(&id) {
            return Err((Ending::RepeatedId, format!("request {id} is in flight")));
        }
        if !self.has_room(bytes) {
            let what = format!(
                "request {id} with {bytes} bytes, beside {} with {} of {} and {}",
                self.in_flight.len(),
                self.bytes,
                self.credit.operations_max,
                self.credit.bytes_max
            );
            return Err((Ending::OverCredit, what));
        }
        self.in_flight.insert(id, bytes);
        self.bytes += bytes;
        Ok(())
    }

    /// Counts a request no longer; its bytes, or none when it was not in flight.
    pub fn give_back(&mut self, id: u64) -> Option<u64> {
        let bytes = self.in_flight.remove(&id)?;
        self.bytes -= bytes;
        Some(bytes)
    }

    /// Whether nothing is in flight.
    pub fn is_empty(&self) -> bool {
        self.in_flight.is_empty()
    }

    /// How many requests are in flight.
    pub fn operations(&self) -> u64 {
        self.in_flight.len() as u64
    }

    /// How many bytes are in flight.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}
