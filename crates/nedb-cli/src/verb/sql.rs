//! `nedb sql`: one statement in SQL, its rows or what it wrote.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use nedb::Value;
use nedb_compat::sql::{self, SqlParams, SqlWritten};
use nedb_types::{Error, ErrorCode, Result};

use crate::{
    output::{JsonObject, Output, Progress, plural},
    parameter,
    rows::{self, RowFormat},
    show,
    subject::{Stated, Subject},
};

/// Runs a statement in SQL
#[derive(Debug, Args)]
#[command(after_help = "\
With --json, rows are JSON lines unless --format says otherwise.

Examples:
  nedb sql shop 'SELECT name, price FROM products WHERE price < 5 ORDER BY price LIMIT 10'
  nedb sql shop 'SELECT maker, SUM(stock) FROM products AS OF 1200 GROUP BY maker' --format csv
  nedb sql shop 'SELECT * FROM products WHERE maker = :maker' --param maker=Acme
  nedb sql shop 'UPDATE products SET stock = ? WHERE _id = ?' --param 1=7 --param 2=17")]
pub struct Sql {
    #[command(flatten)]
    subject: Subject,
    /// The statement
    statement: String,
    /// How rows are printed [default: table]
    #[arg(long, value_enum)]
    format: Option<RowFormat>,
    /// Gives a placeholder its value: JSON, or else text; those without a name are numbered from 1
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parameter::assignment)]
    params: Vec<(String, Value)>,
    /// Ends reading after this many milliseconds
    #[arg(long, value_name = "MS")]
    timeout_ms: Option<u64>,
}

impl Sql {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let is_write = sql::is_write(&self.statement)?;
        let params = params(self.params)?;
        let db = if is_write { self.subject.to_write(out)? } else { self.subject.to_read(out)? };
        if self.timeout_ms.is_some() {
            self.subject.refuse("--timeout-ms", "it ends queries after its --query-timeout-s")?;
        }
        let progress = Progress::waiting(out, "answering");
        match db.sql(&self.statement, params, self.timeout_ms)? {
            Stated::Rows(rows) => rows::print_counted(rows, self.format, progress, out).map(drop),
            Stated::Written(written) => {
                db.close()?;
                drop(progress);
                print_written(&written, out)
            }
        }
    }
}

/// The values by name, or as a list when the names are the numbers from 1 on.
fn params(given: Vec<(String, Value)>) -> Result<SqlParams> {
    let (mut names, mut numbered) = (BTreeSet::new(), BTreeMap::new());
    for (name, value) in &given {
        if !names.insert(name) {
            return Err(Error::new(ErrorCode::SqlParameter, format!("--param gives {name} two values")));
        }
        if let Ok(number) = name.parse::<usize>() {
            numbered.insert(number, value.clone());
        }
    }
    let is_list = numbered.len() == given.len() && numbered.keys().copied().eq(1..=given.len());
    Ok(match given.len() {
        0 => SqlParams::None,
        _ if is_list => SqlParams::List(numbered.into_values().collect()),
        _ => SqlParams::Named(given.into_iter().collect()),
    })
}

fn print_written(written: &SqlWritten, out: &mut Output) -> Result<()> {
    let SqlWritten { rowcount, seq, ids } = written;
    let at = seq.map(|seq| format!(", seq {seq}")).unwrap_or_default();
    out.either(format_args!("{} written{at}", plural(*rowcount, "row", "rows")), || {
        let answer = JsonObject::new().flag("ok", true).number("rowcount", rowcount).maybe_number("seq", *seq);
        answer.list("ids", ids.iter().map(show::id_json)).finish()
    })
}
