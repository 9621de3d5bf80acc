//! Commands that read.
//!
//! `get c id`, `multi_get c id ..`, `scan c [prefix from to limit] [reverse]`, `collections`, `neighbors a:1 rel [in]`,
//! `last_seq c id`, `history c id`: each at the head, `at=` a moment, or `in=` a snapshot taken with `snapshot name`.
//! `since [seq]`, `diff from to [c]`, `head`, `feed name [after=seq]`, `next name`. `mirror` shows the mirrored fields too.

use nedb::{AsOf, Direction, Error, Row, ScanRange, Snapshot};

use super::{ops, show, syntax::Line, world::World};

type Said = Result<Vec<String>, Error>;

impl World {
    /// Runs a command that reads; `None` when the line is no such command.
    pub fn read_command(&mut self, line: &Line) -> Option<Said> {
        let said = match line.command.as_str() {
            "get" => self.get(line),
            "multi_get" => self.multi_get(line),
            "scan" => self.scan(line),
            "collections" => self.collections(line),
            "neighbors" => self.neighbors(line),
            "last_seq" => self.last_seq(line),
            "history" => self.history(line),
            "since" => self.since(line),
            "diff" => self.diff(line),
            "head" => Ok(self.head()),
            "snapshot" => self.take_snapshot(line),
            "feed" => Ok(self.feed(line)),
            "next" => self.next(line),
            _ => return None,
        };
        Some(said)
    }

    pub fn view(&self, line: &Line) -> Result<Snapshot, Error> {
        match line.option("in") {
            Some(name) => Ok(self.snapshots.get(&name).expect("a snapshot of that name").clone()),
            None => self.db().snapshot_at(ops::moment(line)?),
        }
    }

    fn get(&self, line: &Line) -> Said {
        let row = self.view(line)?.get(&line.text(0), line.bytes(1))?;
        Ok(vec![show::row(row.as_ref(), line.has("mirror"))?])
    }

    fn multi_get(&self, line: &Line) -> Said {
        let rows = self.view(line)?.multi_get(&line.text(0), &line.words()[1..])?;
        rows.iter().map(|row| show::row(row.as_ref(), false)).collect()
    }

    fn scan(&self, line: &Line) -> Said {
        let mut range = line.option_bytes("prefix").map_or_else(ScanRange::all, ScanRange::prefix);
        if let Some(from) = line.option_bytes("from") {
            range = range.from(from);
        }
        if let Some(to) = line.option_bytes("to") {
            range = range.to(to);
        }
        if let Some(limit) = line.option("limit") {
            range = range.limit(limit.parse().expect("a number of rows"));
        }
        if line.has("reverse") {
            range = range.reverse();
        }
        let rows = self.view(line)?.scan(&line.text(0), &range)?;
        rows.map(|row| show::row(Some(&row?), line.has("mirror"))).collect()
    }

    fn collections(&self, line: &Line) -> Said {
        let collections = self.view(line)?.collections()?;
        Ok(collections.iter().map(|found| format!("{} {}", found.name, found.documents)).collect())
    }

    fn neighbors(&self, line: &Line) -> Said {
        let direction = if line.has("in") { Direction::Inbound } else { Direction::Outbound };
        let found = self.view(line)?.neighbors(&line.text(0), &line.text(1), direction)?;
        Ok(found.iter().map(|neighbor| format!("{} @{}", neighbor.node, neighbor.seq)).collect())
    }

    fn last_seq(&self, line: &Line) -> Said {
        let seq = self.view(line)?.last_seq(&line.text(0), line.bytes(1))?;
        Ok(vec![show::seq(seq)])
    }

    fn history(&self, line: &Line) -> Said {
        let versions = self.view(line)?.history(&line.text(0), line.bytes(1))?;
        versions.map(|version| show::version(&version?)).collect()
    }

    fn since(&self, line: &Line) -> Said {
        let after = (!line.words().is_empty()).then(|| ops::seq(line.number(0)));
        self.db().since(after).map(|entry| show::entry(&entry?)).collect()
    }

    fn diff(&self, line: &Line) -> Said {
        let (from, to): (AsOf, AsOf) = (ops::parse_moment(&line.text(0))?, ops::parse_moment(&line.text(1))?);
        let collection = (line.words().len() > 2).then(|| line.text(2));
        let side = |row: &Option<Row>| show::version_of_row(row.as_ref());
        let print = |change: nedb::Change| -> Result<String, Error> {
            Ok(format!("{}/{} {} -> {}", change.collection, change.id, side(&change.before)?, side(&change.after)?))
        };
        self.db().diff(from, to, collection.as_deref())?.map(|change| print(change?)).collect()
    }

    fn head(&self) -> Vec<String> {
        let head = self.db().head();
        let durable = show::seq(self.db().durable_seq());
        vec![
            format!("seq {} durable {durable} time {}", show::seq(head.seq()), head.committed_at),
            format!("root {}", head.root),
        ]
    }

    fn take_snapshot(&mut self, line: &Line) -> Said {
        let snapshot = self.db().snapshot_at(ops::moment(line)?)?;
        let said = format!("seq {} time {}", show::seq(snapshot.seq()), snapshot.read_time()?);
        self.snapshots.insert(line.text(0), snapshot);
        Ok(vec![said])
    }

    fn feed(&mut self, line: &Line) -> Vec<String> {
        let after = line.option("after").map(|after| ops::seq(after.parse().expect("a seq")));
        let feed = self.db().subscribe(after);
        let said = format!("next {}", feed.position());
        self.feeds.insert(line.text(0), feed);
        vec![said]
    }

    /// Tells everything that a feed has to tell now.
    fn next(&mut self, line: &Line) -> Said {
        let feed = self.feeds.get_mut(&line.text(0)).expect("a feed of that name");
        let mut said = Vec::new();
        while let Some(entry) = feed.try_next()? {
            said.push(show::entry(&entry)?);
        }
        Ok(said)
    }
}
