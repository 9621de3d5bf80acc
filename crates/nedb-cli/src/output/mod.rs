//! What goes to the terminal: results on stdout, messages and progress on stderr.

mod amount;
mod facts;
mod json;
mod progress;
mod table;

use std::{
    fmt::Display,
    io::{self, BufWriter, Write},
};

use nedb_types::Result;

pub use amount::{bytes, count, duration, plural, rate};
pub use facts::facts;
pub use json::{JsonObject, quoted};
pub use progress::Progress;
pub use table::{Align, Table};

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Where results go. Writing to a pipe that was closed gives an error that ends the command without a word.
pub struct Output {
    sink: BufWriter<Box<dyn Write>>,
    form: Form,
}

impl Output {
    /// Writes to the process's stdout.
    pub fn stdout(form: Form) -> Self {
        Self::to(Box::new(io::stdout().lock()), form)
    }

    /// Writes somewhere else.
    pub fn to(sink: Box<dyn Write>, form: Form) -> Self {
        Self { sink: BufWriter::new(sink), form }
    }

    /// How results are printed.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Whether programs read the results.
    pub fn is_json(&self) -> bool {
        self.form == Form::Json
    }

    /// Prints one line.
    pub fn line(&mut self, text: impl Display) -> Result<()> {
        Ok(writeln!(self.sink, "{text}")?)
    }

    /// Prints text that brings its own line ends.
    pub fn text(&mut self, text: &str) -> Result<()> {
        Ok(self.sink.write_all(text.as_bytes())?)
    }

    /// Prints one line in the form that was asked for.
    pub fn either(&mut self, text: impl Display, json: impl FnOnce() -> String) -> Result<()> {
        match self.form {
            Form::Text => self.line(text),
            Form::Json => self.line(json()),
        }
    }

    /// Hands everything to the reader now.
    pub fn flush(&mut self) -> Result<()> {
        Ok(self.sink.flush()?)
    }

    /// Tells people something that is not a result; programs are not told, their results carry it.
    pub fn note(&self, text: impl Display) {
        if self.form == Form::Text {
            // A message that cannot be shown must not stop the work it is about.
            let _unseen = writeln!(io::stderr().lock(), "nedb: {text}");
        }
    }
}
