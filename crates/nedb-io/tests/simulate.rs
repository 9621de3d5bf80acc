//! What a simulated disk promises: synced bytes survive every cut, others meet every fate, and a seed repeats it all.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::ErrorKind,
    path::{Path, PathBuf},
};

use nedb_io::{
    Access, Disk, Random, SeededRandom,
    simulate::{BLOCK_BYTES, Call, Failure, Faults, Image, Injection, SimDisk, Survival, Tear, is_power_cut},
};
use proptest::prelude::*;

fn path(text: &str) -> &Path {
    Path::new(text)
}

/// A disk with one durable file `/a` of these bytes.
fn disk_with(seed: u64, faults: Faults, bytes: &[u8]) -> SimDisk {
    let disk = SimDisk::new(seed, faults);
    disk.write_file(path("/a"), bytes).expect("the root exists");
    disk
}

/// What `/a` holds after cuts with many seeds.
fn outcomes(disk: &SimDisk) -> BTreeSet<Option<Vec<u8>>> {
    (0..2000).map(|seed| disk.reboot_with(seed, Survival::Random).read_file(path("/a")).ok()).collect()
}

#[test]
fn synced_bytes_survive_every_cut() {
    let disk = SimDisk::new(1, Faults::default());
    let file = disk.create_new(path("/a")).unwrap();
    file.write_all_at(b"acknowledged", 0).unwrap();
    file.sync_data().unwrap();
    disk.sync_dir(path("/")).unwrap();
    disk.cut();
    assert_eq!(outcomes(&disk), BTreeSet::from([Some(b"acknowledged".to_vec())]));
}

#[test]
fn a_name_that_was_not_synced_may_be_lost() {
    let disk = SimDisk::new(1, Faults::default());
    disk.create_new(path("/a")).unwrap().sync_all().unwrap();
    assert_eq!(outcomes(&disk), BTreeSet::from([None, Some(Vec::new())]));
}

#[test]
fn an_unsynced_write_is_kept_lost_or_torn_at_sectors() {
    let disk = disk_with(1, Faults::default(), &[b'-'; 1024]);
    let file = disk.open(path("/a"), Access::Write).unwrap();
    file.write_all_at(&[b'x'; 1024], 0).unwrap();
    let halves = |first: u8, second: u8| Some([[first; 512], [second; 512]].concat());
    let all = [halves(b'-', b'-'), halves(b'x', b'-'), halves(b'-', b'x'), halves(b'x', b'x')];
    assert_eq!(outcomes(&disk), BTreeSet::from(all));
}

#[test]
fn tearing_can_be_forbidden_or_allowed_anywhere() {
    let never = disk_with(1, Faults { tear: Tear::Never, ..Faults::default() }, b"----");
    never.open(path("/a"), Access::Write).unwrap().write_all_at(b"xxxx", 0).unwrap();
    assert_eq!(outcomes(&never).len(), 2);
    let anywhere = disk_with(1, Faults { tear: Tear::Arbitrary, ..Faults::default() }, b"----");
    anywhere.open(path("/a"), Access::Write).unwrap().write_all_at(b"xxxx", 0).unwrap();
    let outcomes = outcomes(&anywhere);
    // Every run of changed bytes can be what survives: 10 runs and nothing at all.
    assert_eq!(outcomes.len(), 11, "{outcomes:?}");
}

#[test]
fn of_two_unsynced_writes_any_combination_survives() {
    let disk = disk_with(1, Faults::default(), b"--");
    let file = disk.open(path("/a"), Access::Write).unwrap();
    file.write_all_at(b"1", 0).unwrap();
    file.write_all_at(b"2", 1).unwrap();
    let expected = ["--", "1-", "-2", "12"].map(|text| Some(text.as_bytes().to_vec()));
    assert_eq!(outcomes(&disk), BTreeSet::from(expected));
}

#[test]
fn reordering_lets_the_older_write_win_and_can_be_forbidden() {
    for has_reordering in [true, false] {
        let disk = disk_with(1, Faults { has_reordering, ..Faults::default() }, b"---");
        let file = disk.open(path("/a"), Access::Write).unwrap();
        file.write_all_at(b"11", 0).unwrap();
        file.write_all_at(b"22", 1).unwrap();
        // Both survive, but the first is on top: no order-keeping loss looks like this.
        assert_eq!(outcomes(&disk).contains(&Some(b"112".to_vec())), has_reordering);
        assert_eq!(disk.reboot_with(0, Survival::Nothing).read_file(path("/a")).unwrap(), b"---");
        assert_eq!(disk.reboot_with(0, Survival::Everything).read_file(path("/a")).unwrap(), b"122");
    }
}

#[test]
fn a_length_that_was_not_synced_may_be_lost() {
    let disk = disk_with(1, Faults::default(), b"abc");
    disk.open(path("/a"), Access::Write).unwrap().set_len_bytes(1).unwrap();
    assert_eq!(outcomes(&disk), BTreeSet::from([Some(b"abc".to_vec()), Some(b"a".to_vec())]));
}

#[test]
fn a_rename_is_kept_or_lost_whole() {
    let disk = disk_with(1, Faults::default(), b"old");
    disk.write_file(path("/new"), b"new").unwrap();
    disk.rename(path("/new"), path("/a")).unwrap();
    let mut seen = BTreeSet::new();
    for seed in 0..200 {
        seen.insert(disk.reboot_with(seed, Survival::Random).snapshot().files().into_values().collect::<Vec<_>>());
    }
    assert_eq!(seen, BTreeSet::from([vec![b"new".to_vec()], vec![b"old".to_vec(), b"new".to_vec()]]));
    disk.sync_dir(path("/")).unwrap();
    assert_eq!(outcomes(&disk), BTreeSet::from([Some(b"new".to_vec())]));
}

#[test]
fn a_removal_that_was_not_synced_may_be_undone() {
    let disk = disk_with(1, Faults::default(), b"abc");
    disk.remove(path("/a")).unwrap();
    assert_eq!(outcomes(&disk), BTreeSet::from([None, Some(b"abc".to_vec())]));
    disk.sync_dir(path("/")).unwrap();
    assert_eq!(outcomes(&disk), BTreeSet::from([None]));
}

#[test]
fn a_move_between_directories_needs_both_syncs_and_never_loses_the_file() {
    let disk = disk_with(1, Faults::default(), b"abc");
    disk.create_dir(path("/d")).unwrap();
    disk.sync_dir(path("/")).unwrap();
    disk.rename(path("/a"), path("/d/a")).unwrap();
    let places = |disk: &SimDisk| {
        let files = |seed| disk.reboot_with(seed, Survival::Random).snapshot().files().into_keys().collect::<Vec<_>>();
        (0..200).map(files).collect::<BTreeSet<_>>()
    };
    let (before, after) = (vec![PathBuf::from("/a")], vec![PathBuf::from("/d/a")]);
    disk.sync_dir(path("/d")).unwrap();
    assert_eq!(places(&disk), BTreeSet::from([before, after.clone()]));
    disk.sync_dir(path("/")).unwrap();
    assert_eq!(places(&disk), BTreeSet::from([after]));
}

#[test]
fn a_whole_directory_is_lost_with_its_name() {
    let disk = SimDisk::new(1, Faults::default());
    disk.create_dir(path("/t")).unwrap();
    disk.create_new(path("/t/file")).unwrap().sync_all().unwrap();
    disk.sync_dir(path("/t")).unwrap();
    assert_eq!(disk.reboot_with(0, Survival::Nothing).list(path("/")).unwrap(), Vec::<String>::new());
    disk.rename(path("/t"), path("/db")).unwrap();
    disk.sync_dir(path("/")).unwrap();
    assert_eq!(disk.reboot_with(0, Survival::Nothing).list(path("/db")).unwrap(), ["file"]);
}

#[test]
fn a_failed_sync_loses_the_bytes_that_still_read_back() {
    let disk = disk_with(1, Faults::default(), b"old");
    let file = disk.open(path("/a"), Access::Write).unwrap();
    disk.inject(Injection::once(Call::SyncFile, 1, Failure::Io));
    file.write_all_at(b"new", 0).unwrap();
    file.sync_data().unwrap_err();
    file.sync_data().unwrap();
    assert_eq!(disk.read_file(path("/a")).unwrap(), b"new");
    assert_eq!(outcomes(&disk), BTreeSet::from([Some(b"old".to_vec())]));
    assert_eq!(disk.restart().read_file(path("/a")).unwrap(), b"new");
    file.write_all_at(b"new", 0).unwrap();
    file.sync_data().unwrap();
    assert_eq!(outcomes(&disk), BTreeSet::from([Some(b"new".to_vec())]));
}

#[test]
fn a_failed_directory_sync_loses_the_names() {
    let disk = SimDisk::new(1, Faults::default());
    disk.create_new(path("/a")).unwrap();
    disk.inject(Injection::once(Call::SyncDir, 1, Failure::Io));
    disk.sync_dir(path("/")).unwrap_err();
    disk.sync_dir(path("/")).unwrap();
    assert_eq!(disk.list(path("/")).unwrap(), ["a"]);
    assert_eq!(outcomes(&disk), BTreeSet::from([None]));
}

#[test]
fn a_lying_sync_is_noticed_by_a_cut() {
    let disk = disk_with(1, Faults { is_file_sync_lying: true, ..Faults::default() }, b"old");
    let file = disk.open(path("/a"), Access::Write).unwrap();
    file.write_all_at(b"new", 0).unwrap();
    file.sync_data().unwrap();
    assert!(outcomes(&disk).contains(&Some(b"old".to_vec())));
    let disk = SimDisk::new(1, Faults { is_dir_sync_lying: true, ..Faults::default() });
    disk.create_new(path("/a")).unwrap();
    disk.sync_dir(path("/")).unwrap();
    assert!(outcomes(&disk).contains(&None));
}

#[test]
fn a_process_kill_keeps_the_page_cache_at_risk() {
    let disk = disk_with(1, Faults::default(), b"old");
    let file = disk.open(path("/a"), Access::Write).unwrap();
    let _held = disk.lock(path("/LOCK")).unwrap();
    file.write_all_at(b"new", 0).unwrap();
    disk.cut();
    let restarted = disk.restart();
    assert_eq!(restarted.read_file(path("/a")).unwrap(), b"new");
    assert!(matches!(restarted.lock(path("/LOCK")).unwrap(), nedb_io::LockOutcome::Held(_)));
    assert!(is_power_cut(&file.sync_data().unwrap_err()));
    assert_eq!(restarted.reboot_with(0, Survival::Nothing).read_file(path("/a")).unwrap(), b"old");
    restarted.open(path("/a"), Access::Write).unwrap().sync_data().unwrap();
    assert_eq!(outcomes(&restarted), BTreeSet::from([Some(b"new".to_vec())]));
}

/// A small program that creates, writes, syncs and renames; returns after the first error.
fn run_script(disk: &SimDisk) -> std::io::Result<()> {
    disk.create_dir(path("/db"))?;
    let file = disk.create_new(path("/db/t"))?;
    file.write_all_at(&[7; 3000], 0)?;
    file.set_len_bytes(8192)?;
    file.sync_all()?;
    disk.rename(path("/db/t"), path("/db/log"))?;
    disk.sync_dir(path("/db"))?;
    disk.sync_dir(path("/"))?;
    file.write_all_at(&[8; 3000], 3000)?;
    file.sync_data()?;
    disk.remove(path("/db/log"))?;
    disk.sync_dir(path("/db"))
}

#[test]
fn the_power_goes_off_at_exactly_the_chosen_call() {
    let whole = SimDisk::new(1, Faults::default());
    run_script(&whole).unwrap();
    let total = whole.counts().mutations;
    assert_eq!((total, whole.counts().file_syncs, whole.counts().dir_syncs), (12, 2, 3));
    for at in 1..=total {
        let disk = SimDisk::new(1, Faults::default());
        disk.cut_at_operation(at);
        assert!(is_power_cut(&run_script(&disk).unwrap_err()));
        assert!(disk.is_cut());
        assert_eq!(disk.counts().mutations, at);
        assert!(is_power_cut(&disk.list(path("/")).unwrap_err()));
        let after = disk.reboot();
        after.list(path("/")).unwrap();
        // The name and its first bytes were durable from the eighth call on, until the removal.
        if (9..=10).contains(&at) {
            assert_eq!(after.read_file(path("/db/log")).unwrap()[..3000], [7; 3000]);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_run_and_the_same_bytes() {
    let run = |seed| {
        let disk = SimDisk::new(seed, Faults { short_reads_per_mille: 200, ..Faults::default() });
        disk.start_trace();
        disk.cut_at_operation(9);
        run_script(&disk).unwrap_err();
        (disk.trace(), disk.reboot().snapshot())
    };
    let mut images = Vec::new();
    for seed in 0..50 {
        assert_eq!(run(seed), run(seed));
        images.push(run(seed).1.files());
    }
    images.sort();
    images.dedup();
    assert!(images.len() > 3, "seeds lead to different ends");
    assert_eq!(run(1).0[2], "Write /db/t 0+3000");
}

#[test]
fn space_ends_inside_a_write_and_comes_back() {
    let disk = SimDisk::new(1, Faults { space_bytes_max: Some(3 * BLOCK_BYTES as u64), ..Faults::default() });
    let file = disk.create_new(path("/a")).unwrap();
    let error = file.write_all_at(&vec![1; 5 * BLOCK_BYTES], 100).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    assert_eq!(file.len_bytes().unwrap(), 3 * BLOCK_BYTES as u64);
    assert_eq!(disk.space_used_bytes(), 3 * BLOCK_BYTES as u64);
    file.write_all_at(&[2; 3 * BLOCK_BYTES], 0).unwrap();
    let other = disk.create_new(path("/b")).unwrap();
    assert_eq!(other.write_all_at(&[0; 1], 0).unwrap_err().kind(), ErrorKind::StorageFull);
    disk.remove(path("/a")).unwrap();
    assert_eq!(other.write_all_at(b"x", 0).unwrap_err().kind(), ErrorKind::StorageFull, "a handle keeps the space");
    drop(file);
    other.write_all_at(&[0; BLOCK_BYTES], 0).unwrap();
    assert_eq!(disk.space_used_bytes(), BLOCK_BYTES as u64);
    other.set_len_bytes(0).unwrap();
    assert_eq!(disk.space_used_bytes(), 0);
}

#[test]
fn errors_strike_at_the_chosen_call_and_path() {
    let disk = disk_with(1, Faults::default(), b"abc");
    let file = disk.open(path("/a"), Access::Write).unwrap();
    let mut buf = [0; 3];
    disk.inject(Injection::once(Call::Read, 2, Failure::Io));
    file.read_exact_at(&mut buf, 0).unwrap();
    file.read_exact_at(&mut buf, 0).unwrap_err();
    file.read_exact_at(&mut buf, 0).unwrap();
    disk.inject(Injection::forever(Call::AnyMutation, 1, Failure::NoSpace).on("b"));
    file.write_all_at(b"x", 0).unwrap();
    for _ in 0..2 {
        assert_eq!(disk.create_new(path("/b")).unwrap_err().kind(), ErrorKind::StorageFull);
    }
    disk.clear_injections();
    disk.create_new(path("/b")).unwrap();
}

#[test]
fn an_error_at_any_call_of_a_script_is_reported() {
    let whole = SimDisk::new(1, Faults::default());
    run_script(&whole).unwrap();
    for nth in 1..=whole.counts().mutations {
        let disk = SimDisk::new(1, Faults::default());
        disk.inject(Injection::once(Call::Any, nth, Failure::Io));
        let error = run_script(&disk).unwrap_err();
        assert!(!is_power_cut(&error) && error.to_string().contains("os error 5"), "{error}");
    }
}

#[test]
fn interruptions_and_short_reads_are_continued() {
    let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    let disk = disk_with(3, Faults { short_reads_per_mille: 500, ..Faults::default() }, &bytes);
    disk.inject(Injection::once(Call::Read, 2, Failure::Interrupted));
    let file = disk.open(path("/a"), Access::Write).unwrap();
    let mut buf = vec![0; bytes.len()];
    for _ in 0..50 {
        file.read_exact_at(&mut buf, 0).unwrap();
        assert_eq!(buf, bytes);
    }
    assert!(disk.counts().reads > 60);
    disk.inject(Injection::forever(Call::AnyMutation, 1, Failure::Interrupted));
    file.write_all_at(b"x", 0).unwrap();
    file.sync_data().unwrap();
}

#[test]
fn a_failed_write_may_leave_a_front_part() {
    let mut lengths = BTreeSet::new();
    for seed in 0..200 {
        let disk = disk_with(seed, Faults::default(), b"");
        disk.inject(Injection::once(Call::Write, 1, Failure::Io));
        disk.open(path("/a"), Access::Write).unwrap().write_all_at(b"abcd", 0).unwrap_err();
        lengths.insert(disk.read_file(path("/a")).unwrap().len());
    }
    assert_eq!(lengths, (0..=4).collect());
}

#[test]
fn damage_is_durable_and_exact() {
    let mut bytes = vec![1; BLOCK_BYTES];
    bytes.extend([2; BLOCK_BYTES]);
    bytes.extend([3; 10]);
    let disk = disk_with(1, Faults::default(), &bytes);
    disk.flip_bit(path("/a"), 5, 7).unwrap();
    bytes[5] ^= 128;
    assert_eq!(disk.read_file(path("/a")).unwrap(), bytes);
    disk.flip_bit(path("/a"), 5, 7).unwrap();
    disk.set_byte(path("/a"), BLOCK_BYTES as u64, 9).unwrap();
    disk.swap_blocks(path("/a"), 0, 1).unwrap();
    assert_eq!(disk.read_file(path("/a")).unwrap()[..2], [9, 2]);
    disk.zero_block(path("/a"), 1).unwrap();
    disk.copy_block(path("/a"), 1, 0).unwrap();
    assert_eq!(disk.read_file(path("/a")).unwrap()[..2 * BLOCK_BYTES], vec![0; 2 * BLOCK_BYTES]);
    disk.truncate_file(path("/a"), 3).unwrap();
    assert_eq!(outcomes(&disk), BTreeSet::from([Some(vec![0; 3])]));
    disk.flip_bit(path("/a"), 3, 0).unwrap_err();
    disk.zero_block(path("/a"), 1).unwrap_err();
    disk.remove_file(path("/a")).unwrap();
    assert_eq!(disk.flip_bit(path("/a"), 0, 0).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(outcomes(&disk), BTreeSet::from([None]));
}

#[test]
fn a_stale_block_is_what_the_last_sync_replaced() {
    let disk = disk_with(1, Faults::default(), &[0; 2 * BLOCK_BYTES]);
    assert!(!disk.stale_block(path("/a"), 0).unwrap());
    let file = disk.open(path("/a"), Access::Write).unwrap();
    for byte in [1, 2] {
        file.write_all_at(&[byte; 100], 0).unwrap();
        file.write_all_at(&[byte; 100], 100).unwrap();
        file.sync_data().unwrap();
    }
    let disk = disk.reboot();
    assert!(disk.misdirect_block(path("/a"), 0, 1).unwrap());
    let bytes = disk.read_file(path("/a")).unwrap();
    assert_eq!((bytes[0], bytes[199], bytes[200], bytes[BLOCK_BYTES]), (1, 1, 0, 2));
}

#[test]
fn an_image_holds_the_whole_tree_and_does_not_change() {
    let files = BTreeMap::from([
        (PathBuf::from("/db/log/0"), vec![1; 9000]),
        (PathBuf::from("/db/HEAD"), b"head".to_vec()),
        (PathBuf::from("/x"), Vec::new()),
    ]);
    let image = Image::from_files(&files);
    let disk = SimDisk::from_image(1, Faults::default(), &image);
    let file = disk.open(path("/db/log/0"), Access::Write).unwrap();
    file.write_all_at(b"change", 0).unwrap();
    assert_eq!(image.files(), files);
    assert_ne!(disk.snapshot(), image);
    disk.restore(&image);
    assert_eq!(disk.snapshot(), image);
    assert_eq!(image.file(path("db/HEAD")), Some(b"head".to_vec()));
    assert_eq!(file.write_all_at(b"x", 0).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(disk.reboot_with(0, Survival::Nothing).snapshot(), image);
}

/// A model of what must hold after any cut: the bytes that the last successful sync confirmed, where nothing was
/// written since.
#[derive(Default)]
struct Model {
    synced: Vec<u8>,
    seen: Vec<u8>,
    touched: BTreeSet<usize>,
}

impl Model {
    fn write(&mut self, offset: usize, bytes: &[u8]) {
        self.seen.resize(self.seen.len().max(offset + bytes.len()), 0);
        let target = self.seen.get_mut(offset..offset + bytes.len());
        target.expect("the vector has been made long enough").copy_from_slice(bytes);
        self.touched.extend(offset..offset + bytes.len());
    }

    fn sync(&mut self) {
        self.synced.clone_from(&self.seen);
        self.touched.clear();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn untouched_synced_bytes_survive_any_sequence(seed in any::<u64>(), steps in 1usize..40) {
        let disk = disk_with(seed, Faults { tear: Tear::Arbitrary, ..Faults::default() }, b"");
        let file = disk.open(path("/a"), Access::Write).unwrap();
        let random = SeededRandom::new(seed);
        let mut model = Model::default();
        for _ in 0..steps {
            let mut draw = [0; 4];
            random.fill(&mut draw);
            let [action, low, high, byte] = draw;
            if action < 60 {
                file.sync_data().unwrap();
                model.sync();
            } else {
                let offset = usize::from(u16::from_le_bytes([low, high])) % 20_000;
                let bytes = vec![byte; 1 + usize::from(action) * 20];
                file.write_all_at(&bytes, offset as u64).unwrap();
                model.write(offset, &bytes);
            }
        }
        prop_assert_eq!(disk.read_file(path("/a")).unwrap(), model.seen.clone());
        for cut in 0..20 {
            let after = disk.reboot_with(cut, Survival::Random).read_file(path("/a")).unwrap();
            prop_assert!(after.len() >= model.synced.len() && after.len() <= model.seen.len());
            for (index, byte) in model.synced.iter().enumerate() {
                prop_assert!(model.touched.contains(&index) || after[index] == *byte, "byte {} changed", index);
            }
        }
    }
}
