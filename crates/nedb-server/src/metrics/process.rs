//! What the kernel says about this process; nothing where there is no `/proc`.

use std::path::Path;

use nedb_io::{Disk as _, RealDisk};

use super::page::Page;

/// The size of a page of memory in which the kernel counts, where it is not larger; larger pages make the figure too small.
const PAGE_BYTES: u64 = 4096;

pub(super) fn write(page: &mut Page) {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    if let Some(pages) = statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()) {
        let help = "Bytes of memory that the process occupies.";
        page.single("process_resident_memory_bytes", "gauge", help, pages * PAGE_BYTES);
    }
    if let Ok(descriptors) = RealDisk.list(Path::new("/proc/self/fd")) {
        page.single("process_open_fds", "gauge", "Descriptors that the process has open.", descriptors.len());
    }
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    if let Some(most) = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()) {
        page.single("process_max_fds", "gauge", "Descriptors that the process may have open.", most);
    }
}
