//! Frames: one group commit each.
//!
//! ```text
//! | local header | shared header, catalogue records | entry | payload | entry | payload | ... | zeros to 64 |
//!   64 bytes       at least 96 bytes                  records, each a multiple of 16 bytes
//! ```

mod builder;
mod header;
mod view;

pub use builder::{Frame, FrameBuilder, FramePlan};
pub use header::FrameHeader;
pub(crate) use view::FramePlace;
pub use view::{FrameView, Records};

pub(crate) use builder::FrameBase;
pub(crate) use header::FrameLengths;
