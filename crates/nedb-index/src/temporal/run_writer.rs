//! Writes a temporal run from items in order.
//!
//! Promises: bounded memory but for the index nodes, which take a hundredth of the file. Leaves to others: which items.

use std::sync::Arc;

use nedb_types::Result;

use super::block::BlockBuilder;
use super::item::ItemRef;
use super::node::{Child, NodeBuilder, separator};
use super::run::TemporalRun;
use crate::IndexDirectory;
use crate::number::u32_from;
use crate::run::{BODY_BYTES, PageWriter, RunHeader, RunKind, Section};

pub(crate) struct TemporalRunWriter<'a> {
    directory: &'a IndexDirectory,
    pages: PageWriter,
    kind: RunKind,
    blocks: Section,
    block: BlockBuilder,
    last_before: Vec<u8>,
    node: NodeBuilder,
    nodes: Vec<u8>,
    node_count: u64,
    top: NodeBuilder,
    items_written: u64,
}

impl<'a> TemporalRunWriter<'a> {
    /// Creates the file under a new random name that begins with `prefix`.
    pub(crate) fn create(directory: &'a IndexDirectory, prefix: &str, kind: RunKind) -> Result<Self> {
        let pages = PageWriter::create(&directory.io, &directory.path, prefix)?;
        let blocks = Section { first_page: pages.next_page(), ..Section::default() };
        Ok(Self {
            directory,
            pages,
            kind,
            blocks,
            block: BlockBuilder::default(),
            last_before: Vec::new(),
            node: NodeBuilder::default(),
            nodes: Vec::new(),
            node_count: 0,
            top: NodeBuilder::default(),
            items_written: 0,
        })
    }

    /// Adds an item that sorts behind all before.
    pub(crate) fn push(&mut self, item: &ItemRef<'_>) -> Result<()> {
        if !self.block.push(item) {
            self.finish_block()?;
            assert!(self.block.push(item), "an empty block takes any item");
        }
        Ok(())
    }

    /// Writes the rest and returns the run, opened; at least one item was added.
    pub(crate) fn finish(mut self) -> Result<Arc<TemporalRun>> {
        self.finish_block()?;
        self.finish_node();
        self.blocks.page_count = self.pages.next_page() - self.blocks.first_page;
        let moments = self.top.moments();
        let mut nodes = self.pages.push_section(&self.nodes)?;
        nodes.items = self.node_count;
        let (top, ..) = self.top.finish(0).expect("a run has at least one item");
        let top = self.pages.push_section(&top)?;
        let header = RunHeader {
            kind: self.kind,
            database: self.directory.database,
            id: self.pages.id(),
            secret_check: 0,
            entry_count: self.items_written,
            page_count: self.pages.next_page(),
            slot_bytes: 0,
            address_bits: 0,
            keys: self.blocks,
            block_index: nodes,
            slots: top,
            digest: self.pages.digest(),
            moments,
        };
        let path = self.pages.finish(&header.encode())?;
        TemporalRun::open(self.directory, &path, self.kind)
    }

    fn finish_block(&mut self) -> Result<()> {
        if self.block.len() == 0 {
            return Ok(());
        }
        let child = Child {
            moments: self.block.summary(),
            items_before: self.items_written,
            first_page: self.pages.next_page() - self.blocks.first_page,
        };
        let separator = separator(&self.last_before, self.block.first()).to_vec();
        if self.node.length_with(&separator) > BODY_BYTES {
            self.finish_node();
        }
        self.node.push(&separator, &child);
        self.items_written += self.block.len() as u64;
        self.last_before.clear();
        self.last_before.extend_from_slice(self.block.last());
        self.blocks.items += 1;
        for body in self.block.finish().chunks(BODY_BYTES) {
            self.pages.push(body)?;
        }
        Ok(())
    }

    fn finish_node(&mut self) {
        let first_page = u32_from(self.nodes.len() / BODY_BYTES);
        if let Some((bytes, separator, child)) = self.node.finish(first_page) {
            self.top.push(&separator, &child);
            self.nodes.extend_from_slice(&bytes);
            self.nodes.resize(self.nodes.len().next_multiple_of(BODY_BYTES), 0);
            self.node_count += 1;
        }
    }
}
