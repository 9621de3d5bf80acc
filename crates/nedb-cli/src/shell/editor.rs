//! The line editor: keys in, inputs out.

use nedb_types::{Error, ErrorCode, Result, Seq};
use reedline::{
    ColumnarMenu, DefaultHinter, Emacs, KeyCode, KeyModifiers, MenuBuilder, Reedline, ReedlineEvent, ReedlineMenu,
    Signal, ValidationResult, Validator, default_emacs_keybindings,
};

use super::{
    command::Switch,
    complaint,
    completion::NameCompleter,
    highlight::PieceHighlighter,
    line_history,
    prompt::MomentPrompt,
    script::{self, Outcome},
    session::Session,
    splitter::{self, Splitter},
};

/// The name by which the completion key finds its menu.
const MENU: &str = "names";

/// Asks for inputs and runs them until the shell is left.
pub fn run(session: &mut Session, keeps_lines: Switch) -> Result<()> {
    let mut editor = editor(session, keeps_lines);
    let seq = Seq::number_of(session.db.tree()?.seq());
    let name = session.name();
    session.out.line(format_args!("{name}, seq {seq}, read-only. `.help` lists the commands."))?;
    session.out.flush()?;
    loop {
        let prompt = MomentPrompt::new(&name, session.moment);
        match editor.read_line(&prompt) {
            Ok(Signal::Success(input)) => {
                if run_input(session, &input)? == Outcome::Left {
                    return Ok(());
                }
            }
            Ok(Signal::CtrlD) => return Ok(()),
            // Ctrl-C while typing drops what was typed.
            Ok(_) => {}
            Err(error) => {
                let message = format!("the line editor: {error}");
                return Err(Error::new(ErrorCode::Io, message).with_source(error));
            }
        }
    }
}

/// Runs what was typed; an error ends the input and not the shell. A terminal that went away ends the shell.
fn run_input(session: &mut Session, input: &str) -> Result<Outcome> {
    session.interrupt.forget();
    let mut splitter = Splitter::new();
    let mut units: Vec<_> = input.lines().flat_map(|line| splitter.push(line)).collect();
    units.extend(splitter.finish());
    for unit in &units {
        match script::run_unit(session, unit, 0) {
            Ok(Outcome::Left) => return Ok(Outcome::Left),
            Ok(Outcome::GoesOn) => {}
            Err(error) => {
                session.out.flush()?;
                complaint::show(session, &unit.text, &error);
                break;
            }
        }
    }
    Ok(Outcome::GoesOn)
}

fn editor(session: &Session, keeps_lines: Switch) -> Reedline {
    let menu = ColumnarMenu::default().with_name(MENU);
    let mut keys = default_emacs_keybindings();
    let complete = vec![ReedlineEvent::Menu(MENU.to_owned()), ReedlineEvent::MenuNext];
    keys.add_binding(KeyModifiers::NONE, KeyCode::Tab, ReedlineEvent::UntilFound(complete));
    let has_colors = session.start.colors == Switch::On;
    let mut editor = Reedline::create()
        .with_validator(Box::new(EndOfInput))
        .with_completer(Box::new(NameCompleter::new(session.catalog())))
        .with_menu(ReedlineMenu::EngineCompleter(Box::new(menu)))
        .with_quick_completions(true)
        .with_partial_completions(true)
        .with_edit_mode(Box::new(Emacs::new(keys)))
        .with_history_exclusion_prefix(Some(" ".to_owned()))
        .with_ansi_colors(has_colors)
        .use_bracketed_paste(true);
    if has_colors {
        editor = editor.with_highlighter(Box::new(PieceHighlighter)).with_hinter(Box::new(DefaultHinter::default()));
    }
    if keeps_lines == Switch::Off {
        return editor;
    }
    match line_history::open() {
        Ok(Some(history)) => editor.with_history(Box::new(history)),
        Ok(None) => editor,
        Err(error) => {
            session.out.note(format_args!("lines are not kept for the next time: {error}"));
            editor
        }
    }
}

/// Tells the line editor whether Enter ends the input.
struct EndOfInput;

impl Validator for EndOfInput {
    fn validate(&self, line: &str) -> ValidationResult {
        if splitter::is_whole(line) { ValidationResult::Complete } else { ValidationResult::Incomplete }
    }
}
