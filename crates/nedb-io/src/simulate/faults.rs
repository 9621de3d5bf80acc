//! What may go wrong on a simulated disk: its standing habits, and errors at chosen calls.
//!
//! It only describes; `gate` decides when an error falls due, and `effect` and `names` act on the habits.

use std::{io, path::Path};

use rustix::io::Errno;

/// The standing habits of a simulated disk.
///
/// ```
/// use nedb_io::simulate::{Faults, Tear};
///
/// let faults = Faults { tear: Tear::Arbitrary, space_bytes_max: Some(1 << 20), ..Faults::default() };
/// assert!(!faults.is_file_sync_lying);
/// ```
#[derive(Clone, Debug)]
pub struct Faults {
    /// How a power cut tears a write that no sync confirmed.
    pub tear: Tear,
    /// Whether un-synced writes of a file may reach the medium out of order.
    pub has_reordering: bool,
    /// Whether a file sync reports success and does nothing: a planted bug that tests must notice.
    pub is_file_sync_lying: bool,
    /// Whether a directory sync reports success and does nothing: a planted bug that tests must notice.
    pub is_dir_sync_lying: bool,
    /// How many reads of a thousand return fewer bytes than asked for.
    pub short_reads_per_mille: u32,
    /// How many reads of a thousand are interrupted and must be repeated.
    pub interrupts_per_mille: u32,
    /// How much space the disk has, counted in whole blocks; `None` for no limit.
    pub space_bytes_max: Option<u64>,
}

impl Default for Faults {
    /// An honest disk without a limit, which tears un-synced writes at sectors and reorders them.
    fn default() -> Self {
        Self {
            tear: Tear::Sectors,
            has_reordering: true,
            is_file_sync_lying: false,
            is_dir_sync_lying: false,
            short_reads_per_mille: 0,
            interrupts_per_mille: 0,
            space_bytes_max: None,
        }
    }
}

/// Where a power cut may break a write in two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tear {
    /// Nowhere: a write survives whole or not at all.
    Never,
    /// Between sectors of 512 bytes, each kept or lost by its own chance.
    Sectors,
    /// Between any two bytes.
    Arbitrary,
}

/// An error planted at a chosen call.
///
/// ```
/// use std::path::Path;
/// use nedb_io::{Disk, simulate::{Call, Failure, Faults, Injection, SimDisk}};
///
/// let disk = SimDisk::new(1, Faults::default());
/// disk.inject(Injection::once(Call::SyncFile, 1, Failure::Io));
/// let file = disk.create_new(Path::new("/a"))?;
/// assert!(file.sync_data().is_err());
/// assert!(file.sync_data().is_ok());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Injection {
    call: Call,
    /// How many matching calls still go through first.
    passes: u64,
    times: Times,
    failure: Failure,
    path_part: Option<String>,
}

impl Injection {
    /// Plants an error at the `nth` matching call from now on (the first is 1), after which calls go through again.
    pub fn once(call: Call, nth: u64, failure: Failure) -> Self {
        Self { call, passes: nth.saturating_sub(1), times: Times::Once, failure, path_part: None }
    }

    /// Plants an error at the `nth` matching call from now on (the first is 1) and at every later one.
    pub fn forever(call: Call, nth: u64, failure: Failure) -> Self {
        Self { times: Times::Forever, ..Self::once(call, nth, failure) }
    }

    /// Restricts the error to calls on paths that contain this text.
    pub fn on(self, path_part: impl Into<String>) -> Self {
        Self { path_part: Some(path_part.into()), ..self }
    }

    /// Counts a call and returns the failure that falls due on it.
    pub(super) fn due(&mut self, call: Call, path: &Path) -> Option<Failure> {
        let is_on_path = self.path_part.as_ref().is_none_or(|part| path.to_string_lossy().contains(part));
        if !self.call.covers(call) || !is_on_path {
            return None;
        }
        if self.passes > 0 {
            self.passes -= 1;
            return None;
        }
        Some(self.failure)
    }

    pub(super) fn times(&self) -> Times {
        self.times
    }
}

/// How often a planted error strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// At one call.
    Once,
    /// At that call and every later one.
    Forever,
}

/// A kind of call on a disk or a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Every call (only for planting errors).
    Any,
    /// Every call that changes something (only for planting errors).
    AnyMutation,
    /// Opening a file.
    Open,
    /// Creating a file.
    Create,
    /// Renaming.
    Rename,
    /// Removing a file or a directory.
    Remove,
    /// Listing a directory.
    List,
    /// Creating a directory.
    CreateDir,
    /// Syncing a directory.
    SyncDir,
    /// Asking for the kind of a path or the length of a file.
    Inspect,
    /// Taking a lock.
    Lock,
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Setting a length.
    SetLen,
    /// Syncing a file, either way.
    SyncFile,
}

impl Call {
    /// Returns whether calls of this kind change the disk.
    pub fn is_mutation(self) -> bool {
        !matches!(self, Self::Any | Self::Open | Self::List | Self::Inspect | Self::Read | Self::Lock)
    }

    fn covers(self, other: Self) -> bool {
        match self {
            Self::Any => true,
            Self::AnyMutation => other.is_mutation(),
            _ => self == other,
        }
    }
}

/// The error that a planted call returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The medium fails (`EIO`). A failed sync loses what was not yet durable; a failed write may have written a part.
    Io,
    /// The medium is full (`ENOSPC`). A failed write may have written a part.
    NoSpace,
    /// The call is interrupted (`EINTR`). Only reads report it: all other calls continue by themselves.
    Interrupted,
}

impl Failure {
    pub(super) fn to_error(self) -> io::Error {
        match self {
            Self::Io => Errno::IO.into(),
            Self::NoSpace => Errno::NOSPC.into(),
            Self::Interrupted => Errno::INTR.into(),
        }
    }
}
