//! Segment files: the pieces of the log.

mod create;
mod file;
mod header;
mod list;
mod name;
mod table;

pub(crate) use create::{CreateFailure, create_segment};
pub(crate) use file::{Segment, Window};
pub(crate) use header::SegmentHeader;
pub(crate) use list::{Expected, open_segments};
pub(crate) use name::{LOG_DIR, locate, segment_name};
pub(crate) use table::SegmentTable;
