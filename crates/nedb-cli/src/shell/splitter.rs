//! Cuts a script into statements and dot commands, line by line.
//!
//! A statement ends at `;`, at an empty line, or at the end of the script; a `;` or an empty line inside a string, a name
//! in backquotes or a JSON object ends nothing. A line that begins with `.` while no statement is under way is a command.
//! What a statement means is left to the parser, and what a command means to [`super::command`].

use nedb_nql::{PieceKind, pieces};
use nedb_types::limits::QUERY_BYTES_MAX;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// What kind of thing.
    pub kind: UnitKind,
    /// Its text, without the `;`.
    pub text: String,
    /// The line on which it begins, from 1.
    pub line: u64,
    /// How many characters stand before it on that line.
    pub indent: usize,
}

/// What kind of thing a unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitKind {
    /// A statement in NQL.
    Statement,
    /// A dot command.
    Command,
}

/// Collects lines until something is whole.
#[derive(Debug, Default)]
pub struct Splitter {
    /// What is under way, in whole lines.
    pending: String,
    /// The line on which that begins.
    pending_line: u64,
    /// How far it was looked at.
    looked: usize,
    has_content: bool,
    is_open: bool,
    line: u64,
}

impl Splitter {
    /// Begins before the first line.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one line without its end and returns what is whole now.
    pub fn push(&mut self, line: &str) -> Vec<Unit> {
        self.line += 1;
        if !self.has_content {
            self.forget();
            if let Some(text) = command(line) {
                let indent = line.chars().take_while(|sign| sign.is_whitespace()).count();
                return vec![Unit { kind: UnitKind::Command, text: text.to_owned(), line: self.line, indent }];
            }
            self.pending_line = self.line;
        }
        self.pending.push_str(line);
        self.pending.push('\n');
        let ends = self.look();
        let mut units = self.take(&ends);
        let is_over = line.trim().is_empty() && !self.is_open;
        // What is longer than any statement may be is handed on, so that the parser refuses it by its limit.
        if is_over || self.pending.len() > QUERY_BYTES_MAX.saturating_add(1) {
            units.extend(self.finish());
        }
        units
    }

    /// Returns what is left at the end.
    pub fn finish(&mut self) -> Option<Unit> {
        let last =
            self.has_content.then(|| statement(&self.pending, 0, self.pending.len(), self.pending_line)).flatten();
        self.forget();
        last
    }

    fn forget(&mut self) {
        *self = Self { line: self.line, ..Self::default() };
    }

    /// Looks at what is new and returns where the semicolons stand that end a statement.
    fn look(&mut self) -> Vec<usize> {
        let mut ends = Vec::new();
        let (begin, rest) = (self.looked, self.pending.get(self.looked..).unwrap_or_default());
        (self.looked, self.is_open) = (self.pending.len(), false);
        for piece in pieces(rest) {
            match piece.kind {
                PieceKind::Comment => {}
                PieceKind::Unknown if rest.get(piece.span.clone()) == Some(";") => {
                    ends.push(begin + piece.span.start);
                    self.has_content = false;
                }
                PieceKind::Open => {
                    // Its end may come with a later line, so it is looked at again.
                    (self.looked, self.is_open, self.has_content) = (begin + piece.span.start, true, true);
                }
                _ => self.has_content = true,
            }
        }
        ends
    }

    /// Takes the statements that end there.
    fn take(&mut self, ends: &[usize]) -> Vec<Unit> {
        let Some(last) = ends.last() else { return Vec::new() };
        let mut units = Vec::new();
        let mut from = 0;
        for end in ends {
            units.extend(statement(&self.pending, from, *end, self.pending_line));
            from = end + 1;
        }
        let taken = self.pending.get(..=*last).unwrap_or_default();
        // Columns stay right: what stood before on the line is blanked, not removed.
        let blank = " ".repeat(taken.rsplit('\n').next().unwrap_or_default().chars().count());
        self.pending_line += taken.matches('\n').count() as u64;
        self.looked = self.looked - from + blank.len();
        self.pending.replace_range(..from, &blank);
        units
    }
}

/// Whether Enter on this input, as it stands in the line editor, runs it.
pub fn is_whole(input: &str) -> bool {
    let has_end_line = || input.lines().last().is_none_or(|line| line.trim().is_empty()) || input.ends_with('\n');
    if is_blank(input) || command(input).is_some() {
        return true;
    }
    let last = pieces(input).filter(|piece| piece.kind != PieceKind::Comment).last();
    match last {
        Some(piece) if piece.kind == PieceKind::Open => false,
        Some(piece) if piece.kind == PieceKind::Unknown => input.get(piece.span) == Some(";") || has_end_line(),
        _ => has_end_line(),
    }
}

/// The text of a dot command; `None` for anything else.
pub fn command(line: &str) -> Option<&str> {
    let text = line.trim();
    let is_command = text.strip_prefix('.').is_some_and(|rest| rest.starts_with(|sign: char| sign.is_alphabetic()));
    is_command.then_some(text)
}

fn is_blank(text: &str) -> bool {
    pieces(text).all(|piece| piece.kind == PieceKind::Comment)
}

/// The statement in a part of the text; `None` where there is nothing but comments.
fn statement(text: &str, from: usize, to: usize, line: u64) -> Option<Unit> {
    let part = text.get(from..to)?;
    if is_blank(part) {
        return None;
    }
    let start = from + (part.len() - part.trim_start().len());
    let before = text.get(..start)?;
    let last_line = before.rsplit('\n').next().unwrap_or_default();
    let lines = before.matches('\n').count() as u64;
    let indent = last_line.chars().count();
    Some(Unit { kind: UnitKind::Statement, text: part.trim().to_owned(), line: line + lines, indent })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(script: &str) -> Vec<(u64, usize, String)> {
        let mut splitter = Splitter::new();
        let mut units: Vec<Unit> = script.lines().flat_map(|line| splitter.push(line)).collect();
        units.extend(splitter.finish());
        units.into_iter().map(|unit| (unit.line, unit.indent, unit.text)).collect()
    }

    #[test]
    fn a_statement_ends_at_a_semicolon_an_empty_line_or_the_end() {
        let units = split("FROM a;\nFROM b\nLIMIT 1\n\n\n  FROM c; FROM d\n LIMIT 2;FROM e");
        let expected = [
            (1, 0, "FROM a"),
            (2, 0, "FROM b\nLIMIT 1"),
            (6, 2, "FROM c"),
            (6, 10, "FROM d\n LIMIT 2"),
            (7, 9, "FROM e"),
        ];
        assert_eq!(units, expected.map(|(line, indent, text)| (line, indent, text.to_owned())));
    }

    #[test]
    fn strings_names_json_and_comments_hide_semicolons_and_empty_lines() {
        for whole in
            ["FROM a WHERE b = 'x;\n\ny'", "FROM `a;b`", "FROM a WHERE b = {\"c\": \";\"}", "FROM a -- ; no\nLIMIT 1"]
        {
            assert_eq!(split(whole), [(1, 0, whole.to_owned())], "{whole}");
            assert_eq!(split(&format!("{whole}\n;")).len(), 1, "{whole}");
        }
    }

    #[test]
    fn a_dot_begins_a_command_where_no_statement_is_under_way() {
        let units = split("-- first\n .mode csv ; x\nFROM a\n.5\n\n.quit");
        let texts: Vec<&str> = units.iter().map(|(_, _, text)| text.as_str()).collect();
        assert_eq!(texts, [".mode csv ; x", "FROM a\n.5", ".quit"]);
        assert_eq!((units[0].0, units[0].1), (2, 1));
    }

    #[test]
    fn nothing_but_comments_and_semicolons_is_nothing() {
        assert_eq!(split(""), []);
        assert_eq!(split("\n;;\n-- a\n; -- b\n"), []);
    }

    #[test]
    fn a_statement_beyond_the_limit_is_handed_on_and_does_not_grow() {
        let mut splitter = Splitter::new();
        let line = "x".repeat(QUERY_BYTES_MAX + 2);
        assert_eq!(splitter.push(&line).len(), 1);
        assert_eq!(splitter.finish(), None);
    }

    #[test]
    fn enter_runs_what_ends_and_goes_on_with_what_does_not() {
        for whole in
            ["", "  ", ".tables", "FROM a;", "FROM a; -- said", "FROM a\n", "FROM a\n  ", "-- only", "FROM a ? b;"]
        {
            assert!(is_whole(whole), "{whole:?}");
        }
        for more in [
            "FROM a",
            "FROM a\nWHERE b",
            "FROM a WHERE b = 'x;",
            "FROM a WHERE b = 'x\n",
            "FROM a ; LIMIT 1",
            "FROM a ?",
        ] {
            assert!(!is_whole(more), "{more:?}");
        }
    }
}
