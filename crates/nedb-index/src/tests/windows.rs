//! Bounded memory: slots sorted in windows are the same slots.

use super::{at, directory, key, memory_io};
use crate::KeyState;
use crate::entry::Packed;
use crate::run::KeyRunWriter;

#[test]
fn a_run_written_in_windows_finds_every_key() {
    let io = memory_io();
    let directory = directory(&io);
    for window in [1, 7, 500, 5000] {
        let mut writer = KeyRunWriter::with_window(&directory, 3000, window).unwrap();
        for number in 0..3000 {
            writer.push(&key(number), Packed::new(at(number), KeyState::Live)).unwrap();
        }
        let run = writer.finish().unwrap();
        for number in 0..3000 {
            let hash = directory.hasher.hash(&key(number));
            let found = run.find(hash, &mut |address| Ok(address == at(number))).unwrap();
            assert_eq!(found, Some(at(number)), "window {window}");
        }
        if window >= 3000 {
            break;
        }
    }
}
