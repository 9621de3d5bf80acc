//! `nedb init`: a new, empty database.

use std::path::Path;

use clap::Args;
use nedb::{Database, Options};
use nedb_client::Tree;
use nedb_io::{Io, PathKind};
use nedb_types::{Error, ErrorCode, Result};

use crate::{
    output::{JsonObject, Output},
    show,
    subject::{Home, Subject, tree_of},
};

/// Creates an empty database in a directory that is absent or empty
#[derive(Debug, Args)]
#[command(after_help = "Example: nedb init shop --origin example.org/shop")]
pub struct Init {
    #[command(flatten)]
    subject: Subject,
    /// The name under which checkpoints are signed [default: nedb/ and the database's id]
    #[arg(long, value_name = "NAME")]
    origin: Option<String>,
}

impl Init {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let (head, key) = match self.subject.home() {
            Home::Directory(path) => self.create_directory(path)?,
            Home::Server(_) => self.create_at_daemon()?,
        };
        let path = self.subject.home().to_string();
        out.either(format_args!("created an empty database in {path}\nverifier key {key}"), || {
            let head = show::head_json(&head).finish();
            JsonObject::new().text("path", &path).text("verifier_key", &key).raw("head", &head).finish()
        })
    }

    fn create_at_daemon(&self) -> Result<(Tree, String)> {
        if self.origin.is_some() {
            self.subject.refuse("--origin", "make the database in the daemon's directory before it starts")?;
        }
        let db = self.subject.create()?;
        Ok((db.head()?, db.verifier_key()?.to_string()))
    }

    fn create_directory(&self, path: &Path) -> Result<(Tree, String)> {
        let disk = Io::real().disk;
        let is_taken = match disk.kind(path)? {
            Some(PathKind::Directory) => !disk.list(path)?.is_empty(),
            other => other.is_some(),
        };
        if is_taken && Database::open(path, Options::new().read_only()).is_ok() {
            let message = format!("{} is a database already", path.display());
            return Err(Error::new(ErrorCode::AlreadyExists, message));
        }
        let options = match &self.origin {
            Some(origin) => Options::new().origin(origin.as_str()),
            None => Options::new(),
        };
        let db = Database::open(path, options)?;
        let (head, key) = (tree_of(&db.head()), db.verifier_key()?);
        db.close()?;
        Ok((head, key))
    }
}
