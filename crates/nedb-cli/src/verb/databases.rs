//! `nedb databases`: the databases of a nedbd, or of the directory that one serves.

use std::path::Path;

use clap::Args;
use nedb_client::Address;
use nedb_io::{Io, PathKind};
use nedb_types::{Error, ErrorCode, Object, Result, Value, document::value_to_json};

use crate::{
    open,
    output::{Align, Output, Table, count},
    subject::Access,
};

/// The file by which a directory is known as a database.
const HEAD_FILE: &str = "HEAD";

/// Lists the databases of a nedbd, or those in a directory
#[derive(Debug, Args)]
#[command(after_help = "\
At a nedbd those are listed on which the token has a right; one that cannot be
opened is listed with its error.

Examples:
  nedb databases http://127.0.0.1:7070
  nedb databases ./nedb-data")]
pub struct Databases {
    /// The nedbd, http://HOST:PORT, or a directory of databases
    #[arg(value_name = "URL|DIR")]
    place: String,
    #[command(flatten)]
    access: Access,
}

impl Databases {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let rows = if Address::is_one(&self.place) {
            self.access.daemon(&self.place)?.databases()?
        } else {
            in_directory(Path::new(&self.place), out)?
        };
        let mut table = Table::new(&[Align::Left, Align::Right, Align::Right, Align::Left]);
        for row in rows {
            if out.is_json() {
                out.line(value_to_json(&Value::Object(row))?)?;
                continue;
            }
            let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let number = |name: &str, what: &str| match row.get(name) {
                Some(Value::I64(number)) => format!("{} {what}", count(u64::try_from(*number).unwrap_or_default())),
                _ => String::new(),
            };
            // A seq of -1 is that of the empty database.
            let seq = row
                .get("seq")
                .and_then(|seq| if let Value::I64(seq) = seq { Some(format!("seq {seq}")) } else { None });
            table.row([text("name"), number("rows", "documents"), seq.unwrap_or_default(), text("error")]);
        }
        table.lines("").iter().try_for_each(|line| out.line(line))
    }
}

/// The databases in a directory, as a daemon lists them.
fn in_directory(dir: &Path, out: &Output) -> Result<Vec<Object>> {
    let disk = Io::real().disk;
    if disk.kind(dir)? != Some(PathKind::Directory) {
        return Err(Error::new(ErrorCode::NotFound, format!("there is no directory {}", dir.display())));
    }
    let (mut names, mut rows) = (disk.list(dir)?, Vec::new());
    names.sort();
    for name in names.into_iter().filter(|name| !name.starts_with('.')) {
        let path = dir.join(&name);
        let is_directory = disk.kind(&path)? == Some(PathKind::Directory);
        if is_directory && disk.kind(&path.join(HEAD_FILE))?.is_some() {
            rows.push(row_of(&name, &path, out)?);
        }
    }
    Ok(rows)
}

fn row_of(name: &str, path: &Path, out: &Output) -> Result<Object> {
    let mut row = Object::new();
    row.insert("name", name);
    match open::to_read(path, out) {
        Ok(db) => {
            let (head, mut documents) = (db.head(), 0);
            for info in db.snapshot().collections()? {
                documents += info.documents;
            }
            row.insert("seq", nedb::Seq::number_of(head.seq()));
            row.insert("head", head.hex());
            row.insert("rows", documents);
        }
        // One that cannot be opened hides no other.
        Err(error) => {
            row.insert("error", error.message());
            row.insert("code", error.code().as_str());
        }
    }
    Ok(row)
}
