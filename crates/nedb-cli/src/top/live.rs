//! The page at a terminal, drawn anew every second until somebody has seen enough.
//!
//! Promises: the terminal is left as it was found, also when SIGTERM or SIGHUP ends the program.

use std::io::{self, Write as _};
use std::time::Duration;

use crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use crossterm::terminal::{self, Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::{cursor, execute, queue, style};
use nedb_types::Result;

use super::ending::Ending;

/// Between two pages.
const EVERY: Duration = Duration::from_secs(1);

/// Between two looks at signals.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Shows what `page` makes, anew every second, until `q`, Escape or Ctrl-C.
pub fn watch(mut page: impl FnMut() -> Result<Vec<String>>) -> Result<()> {
    // What fails at once fails at the terminal as it is.
    let (mut lines, mut note) = (page()?, None);
    let ending = Ending::watch()?;
    let screen = Screen::enter()?;
    loop {
        draw(&lines, note.as_deref())?;
        if is_left(&ending)? {
            break;
        }
        match page() {
            Ok(page) => (lines, note) = (page, None),
            // The last page stays until there is another one.
            Err(error) => note = Some(format!("{error}; q leaves")),
        }
    }
    drop(screen);
    ending.obey()
}

/// The terminal for as long as the page has it.
struct Screen;

impl Screen {
    fn enter() -> Result<Self> {
        terminal::enable_raw_mode()?;
        let screen = Self;
        execute!(io::stdout(), EnterAlternateScreen, cursor::Hide)?;
        Ok(screen)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A terminal that went away needs nothing back.
        let _shown = execute!(io::stdout(), cursor::Show, LeaveAlternateScreen);
        let _cooked = terminal::disable_raw_mode();
    }
}

fn draw(lines: &[String], note: Option<&str>) -> Result<()> {
    let (columns, rows) = terminal::size()?;
    let mut out = io::stdout().lock();
    let room = usize::from(rows.saturating_sub(1));
    let foot: String = note.unwrap_or("q leaves").chars().take(usize::from(columns)).collect();
    for (row, line) in (0..).zip(lines.iter().take(room)) {
        let shown: String = line.chars().take(usize::from(columns)).collect();
        queue!(out, cursor::MoveTo(0, row), style::Print(shown), Clear(ClearType::UntilNewLine))?;
    }
    queue!(out, Clear(ClearType::FromCursorDown), cursor::MoveTo(0, rows.saturating_sub(1)), style::Print(foot))?;
    Ok(out.flush()?)
}

/// Waits for the time of the next page, or for the key or the signal that leaves.
fn is_left(ending: &Ending) -> Result<bool> {
    let (mut keys, mut waited) = (0_u32, Duration::ZERO);
    while !ending.is_told() {
        if !event::poll(if keys == 0 { LOOK_EVERY } else { Duration::ZERO })? {
            waited += LOOK_EVERY;
            if keys > 0 || waited >= EVERY {
                return Ok(false);
            }
            continue;
        }
        keys += 1;
        let Event::Key(key) = event::read()? else { continue };
        let is_interrupt = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
        let is_quit = matches!(key.code, KeyCode::Char('q' | 'Q') | KeyCode::Esc);
        if key.kind != KeyEventKind::Release && (is_interrupt || is_quit) {
            break;
        }
    }
    Ok(true)
}
