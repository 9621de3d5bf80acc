//! Building an index from the beginning of the log, in steps.
//!
//! ```text
//! step, step, step ... ──> has caught up ──> joins the others at their position: ready
//! ```
//! Promises: writers and readers are not held up, and no step is long; a dropped index or a closed database ends it. It is
//! the same work in the background and in the thread of somebody who waits. What was built is
//! kept by checkpoints, which also bound the memory it takes; after a restart the rest is built. Leaves to others: when.

use std::sync::{Arc, atomic::Ordering};

use nedb_types::{Error, ErrorCode, Result};

use super::{follow::FOLLOW_STEP_OPS, index::Index};
use crate::{engine::Engine, options::Access};

/// How far behind the head an index joins the others: they wait for the rest.
const JOIN_OPS_MAX: u64 = FOLLOW_STEP_OPS;

/// Whether there is more to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    More,
    Done,
}

impl Engine {
    /// Builds an index a step further.
    pub(super) fn build_step(&self, index: &Arc<Index>) -> Result<Step> {
        let building = index.building.lock();
        self.check_open()?;
        if index.is_ready() || index.is_dropped() {
            return Ok(Step::Done);
        }
        let built = index.built.load(Ordering::Acquire);
        let size = self.published.size();
        if size.saturating_sub(built) <= JOIN_OPS_MAX {
            self.join(index, built, size)?;
            return Ok(Step::Done);
        }
        let built = self.follow(std::slice::from_ref(index), built, size)?;
        index.built.store(built, Ordering::Release);
        drop(building);
        self.relieve_build()?;
        Ok(Step::More)
    }

    /// Writes a checkpoint when what was built takes much memory; a handle that only reads keeps it there.
    fn relieve_build(&self) -> Result<()> {
        if self.access == Access::ReadOnly || self.secondary.delta_bytes() < self.delta_bytes_max {
            return Ok(());
        }
        let Some(engine) = self.weak.upgrade() else { return Ok(()) };
        engine.checkpoint().map(|_| ())
    }

    /// Lets an index go on with the others.
    fn join(&self, index: &Arc<Index>, mut built: u64, size: u64) -> Result<()> {
        let _following = self.secondary.following.lock();
        let has_others = self.secondary.all().iter().any(|other| other.is_ready());
        let followed = self.secondary.followed.load(Ordering::Acquire);
        let end = if has_others { size.max(followed) } else { size };
        while built < end {
            built = self.follow(std::slice::from_ref(index), built, end)?;
            index.built.store(built, Ordering::Release);
        }
        if has_others {
            self.catch_up_alone(end)?;
        } else {
            self.secondary.followed.store(end, Ordering::Release);
        }
        index.is_ready.store(true, Ordering::Release);
        self.secondary.is_unsaved.store(true, Ordering::Release);
        Ok(())
    }

    /// Builds an index to its end in the caller's thread, beside the background.
    pub(super) fn build(&self, index: &Arc<Index>, told: &mut dyn FnMut(&Index)) -> Result<()> {
        while self.build_step(index)? == Step::More {
            told(index);
        }
        if index.is_ready() {
            return Ok(());
        }
        let message = format!("the {} was dropped while it was built", index.definition);
        Err(Error::new(ErrorCode::Cancelled, message))
    }

    /// Builds another one like this in memory, to compare with.
    pub(crate) fn index_anew(&self, like: &Index, size: u64) -> Result<Arc<Index>> {
        let index = Index::new(like.id, like.definition.clone());
        let mut from = 0;
        while from < size {
            from = self.follow(std::slice::from_ref(&index), from, size)?;
        }
        Ok(index)
    }

    /// Builds whatever is not ready a step further; the background does it again while there is more.
    pub(crate) fn build_indexes(&self) -> Result<Step> {
        let unready = self.secondary.all().into_iter().filter(|index| !index.is_ready() && !index.is_dropped());
        let mut step = Step::Done;
        for index in unready {
            if self.build_step(&index)? == Step::More {
                step = Step::More;
            }
        }
        Ok(step)
    }
}
