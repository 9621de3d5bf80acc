//! `nedb init`: a new, empty database.

use std::path::PathBuf;

use clap::Args;
use nedb::{Database, Options};
use nedb_io::{Io, PathKind};
use nedb_types::{Error, ErrorCode, Result};

use crate::{
    output::{JsonObject, Output},
    show,
};

/// Creates an empty database in a directory that is absent or empty
#[derive(Debug, Args)]
#[command(after_help = "Example: nedb init shop --origin example.org/shop")]
pub struct Init {
    /// The directory
    path: PathBuf,
    /// The name under which checkpoints are signed [default: nedb/ and the database's id]
    #[arg(long, value_name = "NAME")]
    origin: Option<String>,
}

impl Init {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let disk = Io::real().disk;
        let is_taken = match disk.kind(&self.path)? {
            Some(PathKind::Directory) => !disk.list(&self.path)?.is_empty(),
            other => other.is_some(),
        };
        if is_taken && Database::open(&self.path, Options::new().read_only()).is_ok() {
            let message = format!("{} is a database already", self.path.display());
            return Err(Error::new(ErrorCode::AlreadyExists, message));
        }
        let options = match self.origin {
            Some(origin) => Options::new().origin(origin),
            None => Options::new(),
        };
        let db = Database::open(&self.path, options)?;
        let (head, key) = (db.head(), db.verifier_key()?);
        db.close()?;
        let path = self.path.display().to_string();
        out.either(format_args!("created an empty database in {path}\nverifier key {key}"), || {
            let head = show::head_json(&head).finish();
            JsonObject::new().text("path", &path).text("verifier_key", &key).raw("head", &head).finish()
        })
    }
}
