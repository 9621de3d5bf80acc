//! Simulated directories: the names that programs see, the durable ones, and the effects in between.
//!
//! An effect is kept or lost whole, and never without the earlier effects on the same names: that is what a journal
//! guarantees. Unrelated names of one directory are independent. What the names lead to is left to `node`.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, ErrorKind},
    path::{Component, Path},
};

use super::power::Survival;
use crate::{explain::refuse, random::Sequence};

/// A file or directory, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NodeId(pub(super) u64);

pub(super) const ROOT: NodeId = NodeId(0);

/// The place of a name: its directory and itself.
pub(super) type Entry = (NodeId, String);

pub(super) type Directories = BTreeMap<NodeId, BTreeMap<String, NodeId>>;

#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) seen: Directories,
    pub(super) durable: Directories,
    effects: Vec<NameEffect>,
}

#[derive(Clone, Debug)]
struct NameEffect {
    removed: Option<Entry>,
    added: Option<(Entry, NodeId)>,
    /// Directories whose sync is still missing; a move between two needs both.
    unsynced: BTreeSet<NodeId>,
}

impl Names {
    pub(super) fn new() -> Self {
        let roots = BTreeMap::from([(ROOT, BTreeMap::new())]);
        Self { seen: roots.clone(), durable: roots, effects: Vec::new() }
    }

    /// Returns the node at a path, `None` when a component is missing.
    pub(super) fn find(&self, path: &Path) -> io::Result<Option<NodeId>> {
        let mut node = ROOT;
        for component in path.components() {
            let Some(name) = name_of(component, path)? else {
                continue;
            };
            match self.seen.get(&node).and_then(|names| names.get(name)) {
                Some(next) => node = *next,
                None => return Ok(None),
            }
        }
        Ok(Some(node))
    }

    pub(super) fn is_directory(&self, node: NodeId) -> bool {
        self.seen.contains_key(&node)
    }

    pub(super) fn find_directory(&self, action: &str, path: &Path) -> io::Result<NodeId> {
        let node = self.find(path)?.ok_or_else(|| missing(action, path))?;
        if self.is_directory(node) {
            Ok(node)
        } else {
            Err(refuse(ErrorKind::NotADirectory, action, path, "it is a file"))
        }
    }

    /// Returns where the name of a path lies or would lie; its directory must exist.
    pub(super) fn entry(&self, action: &str, path: &Path) -> io::Result<Entry> {
        let last = path.components().next_back().map(|component| name_of(component, path)).transpose()?.flatten();
        let (Some(name), Some(parent)) = (last, path.parent()) else {
            return Err(refuse(ErrorKind::InvalidInput, action, path, "it has no name"));
        };
        Ok((self.find_directory(action, parent)?, name.to_owned()))
    }

    pub(super) fn add(&mut self, entry: Entry, node: NodeId) {
        self.change(None, Some((entry, node)));
    }

    pub(super) fn add_directory(&mut self, entry: Entry, node: NodeId) {
        self.seen.insert(node, BTreeMap::new());
        self.durable.insert(node, BTreeMap::new());
        self.add(entry, node);
    }

    pub(super) fn remove(&mut self, entry: Entry) {
        self.change(Some(entry), None);
    }

    pub(super) fn rename(&mut self, from: Entry, to: Entry, node: NodeId) {
        self.change(Some(from), Some((to, node)));
    }

    /// Makes the effects on a directory durable, and the earlier ones that they rest on.
    pub(super) fn sync(&mut self, directory: NodeId) {
        let mut needed: BTreeSet<Entry> = BTreeSet::new();
        let mut committed = Vec::new();
        let mut kept = Vec::new();
        for mut effect in std::mem::take(&mut self.effects).into_iter().rev() {
            effect.unsynced.remove(&directory);
            if effect.unsynced.is_empty() || effect.entries().any(|entry| needed.contains(entry)) {
                needed.extend(effect.entries().cloned());
                committed.push(effect);
            } else {
                kept.push(effect);
            }
        }
        committed.iter().rev().for_each(|effect| effect.apply(&mut self.durable));
        self.effects = kept.into_iter().rev().collect();
    }

    /// A directory sync that failed: what was not durable never will be, and is still seen.
    pub(super) fn fail_sync(&mut self, directory: NodeId) {
        self.effects.retain(|effect| !effect.unsynced.contains(&directory));
    }

    /// The directories as the medium has them after a power cut.
    pub(super) fn after_cut(&self, survival: Survival, random: &mut Sequence) -> Self {
        let mut durable = self.durable.clone();
        let count = self.effects.len() as u64;
        let (kept_first, chance_per_mille) = match survival {
            Survival::Nothing => (0, 0),
            Survival::Everything => (count, 0),
            Survival::Random => match random.below(4) {
                0 => (count, 0),
                1 => (random.below(count + 1), 0),
                _ => (0, 600),
            },
        };
        let mut lost: BTreeSet<&Entry> = BTreeSet::new();
        for (effect, index) in self.effects.iter().zip(0..) {
            let is_kept = index < kept_first || random.has_chance(chance_per_mille);
            if is_kept && !effect.entries().any(|entry| lost.contains(entry)) {
                effect.apply(&mut durable);
            } else {
                lost.extend(effect.entries());
            }
        }
        Self { seen: durable.clone(), durable, effects: Vec::new() }
    }

    /// Makes everything that is seen durable.
    pub(super) fn make_durable(&mut self) {
        self.effects.clear();
        self.durable.clone_from(&self.seen);
    }

    /// Every node that a path leads to.
    pub(super) fn reachable(&self) -> Vec<NodeId> {
        let mut nodes = vec![ROOT];
        let mut visited = 0;
        while let Some(node) = nodes.get(visited) {
            let children = self.seen.get(node).into_iter().flat_map(BTreeMap::values);
            nodes.extend(children.copied().collect::<Vec<_>>());
            visited += 1;
        }
        nodes
    }

    /// Whether a cut may still bring the node back.
    pub(super) fn is_reachable_after_cut(&self, node: NodeId) -> bool {
        let is_added = |effect: &NameEffect| effect.added.as_ref().is_some_and(|(_, added)| *added == node);
        self.durable.values().any(|names| names.values().any(|named| *named == node))
            || self.effects.iter().any(is_added)
    }

    fn change(&mut self, removed: Option<Entry>, added: Option<(Entry, NodeId)>) {
        let mut effect = NameEffect { removed, added, unsynced: BTreeSet::new() };
        effect.unsynced = effect.entries().map(|(directory, _)| *directory).collect();
        effect.apply(&mut self.seen);
        self.effects.push(effect);
    }
}

impl NameEffect {
    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.removed.iter().chain(self.added.iter().map(|(entry, _)| entry))
    }

    fn apply(&self, directories: &mut Directories) {
        if let Some((directory, name)) = &self.removed
            && let Some(names) = directories.get_mut(directory)
        {
            names.remove(name);
        }
        if let Some(((directory, name), node)) = &self.added
            && let Some(names) = directories.get_mut(directory)
        {
            names.insert(name.clone(), *node);
        }
    }
}

pub(super) fn missing(action: &str, path: &Path) -> io::Error {
    refuse(ErrorKind::NotFound, action, path, "it does not exist")
}

/// The name in a component: absolute and relative paths start at the same root.
fn name_of<'a>(component: Component<'a>, path: &Path) -> io::Result<Option<&'a str>> {
    match component {
        Component::RootDir | Component::CurDir => Ok(None),
        Component::Normal(name) => match name.to_str() {
            Some(name) => Ok(Some(name)),
            None => Err(refuse(ErrorKind::InvalidInput, "use", path, "a name is not UTF-8")),
        },
        Component::ParentDir | Component::Prefix(_) => {
            Err(refuse(ErrorKind::InvalidInput, "use", path, "only plain names are simulated"))
        }
    }
}
