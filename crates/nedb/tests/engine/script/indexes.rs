//! Commands about indexes.
//!
//! `create_index c field kind [wait]`, `wait_index c field kind`, `drop_index c field [kind]`, `indexes`; `by c field` walks
//! a collection in the order of a field, with `only from above to below` as JSON, `reverse`, and a moment as other reads.

use nedb::{Error, IndexInfo, IndexKind, IndexState, Value, ValueRange};

use super::{show, syntax::Line, world::World};

type Said = Result<Vec<String>, Error>;

impl World {
    /// Runs a command about indexes; `None` when the line is no such command.
    pub fn index_command(&self, line: &Line) -> Option<Said> {
        match line.command.as_str() {
            "create_index" => Some(self.create_index(line)),
            "wait_index" => Some(self.wait_index(line)),
            "drop_index" => Some(self.drop_index(line)),
            "indexes" => Some(Ok(self.db().indexes().iter().map(print).collect())),
            "by" => Some(self.by(line)),
            _ => None,
        }
    }

    fn create_index(&self, line: &Line) -> Said {
        let info = self.db().create_index(&line.text(0), &line.text(1), kind(line)?)?;
        if line.has("wait") { self.wait_index(line) } else { Ok(vec![print(&info)]) }
    }

    fn wait_index(&self, line: &Line) -> Said {
        let info = self.db().wait_for_index(&line.text(0), &line.text(1), kind(line)?, &mut |_| ())?;
        Ok(vec![print(&info)])
    }

    fn drop_index(&self, line: &Line) -> Said {
        let kind = if line.words().len() > 2 { Some(kind(line)?) } else { None };
        let dropped = self.db().drop_index(&line.text(0), &line.text(1), kind)?;
        Ok(vec![(if dropped { "dropped" } else { "none" }).to_owned()])
    }

    fn by(&self, line: &Line) -> Said {
        let mut range = match value(line, "only") {
            Some(only) => ValueRange::only(only),
            None => ValueRange::all(),
        };
        for (name, narrow) in [
            ("from", ValueRange::from as fn(ValueRange, Value) -> ValueRange),
            ("above", ValueRange::above),
            ("to", ValueRange::to),
            ("below", ValueRange::below),
        ] {
            if let Some(value) = value(line, name) {
                range = narrow(range, value);
            }
        }
        if line.has("reverse") {
            range = range.reverse();
        }
        match self.view(line)?.index_scan(&line.text(0), &line.text(1), &range)? {
            None => Ok(vec!["no index".to_owned()]),
            Some(rows) => rows.map(|row| show::row(Some(&row?), false)).collect(),
        }
    }
}

fn kind(line: &Line) -> Result<IndexKind, Error> {
    line.text(2).parse()
}

fn value(line: &Line, name: &str) -> Option<Value> {
    let text = line.option_bytes(name)?;
    Some(nedb_types::document::json_to_value(text).expect("a bound is JSON"))
}

fn print(info: &IndexInfo) -> String {
    let state = match info.state {
        IndexState::Ready => format!("ready at {}", info.position),
        IndexState::Building { done, total } => format!("building {done} of {total}"),
    };
    let (collection, field, kind, origin) = (&info.collection, &info.field, info.kind, info.origin.as_str());
    format!("{collection} {field} {kind} {origin} {state}, {} entries", info.entries)
}
