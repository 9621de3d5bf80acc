//! `nedb query`: rows that answer a question in NQL.

use clap::Args;
use nedb::{Params, Value};
use nedb_types::Result;

use crate::{
    hint,
    output::{Output, Progress},
    parameter,
    rows::{self, RowFormat},
    subject::{Asked, Subject},
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
    #[command(flatten)]
    subject: Subject,
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
        let db = self.subject.to_read(out)?;
        if self.timeout_ms.is_some() {
            self.subject.refuse("--timeout-ms", "it ends queries after its --query-timeout-s")?;
        }
        if self.system_fields {
            self.subject.refuse("--system-fields", "SELECT *, _seq, _ts in the query")?;
        }
        // An error of the language is told with all that the parser knows, wherever the database is.
        let statement = nedb_nql::parse(&self.nql)?;
        let params = self.params.into_iter().fold(Params::new(), |params, (name, value)| params.with(name, value));
        let (timeout_ms, has_system_fields) = (self.timeout_ms, self.system_fields);
        let asked = Asked { params, timeout_ms, has_system_fields, ..Asked::default() };
        let progress = Progress::waiting(out, "answering");
        let rows = db.query(&self.nql, &asked)?;
        match rows::print_counted(rows, self.format, progress, out)? {
            0 => hint::note_if_unknown(&db, hint::collection_of(&statement).as_str(), out),
            _ => Ok(()),
        }
    }
}
