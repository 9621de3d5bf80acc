//! `nedb slow`: what took long in a database of a nedbd.

use clap::Args;
use nedb_types::{Error, ErrorCode, Object, Result, Value, document::value_to_json};

use crate::{
    output::{Align, Output, Table},
    subject::{Home, Subject},
};

/// Lists what took long in a database of a nedbd, newest first
#[derive(Debug, Args)]
#[command(after_help = "\
The nedbd keeps the last 128 questions, commands and requests that took
--slow-ms or longer: questions with the names of their parameters and without
the values, Redis commands with their words, cut short. It takes the right
admin.

Examples:
  nedb slow http://127.0.0.1:7070/shop
  nedb slow http://127.0.0.1:7070/shop --limit 5
  nedb slow http://127.0.0.1:7070/shop --forget")]
pub struct Slow {
    #[command(flatten)]
    subject: Subject,
    /// So many at most
    #[arg(long, value_name = "COUNT")]
    limit: Option<u64>,
    /// Forgets them instead
    #[arg(long, conflicts_with = "limit")]
    forget: bool,
}

impl Slow {
    pub fn run(self, out: &mut Output) -> Result<()> {
        if let Home::Directory(path) = self.subject.home() {
            let message = format!(
                "{} is a directory, and a nedbd keeps what was slow: in a shell `.timer on` times them",
                path.display()
            );
            return Err(Error::new(ErrorCode::Unsupported, message));
        }
        let db = self.subject.remote()?;
        if self.forget {
            db.forget_slow()?;
            return out.either("forgotten", || "{\"ok\":true}".to_owned());
        }
        let mut table = Table::new(&[Align::Left, Align::Right, Align::Left, Align::Left, Align::Left]);
        for row in db.slow(self.limit)? {
            if out.is_json() {
                out.line(value_to_json(&Value::Object(row))?)?;
            } else {
                table.row(cells(&row));
            }
        }
        table.lines("").iter().try_for_each(|line| out.line(line))
    }
}

/// When, how long, by whom, on which way, and the question on one line.
fn cells(row: &Object) -> [String; 5] {
    let text = |name: &str| match row.get(name) {
        Some(Value::String(text)) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Some(Value::I64(number)) => number.to_string(),
        _ => String::new(),
    };
    [text("at"), format!("{} ms", text("ms")), text("by"), text("way"), text("text")]
}
