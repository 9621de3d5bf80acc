//! One open file of the machine.
//!
//! It adds the path to every error and continues interrupted calls. It never repeats a sync.

use std::{
    fs, io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use crate::{File, Map, MapAdvice, explain::explain};

#[derive(Debug)]
pub(super) struct RealFile {
    file: fs::File,
    path: PathBuf,
}

impl RealFile {
    pub(super) fn new(file: fs::File, path: &Path) -> Self {
        Self { file, path: path.to_path_buf() }
    }

    fn explained<T>(&self, action: &str, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| explain(action, &self.path, error))
    }
}

impl File for RealFile {
    fn len_bytes(&self) -> io::Result<u64> {
        self.explained("inspect", self.file.metadata().map(|metadata| metadata.len()))
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.explained("read", self.file.read_at(buf, offset))
    }

    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        self.explained("write", self.file.write_all_at(buf, offset))
    }

    fn set_len_bytes(&self, len: u64) -> io::Result<()> {
        self.explained("set the length of", self.file.set_len(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.explained("sync", self.file.sync_data())
    }

    fn sync_all(&self) -> io::Result<()> {
        self.explained("sync", self.file.sync_all())
    }

    fn map(&self, len_bytes: u64, advice: MapAdvice) -> io::Result<Option<Map>> {
        self.explained("map", Map::open(&self.file, len_bytes, advice)).map(Some)
    }
}
