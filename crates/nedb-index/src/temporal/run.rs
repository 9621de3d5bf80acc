//! One immutable file of a temporal index.
//!
//! Promises: opening reads the first page only; everything else is read and checked when it is touched, a page at a
//! time. Leaves to others: which run is newer, and removing the file.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use nedb_io::CacheCounts;
use nedb_types::{Error, Place, Result};

use super::block::pages_of;
use super::node::Node;
use crate::IndexDirectory;
use crate::run::{PageFile, RunFile, RunHeader, RunKind, Section, offset, open_pages};

#[derive(Debug)]
pub(crate) struct TemporalRun {
    name: String,
    header: RunHeader,
    pages: PageFile,
    top: OnceLock<Node>,
    /// The nodes below the top one as they were first needed: half a byte for each item once all were.
    nodes: OnceLock<Box<[OnceLock<Node>]>>,
    counts: Arc<CacheCounts>,
}

impl TemporalRun {
    pub(crate) fn open(directory: &IndexDirectory, path: &Path, kind: RunKind) -> Result<Arc<Self>> {
        let (header, pages) = open_pages(&directory.io, path, kind, directory.database)?;
        let counts = Arc::clone(&directory.nodes);
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Arc::new(Self { name, header, pages, top: OnceLock::new(), nodes: OnceLock::new(), counts }))
    }

    /// Describes the file for a checkpoint.
    pub(crate) fn file(&self) -> RunFile {
        let length_bytes = offset(self.header.page_count);
        RunFile { name: self.name.clone(), length_bytes, digest: self.header.digest }
    }

    pub(crate) const fn item_count(&self) -> u64 {
        self.header.entry_count
    }

    /// Returns whether a reader of this moment may find anything here.
    pub(crate) const fn may_show_at(&self, moment: u64) -> bool {
        self.header.moments.may_show_at(moment)
    }

    /// Returns whether closings may lie here whose entries lie elsewhere.
    pub(crate) const fn has_closings(&self) -> bool {
        self.header.moments.least_removed == 0
    }

    /// Returns the top node, read on first use.
    pub(crate) fn top(&self) -> Result<&Node> {
        if let Some(top) = self.top.get() {
            return Ok(top);
        }
        let section = self.header.slots;
        let mut top = Node::default();
        let read = top.refill(|bytes| self.append_pages(section.first_page, section.page_count, bytes));
        read.map_err(|error| self.locate(error, section.first_page))?;
        Ok(self.top.get_or_init(|| top))
    }

    /// Returns a node below the top one, read on first use, and counts whether it was there.
    pub(crate) fn node(&self, group: usize) -> Result<&Node> {
        match self.held_node(group) {
            Some(node) => {
                self.counts.hit();
                Ok(node)
            }
            None => self.first_node(group),
        }
    }

    /// Returns a node below the top one that was read before.
    pub(crate) fn held_node(&self, group: usize) -> Option<&Node> {
        self.nodes.get()?.get(group)?.get()
    }

    /// Reads a node for the first time.
    fn first_node(&self, group: usize) -> Result<&Node> {
        let top = self.top()?;
        let nodes = self.nodes.get_or_init(|| std::iter::repeat_with(OnceLock::new).take(top.len()).collect());
        let (Some(place), Some(child)) = (nodes.get(group), top.child(group)) else {
            return Err(Error::corrupt("run file: a node is missing in the top node"));
        };
        self.counts.miss();
        let node = self.read_node(child.first_page)?;
        Ok(place.get_or_init(|| node))
    }

    /// Reads the node that begins at a page of the node section.
    fn read_node(&self, page: u32) -> Result<Node> {
        let first_page = self.page_in(self.header.block_index, page)?;
        let mut node = Node::default();
        let read = node.refill(|bytes| {
            self.append_pages(first_page, 1, bytes)?;
            let length = Node::length_of(bytes).unwrap_or_default();
            let pages = u32::try_from(length.div_ceil(crate::run::BODY_BYTES)).unwrap_or(u32::MAX);
            self.append_pages(first_page.saturating_add(1), pages.saturating_sub(1), bytes)
        });
        read.map_err(|error| self.locate(error, first_page))?;
        Ok(node)
    }

    /// Checks the block that begins at a page of the block section. It is copied where it does not lie in memory in one piece.
    pub(crate) fn read_block(&self, page: u32, copy: &mut Vec<u8>) -> Result<()> {
        copy.clear();
        let first_page = self.page_in(self.header.keys, page)?;
        let pages = self.pages.with_page(first_page, |body| Ok(pages_of(body)))?;
        let pages = pages.ok_or_else(|| self.pages.corrupt(first_page, "a block has no pages"))?;
        if pages == 1 && self.pages.checked(first_page).is_some() {
            return Ok(());
        }
        self.append_pages(first_page, pages, copy)
    }

    /// Returns the bytes of a block that [`read_block`](Self::read_block) has read.
    #[inline]
    pub(crate) fn block<'a>(&'a self, page: u32, copy: &'a [u8]) -> &'a [u8] {
        if !copy.is_empty() {
            return copy;
        }
        self.pages.checked(self.header.keys.first_page.saturating_add(page)).unwrap_or_default()
    }

    /// Says in which block something could not be decoded.
    #[cold]
    pub(crate) fn locate_block(&self, error: Error, page: u32) -> Error {
        self.locate(error, self.header.keys.first_page.saturating_add(page))
    }

    pub(crate) fn heap_bytes(&self) -> u64 {
        let nodes = self.nodes.get().into_iter().flat_map(|nodes| nodes.iter().filter_map(OnceLock::get));
        let nodes: u64 = nodes.chain(self.top.get()).map(Node::heap_bytes).sum();
        size_of::<Self>() as u64 + self.pages.heap_bytes() + nodes
    }

    fn page_in(&self, section: Section, page: u32) -> Result<u32> {
        let absolute = section.first_page.saturating_add(page);
        if page < section.page_count {
            return Ok(absolute);
        }
        Err(self.pages.corrupt(absolute, "an index node names a page outside its section"))
    }

    fn append_pages(&self, first_page: u32, count: u32, bytes: &mut Vec<u8>) -> Result<()> {
        for page in first_page..first_page.saturating_add(count) {
            self.pages.with_page(page, |body| {
                bytes.extend_from_slice(body);
                Ok(())
            })?;
        }
        Ok(())
    }

    #[cold]
    fn locate(&self, error: Error, page: u32) -> Error {
        if error.place().is_some_and(|place| place.file.is_some()) {
            return error;
        }
        error.at(Place::in_file(format!("index/{}", self.name)).offset(offset(page)))
    }
}
