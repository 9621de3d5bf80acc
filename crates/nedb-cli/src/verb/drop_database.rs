//! `nedb drop`: a database of a nedbd goes, with its history.

use std::io::{self, BufRead, IsTerminal, Write};

use clap::Args;
use nedb_types::{Error, ErrorCode, Result};

use crate::{
    output::{JsonObject, Output},
    subject::{Home, Subject},
};

/// Drops a database of a nedbd with its history
#[derive(Debug, Args)]
#[command(after_help = "\
Nothing brings it back. Without --yes it asks for the name of the database at a
terminal. A database in a directory is dropped by deleting the directory.

Examples:
  nedb drop http://127.0.0.1:7070/shop
  nedb drop http://127.0.0.1:7070/shop --yes")]
pub struct DropDatabase {
    #[command(flatten)]
    subject: Subject,
    /// Does not ask
    #[arg(long)]
    yes: bool,
}

impl DropDatabase {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let Home::Server(address) = self.subject.home() else {
            let message = "`drop` is for a database at a nedbd: delete the directory of this one";
            return Err(Error::new(ErrorCode::Unsupported, message));
        };
        let name = address.database();
        if !self.yes {
            confirm(name)?;
        }
        self.subject.drop_database()?;
        out.either(format_args!("dropped {name}"), || JsonObject::new().text("dropped", name).finish())
    }
}

/// Asks for the name of what is to go.
fn confirm(name: &str) -> Result<()> {
    let refuse = |why: String| Err(Error::new(ErrorCode::InvalidArgument, why));
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return refuse(format!("nobody is there to confirm that {name} is dropped: --yes says so"));
    }
    let mut stderr = io::stderr();
    write!(stderr, "The database {name} is dropped with its history. Its name, to confirm: ")?;
    stderr.flush()?;
    let mut typed = String::new();
    io::stdin().lock().read_line(&mut typed)?;
    if typed.trim() == name { Ok(()) } else { refuse(format!("{:?} is not {name}: nothing was dropped", typed.trim())) }
}
