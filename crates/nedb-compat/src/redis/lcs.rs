//! LCS: the longest sequence of bytes that two strings have in common, in order but perhaps with others in between.
//!
//! A table with a number for each pair of their bytes is filled, so both the time and the memory are the product of the lengths;
//! strings whose table would be too large are refused.

use nedb::Result;

use super::args::Args;
use super::command_keys::Keys;
use super::keyspace::Found;
use super::refusal::{self, refused, syntax};
use super::reply::Reply;
use super::string_value::bytes;
use super::table::{Command, Handler};
use super::tx::Tx;

/// How many numbers the table may have: 64 MiB of them.
const CELLS_MAX: usize = 1 << 24;

pub(super) const COMMANDS: &[Command] = &[Command::read("LCS", -3, Keys::TWO, Handler::Data(lcs)).says(
    "7.0.0",
    "LCS key1 key2 [LEN] [IDX] [MINMATCHLEN n] [WITHMATCHLEN] | Finds the longest common subsequence of two strings.",
)];

/// What is wanted of the sequence.
#[derive(Clone, Copy, Default)]
struct Form {
    has_len: bool,
    has_ranges: bool,
    range_len_min: usize,
    has_range_len: bool,
}

impl Form {
    fn read(args: Args<'_>) -> Result<Self> {
        let (mut form, mut options) = (Self::default(), args.options(2));
        while let Some(word) = options.next_word() {
            match word.as_slice() {
                b"LEN" => form.has_len = true,
                b"IDX" => form.has_ranges = true,
                b"WITHMATCHLEN" => form.has_range_len = true,
                b"MINMATCHLEN" => form.range_len_min = usize::try_from(options.integer()?).unwrap_or_default(),
                _ => return Err(syntax()),
            }
        }
        if form.has_len && form.has_ranges {
            return Err(refused("ERR If you want both the length and indexes, please just use IDX."));
        }
        Ok(form)
    }
}

fn lcs(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let (left, right) = (text(tx, args.at(0))?, text(tx, args.at(1))?);
    let form = Form::read(args)?;
    let table = Table::fill(&left, &right)?;
    if form.has_len {
        return Ok(Reply::count(table.len()));
    }
    let matches = table.matches();
    if !form.has_ranges {
        let common = matches.iter().flat_map(|found| left.get(found.left..found.left + found.len).unwrap_or_default());
        return Ok(Reply::bulk(common.copied().collect::<Vec<u8>>()));
    }
    let ends = |start: usize, len: usize| Reply::Array(vec![Reply::count(start), Reply::count(start + len - 1)]);
    let shown = |found: &Match| {
        let mut parts = vec![ends(found.left, found.len), ends(found.right, found.len)];
        parts.extend(form.has_range_len.then(|| Reply::count(found.len)));
        Reply::Array(parts)
    };
    // The last one comes first, as in Redis.
    let shown = matches.iter().rev().filter(|found| found.len >= form.range_len_min).map(shown).collect();
    Ok(Reply::Map(vec![(Reply::bulk("matches"), Reply::Array(shown)), (Reply::bulk("len"), Reply::count(table.len()))]))
}

/// The string under a key, which may be missing.
fn text(tx: &mut Tx<'_>, key: &[u8]) -> Result<Vec<u8>> {
    match tx.find(key)? {
        None => Ok(Vec::new()),
        Some(Found::String(record)) => bytes(&record),
        Some(_) => Err(refused("ERR The specified keys must contain string values")),
    }
}

/// A part that both strings have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Match {
    left: usize,
    right: usize,
    len: usize,
}

/// For each pair of beginnings of the two strings the length of what they have in common.
struct Table<'a> {
    left: &'a [u8],
    right: &'a [u8],
    /// Row by row, one row for each beginning of the left string.
    cells: Vec<u32>,
}

impl<'a> Table<'a> {
    fn fill(left: &'a [u8], right: &'a [u8]) -> Result<Self> {
        let width = right.len() + 1;
        let cells = (left.len() + 1).checked_mul(width).filter(|cells| *cells <= CELLS_MAX);
        let cells =
            cells.ok_or_else(|| refusal::unsupported("LCS of strings whose lengths multiplied exceed 16,777,216"))?;
        let mut table = Self { left, right, cells: Vec::with_capacity(cells) };
        table.cells.resize(width, 0);
        for byte in left {
            let above = table.cells.len() - width;
            let mut last = 0;
            table.cells.push(last);
            for (column, other) in right.iter().enumerate() {
                last = if byte == other {
                    table.cell(above + column) + 1
                } else {
                    table.cell(above + column + 1).max(last)
                };
                table.cells.push(last);
            }
        }
        Ok(table)
    }

    fn cell(&self, place: usize) -> u32 {
        self.cells.get(place).copied().unwrap_or_default()
    }

    fn len(&self) -> usize {
        self.cells.last().copied().unwrap_or_default() as usize
    }

    /// The parts that make up the sequence, from the first to the last: found from the end, each as long as it is in both.
    fn matches(&self) -> Vec<Match> {
        let width = self.right.len() + 1;
        let (mut row, mut column) = (self.left.len(), self.right.len());
        let mut found: Vec<Match> = Vec::new();
        while row > 0 && column > 0 {
            if self.left.get(row - 1) == self.right.get(column - 1) {
                (row, column) = (row - 1, column - 1);
                match found.last_mut() {
                    Some(last) if (last.left, last.right) == (row + 1, column + 1) => {
                        *last = Match { left: row, right: column, len: last.len + 1 };
                    }
                    _ => found.push(Match { left: row, right: column, len: 1 }),
                }
            } else if self.cell((row - 1) * width + column) > self.cell(row * width + column - 1) {
                row -= 1;
            } else {
                column -= 1;
            }
        }
        found.reverse();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::{Match, Table};

    #[test]
    fn the_parts_are_those_of_a_longest_sequence() {
        let table = Table::fill(b"ohmytext", b"mynewtext").expect("both are short");
        assert_eq!(table.len(), 6);
        let parts = [Match { left: 2, right: 0, len: 2 }, Match { left: 4, right: 5, len: 4 }];
        assert_eq!(table.matches(), parts);
        assert!(Table::fill(b"", b"x").expect("both are short").matches().is_empty());
    }

    #[test]
    fn what_would_take_too_much_memory_is_refused() {
        assert!(Table::fill(&[0; 4096], &[0; 4096]).is_err());
    }
}
