//! The disk in memory itself.
//!
//! It promises what every [`Disk`] promises, except that nothing outlives it.

use std::{
    collections::BTreeSet,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{Mutex, RwLock};

use super::{
    budget::Budget,
    content::Content,
    file::MemoryFile,
    tree::{Node, Tree, missing},
};
use crate::{Access, Disk, File, LockGuard, LockOutcome, PathKind, explain::refuse};

/// A disk whose files live in this process and end with its last user.
///
/// Space is counted in chunks of 1 MiB; ranges of zeros cost nothing. Over the limit, writes fail with
/// `OutOfMemory`.
/// The roots `/` and the empty path exist; other directories must be created. Clones are the same disk.
///
/// ```
/// use std::{io::ErrorKind, path::Path};
/// use nedb_io::{Disk, MemoryDisk};
///
/// let disk = MemoryDisk::new(1 << 20);
/// let file = disk.create_new(Path::new("/a"))?;
/// file.write_all_at(b"fits", 0)?;
/// let error = file.write_all_at(b"does not", 1 << 20).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::OutOfMemory);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct MemoryDisk {
    budget: Arc<Budget>,
    tree: Arc<Mutex<Tree<Arc<RwLock<Content>>>>>,
    locked: Arc<Mutex<BTreeSet<PathBuf>>>,
}

impl MemoryDisk {
    /// Creates an empty disk that holds at most this many bytes.
    pub fn new(bytes_max: u64) -> Self {
        Self {
            budget: Arc::new(Budget::new(bytes_max)),
            tree: Arc::new(Mutex::new(Tree::new())),
            locked: Arc::default(),
        }
    }

    /// Returns how many bytes are allocated.
    pub fn bytes_used(&self) -> u64 {
        self.budget.bytes_used()
    }
}

impl Disk for MemoryDisk {
    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn File>> {
        match self.tree.lock().get(path) {
            Some(Node::File(content)) => Ok(Arc::new(MemoryFile::new(Arc::clone(content), access, path))),
            Some(Node::Directory) => Err(refuse(ErrorKind::InvalidInput, "open", path, "not a regular file")),
            None => Err(missing("open", path)),
        }
    }

    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let content = Arc::new(RwLock::new(Content::new(Arc::clone(&self.budget))));
        self.tree.lock().insert(path, Node::File(Arc::clone(&content)))?;
        Ok(Arc::new(MemoryFile::new(content, Access::Write, path)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.tree.lock().rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.tree.lock().remove_file(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.tree.lock().remove_directory(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.tree.lock().list(dir)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.tree.lock().insert(path, Node::Directory)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.tree.lock().expect_directory("sync directory", path)
    }

    fn is_volatile(&self) -> bool {
        true
    }

    fn kind(&self, path: &Path) -> io::Result<Option<PathKind>> {
        Ok(self.tree.lock().get(path).map(|node| match node {
            Node::Directory => PathKind::Directory,
            Node::File(content) => PathKind::File { len_bytes: content.read().len_bytes() },
        }))
    }

    fn lock(&self, path: &Path) -> io::Result<LockOutcome> {
        // Lock order: `locked`, then `tree`.
        let mut locked = self.locked.lock();
        if self.kind(path)?.is_none() {
            self.create_new(path)?;
        }
        if !locked.insert(path.to_path_buf()) {
            return Ok(LockOutcome::Busy);
        }
        Ok(LockOutcome::Held(Box::new(MemoryLock { locked: Arc::clone(&self.locked), path: path.to_path_buf() })))
    }
}

#[derive(Debug)]
struct MemoryLock {
    locked: Arc<Mutex<BTreeSet<PathBuf>>>,
    path: PathBuf,
}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        self.locked.lock().remove(&self.path);
    }
}

impl LockGuard for MemoryLock {}
