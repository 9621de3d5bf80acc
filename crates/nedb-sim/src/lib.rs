//! Simulated failures of the machine under NEDB: power cuts, errors, damage and planted bugs, from seeds, in process.
//!
//! The engine runs as it is, over a disk that loses, tears and reorders what was not synced, a clock and a task queue that
//! stand still until they are told to move, and random bytes that follow from the seed. Beside it runs an oracle: a plain
//! list of operations that knows what every answer must be.
//!
//! | to | look at |
//! |---|---|
//! | cut the power at random operations | [`power_cut`] |
//! | cut it, or fail, at every operation of a script | [`every_operation`], [`script`] |
//! | damage files | [`damage`] |
//! | try every order of a few steps | [`model`] |
//! | live the same seed twice | [`determinism`] |
//! | see that the above finds bugs | [`planted`] |
//!
//! Killing real processes and running out of real disk space are left to the tests of the crates above.

mod check;
pub mod damage;
pub mod determinism;
mod dice;
pub mod every_operation;
mod intent;
mod machine;
pub mod model;
mod oracle;
pub mod planted;
pub mod power_cut;
pub mod script;
mod violation;
mod workload;

pub use dice::Dice;
pub use intent::{Act, DocKey, EdgeKey, Intent, Life, Step, Subject};
pub use machine::Machine;
pub use oracle::{Logged, Moment, Oracle, Predicted, Remembered, Sight};
pub use violation::{Verdict, Violation};
