//! What a shell knows between two inputs: the database, the moment, the parameters, and how answers are printed.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use nedb::{AsOf, Params, Value};
use nedb_io::Io;
use nedb_nql::{PieceKind, pieces};
use nedb_types::Result;

use super::{
    catalog::Catalog,
    command::Switch,
    interrupt::{Interrupt, Presence},
};
use crate::{
    input,
    output::{Form, Output},
    rows::RowFormat,
    subject::{Home, Opened, Subject},
};

/// How many rows of one answer a person is shown before being told that there are more.
const ROWS_SHOWN: u64 = 200;

/// The width of a table in a file: none is cut there.
const WIDTH_OF_FILES: u16 = u16::MAX;

/// How a shell begins.
#[derive(Clone, Debug)]
pub struct Start {
    /// The database.
    pub subject: Subject,
    /// The moment to ask as of.
    pub moment: AsOf,
    /// How rows are printed.
    pub format: RowFormat,
    /// Who gives the lines.
    pub presence: Presence,
    /// Whether anything is coloured.
    pub colors: Switch,
}

/// A shell between two inputs.
pub struct Session {
    /// The database as it was when it was opened or refreshed.
    pub db: Opened,
    /// The moment to ask as of.
    pub moment: AsOf,
    /// How rows are printed.
    pub format: RowFormat,
    /// Most rows of one answer; `None` for all.
    pub rows_max: Option<u64>,
    /// Whether the time of each answer is told.
    pub timer: Switch,
    /// The values of parameters.
    pub params: BTreeMap<String, Value>,
    /// Where answers go.
    pub out: Output,
    /// What Ctrl-C ends.
    pub interrupt: Interrupt,
    /// The machine, for its clock.
    pub io: Io,
    /// How it began.
    pub start: Start,
    form: Form,
    is_to_file: bool,
    catalog: Arc<Mutex<Catalog>>,
}

impl Session {
    /// Opens the database to read and begins.
    pub fn open(start: Start, form: Form) -> Result<Self> {
        let out = Output::stdout(form);
        let db = start.subject.to_read(&out)?;
        // A moment that is refused is refused at once.
        db.check_moment(start.moment)?;
        let is_person = start.presence == Presence::Person;
        Ok(Self {
            catalog: Arc::new(Mutex::new(Catalog::new(db.clone(), start.moment))),
            moment: start.moment,
            format: start.format,
            rows_max: is_person.then_some(ROWS_SHOWN),
            timer: Switch::Off,
            params: BTreeMap::new(),
            out,
            interrupt: Interrupt::listen(start.presence)?,
            io: Io::real(),
            form,
            is_to_file: false,
            db,
            start,
        })
    }

    /// What the database is called: the name of its directory, or that at its daemon.
    pub fn name(&self) -> String {
        let path = match self.start.subject.home() {
            Home::Directory(path) => path,
            Home::Server(address) => return address.database().to_owned(),
        };
        let path = path.canonicalize().unwrap_or_else(|_unreadable| path.clone());
        path.file_name().map_or_else(|| "nedb".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    /// Whether a person reads the answers right away.
    pub fn is_watched(&self) -> bool {
        self.start.presence == Presence::Person && !self.is_to_file && io::stdout().is_terminal()
    }

    /// Asks as of another moment from now on; one that is refused changes nothing.
    pub fn go_to(&mut self, moment: AsOf) -> Result<()> {
        self.db.check_moment(moment)?;
        self.moment = moment;
        self.forget_names();
        Ok(())
    }

    /// Opens the database again, to see what others wrote.
    pub fn refresh(&mut self) -> Result<()> {
        self.db = self.start.subject.to_read(&self.out)?;
        self.forget_names();
        Ok(())
    }

    /// Sends answers to a file, or back to stdout.
    pub fn redirect(&mut self, file: Option<&Path>) -> Result<()> {
        self.out.flush()?;
        self.out = match file {
            Some(file) => Output::to(input::create(file)?, self.form),
            None => Output::stdout(self.form),
        };
        self.is_to_file = file.is_some();
        Ok(())
    }

    /// Columns that a table may take; `None` leaves it to the terminal.
    pub fn width(&self) -> Option<u16> {
        if self.is_to_file {
            return Some(WIDTH_OF_FILES);
        }
        std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok())
    }

    /// Most rows of one answer that are shown.
    pub fn rows_shown_max(&self) -> u64 {
        // A program would not be told that there are more.
        self.rows_max.filter(|_| !self.is_to_file && self.form == Form::Text).unwrap_or(u64::MAX)
    }

    /// The values of the parameters that a text names.
    pub fn params_of(&self, text: &str) -> Params {
        let named = pieces(text).filter(|piece| piece.kind == PieceKind::Param);
        let names = named.filter_map(|piece| text.get(piece.span)?.strip_prefix('$'));
        let known = names.filter_map(|name| Some((name, self.params.get(name)?)));
        known.fold(Params::new(), |params, (name, value)| params.with(name, value.clone()))
    }

    /// Tells something that is no answer.
    pub fn tell(&mut self, text: &str) -> Result<()> {
        if self.is_watched() {
            return self.out.line(text);
        }
        self.out.note(text);
        Ok(())
    }

    /// What the line editor completes names from.
    pub fn catalog(&self) -> Arc<Mutex<Catalog>> {
        Arc::clone(&self.catalog)
    }

    /// The names that are known of the database.
    pub fn names(&self) -> MutexGuard<'_, Catalog> {
        // Names are only ever added as a whole.
        self.catalog.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the completion which parameters there are.
    pub fn publish_params(&self) {
        self.names().set_params(self.params.keys().cloned().collect());
    }

    fn forget_names(&self) {
        *self.names() = Catalog::new(self.db.clone(), self.moment);
        self.publish_params();
    }
}
