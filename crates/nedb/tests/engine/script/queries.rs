//! Queries: a line that begins with a keyword of NQL in capitals, and the indented lines behind it, is one query.
//!
//! `FROM ..`, `EXPLAIN ..`, `HISTORY ..` and `DIFF ..` run at the head and print each row as JSON. `param name json` gives
//! a parameter, `limits [deadline=5s] [memory=1000]` bounds and `fields system` widens the rows of the next query only.
//! `query ..` runs any other text as one.

use nedb::{Error, QueryOptions, RowFields};
use nedb_types::document::json_to_value;

use super::{ops, syntax::Line, world::World};

/// The words that begin a query.
const KEYWORDS: [&str; 5] = ["FROM", "EXPLAIN", "HISTORY", "DIFF", "query"];

/// Whether a line begins a query.
pub fn is_query(line: &str) -> bool {
    line.split(' ').next().is_some_and(|word| KEYWORDS.contains(&word))
}

impl World {
    /// Runs a query and prints its rows.
    pub fn query(&mut self, text: &str) -> Result<Vec<String>, Error> {
        let text = text.strip_prefix("query ").unwrap_or(text);
        let options = std::mem::take(&mut self.query_options);
        self.db().query_with(text, &options)?.map(|row| row?.to_json()).collect()
    }

    /// Runs a command that prepares the next query; false when the line is no such command.
    pub fn query_command(&mut self, text: &str) -> bool {
        let options = std::mem::take(&mut self.query_options);
        let (options, is_known) = match text.split_once(' ') {
            Some(("param", rest)) => {
                let (name, json) = rest.split_once(' ').expect("a parameter has a name and a value");
                (options.param(name, json_to_value(json.as_bytes()).expect("a parameter is JSON")), true)
            }
            Some(("limits", _)) => (limited(options, &Line::parse(text)), true),
            Some(("fields", _)) => (options.row_fields(RowFields::System), true),
            _ => (options, false),
        };
        self.query_options = options;
        is_known
    }
}

fn limited(mut options: QueryOptions, line: &Line) -> QueryOptions {
    if let Some(deadline) = line.option("deadline") {
        options = options.deadline_us(ops::duration_us(&deadline));
    }
    if let Some(bytes) = line.option("memory") {
        options = options.memory_bytes_max(bytes.parse().expect("a number of bytes"));
    }
    options
}
