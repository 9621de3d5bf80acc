//! A progress bar on stderr, for work that takes more than a second and has somebody watching.
//!
//! Promises: it is drawn only where stderr is a terminal and results are for people, and not before a second has passed; it
//! moves even when the work says nothing, and it is gone before anything else is printed. The drawing is a task of the
//! scheduler, so that work which cannot tell how far it is (a checkpoint, say) is seen to go on all the same.

use std::{
    borrow::Cow,
    io::{self, IsTerminal},
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use nedb_io::{Clock, Io};

use super::Output;

/// Shorter work ends before a bar would be read.
const QUIET_US: u64 = 1_000_000;

/// How often a bar is drawn while nothing is heard of the work.
const DRAW_EVERY: Duration = Duration::from_millis(100);

/// Progress towards a known or unknown end.
pub struct Progress {
    clock: Arc<dyn Clock>,
    started_us: u64,
    drawn: Option<Drawn>,
}

/// A bar, and the task that draws it for as long as the senders live.
struct Drawn {
    bar: ProgressBar,
    end: Option<mpsc::Sender<()>>,
    ended: mpsc::Receiver<()>,
}

impl Progress {
    /// Begins to count; `total` is in the unit of the positions that are told, where it is known.
    pub fn new(io: &Io, out: &Output, doing: impl Into<Cow<'static, str>>, total: Option<u64>) -> Self {
        let clock = Arc::clone(&io.clock);
        let started_us = clock.monotonic_us();
        let is_watched = !out.is_json() && io::stderr().is_terminal();
        Self { clock, started_us, drawn: is_watched.then(|| Drawn::begin(io, doing.into(), total)) }
    }

    /// Begins work that tells nothing until it ends.
    pub fn waiting(out: &Output, doing: impl Into<Cow<'static, str>>) -> Self {
        Self::new(&Io::real(), out, doing, None)
    }

    /// Microseconds since the beginning.
    pub fn elapsed_us(&self) -> u64 {
        self.clock.monotonic_us().saturating_sub(self.started_us)
    }

    /// Says how far the work is, and a few words about it.
    pub fn at(&mut self, position: u64, words: impl FnOnce() -> String) {
        let Some(drawn) = &self.drawn else { return };
        drawn.bar.set_position(position);
        if self.elapsed_us() >= QUIET_US {
            drawn.bar.set_message(words());
        }
    }

    /// Says how much there is to do, where that is known only later; without, the end is unknown.
    pub fn expect(&mut self, total: Option<u64>) {
        if let Some(drawn) = self.drawn.as_ref().filter(|drawn| drawn.bar.length() != total) {
            drawn.bar.set_style(style(total));
            match total {
                Some(total) => drawn.bar.set_length(total),
                None => drawn.bar.unset_length(),
            }
        }
    }

    /// Takes the bar away.
    pub fn finish(&mut self) {
        self.drawn = None;
    }
}

impl Drawn {
    fn begin(io: &Io, doing: Cow<'static, str>, total: Option<u64>) -> Self {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        let bar = bar.with_style(style(total)).with_prefix(doing);
        let (end, heard) = mpsc::channel();
        let (last, ended) = mpsc::channel();
        let drawn = bar.clone();
        io.scheduler.run("progress", Box::new(move || draw(&drawn, &heard, last)));
        Self { bar, end: Some(end), ended }
    }
}

impl Drop for Drawn {
    fn drop(&mut self) {
        drop(self.end.take());
        // Nothing is ever sent: the task ends, and with it the bar.
        let _gone = self.ended.recv();
    }
}

/// Draws the bar after the first second until its owner lets go of the other end of `heard`.
fn draw(bar: &ProgressBar, heard: &mpsc::Receiver<()>, last: mpsc::Sender<()>) {
    let is_over = |wait| heard.recv_timeout(wait) != Err(RecvTimeoutError::Timeout);
    if !is_over(Duration::from_micros(QUIET_US)) {
        bar.set_draw_target(ProgressDrawTarget::stderr());
        while !is_over(DRAW_EVERY) {
            bar.tick();
        }
        bar.finish_and_clear();
    }
    drop(last);
}

fn style(total: Option<u64>) -> ProgressStyle {
    let template = match total {
        Some(_) => "{prefix} {bar:30} {percent:>3} %  {msg}",
        None => "{prefix} {spinner} {elapsed}  {msg}",
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
