//! What opening a directory accepts, refuses and reports.

mod report;
mod versions;

use std::path::{Path, PathBuf};

use nedb::{Database, Durability, Error, Options};
use nedb_io::simulate::{Faults, SimDisk};

use crate::durability::Machine;

const HEAD: &str = "/db/HEAD";

fn machine(seed: u64) -> Machine {
    Machine::new(seed, SimDisk::new(seed, Faults::default()))
}

/// The one segment of a small log.
fn segment(disk: &SimDisk) -> PathBuf {
    let files = disk.snapshot().files();
    files.keys().find(|path| path.starts_with("/db/log")).expect("a database has a log").clone()
}

/// What each way into the database says about it; none of them may change a byte.
fn refusals(machine: &Machine) -> Vec<Error> {
    let before = machine.disk.snapshot().files();
    let options = machine.options(Durability::Sync);
    let verified = nedb::verify("/db", &nedb::VerifyOptions::new().io(machine.io()));
    let refused = vec![
        machine.open(Durability::Sync).expect_err("it must not be opened for writing"),
        Database::open("/db", options.read_only()).expect_err("it must not be opened for reading"),
        verified.expect_err("it must not be judged"),
    ];
    assert!(machine.disk.snapshot().files() == before, "a refused directory is not touched");
    refused
}

fn write(machine: &Machine, path: &Path, bytes: &[u8]) {
    machine.disk.write_file(path, bytes).expect("the medium takes it");
}

fn read(machine: &Machine, path: &Path) -> Vec<u8> {
    machine.disk.read_file(path).expect("it is there")
}

fn open_options(machine: &Machine) -> Options {
    machine.options(Durability::Sync)
}
