//! A progress bar on stderr, for work that takes more than a second and has somebody watching.

use std::sync::Arc;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use nedb_io::{Clock, Io};

use super::Output;

/// Shorter work ends before a bar would be read.
const QUIET_US: u64 = 1_000_000;

/// Progress towards a known or unknown end.
pub struct Progress {
    clock: Arc<dyn Clock>,
    started_us: u64,
    doing: &'static str,
    total: Option<u64>,
    is_shown: bool,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Begins to count; `total` is in bytes where it is known.
    pub fn new(io: &Io, out: &Output, doing: &'static str, total: Option<u64>) -> Self {
        let clock = Arc::clone(&io.clock);
        let started_us = clock.monotonic_us();
        Self { clock, started_us, doing, total, is_shown: !out.is_json(), bar: None }
    }

    /// Microseconds since the beginning.
    pub fn elapsed_us(&self) -> u64 {
        self.clock.monotonic_us().saturating_sub(self.started_us)
    }

    /// Says how far the work is, and a few words about it.
    pub fn at(&mut self, position: u64, words: impl FnOnce() -> String) {
        if !self.is_shown || self.elapsed_us() < QUIET_US {
            return;
        }
        let (doing, total) = (self.doing, self.total);
        let bar = self.bar.get_or_insert_with(|| begin(doing, total));
        bar.set_position(position);
        bar.set_message(words());
    }

    /// Takes the bar away.
    pub fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

fn begin(doing: &'static str, total: Option<u64>) -> ProgressBar {
    // The target draws nothing when stderr is no terminal.
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
    let template = match total {
        Some(_) => "{prefix} {bar:30} {percent:>3} %  {msg}",
        None => "{prefix} {spinner} {msg}",
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_style(style).with_prefix(doing)
}
