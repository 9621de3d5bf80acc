//! What Ctrl-C does: it ends the answer under way and leaves the shell.
//!
//! Without a terminal it ends the whole script: the answer under way with `cancelled`, and waiting for input at once.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use nedb::CancelToken;
use nedb_types::{Error, ErrorCode, ErrorKind, Result};

/// Whether somebody sits at the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Lines are typed.
    Person,
    /// Lines come from a file, a pipe or the command line.
    Script,
}

/// Carries Ctrl-C to the answer under way.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    running: Arc<Mutex<Option<CancelToken>>>,
    is_pressed: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens for Ctrl-C from now on.
    pub fn listen(presence: Presence) -> Result<Self> {
        let interrupt = Self::default();
        let heard = interrupt.clone();
        ctrlc::set_handler(move || heard.interrupt(presence)).map_err(|error| {
            Error::new(ErrorCode::Io, format!("cannot listen for Ctrl-C: {error}")).with_source(error)
        })?;
        Ok(interrupt)
    }

    /// Begins to read an input: what was pressed before does not concern it.
    pub fn forget(&self) {
        self.is_pressed.store(false, Ordering::Relaxed);
    }

    /// Refuses to go on with an input during which Ctrl-C was pressed, even between two answers.
    pub fn check(&self) -> Result<()> {
        if self.is_pressed.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorCode::Cancelled, "the script was interrupted"));
        }
        Ok(())
    }

    /// Begins an answer that Ctrl-C ends.
    pub fn begin(&self) -> CancelToken {
        let token = CancelToken::new();
        *self.running() = Some(token.clone());
        token
    }

    /// Ends what [`begin`](Self::begin) began.
    pub fn end(&self) {
        *self.running() = None;
    }

    fn interrupt(&self, presence: Presence) {
        self.is_pressed.store(true, Ordering::Relaxed);
        match (self.running().as_ref(), presence) {
            (Some(token), _) => token.cancel(),
            (None, Presence::Person) => {}
            // Nothing is written by a shell, so there is nothing to end in order.
            (None, Presence::Script) => std::process::exit(i32::from(ErrorKind::Busy.exit_code())),
        }
    }

    fn running(&self) -> MutexGuard<'_, Option<CancelToken>> {
        // A token is whole whatever its holder did.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupt_ends_the_answer_under_way_and_no_other() {
        let interrupt = Interrupt::default();
        let first = interrupt.begin();
        interrupt.interrupt(Presence::Person);
        assert!(first.is_cancelled());
        interrupt.end();
        interrupt.interrupt(Presence::Person);
        assert!(!interrupt.begin().is_cancelled());
        assert!(interrupt.check().is_err());
        interrupt.forget();
        assert!(interrupt.check().is_ok());
    }
}
