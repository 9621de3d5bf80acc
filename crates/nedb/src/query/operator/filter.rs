//! WHERE and VALID AS OF: which documents stay.

use nedb_nql::{Predicate, column_name};
use nedb_types::{Result, Timestamp};

use super::{Source, SplitVisit, Visit};
use crate::query::{guard::Guard, view::DocumentView};

/// What a document must be like.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    predicate: Predicate,
    valid_at_us: Option<i64>,
}

impl Filter {
    pub(crate) fn new(predicate: Predicate, valid_at: Option<Timestamp>) -> Self {
        Self { predicate, valid_at_us: valid_at.map(Timestamp::as_micros) }
    }

    /// Whether every document passes.
    pub(crate) fn is_open(&self) -> bool {
        self.valid_at_us.is_none() && self.predicate.is_always()
    }

    /// What is looked at, in words.
    pub(crate) fn text(&self) -> String {
        let mut fields = Vec::new();
        self.predicate.for_each_path(&mut |path| {
            let name = column_name(path);
            if !fields.contains(&name) {
                fields.push(name);
            }
        });
        let valid = self.valid_at_us.map(|at_us| format!("valid at {}", Timestamp::from_micros(at_us)));
        let tested = (!fields.is_empty()).then(|| format!("by {}", fields.join(", ")));
        valid.into_iter().chain(tested).collect::<Vec<_>>().join(", ")
    }

    /// Whether the document holds at the moment and the predicate holds of it.
    #[inline]
    pub(crate) fn holds(&self, view: &DocumentView<'_>) -> Result<bool> {
        Ok(self.valid_at_us.is_none_or(|at_us| is_valid_at(view, at_us)) && self.predicate.matches(view)?)
    }
}

/// Whether a version holds at a moment: from its start on, up to but not at its end.
fn is_valid_at(view: &DocumentView<'_>, at_us: i64) -> bool {
    let entry = &view.content.entry;
    entry.valid_from().is_none_or(|from_us| from_us <= at_us) && entry.valid_to().is_none_or(|to_us| at_us < to_us)
}

/// Shows those documents of a source that pass.
pub(crate) struct Filtered {
    source: Box<dyn Source>,
    filter: Filter,
}

impl Filtered {
    /// The source itself when everything passes.
    pub(crate) fn of(source: Box<dyn Source>, filter: Filter) -> Box<dyn Source> {
        if filter.is_open() { source } else { Box::new(Self { source, filter }) }
    }
}

impl Source for Filtered {
    fn advance(&mut self, guard: &Guard, candidates: usize, visit: &mut Visit<'_>) -> Result<bool> {
        let Self { source, filter } = self;
        if let Some(has_more) = source.sift(guard, candidates, &|view| filter.holds(view), visit)? {
            return Ok(has_more);
        }
        source.advance(guard, candidates, &mut |view| if filter.holds(view)? { visit(view) } else { Ok(()) })
    }

    fn split(&mut self, guard: &Guard, threads: usize, visit: &SplitVisit<'_>) -> Result<bool> {
        let Self { source, filter } = self;
        source.split(guard, threads, &|thread, view| if filter.holds(view)? { visit(thread, view) } else { Ok(()) })
    }
}
