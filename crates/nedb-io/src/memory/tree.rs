//! The names of a disk in memory: which path is a directory and which is a file.
//!
//! It keeps the rules that a file system keeps: parents exist, names are taken once, directories are not replaced. What
//! a file holds is left to its type parameter.

use std::{
    collections::BTreeMap,
    io::{self, ErrorKind},
    path::{Component, Path, PathBuf},
};

use crate::explain::refuse;

#[derive(Debug)]
pub(super) enum Node<F> {
    Directory,
    File(F),
}

/// Paths compare by component, so everything below a directory follows it without a gap.
#[derive(Debug)]
pub(super) struct Tree<F> {
    nodes: BTreeMap<PathBuf, Node<F>>,
}

impl<F> Tree<F> {
    /// Creates a tree that holds only the two roots: of absolute and of relative paths.
    pub(super) fn new() -> Self {
        let roots = [PathBuf::from("/"), PathBuf::new()];
        Self { nodes: roots.into_iter().map(|root| (root, Node::Directory)).collect() }
    }

    pub(super) fn get(&self, path: &Path) -> Option<&Node<F>> {
        self.nodes.get(&plain(path))
    }

    /// Adds a node whose name is free and whose parent is a directory.
    pub(super) fn insert(&mut self, path: &Path, node: Node<F>) -> io::Result<()> {
        let path = plain(path);
        if self.nodes.contains_key(&path) {
            return Err(refuse(ErrorKind::AlreadyExists, "create", &path, "the name is taken"));
        }
        self.expect_parent("create", &path)?;
        self.nodes.insert(path, node);
        Ok(())
    }

    pub(super) fn remove_file(&mut self, path: &Path) -> io::Result<()> {
        let path = plain(path);
        match self.nodes.get(&path) {
            Some(Node::File(_)) => {
                self.nodes.remove(&path);
                Ok(())
            }
            Some(Node::Directory) => Err(refuse(ErrorKind::IsADirectory, "remove", &path, "it is a directory")),
            None => Err(missing("remove", &path)),
        }
    }

    pub(super) fn remove_directory(&mut self, path: &Path) -> io::Result<()> {
        let path = plain(path);
        self.expect_directory("remove directory", &path)?;
        for name in self.below(&path) {
            self.nodes.remove(&name);
        }
        Ok(())
    }

    /// Moves a node and all below it; a file may replace a file, a directory needs a free name.
    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let (from, to) = (plain(from), plain(to));
        self.expect_parent("rename", &to)?;
        let is_file = match self.nodes.get(&from) {
            Some(node) => matches!(node, Node::File(_)),
            None => return Err(missing("rename", &from)),
        };
        if from == to {
            return Ok(());
        }
        match self.nodes.get(&to) {
            None => {}
            Some(Node::File(_)) if is_file => {}
            Some(_) => {
                return Err(refuse(ErrorKind::AlreadyExists, "rename to", &to, "the name is taken"));
            }
        }
        if to.starts_with(&from) {
            return Err(refuse(ErrorKind::InvalidInput, "rename", &from, "the new name lies inside it"));
        }
        for old in self.below(&from) {
            let Some(node) = self.nodes.remove(&old) else {
                continue;
            };
            // `join` of an empty rest would add a slash.
            let new = match old.strip_prefix(&from) {
                Ok(rest) if rest.as_os_str().is_empty() => to.clone(),
                Ok(rest) => to.join(rest),
                Err(_) => continue,
            };
            self.nodes.insert(new, node);
        }
        Ok(())
    }

    /// Returns the names directly inside a directory, sorted by bytes.
    pub(super) fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let dir = plain(dir);
        self.expect_directory("list", &dir)?;
        let children = self.nodes.keys().filter(|path| path.parent() == Some(&dir));
        let mut names = Vec::new();
        for name in children.filter_map(|path| path.file_name()) {
            let Some(name) = name.to_str() else {
                return Err(refuse(ErrorKind::InvalidData, "list", &dir, "a name is not UTF-8"));
            };
            names.push(name.to_owned());
        }
        names.sort_unstable();
        Ok(names)
    }

    pub(super) fn expect_directory(&self, action: &str, path: &Path) -> io::Result<()> {
        match self.get(path) {
            Some(Node::Directory) => Ok(()),
            Some(Node::File(_)) => Err(refuse(ErrorKind::NotADirectory, action, path, "it is a file")),
            None => Err(missing(action, path)),
        }
    }

    fn expect_parent(&self, action: &str, path: &Path) -> io::Result<()> {
        match path.parent().map(|parent| self.nodes.get(parent)) {
            Some(Some(Node::Directory)) => Ok(()),
            Some(Some(Node::File(_))) => Err(refuse(ErrorKind::NotADirectory, action, path, "its parent is a file")),
            Some(None) => Err(refuse(ErrorKind::NotFound, action, path, "its directory does not exist")),
            None => Err(refuse(ErrorKind::InvalidInput, action, path, "it is the root")),
        }
    }

    /// The path itself and everything below it.
    fn below(&self, path: &Path) -> Vec<PathBuf> {
        self.nodes.keys().filter(|name| name.starts_with(path)).cloned().collect()
    }
}

pub(super) fn missing(action: &str, path: &Path) -> io::Error {
    refuse(ErrorKind::NotFound, action, path, "it does not exist")
}

/// The path without `.` and doubled slashes, so that each file has one name.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|component| !matches!(component, Component::CurDir)).collect()
}
