//! The promises of `Disk` and `File`, kept alike by the real, the memory and the simulated disk.

mod support;

use std::{io::ErrorKind, path::Path};

use nedb_io::{
    Access, Disk, LockOutcome, MapAdvice, MemoryDisk, PathKind, RealDisk,
    simulate::{Faults, SimDisk},
};
use support::Folder;

/// Runs a check in an empty directory of each kind of disk.
fn on_each_disk(name: &str, check: impl Fn(&dyn Disk, &Path)) {
    let folder = Folder::new(name);
    check(&RealDisk::new(), folder.path());
    let memory = MemoryDisk::new(64 << 20);
    memory.create_dir(Path::new("/root")).expect("the name is free");
    check(&memory, Path::new("/root"));
    let busy = Faults { short_reads_per_mille: 300, interrupts_per_mille: 300, ..Faults::default() };
    for faults in [Faults::default(), busy] {
        let simulated = SimDisk::new(1, faults);
        simulated.create_dir(Path::new("/root")).expect("the name is free");
        check(&simulated, Path::new("/root"));
    }
}

fn kind_of_error<T: std::fmt::Debug>(result: std::io::Result<T>) -> ErrorKind {
    result.expect_err("the call is refused").kind()
}

#[test]
fn what_is_written_is_read() {
    on_each_disk("write", |disk, root| {
        let path = root.join("a");
        let file = disk.create_new(&path).unwrap();
        let bytes: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();
        file.write_all_at(&bytes, 4095).unwrap();
        file.sync_data().unwrap();
        file.sync_all().unwrap();
        let file = disk.open(&path, Access::Read).unwrap();
        let mut read = vec![1; 4095 + bytes.len()];
        file.read_exact_at(&mut read, 0).unwrap();
        assert!(read[..4095].iter().all(|byte| *byte == 0));
        assert_eq!(&read[4095..], bytes);
        assert_eq!(file.len_bytes().unwrap(), 4095 + bytes.len() as u64);
    });
}

#[test]
fn a_read_past_the_end_is_reported() {
    on_each_disk("end", |disk, root| {
        let file = disk.create_new(&root.join("a")).unwrap();
        file.write_all_at(b"abc", 0).unwrap();
        let mut buf = [0; 4];
        assert_eq!(kind_of_error(file.read_exact_at(&mut buf, 0)), ErrorKind::UnexpectedEof);
        assert_eq!(kind_of_error(file.read_exact_at(&mut buf, 100)), ErrorKind::UnexpectedEof);
        file.read_exact_at(&mut buf[..0], 100).unwrap();
    });
}

#[test]
fn a_length_cuts_and_adds_zeros() {
    on_each_disk("length", |disk, root| {
        let file = disk.create_new(&root.join("a")).unwrap();
        file.write_all_at(b"abcdef", 0).unwrap();
        file.set_len_bytes(3).unwrap();
        file.set_len_bytes(5000).unwrap();
        let mut buf = [9; 5000];
        file.read_exact_at(&mut buf, 0).unwrap();
        assert_eq!(&buf[..4], b"abc\0");
        assert!(buf[3..].iter().all(|byte| *byte == 0));
    });
}

#[test]
fn an_absent_file_is_not_found() {
    on_each_disk("absent", |disk, root| {
        let path = root.join("a");
        assert_eq!(kind_of_error(disk.open(&path, Access::Read)), ErrorKind::NotFound);
        assert_eq!(kind_of_error(disk.remove(&path)), ErrorKind::NotFound);
        assert_eq!(kind_of_error(disk.rename(&path, &root.join("b"))), ErrorKind::NotFound);
        assert_eq!(kind_of_error(disk.list(&path)), ErrorKind::NotFound);
        assert_eq!(kind_of_error(disk.sync_dir(&path)), ErrorKind::NotFound);
        assert_eq!(kind_of_error(disk.remove_dir_all(&path)), ErrorKind::NotFound);
        assert_eq!(kind_of_error(disk.create_new(&path.join("b"))), ErrorKind::NotFound);
        assert_eq!(disk.kind(&path).unwrap(), None);
    });
}

#[test]
fn a_name_is_taken_once() {
    on_each_disk("taken", |disk, root| {
        let path = root.join("a");
        disk.create_new(&path).unwrap();
        assert_eq!(kind_of_error(disk.create_new(&path)), ErrorKind::AlreadyExists);
        assert_eq!(kind_of_error(disk.create_dir(&path)), ErrorKind::AlreadyExists);
    });
}

#[test]
fn a_directory_is_not_opened_as_a_file() {
    on_each_disk("directory", |disk, root| {
        disk.open(root, Access::Read).unwrap_err();
        assert_eq!(disk.kind(root).unwrap(), Some(PathKind::Directory));
    });
}

#[test]
fn a_rename_replaces_a_file_and_keeps_its_handles() {
    on_each_disk("rename", |disk, root| {
        let (old, new) = (root.join("old"), root.join("new"));
        let replaced = disk.create_new(&new).unwrap();
        replaced.write_all_at(b"replaced", 0).unwrap();
        disk.create_new(&old).unwrap().write_all_at(b"winner", 0).unwrap();
        disk.rename(&old, &new).unwrap();
        assert_eq!(disk.kind(&old).unwrap(), None);
        assert_eq!(disk.kind(&new).unwrap(), Some(PathKind::File { len_bytes: 6 }));
        let mut buf = [0; 8];
        replaced.read_exact_at(&mut buf, 0).unwrap();
        assert_eq!(&buf, b"replaced");
    });
}

#[test]
fn a_directory_moves_with_all_it_holds() {
    on_each_disk("move", |disk, root| {
        let (temporary, target) = (root.join("t"), root.join("db"));
        disk.create_dir(&temporary).unwrap();
        disk.create_dir(&temporary.join("log")).unwrap();
        let file = disk.create_new(&temporary.join("log/0")).unwrap();
        disk.rename(&temporary, &target).unwrap();
        file.write_all_at(b"late", 0).unwrap();
        assert_eq!(disk.kind(&target.join("log/0")).unwrap(), Some(PathKind::File { len_bytes: 4 }));
        assert_eq!(disk.list(root).unwrap(), ["db"]);
        disk.sync_dir(root).unwrap();
    });
}

#[test]
fn a_list_is_sorted_by_bytes() {
    on_each_disk("list", |disk, root| {
        for name in ["b", "a", "B", "ä", "a.1", "sub"] {
            disk.create_new(&root.join(name)).unwrap();
        }
        assert_eq!(disk.list(root).unwrap(), ["B", "a", "a.1", "b", "sub", "ä"]);
    });
}

#[test]
fn removing_a_directory_takes_all_of_it_and_nothing_else() {
    on_each_disk("remove", |disk, root| {
        disk.create_dir(&root.join("x")).unwrap();
        disk.create_dir(&root.join("x/y")).unwrap();
        disk.create_new(&root.join("x/y/z")).unwrap();
        disk.create_new(&root.join("x.1")).unwrap();
        disk.remove(&root.join("x")).unwrap_err();
        disk.remove_dir_all(&root.join("x")).unwrap();
        assert_eq!(disk.list(root).unwrap(), ["x.1"]);
    });
}

#[test]
fn a_file_opened_for_reading_cannot_change() {
    on_each_disk("read-only", |disk, root| {
        disk.create_new(&root.join("a")).unwrap().write_all_at(b"abc", 0).unwrap();
        let file = disk.open(&root.join("a"), Access::Read).unwrap();
        file.write_all_at(b"x", 0).unwrap_err();
        file.set_len_bytes(0).unwrap_err();
        assert_eq!(file.len_bytes().unwrap(), 3);
    });
}

#[test]
fn a_removed_file_lives_as_long_as_its_handles() {
    on_each_disk("handles", |disk, root| {
        let path = root.join("a");
        let file = disk.create_new(&path).unwrap();
        file.write_all_at(b"still here", 0).unwrap();
        disk.remove(&path).unwrap();
        disk.create_new(&path).unwrap();
        let mut buf = [0; 10];
        file.read_exact_at(&mut buf, 0).unwrap();
        assert_eq!(&buf, b"still here");
    });
}

#[test]
fn a_lock_is_held_once_and_ends_with_its_guard() {
    on_each_disk("lock", |disk, root| {
        let path = root.join("LOCK");
        let LockOutcome::Held(guard) = disk.lock(&path).unwrap() else { panic!("the lock is free") };
        assert!(matches!(disk.lock(&path).unwrap(), LockOutcome::Busy));
        assert_eq!(disk.kind(&path).unwrap(), Some(PathKind::File { len_bytes: 0 }));
        drop(guard);
        assert!(matches!(disk.lock(&path).unwrap(), LockOutcome::Held(_)));
    });
}

#[test]
fn an_error_names_the_path() {
    on_each_disk("names", |disk, root| {
        let path = root.join("missing");
        let error = disk.open(&path, Access::Read).unwrap_err();
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    });
}

#[test]
fn a_map_shows_what_is_written_below_the_length() {
    on_each_disk("map", |disk, root| {
        let file = disk.create_new(&root.join("a")).unwrap();
        file.set_len_bytes(8192).unwrap();
        let Some(map) = file.map(1 << 20, MapAdvice::Random).unwrap() else {
            return;
        };
        file.write_all_at(b"published", 4090).unwrap();
        assert_eq!(map.bytes(4090, 9), Some(b"published".as_slice()));
        assert_eq!(map.bytes((1 << 20) - 1, 2), None);
        assert_eq!(map.bytes(u64::MAX, 1), None);
        assert_eq!(map.bytes(0, usize::MAX), None);
        assert_eq!(map.len_bytes(), 1 << 20);
        for offset in [0, 4090, 1 << 19, (1 << 20) - 1, 1 << 20, u64::MAX] {
            map.prefetch(offset);
            map.prefetch_range(offset, 320);
            map.prefetch_range(offset, usize::MAX);
        }
    });
}
