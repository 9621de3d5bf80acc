//! Where the demonstration is shown: chapters of text for people, one JSON value for programs.

use std::{fmt::Display, path::Path};

use nedb_types::{Result, Seq};

use super::{DEPENDS, PACKAGES};
use crate::output::{JsonObject, Output, Table};

const INDENT: &str = "   ";

/// Shows chapters, and gathers the same facts as JSON.
pub struct Stage<'o> {
    out: &'o mut Output,
    json: JsonObject,
}

impl<'o> Stage<'o> {
    /// Begins with nothing.
    pub fn new(out: &'o mut Output) -> Self {
        Self { out, json: JsonObject::new() }
    }

    /// Messages and progress of the work itself.
    pub fn output(&self) -> &Output {
        self.out
    }

    /// Shows a line of text as it is.
    pub fn say(&mut self, text: impl Display) -> Result<()> {
        if self.out.is_json() {
            return Ok(());
        }
        self.out.line(text)?;
        self.out.flush()
    }

    /// Begins a chapter.
    pub fn chapter(&mut self, title: &str) -> Result<()> {
        self.say(format_args!("\n{title}"))
    }

    /// Shows one line of the chapter.
    pub fn line(&mut self, text: impl Display) -> Result<()> {
        self.say(format_args!("{INDENT}{text}"))
    }

    /// Shows a table in the chapter.
    pub fn table(&mut self, table: &Table) -> Result<()> {
        table.lines(INDENT).iter().try_for_each(|line| self.say(line))
    }

    /// Notes a fact for programs.
    pub fn fact(&mut self, name: &str, json: &str) {
        self.json = std::mem::replace(&mut self.json, JsonObject::new()).raw(name, json);
    }

    /// Shows commands with which to go on.
    pub fn go_on(&mut self, database: &Path, package: &str, boundary: Seq) -> Result<()> {
        let nedb = crate::called_as();
        let dir = database.display();
        self.chapter("Go on")?;
        self.line(format_args!("{nedb} get {dir} {PACKAGES} {package} --as-of {boundary}"))?;
        self.line(format_args!("{nedb} history {dir} {PACKAGES} {package}"))?;
        self.line(format_args!("{nedb} neighbors {dir} {PACKAGES}:{package} {DEPENDS} --inbound"))?;
        self.line(format_args!("{nedb} verify {dir} --deep"))
    }

    /// Ends the show and returns the facts.
    pub fn finish(self) -> JsonObject {
        self.json
    }
}
