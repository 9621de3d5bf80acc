//! `nedb query`: rows that answer a question in NQL.

use std::path::PathBuf;

use clap::Args;
use nedb::{QueryOptions, QueryRow, Value};
use nedb_types::Result;

use crate::{
    hint, open,
    output::{Output, Progress},
    parameter,
    rows::{self, RowFormat},
};

/// Answers a query in NQL
#[derive(Debug, Args)]
#[command(after_help = "\
With --json, rows are JSON lines unless --format says otherwise.

Examples:
  nedb query shop 'FROM products WHERE price < 5 ORDER BY price LIMIT 10'
  nedb query shop 'FROM products AS OF 1200 GROUP BY maker SUM stock' --format csv
  nedb query shop 'FROM products WHERE maker = $maker' --param maker=Acme
  nedb query shop 'EXPLAIN FROM products WHERE price < 5'")]
pub struct Query {
    /// The database directory
    path: PathBuf,
    /// The query
    nql: String,
    /// How rows are printed [default: table]
    #[arg(long, value_enum)]
    format: Option<RowFormat>,
    /// Gives a parameter its value: JSON, or else text
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parameter::assignment)]
    params: Vec<(String, Value)>,
    /// Ends the query after this many milliseconds
    #[arg(long, value_name = "MS")]
    timeout_ms: Option<u64>,
    /// Shows _seq and _ts of every row
    #[arg(long)]
    system_fields: bool,
}

impl Query {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let db = open::to_read(&self.path, out)?;
        let mut options = QueryOptions::new();
        for (name, value) in self.params {
            options = options.param(name, value);
        }
        if let Some(timeout_ms) = self.timeout_ms {
            options = options.deadline_us(timeout_ms.saturating_mul(1_000));
        }
        if self.system_fields {
            options = options.row_fields(nedb::RowFields::System);
        }
        let progress = Progress::waiting(out, "answering");
        let rows = db.query_with(&self.nql, &options)?.map(|row| row.map(QueryRow::into_document));
        match rows::print_counted(rows, self.format, progress, out)? {
            0 => hint::note_if_unknown(&db, hint::collection_of(&nedb_nql::parse(&self.nql)?).as_str(), out),
            _ => Ok(()),
        }
    }
}
