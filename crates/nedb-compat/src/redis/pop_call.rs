//! The call that LMPOP, ZMPOP and those of them that wait share: so many keys, a side, and how many elements.

use nedb::Result;

use super::args::Args;
use super::number;
use super::refusal::{refused, syntax};

pub(super) struct PopCall<'a> {
    pub(super) keys: &'a [&'a [u8]],
    /// Whether the second of the two sides was named.
    pub(super) is_second: bool,
    pub(super) count: u64,
}

impl<'a> PopCall<'a> {
    /// Reads a call whose number of keys stands at a position; `sides` are the words for the two sides.
    pub(super) fn read(args: Args<'a>, position: usize, sides: [&[u8]; 2]) -> Result<Self> {
        let natural = |word: &[u8]| number::integer(word).and_then(|number| u64::try_from(number).ok());
        let number = natural(args.at(position)).filter(|number| *number > 0);
        let number = number.ok_or_else(|| refused("ERR numkeys should be greater than 0"))?;
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        let (keys, rest) = args.from(position + 1).split_at_checked(number).ok_or_else(syntax)?;
        let mut options = Args::new(rest).options(0);
        let side = options.next_word().ok_or_else(syntax)?;
        let is_second = side == sides[1];
        if !is_second && side != sides[0] {
            return Err(syntax());
        }
        let mut count = None;
        while let Some(word) = options.next_word() {
            if word != b"COUNT" || count.is_some() {
                return Err(syntax());
            }
            let given = natural(options.value()?).filter(|count| *count > 0);
            count = Some(given.ok_or_else(|| refused("ERR count should be greater than 0"))?);
        }
        Ok(Self { keys, is_second, count: count.unwrap_or(1) })
    }
}
