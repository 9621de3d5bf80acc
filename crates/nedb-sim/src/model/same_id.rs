//! Two databases with the same id and the same salts, as copies of a machine's image make them: their files do not mix.

use std::{collections::BTreeMap, path::PathBuf};

use nedb::{Body, Database, ErrorKind, Options};
use nedb_io::simulate::{Faults, Image, SimDisk};

use crate::{
    machine::Machine,
    violation::{Verdict, Violation, expect_equal},
};

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Puts every choice of files of one database among those of the other.
pub(super) fn explore() -> Verdict<String> {
    let (one, other) = (write(1)?, write(2)?);
    let names: Vec<&PathBuf> = one.keys().filter(|path| !path.ends_with("LOCK")).collect();
    let mut refused = 0;
    for choice in 1_u32..1 << names.len() {
        let mut mixed = one.clone();
        for (_, name) in names.iter().enumerate().filter(|(bit, _)| choice & 1 << bit != 0) {
            if let Some(bytes) = other.get(*name) {
                mixed.insert((*name).clone(), bytes.clone());
            }
        }
        let context = |wrong: Violation| wrong.during(format!("choice {choice:#b} of {names:?}"));
        refused += u32::from(open(&mixed).map_err(context)?);
    }
    Ok(format!("{} mixtures, {refused} refused, the others answer as one of the two", (1 << names.len()) - 1))
}

/// The same seed gives the same id, salts and keys; the content differs.
fn write(content: u32) -> Verdict<Files> {
    let machine = Machine::with_disk(SimDisk::new(9, Faults::default()), 9);
    let db = Database::open(machine.database(), Options::new().io(machine.io()).sweep_interval_us(0))?;
    for number in 0..4 {
        db.put("notes", format!("n{number}"), Body::json(format!(r#"{{"v": {content}}}"#)))?;
    }
    db.close()?;
    Ok(machine.disk.snapshot().files())
}

/// Opens a mixture; true when it was refused, and otherwise every answer must be that of one of the two.
fn open(files: &Files) -> Verdict<bool> {
    let machine = Machine::with_disk(SimDisk::from_image(3, Faults::default(), &Image::from_files(files)), 3);
    let db = match Database::open(machine.database(), Options::new().io(machine.io()).create(false)) {
        Ok(db) => db,
        Err(error) if error.kind() == ErrorKind::Integrity => return Ok(true),
        Err(error) => return Err(error.into()),
    };
    let mut answers = Vec::new();
    for number in 0..4 {
        match db.get("notes", format!("n{number}")) {
            Ok(Some(row)) => answers.push(row.to_json()?),
            Ok(None) => return Err(Violation::new(format!("n{number} is missing"))),
            Err(error) if error.kind() == ErrorKind::Integrity => return Ok(true),
            Err(error) => return Err(error.into()),
        }
    }
    answers.dedup();
    expect_equal("different contents", &answers.len(), &1)?;
    Ok(false)
}
