//! What several test modules need: files and directories of the machine, a budget of time, repeatable choices.

pub mod budget;
pub mod dice;
pub mod files;
pub mod gate;
pub mod process;
pub mod temp_dir;
pub mod watchdog;
