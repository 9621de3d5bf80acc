//! The interactive shell: questions in NQL and dot commands, typed or from a script.
//!
//! ```text
//! keys ──editor──┐
//!                ├─> splitter ──> statement ──> answer ──> rows
//! script, stdin ─┘           └──> dot command ──> action
//! ```
//!
//! Promises: it opens the database read-only and never writes to it, so it runs beside a writer; an error or Ctrl-C ends
//! an answer and not the shell; nothing is cut in silence; without a terminal the same inputs run as a script, without
//! prompt or colours, up to the first error. Leaves to others: the language (`nedb-nql`), answering (`nedb`), how rows
//! look ([`crate::rows`]), keys and drawing (`reedline`).

mod action;
mod answer;
mod catalog;
mod command;
mod complaint;
mod completion;
mod editor;
mod highlight;
mod interrupt;
mod line_history;
mod prompt;
mod script;
mod session;
mod splitter;

use nedb_types::Result;

use crate::output::Form;

pub use command::Switch;
pub use interrupt::Presence;
pub use session::Start;

/// Where the inputs come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A person at a terminal; whether lines are kept for the next time.
    Terminal(Switch),
    /// The command line.
    Given(String),
    /// The process's stdin.
    Stdin,
}

/// Runs a shell to its end.
pub fn run(start: Start, source: Source, form: Form) -> Result<()> {
    let mut session = session::Session::open(start, form)?;
    match source {
        Source::Terminal(keeps_lines) => editor::run(&mut session, keeps_lines)?,
        Source::Given(text) => {
            script::run(&mut session, text.as_bytes(), "-c", 0)?;
        }
        Source::Stdin => {
            script::run_file(&mut session, crate::input::STDIN.as_ref(), 0)?;
        }
    }
    session.out.flush()
}
