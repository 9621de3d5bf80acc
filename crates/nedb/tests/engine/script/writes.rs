//! Commands that write.
//!
//! `put c id {..}`, `restore c id seq`, `delete c id`, `expire c id`, `check c id`, `link a:1 rel b:2`, `unlink ..`, each with
//! the options `if nonce ttl until cause evidence confidence from to` and `client key`; `batch` with one operation per indented
//! line; `drop c`, `sweep`.

use nedb::{Error, WriteBatch};

use super::{ops, show, syntax::Line, world::World};

impl World {
    /// Runs a command that writes; `None` when the line is no such command.
    pub fn write_command(&mut self, line: &Line, inner: &[Line]) -> Option<Result<Vec<String>, Error>> {
        match line.command.as_str() {
            "batch" => Some(self.batch(line, inner)),
            "drop" => Some(self.db().drop_collection(&line.text(0)).map(|count| vec![format!("dropped {count}")])),
            "sweep" => Some(self.db().sweep().map(|count| vec![format!("swept {count}")])),
            _ => ops::op(line).map(|op| self.write(line, vec![op?])),
        }
    }

    fn batch(&self, line: &Line, inner: &[Line]) -> Result<Vec<String>, Error> {
        let mut operations = Vec::new();
        for line in inner {
            let repeat = line.option("repeat").map_or(1, |count| count.parse().expect("a count"));
            let op = ops::op(line).expect("a batch holds operations")?;
            operations.extend(std::iter::repeat_n(op, repeat));
        }
        self.write(line, operations)
    }

    fn write(&self, line: &Line, operations: Vec<nedb::Op>) -> Result<Vec<String>, Error> {
        let mut batch = WriteBatch::new();
        if let Some(client) = line.option("client") {
            batch = batch.client(client);
        }
        if let Some(key) = line.option("key") {
            batch = batch.idempotency_key(key);
        }
        for op in operations {
            batch.push(op);
        }
        self.db().write(batch).map(|receipt| show::receipt(&receipt))
    }
}
