//! Blocks of 4 KiB that a medium lost, exchanged, doubled or wrote to the wrong place.

use std::path::{Path, PathBuf};

use nedb_io::simulate::{BLOCK_BYTES, Faults, SimDisk};

use super::{Base, Counts};
use crate::{
    machine::DATABASE,
    violation::{Verdict, Violation},
};

/// Damages every block of every file in every way.
pub fn damage_blocks(base: &Base) -> Verdict<Counts> {
    let mut counts = Counts::default();
    for (path, bytes) in base.image.files() {
        if path.strip_prefix(DATABASE).is_err() {
            continue;
        }
        let blocks = (bytes.len() as u64).div_ceil(BLOCK_BYTES as u64);
        for block in 0..blocks {
            counts.add(damage_block(base, &path, block, blocks)?);
        }
    }
    Ok(counts)
}

fn damage_block(base: &Base, path: &Path, block: u64, blocks: u64) -> Verdict<Counts> {
    let mut counts = Counts::default();
    let mut damage = |what: String, act: &dyn Fn(&SimDisk) -> std::io::Result<()>| -> Verdict {
        let disk = SimDisk::from_image(1, Faults::default(), &base.image);
        act(&disk)?;
        let context = |wrong: Violation| wrong.during(format!("block {block} of {} {what}", path.display()));
        counts.note(base.examine(&disk, base.head_size).map_err(context)?);
        Ok(())
    };
    damage("zeroed".to_owned(), &|disk| disk.zero_block(path, block))?;
    if let Some(stale) = older(base, path, block) {
        let offset = block * BLOCK_BYTES as u64;
        damage("stale".to_owned(), &|disk| put_bytes(disk, path, offset, &stale))?;
    }
    for other in (0..blocks).filter(|other| *other != block) {
        damage(format!("written over {other}"), &|disk| disk.copy_block(path, block, other))?;
        if other > block {
            damage(format!("exchanged with {other}"), &|disk| disk.swap_blocks(path, block, other))?;
        }
    }
    Ok(counts)
}

/// What the block held at the earlier moment, when that was something else.
fn older(base: &Base, path: &Path, block: u64) -> Option<Vec<u8>> {
    let part = |bytes: Vec<u8>| {
        let start = usize::try_from(block).ok()?.checked_mul(BLOCK_BYTES)?;
        let end = bytes.len().min(start.saturating_add(BLOCK_BYTES));
        bytes.get(start..end).map(<[u8]>::to_vec)
    };
    let (then, now) = (part(base.earlier.file(path)?)?, part(base.image.file(path)?)?);
    (then != now).then_some(then)
}

fn put_bytes(disk: &SimDisk, path: &Path, offset: u64, bytes: &[u8]) -> std::io::Result<()> {
    let path: PathBuf = path.to_path_buf();
    let end = disk.read_file(&path)?.len() as u64;
    for (position, byte) in (offset..end).zip(bytes) {
        disk.set_byte(&path, position, *byte)?;
    }
    Ok(())
}
