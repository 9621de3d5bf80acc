//! A copy of a whole simulated tree, cheap to take, to clone and to compare.
//!
//! It holds what programs see. Un-synced effects, locks and counts are not part of it.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use super::{
    content::Content,
    disk::SimDisk,
    faults::Faults,
    names::{NodeId, ROOT},
    node::FileNode,
    state::State,
};

/// A copy of all files and directories; clones share their bytes until one changes.
///
/// ```
/// use std::path::Path;
/// use nedb_io::simulate::{Faults, SimDisk};
///
/// let disk = SimDisk::new(1, Faults::default());
/// disk.write_file(Path::new("/a"), b"old")?;
/// let image = disk.snapshot();
/// disk.write_file(Path::new("/a"), b"new")?;
/// disk.restore(&image);
/// assert_eq!(disk.read_file(Path::new("/a"))?, b"old");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    nodes: BTreeMap<PathBuf, ImageNode>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum ImageNode {
    Directory,
    File(Content),
}

impl Image {
    /// Builds an image from files; their directories come with them.
    pub fn from_files(files: &BTreeMap<PathBuf, Vec<u8>>) -> Self {
        let mut image = Self::default();
        for (path, bytes) in files {
            let path = rooted(path);
            for directory in path.ancestors().skip(1).filter(|directory| directory.parent().is_some()) {
                image.nodes.insert(directory.to_path_buf(), ImageNode::Directory);
            }
            image.nodes.insert(path, ImageNode::File(Content::from_bytes(bytes)));
        }
        image
    }

    /// Returns the bytes of every file by its absolute path.
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let bytes_of = |(path, node): (&PathBuf, &ImageNode)| match node {
            ImageNode::Directory => None,
            ImageNode::File(content) => Some((path.clone(), content.to_vec())),
        };
        self.nodes.iter().filter_map(bytes_of).collect()
    }

    /// Returns the bytes of one file.
    pub fn file(&self, path: &Path) -> Option<Vec<u8>> {
        match self.nodes.get(&rooted(path))? {
            ImageNode::Directory => None,
            ImageNode::File(content) => Some(content.to_vec()),
        }
    }
}

impl SimDisk {
    /// Creates a disk that holds an image, all of it durable.
    pub fn from_image(seed: u64, faults: Faults, image: &Image) -> Self {
        let disk = Self::new(seed, faults);
        disk.restore(image);
        disk
    }

    /// Returns a copy of everything that programs see; works also when the machine is off.
    pub fn snapshot(&self) -> Image {
        let state = self.state.lock();
        let mut image = Image::default();
        collect(&state, ROOT, Path::new("/"), &mut image);
        image
    }

    /// Replaces everything by an image, all of it durable; open handles fail with `NotFound` from then on.
    pub fn restore(&self, image: &Image) {
        let mut state = self.state.lock();
        state.clear();
        for (path, node) in &image.nodes {
            let added = match node {
                ImageNode::Directory => state.create_dir(path),
                ImageNode::File(content) => state.put_file(path, content.clone()),
            };
            // Parents sort before their children and paths are plain, so nothing can be refused.
            debug_assert!(added.is_ok(), "restoring {}: {added:?}", path.display());
        }
        state.names.make_durable();
    }
}

impl State {
    /// Forgets all files and names, but not the numbers of nodes: old handles must find nothing.
    fn clear(&mut self) {
        self.names = super::names::Names::new();
        self.files.clear();
        self.pages_used = 0;
    }

    /// Makes a path a file with these bytes, durable and seen; its directory must exist.
    pub(super) fn put_file(&mut self, path: &Path, content: Content) -> io::Result<()> {
        let node = match self.names.find(path)? {
            Some(node) => node,
            None => self.create(path)?,
        };
        let old = self.files.get(&node);
        let (handles, pages_before) = old.map_or((0, 0), |file| (file.handles, file.seen.pages_used()));
        self.pages_used = self.pages_used + content.pages_used() - pages_before;
        self.files.insert(node, FileNode::durable(content, handles));
        Ok(())
    }
}

fn collect(state: &State, directory: NodeId, path: &Path, image: &mut Image) {
    for (name, node) in state.names.seen.get(&directory).into_iter().flatten() {
        let path = path.join(name);
        if let Some(file) = state.files.get(node) {
            image.nodes.insert(path, ImageNode::File(file.seen.clone()));
        } else {
            image.nodes.insert(path.clone(), ImageNode::Directory);
            collect(state, *node, &path, image);
        }
    }
}

fn rooted(path: &Path) -> PathBuf {
    Path::new("/").join(path)
}
