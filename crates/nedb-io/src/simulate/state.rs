//! The simulated machine: gate, names, files, space and random sequence as one value.
//!
//! Every method is one call on the disk and runs under one lock. Calls on open files are in `transfer`; the traits are
//! left to `disk` and `handle`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use super::{
    content::Content,
    faults::{Call, Faults},
    gate::{Gate, Verdict, power_cut},
    names::{Names, NodeId, missing},
    node::FileNode,
};
use crate::{
    PathKind,
    explain::{explain, refuse},
    random::Sequence,
};

#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) gate: Gate,
    pub(super) names: Names,
    pub(super) files: BTreeMap<NodeId, FileNode>,
    pub(super) locked: BTreeSet<PathBuf>,
    pub(super) faults: Faults,
    pub(super) random: Sequence,
    pub(super) nodes_made: u64,
    pub(super) pages_used: u64,
}

impl State {
    pub(super) fn new(seed: u64, faults: Faults) -> Self {
        Self {
            gate: Gate::default(),
            names: Names::new(),
            files: BTreeMap::new(),
            locked: BTreeSet::new(),
            faults,
            random: Sequence::new(seed),
            nodes_made: 0,
            pages_used: 0,
        }
    }

    /// Passes the gate and performs a call that either happens whole or not at all.
    ///
    /// When the power goes off in the middle, the call happens for the page cache, so that the cut decides its fate.
    pub(super) fn attempt<T>(
        &mut self,
        call: Call,
        path: &Path,
        detail: fmt::Arguments<'_>,
        perform: impl FnOnce(&mut Self) -> io::Result<T>,
    ) -> io::Result<T> {
        match self.gate.admit(call, path, detail)? {
            Verdict::Proceed => perform(self),
            Verdict::Fail(failure) => Err(explain("use", path, failure.to_error())),
            Verdict::Cut => {
                perform(self)?;
                Err(power_cut())
            }
        }
    }

    pub(super) fn open(&mut self, path: &Path) -> io::Result<NodeId> {
        let node = self.names.find(path)?.ok_or_else(|| missing("open", path))?;
        if !self.files.contains_key(&node) {
            return Err(refuse(ErrorKind::InvalidInput, "open", path, "not a regular file"));
        }
        self.add_handle(node);
        Ok(node)
    }

    pub(super) fn create(&mut self, path: &Path) -> io::Result<NodeId> {
        self.expect_free(path)?;
        let entry = self.names.entry("create", path)?;
        let node = self.make_node();
        self.files.insert(node, FileNode::durable(Content::default(), 0));
        self.names.add(entry, node);
        Ok(node)
    }

    pub(super) fn create_dir(&mut self, path: &Path) -> io::Result<()> {
        self.expect_free(path)?;
        let entry = self.names.entry("create directory", path)?;
        let node = self.make_node();
        self.names.add_directory(entry, node);
        Ok(())
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let node = self.names.find(from)?.ok_or_else(|| missing("rename", from))?;
        let (old, new) = (self.names.entry("rename", from)?, self.names.entry("rename to", to)?);
        let replaced = self.names.find(to)?;
        if replaced == Some(node) {
            return Ok(());
        }
        if replaced.is_some_and(|replaced| self.names.is_directory(replaced) || self.names.is_directory(node)) {
            return Err(refuse(ErrorKind::AlreadyExists, "rename to", to, "the name is taken"));
        }
        if to.starts_with(from) {
            return Err(refuse(ErrorKind::InvalidInput, "rename", from, "the new name lies inside it"));
        }
        self.names.rename(old, new, node);
        if let Some(replaced) = replaced {
            self.unlink(replaced);
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &Path) -> io::Result<()> {
        let node = self.names.find(path)?.ok_or_else(|| missing("remove", path))?;
        if self.names.is_directory(node) {
            return Err(refuse(ErrorKind::IsADirectory, "remove", path, "it is a directory"));
        }
        let entry = self.names.entry("remove", path)?;
        self.names.remove(entry);
        self.unlink(node);
        Ok(())
    }

    pub(super) fn remove_dir_all(&mut self, path: &Path) -> io::Result<()> {
        let directory = self.names.find_directory("remove directory", path)?;
        for name in self.names_in(directory) {
            let child = path.join(name);
            match self.kind(&child)? {
                Some(PathKind::Directory) => self.remove_dir_all(&child)?,
                _ => self.remove(&child)?,
            }
        }
        let entry = self.names.entry("remove directory", path)?;
        self.names.seen.remove(&directory);
        self.names.remove(entry);
        Ok(())
    }

    pub(super) fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        Ok(self.names_in(self.names.find_directory("list", dir)?))
    }

    pub(super) fn kind(&self, path: &Path) -> io::Result<Option<PathKind>> {
        let node = self.names.find(path)?;
        Ok(node.map(|node| match self.files.get(&node) {
            Some(file) => PathKind::File { len_bytes: file.seen.len_bytes() },
            None => PathKind::Directory,
        }))
    }

    pub(super) fn sync_dir(&mut self, path: &Path) -> io::Result<()> {
        let directory = self.names.find_directory("sync directory", path)?;
        match self.gate.admit(Call::SyncDir, path, format_args!(""))? {
            Verdict::Proceed if self.faults.is_dir_sync_lying => {}
            Verdict::Proceed => {
                self.names.sync(directory);
                self.forget_unreachable();
            }
            Verdict::Fail(failure) => {
                self.names.fail_sync(directory);
                return Err(explain("sync directory", path, failure.to_error()));
            }
            Verdict::Cut => return Err(power_cut()),
        }
        Ok(())
    }

    pub(super) fn add_handle(&mut self, node: NodeId) {
        if let Some(file) = self.files.get_mut(&node) {
            file.handles += 1;
        }
    }

    /// Gives all handles back, as the end of a process does.
    pub(super) fn close_all(&mut self, node: NodeId) {
        if let Some(file) = self.files.get_mut(&node) {
            file.handles = 0;
        }
        self.free_if_unused(node);
    }

    /// Gives a handle back; the space of a removed file is free after its last one.
    pub(super) fn close(&mut self, node: NodeId) {
        if let Some(file) = self.files.get_mut(&node) {
            file.handles = file.handles.saturating_sub(1);
        }
        self.free_if_unused(node);
    }

    pub(super) fn make_node(&mut self) -> NodeId {
        self.nodes_made += 1;
        NodeId(self.nodes_made)
    }

    fn names_in(&self, directory: NodeId) -> Vec<String> {
        self.names.seen.get(&directory).map(|names| names.keys().cloned().collect()).unwrap_or_default()
    }

    fn expect_free(&self, path: &Path) -> io::Result<()> {
        match self.names.find(path)? {
            Some(_) => Err(refuse(ErrorKind::AlreadyExists, "create", path, "the name is taken")),
            None => Ok(()),
        }
    }

    fn unlink(&mut self, node: NodeId) {
        if let Some(file) = self.files.get_mut(&node) {
            file.is_linked = false;
        }
        self.free_if_unused(node);
    }

    fn free_if_unused(&mut self, node: NodeId) {
        let Some(file) = self.files.get_mut(&node).filter(|file| !file.is_linked && file.handles == 0) else {
            return;
        };
        self.pages_used -= file.seen.pages_used();
        file.seen = Content::default();
        if !self.names.is_reachable_after_cut(node) {
            self.files.remove(&node);
        }
    }

    /// Drops removed files that no cut can bring back any more.
    fn forget_unreachable(&mut self) {
        let names = &self.names;
        let is_needed =
            |node, file: &FileNode| file.is_linked || file.handles > 0 || names.is_reachable_after_cut(node);
        self.files.retain(|node, file| is_needed(*node, file));
    }
}
