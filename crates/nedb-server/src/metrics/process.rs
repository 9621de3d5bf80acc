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
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    if let Some(faults) = major_faults(&stat) {
        let help = "Pages of mapped files that were not in the page cache when they were read.";
        page.single("process_major_page_faults_total", "counter", help, faults);
    }
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    if let Some(most) = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()) {
        page.single("process_max_fds", "gauge", "Descriptors that the process may have open.", most);
    }
}

/// The twelfth word of `/proc/self/stat`. The second one is the name of the program in brackets, which may have blanks and brackets.
fn major_faults(stat: &str) -> Option<u64> {
    let (_, behind_name) = stat.rsplit_once(") ")?;
    behind_name.split(' ').nth(9)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn major_faults_are_found_behind_any_name() {
        let stat = "17 (a ) b) S 1 17 17 0 -1 4194560 3012 0 25 0 9 4 0 0 20 0 5 0 1234 5678 90";
        assert_eq!(major_faults(stat), Some(25));
        assert_eq!(major_faults(""), None);
    }
}
