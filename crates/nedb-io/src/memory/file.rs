//! One open file in memory.
//!
//! Reads copy, syncs do nothing, and nothing can be mapped. An open handle keeps the bytes of a removed file.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::content::Content;
use crate::{
    Access, File, Map, MapAdvice, RwLock,
    explain::{explain, refuse},
};

#[derive(Debug)]
pub(super) struct MemoryFile {
    content: Arc<RwLock<Content>>,
    access: Access,
    path: PathBuf,
}

impl MemoryFile {
    pub(super) fn new(content: Arc<RwLock<Content>>, access: Access, path: &Path) -> Self {
        Self { content, access, path: path.to_path_buf() }
    }

    fn expect_writable(&self) -> io::Result<()> {
        match self.access {
            Access::Write => Ok(()),
            Access::Read => {
                Err(refuse(io::ErrorKind::PermissionDenied, "write", &self.path, "it was opened for reading"))
            }
        }
    }
}

impl File for MemoryFile {
    fn len_bytes(&self) -> io::Result<u64> {
        Ok(self.content.read().len_bytes())
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        Ok(self.content.read().read(buf, offset))
    }

    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        self.expect_writable()?;
        self.content.write().write(buf, offset).map_err(|error| explain("write", &self.path, error))
    }

    fn set_len_bytes(&self, len: u64) -> io::Result<()> {
        self.expect_writable()?;
        self.content.write().set_len(len);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        Ok(())
    }

    fn map(&self, _len_bytes: u64, _advice: MapAdvice) -> io::Result<Option<Map>> {
        Ok(None)
    }
}
