//! What only the machine itself can show: permissions, links, special files, threads, randomness, time.

mod support;

use std::{
    collections::BTreeSet,
    io::ErrorKind,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::Command,
    sync::mpsc,
    thread,
};

use nedb_io::Scheduler;
use nedb_io::{Access, Clock, Disk, Io, LockOutcome, PathKind, Random, RealClock, RealDisk, RealRandom, RealScheduler};
use support::Folder;

fn mode_of(path: &Path) -> u32 {
    path.metadata().expect("the path exists").permissions().mode() & 0o777
}

#[test]
fn only_the_owner_has_access() {
    let folder = Folder::new("modes");
    let disk = RealDisk::new();
    disk.create_new(&folder.path().join("file")).unwrap();
    let _guard = disk.lock(&folder.path().join("LOCK")).unwrap();
    assert_eq!(mode_of(folder.path()), 0o700);
    assert_eq!(mode_of(&folder.path().join("file")), 0o600);
    assert_eq!(mode_of(&folder.path().join("LOCK")), 0o600);
}

#[test]
fn a_symbolic_link_is_refused() {
    let folder = Folder::new("links");
    let (disk, target, link) = (RealDisk::new(), folder.path().join("target"), folder.path().join("link"));
    disk.create_new(&target).unwrap();
    symlink(&target, &link).unwrap();
    disk.open(&link, Access::Read).unwrap_err();
    disk.open(&link, Access::Write).unwrap_err();
    disk.create_new(&link).unwrap_err();
    disk.lock(&link).unwrap_err();
    assert_eq!(disk.kind(&link).unwrap(), Some(PathKind::Other));
    let (directory, link) = (folder.path().join("dir"), folder.path().join("dirlink"));
    disk.create_dir(&directory).unwrap();
    symlink(&directory, &link).unwrap();
    disk.sync_dir(&directory).unwrap();
    // The parent of a database may be reached through a link: a sync of it follows, and changes nothing.
    disk.sync_dir(&link).unwrap();
}

#[test]
fn a_pipe_is_refused_without_waiting() {
    let folder = Folder::new("pipe");
    let path = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    assert_eq!(RealDisk::new().open(&path, Access::Read).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(RealDisk::new().kind(&path).unwrap(), Some(PathKind::Other));
}

#[test]
fn a_lock_excludes_another_process() {
    let folder = Folder::new("flock");
    let path = folder.path().join("LOCK");
    let LockOutcome::Held(guard) = RealDisk::new().lock(&path).unwrap() else { panic!("the lock is free") };
    let try_lock = || Command::new("flock").arg("-n").arg(&path).arg("true").status().unwrap().success();
    assert!(!try_lock());
    drop(guard);
    assert!(try_lock());
}

#[test]
fn a_name_that_is_not_utf8_is_reported() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let folder = Folder::new("utf8");
    RealDisk::new().create_new(&folder.path().join(OsStr::from_bytes(b"\xff"))).unwrap();
    assert_eq!(RealDisk::new().list(folder.path()).unwrap_err().kind(), ErrorKind::InvalidData);
}

#[test]
fn random_bytes_never_repeat() {
    let mut seen = BTreeSet::new();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            thread::Builder::new()
                .spawn(|| {
                    let mut salts = Vec::new();
                    for _ in 0..5000 {
                        let mut salt = [0; 16];
                        RealRandom::new().fill(&mut salt);
                        salts.push(salt);
                    }
                    salts
                })
                .unwrap()
        })
        .collect();
    for thread in threads {
        for salt in thread.join().unwrap() {
            assert!(seen.insert(salt));
        }
    }
}

#[test]
fn every_byte_of_a_buffer_is_filled() {
    for len in [0, 1, 7, 16, 1000, 4095, 4096, 4097, 100_000] {
        let mut union = vec![0u8; len];
        for _ in 0..16 {
            let mut buf = vec![0; len];
            RealRandom::new().fill(&mut buf);
            union.iter_mut().zip(buf).for_each(|(seen, byte)| *seen |= byte);
        }
        // A byte that stays zero sixteen times has a chance of 2^-128.
        assert!(union.iter().all(|byte| *byte != 0));
    }
}

#[test]
fn time_moves_forward() {
    let clock = RealClock::new();
    let first = clock.monotonic_us();
    assert!(clock.monotonic_us() >= first);
    assert!(clock.wall_us() > 1_700_000_000_000_000);
}

#[test]
fn tasks_run_even_after_one_panicked() {
    let scheduler = RealScheduler::shared();
    let before = scheduler.panics();
    let (sender, receiver) = mpsc::channel();
    scheduler.run("panics", Box::new(|| panic!("on purpose")));
    for number in 0..100 {
        let sender = sender.clone();
        scheduler.run("counts", Box::new(move || sender.send(number).unwrap()));
    }
    drop(sender);
    assert_eq!(receiver.iter().collect::<BTreeSet<_>>(), (0..100).collect());
    // The panicking task may end last; its count shows up when another task has followed it everywhere.
    while scheduler.panics() == before {
        thread::yield_now();
    }
}

#[test]
fn more_tasks_may_block_than_there_are_cores() {
    let (sender, receiver) = mpsc::channel::<()>();
    let (done, finished) = mpsc::channel();
    let receiver = std::sync::Arc::new(std::sync::Mutex::new(receiver));
    let waiting = 6;
    for _ in 0..waiting {
        let (receiver, done) = (receiver.clone(), done.clone());
        RealScheduler::shared().run(
            "waits",
            Box::new(move || {
                receiver.lock().unwrap().recv().unwrap();
                done.send(()).unwrap();
            }),
        );
    }
    RealScheduler::shared().run("wakes", Box::new(move || (0..waiting).for_each(|_| sender.send(()).unwrap())));
    drop(done);
    assert_eq!(finished.iter().count(), waiting);
}

#[test]
fn delayed_tasks_run_in_the_order_of_their_time() {
    let io = Io::real();
    let (sender, receiver) = mpsc::channel();
    let start_us = io.clock.monotonic_us();
    for delay_us in [60_000, 20_000] {
        let (sender, clock) = (sender.clone(), io.clock.clone());
        let task = move || {
            sender.send((delay_us, clock.monotonic_us() - start_us)).unwrap();
        };
        io.scheduler.after(delay_us, "delayed", Box::new(task));
    }
    drop(sender);
    let ran: Vec<(u64, u64)> = receiver.iter().collect();
    assert_eq!(ran.iter().map(|(delay_us, _)| *delay_us).collect::<Vec<_>>(), [20_000, 60_000]);
    assert!(ran.iter().all(|(delay_us, after_us)| after_us >= delay_us), "{ran:?}");
}
