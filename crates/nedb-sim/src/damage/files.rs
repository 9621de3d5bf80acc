//! Whole files that are missing, extra, older, or of another database, and directories that were copied.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use nedb::{Body, Database, Options};
use nedb_io::simulate::{Faults, Image, SimDisk};

use super::{Base, Counts, Examined};
use crate::{
    machine::{DATABASE, Machine},
    violation::{Verdict, Violation},
};

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Does everything to whole files that a careless operator can do.
pub fn damage_files(base: &Base) -> Verdict<Counts> {
    let mut counts = Counts::default();
    let files = base.image.files();
    let mut examine = |what: String, damaged: &Files| -> Verdict<Examined> {
        let image = Image::from_files(damaged);
        let examined =
            base.examine(&disk_with_directories(&image), base.head_size).map_err(|wrong| wrong.during(&what))?;
        counts.note(examined);
        Ok(examined)
    };
    for path in files.keys() {
        let mut damaged = files.clone();
        damaged.remove(path);
        let examined = examine(format!("{} missing", path.display()), &damaged)?;
        let is_essential = path.ends_with("HEAD") || path.extension().is_some_and(|extension| extension == "seg");
        if is_essential && examined == Examined::Dead {
            return Err(Violation::new(format!("nobody misses {}", path.display())));
        }
    }
    for (what, donor) in [("an earlier state", base.earlier.files()), ("another database", base.stranger.files())] {
        for (path, bytes) in &donor {
            let mut damaged = files.clone();
            damaged.insert(path.clone(), bytes.clone());
            examine(format!("{} from {what}", path.display()), &damaged)?;
        }
    }
    for (path, bytes) in extra_files(&files) {
        let mut damaged = files.clone();
        damaged.insert(path.clone(), bytes);
        examine(format!("an extra {}", path.display()), &damaged)?;
    }
    older_parts(base, &files, &mut examine)?;
    copied_directory(base)?;
    Ok(counts)
}

/// Files that do not belong there: junk, copies of a segment under other names, leftovers.
fn extra_files(files: &Files) -> Vec<(PathBuf, Vec<u8>)> {
    let under = |name: &str| Path::new(DATABASE).join(name);
    let segment = files.iter().find(|(path, _)| path.extension().is_some_and(|extension| extension == "seg"));
    let segment = segment.map(|(_, bytes)| bytes.clone()).unwrap_or_default();
    vec![
        (under("notes.txt"), b"hello".to_vec()),
        (under("log/notes.txt"), b"hello".to_vec()),
        (under("log/0000000000010000.seg.new"), segment.clone()),
        (under("log/0000000000010000.seg"), segment.clone()),
        (under("log/0000000000050000.seg"), segment),
        (under("log/0000000000010000.seg"), Vec::new()),
        (under("index/checkpoint-ffffffffffffffff.nck"), b"junk".to_vec()),
        (under("index/keys-0000000000000000.run"), vec![0; 4096]),
    ]
}

/// Older versions of several files at once. An old copy of the whole directory is left out: nothing inside can tell.
fn older_parts(base: &Base, files: &Files, examine: &mut dyn FnMut(String, &Files) -> Verdict<Examined>) -> Verdict {
    let earlier = base.earlier.files();
    let is_in = |path: &Path, part: &str| path.strip_prefix(DATABASE).is_ok_and(|path| path.starts_with(part));
    for parts in [&["HEAD"][..], &["log"], &["index"], &["HEAD", "index"], &["log", "index"]] {
        let is_chosen = |path: &Path| parts.iter().any(|part| is_in(path, part));
        let mut damaged: Files = files
            .iter()
            .filter(|(path, _)| !is_chosen(path))
            .map(|(path, bytes)| (path.clone(), bytes.clone()))
            .collect();
        let older = earlier.iter().filter(|(path, _)| is_chosen(path));
        damaged.extend(older.map(|(path, bytes)| (path.clone(), bytes.clone())));
        let examined = examine(format!("{parts:?} of an earlier state"), &damaged)?;
        let is_rollback = parts.contains(&"log");
        if is_rollback && base.durable_size == base.oracle.size() && examined != Examined::Refused {
            return Err(Violation::new(format!("{parts:?} were rolled back and the database opened: {examined:?}")));
        }
    }
    Ok(())
}

/// A copied directory opens beside the original; parts of the two, once they went apart, do not fit together.
fn copied_directory(base: &Base) -> Verdict {
    let machines = [1, 2].map(|seed| {
        let machine = Machine::with_disk(SimDisk::from_image(seed, Faults::default(), &base.image), seed);
        machine.clock.set_wall_us(base.now_us);
        machine
    });
    for (machine, text) in machines.iter().zip([r#"{"copy": 1}"#, r#"{"copy": 2}"#]) {
        let db = Database::open(machine.database(), Options::new().io(machine.io()).create(false))?;
        db.put("copies", "x", Body::json(text))?;
        db.close()?;
    }
    let [first, second] = machines.map(|machine| machine.disk.snapshot().files());
    let mut mixed = first.clone();
    let is_log = |path: &Path| path.extension().is_some_and(|extension| extension == "seg");
    mixed.extend(second.into_iter().filter(|(path, _)| is_log(path)));
    let machine = Machine::with_disk(disk_with_directories(&Image::from_files(&mixed)), 3);
    match Database::open(machine.database(), Options::new().io(machine.io()).create(false)) {
        Err(error) if error.kind() == nedb::ErrorKind::Integrity => Ok(()),
        other => Err(Violation::new(format!("the log of one copy under the head of the other: {other:?}"))),
    }
}

/// Directories stay when their last file goes.
fn disk_with_directories(image: &Image) -> SimDisk {
    let disk = SimDisk::from_image(1, Faults::default(), image);
    for name in ["", "log", "index", "keys"] {
        let path = Path::new(DATABASE).join(name);
        // Those that are there already refuse, which is as good.
        let _present = nedb_io::Disk::create_dir(&disk, &path);
    }
    disk
}
