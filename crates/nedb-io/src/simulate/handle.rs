//! One open file of a simulated disk.
//!
//! It belongs to the machine that opened it: after a reboot or restart it stays with the machine that is off.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{faults::Call, names::NodeId, names::missing, state::State};
use crate::{Access, File, Map, MapAdvice, Mutex, explain::refuse};

#[derive(Debug)]
pub(super) struct SimFile {
    state: Arc<Mutex<State>>,
    node: NodeId,
    access: Access,
    path: PathBuf,
}

impl SimFile {
    pub(super) fn new(state: &Arc<Mutex<State>>, node: NodeId, access: Access, path: &Path) -> Self {
        Self { state: Arc::clone(state), node, access, path: path.to_path_buf() }
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

impl File for SimFile {
    fn len_bytes(&self) -> io::Result<u64> {
        self.state.lock().attempt(Call::Inspect, &self.path, format_args!(""), |state| {
            let file = state.files.get(&self.node).ok_or_else(|| missing("inspect", &self.path))?;
            Ok(file.seen.len_bytes())
        })
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.state.lock().read(self.node, &self.path, buf, offset)
    }

    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        self.expect_writable()?;
        self.state.lock().write(self.node, &self.path, buf, offset)
    }

    fn set_len_bytes(&self, len: u64) -> io::Result<()> {
        self.expect_writable()?;
        self.state.lock().attempt(Call::SetLen, &self.path, format_args!(" {len}"), |state| {
            state.set_len(self.node, &self.path, len)
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        self.state.lock().sync_file(self.node, &self.path)
    }

    fn sync_all(&self) -> io::Result<()> {
        self.state.lock().sync_file(self.node, &self.path)
    }

    fn map(&self, _len_bytes: u64, _advice: MapAdvice) -> io::Result<Option<Map>> {
        Ok(None)
    }
}

impl Drop for SimFile {
    fn drop(&mut self) {
        self.state.lock().close(self.node);
    }
}
