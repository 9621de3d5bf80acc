//! TRAVERSE and TRACE: from documents to those that links or causes lead to.

use nedb_types::limits::TRAVERSE_HOPS_MAX;
use nedb_types::{Error, ErrorCode, Relation, Result};

/// Replaces the rows by those that a relation or the causes lead to; `C` is the condition of a WHERE after it.
///
/// # Examples
///
/// ```
/// use nedb_nql::{Direction, GraphStep, StepKind};
///
/// let causes = GraphStep { kind: StepKind::Trace, direction: Direction::Forward, filter: () };
/// assert_eq!(causes.direction, Direction::Forward);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphStep<C> {
    /// What is followed.
    pub kind: StepKind,
    /// Which way.
    pub direction: Direction,
    /// Which of the rows found stay.
    pub filter: C,
}

/// Says what a graph step follows.
///
/// # Examples
///
/// ```
/// use nedb_nql::{Hops, StepKind};
///
/// let knows = StepKind::Traverse { relation: "knows".parse()?, hops: Hops::ONE };
/// assert_ne!(knows, StepKind::Trace);
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepKind {
    /// Follows links; each document that is reached comes once.
    Traverse {
        /// The name of the links.
        relation: Relation,
        /// How many links away.
        hops: Hops,
    },
    /// Follows causes, transitively: forward to the versions that were the causes, in reverse to all that followed.
    Trace,
}

/// Says which way a step goes.
///
/// # Examples
///
/// ```
/// assert_ne!(nedb_nql::Direction::Forward, nedb_nql::Direction::Reverse);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Goes along links, or from effects to causes.
    Forward,
    /// Goes against links, or from causes to effects.
    Reverse,
}

/// Bounds the distance of a traversal: 1 <= min <= max <= [`TRAVERSE_HOPS_MAX`].
///
/// # Examples
///
/// ```
/// use nedb_nql::Hops;
///
/// let near = Hops::new(1, 3)?;
/// assert_eq!((near.min(), near.max()), (1, 3));
/// assert!(Hops::new(3, 2).is_err());
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hops {
    min: u32,
    max: u32,
}

impl Hops {
    /// Is one hop, the default.
    pub const ONE: Self = Self { min: 1, max: 1 };

    /// Checks the bounds.
    ///
    /// # Errors
    ///
    /// `invalid_argument` when they cross or the lower one is 0, `query_too_large` when the upper one is beyond the limit.
    pub fn new(min: u32, max: u32) -> Result<Self> {
        if max > TRAVERSE_HOPS_MAX {
            let (limit, actual) = (u64::from(TRAVERSE_HOPS_MAX), u64::from(max));
            let what = "upper bound of the hops";
            return Err(Error::over_limit(ErrorCode::QueryTooLarge, what, "TRAVERSE_HOPS_MAX", limit, actual));
        }
        if min == 0 || min > max {
            let message = format!("hops *{min}..{max} need a lower bound from 1 up to the upper one");
            return Err(Error::new(ErrorCode::InvalidArgument, message));
        }
        Ok(Self { min, max })
    }

    /// Returns the least number of hops.
    pub const fn min(self) -> u32 {
        self.min
    }

    /// Returns the greatest number of hops.
    pub const fn max(self) -> u32 {
        self.max
    }
}
