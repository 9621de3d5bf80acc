//! One life of a database on a machine that fails: its sessions, its ends, and what must have survived each.

use nedb::{Database, Durability, Outcome};
use nedb_io::simulate::{Faults, Image};

use super::{
    indexes::Indexes,
    settings::{self, Circumstances},
};
use crate::{
    dice::Dice,
    intent::Intent,
    machine::Machine,
    oracle::{Logged, Oracle},
    planted::Plant,
    violation::{Verdict, Violation},
    workload::Workload,
};

/// Scripts make no random decisions, but documents and disks still need a seed.
const SCRIPT_SEED: u64 = 1;
/// Sessions of one life.
const SESSIONS_MAX: u64 = 4;

/// What a run reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Power cuts, those during recovery included.
    pub power_cuts: u64,
    /// Power cuts in the middle of a recovery.
    pub cut_recoveries: u64,
    /// Kills of the process.
    pub kills: u64,
    /// Recoveries that were compared with the oracle.
    pub recoveries: u64,
    /// Requests.
    pub requests: u64,
    /// Indexes that were walked from end to end and asked.
    pub indexes: u64,
}

impl Tally {
    /// Adds another run.
    pub fn add(&mut self, other: Self) {
        self.power_cuts += other.power_cuts;
        self.cut_recoveries += other.cut_recoveries;
        self.kills += other.kills;
        self.recoveries += other.recoveries;
        self.requests += other.requests;
        self.indexes += other.indexes;
    }
}

/// Operations that may or may not have happened.
#[derive(Debug)]
pub(crate) struct Unknown {
    pub(crate) logged: Vec<Logged>,
    pub(crate) request: Option<(Intent, Vec<Outcome>)>,
}

/// A database, the machine under it, and what is known about both.
pub(crate) struct Life {
    pub(crate) dice: Dice,
    pub(crate) machine: Machine,
    pub(crate) oracle: Oracle,
    pub(crate) workload: Workload,
    pub(crate) db: Option<Database>,
    pub(crate) durability: Durability,
    /// Requests behind the oracle's end whose fate is not known; at most one of them happened.
    pub(crate) unknown: Vec<Unknown>,
    /// Operations that survive a power cut.
    pub(crate) durable_size: u64,
    /// Operations that the next open must find at least.
    pub(crate) size_min: u64,
    /// The indexes that may be there.
    pub(crate) indexes: Indexes,
    /// Whether errors were planted in this session.
    pub(crate) is_faulty: bool,
    /// How every open is done; at random when it is not said.
    pub(crate) fixed: Option<Circumstances>,
    /// Whether an open has ever succeeded: from then on the database must exist.
    pub(crate) exists: bool,
    pub(crate) tally: Tally,
    /// What every machine did and held at its end, when somebody wants to know.
    pub(crate) record: Option<Vec<Recorded>>,
}

/// What one machine did, call by call, and what was on its disk at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its calls.
    pub calls: Vec<String>,
    /// Its files.
    pub files: Image,
    /// Operations that the oracle knew.
    pub size: u64,
}

impl Life {
    pub(crate) fn new(seed: u64, plant: Plant) -> Self {
        let mut dice = Dice::new(seed);
        let faults = settings::faults(&mut dice);
        let text_bytes_max = dice.pick_or(&[100, 3_000, 12_000], 100);
        Self {
            machine: Machine::new(dice.number(), faults, plant),
            dice,
            oracle: Oracle::default(),
            workload: Workload::new(text_bytes_max),
            db: None,
            durability: Durability::Sync,
            unknown: Vec::new(),
            durable_size: 0,
            size_min: 0,
            indexes: Indexes::new(),
            is_faulty: false,
            fixed: None,
            exists: false,
            tally: Tally::default(),
            record: None,
        }
    }

    /// A life without random circumstances, of which a script says what happens.
    pub(crate) fn scripted(circumstances: Circumstances, plant: Plant) -> Self {
        let mut life = Self::new(SCRIPT_SEED, plant);
        life.machine = Machine::new(SCRIPT_SEED, Faults::default(), plant);
        life.fixed = Some(circumstances);
        life
    }

    /// Writes down everything from here on.
    pub(crate) fn start_record(&mut self) {
        self.record = Some(Vec::new());
        self.machine.disk.start_trace();
    }

    /// Goes over to the machine that comes after.
    pub(crate) fn replace_machine(&mut self, after: Machine) {
        if let Some(record) = &mut self.record {
            let disk = &self.machine.disk;
            record.push(Recorded { calls: disk.trace(), files: disk.snapshot(), size: self.oracle.size() });
            after.disk.start_trace();
        }
        self.machine = after;
    }

    pub(crate) fn run(&mut self) -> Verdict {
        let sessions = 1 + self.dice.below(SESSIONS_MAX);
        self.recover()?;
        for session in 0..sessions {
            let context = |wrong: Violation| wrong.during(format!("session {session}"));
            self.session().map_err(context)?;
            self.end().map_err(context)?;
            self.recover().map_err(|wrong| wrong.during(format!("recovery after session {session}")))?;
        }
        Ok(())
    }

    pub(crate) fn now_us(&self) -> i64 {
        nedb_io::Clock::wall_us(self.machine.clock.as_ref())
    }

    /// Whether an error of the engine is one that was planted or the power cut.
    pub(crate) fn explains_errors(&self) -> bool {
        self.is_faulty || self.machine.disk.is_cut()
    }
}
