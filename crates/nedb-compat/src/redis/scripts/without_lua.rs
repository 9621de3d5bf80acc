//! Stands in for the machine where the feature `lua` is off: every script is refused by name.

use nedb::{Error, Result};

use super::{Call, Scripts};
use crate::redis::refusal::unsupported;
use crate::redis::reply::Reply;
use crate::redis::tx::Tx;

/// The machines that a pool would keep: none.
#[derive(Debug, Default)]
pub(super) struct Machines([(); 0]);

impl Machines {
    /// Forgets nothing.
    pub(super) fn clear(&self) {
        let Self([]) = self;
    }
}

pub(super) fn run(_scripts: &Scripts, _tx: &mut Tx<'_>, call: &Call<'_>) -> Result<Reply> {
    let Call { text: _, sha1, keys: _, arguments: _, access: _ } = call;
    Err(refused(sha1))
}

pub(super) fn compile(_scripts: &Scripts, _text: &[u8], sha1: &str) -> Result<()> {
    Err(refused(sha1))
}

fn refused(sha1: &str) -> Error {
    unsupported(format_args!(
        "EVAL takes NQL (FROM, EXPLAIN, HISTORY or DIFF); the script {sha1} is in Lua, which nedbd runs and this build does not"
    ))
}
