//! How a shell shows errors: the line with a caret below the place, then what is wrong.

use std::io::{self, Write};

use nedb_types::Error;

use super::{command::Switch, session::Session};
use crate::{failure, output::Form};

const RED: &str = "\x1b[31m";
const PLAIN: &str = "\x1b[0m";

/// Shows where in a text an error lies, if it lies in a text.
pub fn show_place(session: &Session, text: &str, error: &Error) {
    if session.out.is_json() {
        return;
    }
    if let Some(place) = nedb_nql::show_place(text, error) {
        say(&place);
    }
}

/// Shows an error to the person at the terminal, with its place.
pub fn show(session: &Session, text: &str, error: &Error) {
    if session.out.is_json() {
        return failure::print(error, Form::Json);
    }
    show_place(session, text, error);
    let (red, plain) = if session.start.colors == Switch::On { (RED, PLAIN) } else { ("", "") };
    say(&format!("{red}error:{plain} {error}"));
}

fn say(text: &str) {
    // A message that cannot be shown must not stop the shell.
    let _unseen = writeln!(io::stderr().lock(), "{text}");
}
