//! A small writer over the log, as the engine would be, for the tests of this crate.
//!
//! It keeps the tree and the newest address of each key, and nothing else.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]
#![allow(dead_code, reason = "each test file uses a part of it")]

use nedb_crypto::Frontier;
use nedb_io::simulate::{Faults, SimDisk};
use nedb_io::{Disk, Io, ManualClock, ManualScheduler, SeededRandom};
use nedb_log::{
    Address, Append, CatalogueRecord, EntryFields, FileLog, FrameBuilder, FramePlan, FrameView, LogAccess, LogOptions,
    LogPosition, LogStore, OpKind, PayloadContent, PayloadUnit, ReadMode, Recovery, Scratch,
};
use nedb_types::{DatabaseId, Error, ErrorCode, Result, Seq};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The directory of the database.
pub const DIR: &str = "/db";

/// The database id of all tests.
pub const ID: DatabaseId = DatabaseId::from_bytes([0xdb; 16]);

/// Small files, so that growth and rolls happen soon.
pub const SMALL: LogOptions = LogOptions {
    segment_bytes: 64 << 10,
    first_segment_bytes: 8 << 10,
    grow_step_bytes_max: 8 << 10,
    read: ReadMode::Map,
};

/// Bundles a simulated disk with a clock, a queue and randomness that a test controls.
pub fn simulated(disk: &SimDisk) -> (Io, Arc<ManualScheduler>) {
    let scheduler = Arc::new(ManualScheduler::new());
    let io = Io {
        disk: Arc::new(disk.clone()),
        clock: Arc::new(ManualClock::new(1_000)),
        random: Arc::new(SeededRandom::new(7)),
        scheduler: scheduler.clone(),
    };
    (io, scheduler)
}

/// Makes a disk with an empty database on it, all durable.
pub fn new_disk(seed: u64, options: LogOptions) -> SimDisk {
    let disk = SimDisk::new(seed, Faults::default());
    disk.create_dir(Path::new(DIR)).unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
    FileLog::create(&simulated(&disk).0, Path::new(DIR), ID, options).unwrap();
    disk
}

/// Returns bytes in the outer form of a stored document, `filler` repeated inside.
pub fn document(len: u16, filler: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x49];
    bytes.extend(len.to_le_bytes());
    bytes.extend(filler.iter().cycle().take(usize::from(len)));
    bytes
}

/// Writes operations as the engine would.
pub struct Writer {
    pub log: FileLog,
    pub recovery: Option<Recovery>,
    pub frontier: Frontier,
    pub newest: BTreeMap<String, Address>,
    /// The address of each operation.
    pub addresses: Vec<Address>,
    pub time: i64,
}

impl Writer {
    /// Creates a log.
    pub fn create(io: &Io, options: LogOptions) -> Self {
        io.disk.create_dir(Path::new(DIR)).unwrap();
        Self::over(FileLog::create(io, Path::new(DIR), ID, options).unwrap())
    }

    fn over(log: FileLog) -> Self {
        let (frontier, newest, addresses) = (Frontier::new(), BTreeMap::new(), Vec::new());
        Self { log, recovery: None, frontier, newest, addresses, time: 0 }
    }

    /// Opens a log from its beginning and checks the tree after every frame.
    pub fn open(io: &Io, options: LogOptions, access: LogAccess) -> Result<Self> {
        Self::open_at(io, Path::new(DIR), options, access)
    }

    /// As [`open`](Self::open), in another directory.
    pub fn open_at(io: &Io, dir: &Path, options: LogOptions, access: LogAccess) -> Result<Self> {
        let (mut frontier, mut newest, mut addresses, mut time) = (Frontier::new(), BTreeMap::new(), Vec::new(), 0);
        let mut visit = |frame: &FrameView<'_>| {
            frontier.extend(&frame.leaves());
            assert_eq!(frontier.root(), frame.header().root, "the tree after frame {}", frame.header().address);
            for record in frame.records() {
                let record = record?;
                newest.insert(String::from_utf8(record.id().to_vec()).unwrap(), record.address);
                addresses.push(record.address);
            }
            time = frame.header().commit_time;
            Ok(())
        };
        let (log, recovery) =
            FileLog::open(io, dir, nedb_log::LogOpening { options, access, start: None }, &mut visit)?;
        Ok(Self { log, recovery: Some(recovery), frontier, newest, addresses, time })
    }

    /// Plans and fills a frame.
    pub fn build(
        &mut self,
        operations: &[(&str, &[u8])],
        catalogue: &[CatalogueRecord],
    ) -> Result<(FrameBuilder, Vec<Address>)> {
        let first = self.log.position().size;
        let units: Vec<PayloadUnit> = operations
            .iter()
            .map(|(id, document)| {
                let content = PayloadContent { document: Some(document), ..PayloadContent::new(id.as_bytes()) };
                PayloadUnit::encode([0x5a; 16], &content)
            })
            .collect::<Result<_>>()?;
        let records_bytes_max = units.iter().map(|unit| unit.stored_len() as u64 + 256).sum();
        self.time += 10;
        let plan = FramePlan { first_seq: Seq::new(first), commit_time: self.time, catalogue, records_bytes_max };
        let mut builder = self.log.begin(&plan)?;
        let mut addresses = Vec::new();
        for (index, ((id, _), unit)) in operations.iter().zip(&units).enumerate() {
            let mut entry = EntryFields::new(OpKind::Put, "notes", "ann", builder.next_seq().get());
            entry.commitment = Some(unit.commitment());
            entry.last_in_transaction = index + 1 == operations.len();
            let (reader, mut scratch) = (self.log.reader(), Scratch::new());
            let chain = match self.newest.get(*id) {
                Some(previous) => {
                    entry.previous = Some(reader.record_entry(*previous, &mut scratch)?.seq);
                    Some(reader.chain_after(*previous, &mut Scratch::new())?)
                }
                None => None,
            };
            addresses.push(builder.push(&entry, chain, None, Some(unit))?);
        }
        Ok((builder, addresses))
    }

    /// Appends a frame without syncing it.
    pub fn append(&mut self, operations: &[(&str, &[u8])]) -> Result<LogPosition> {
        self.append_with(operations, &[])
    }

    /// Appends a frame with catalogue records.
    pub fn append_with(&mut self, operations: &[(&str, &[u8])], catalogue: &[CatalogueRecord]) -> Result<LogPosition> {
        let (builder, addresses) = self.build(operations, catalogue)?;
        let mut frontier = self.frontier.clone();
        frontier.extend(&builder.leaves());
        let (follows, frame) = (builder.follows(), builder.finish(frontier.root()));
        let position = *frame.position();
        match self.log.append(follows, frame)? {
            Append::Committed => {}
            Append::Unknown => {
                return Err(Error::new(ErrorCode::Poisoned, "whether the frame was appended is not known"));
            }
            Append::Conflict(end) => panic!("the log ends at {end:?}"),
        }
        self.frontier = frontier;
        for ((id, _), address) in operations.iter().zip(&addresses) {
            self.newest.insert((*id).to_owned(), *address);
        }
        self.addresses.extend(addresses);
        Ok(position)
    }

    /// Appends and syncs a frame.
    pub fn commit(&mut self, operations: &[(&str, &[u8])]) -> Result<LogPosition> {
        let position = self.append(operations)?;
        self.log.sync()?;
        Ok(position)
    }

    /// Commits one operation with a document of this length.
    pub fn put(&mut self, id: &str, len: u16) -> Result<LogPosition> {
        self.commit(&[(id, &document(len, id.as_bytes()))])
    }

    /// Returns the id of each operation, read back by address.
    pub fn ids(&self) -> Vec<String> {
        let (reader, mut scratch) = (self.log.reader(), Scratch::new());
        let id = |address: &Address| {
            String::from_utf8(reader.record(*address, &mut scratch).unwrap().id().to_vec()).unwrap()
        };
        self.addresses.iter().map(id).collect()
    }
}
