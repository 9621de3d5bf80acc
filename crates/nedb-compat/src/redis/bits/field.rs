//! BITFIELD: integers of 1 to 64 bits within a string, with what happens when one has no room for its sum.

use nedb::Result;

use super::{OFFSET_MAX, bad_offset, bit, grow, set_bit};
use crate::redis::args::{Args, Options};
use crate::redis::notices::Class;
use crate::redis::number;
use crate::redis::refusal::{refused, syntax};
use crate::redis::reply::Reply;
use crate::redis::string_value::{string, string_to_read, write};
use crate::redis::tx::Tx;

/// An integer's type: `i` or `u` with its number of bits.
#[derive(Clone, Copy, Debug)]
struct IntegerType {
    is_signed: bool,
    bits: u32,
}

impl IntegerType {
    fn read(word: &[u8]) -> Result<Self> {
        let bad_type = || {
            refused("ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.")
        };
        let (is_signed, digits) = match word {
            [b'i', digits @ ..] => (true, digits),
            [b'u', digits @ ..] => (false, digits),
            _ => return Err(bad_type()),
        };
        let bits = number::integer(digits).and_then(|bits| u32::try_from(bits).ok());
        let bits = bits.filter(|bits| (1..=if is_signed { 64 } else { 63 }).contains(bits)).ok_or_else(bad_type)?;
        Ok(Self { is_signed, bits })
    }

    /// The number that a word of SET means: a negative one for an unsigned type is the large one with the same bits.
    fn of_word(self, number: i64) -> i128 {
        if self.is_signed { i128::from(number) } else { i128::from(number.cast_unsigned()) }
    }

    fn min(self) -> i128 {
        if self.is_signed { -(1_i128 << (self.bits - 1)) } else { 0 }
    }

    fn max(self) -> i128 {
        (1_i128 << (self.bits - u32::from(self.is_signed))) - 1
    }

    /// The number whose low bits these are.
    fn wrapped(self, number: i128) -> i128 {
        let low = number & ((1_i128 << self.bits) - 1);
        if low > self.max() { low - (1_i128 << self.bits) } else { low }
    }

    /// The number that is written for one that may have no room; `None` for nothing.
    fn fit(self, number: i128, overflow: Overflow) -> Option<i128> {
        if (self.min()..=self.max()).contains(&number) {
            return Some(number);
        }
        match overflow {
            Overflow::Wrap => Some(self.wrapped(number)),
            Overflow::Saturate => Some(number.clamp(self.min(), self.max())),
            Overflow::Fail => None,
        }
    }

    fn get(self, value: &[u8], offset: u64) -> i128 {
        let offsets = offset..offset + u64::from(self.bits);
        self.wrapped(offsets.fold(0, |number, offset| (number << 1) | i128::from(bit(value, offset))))
    }

    fn set(self, value: &mut [u8], offset: u64, number: i128) {
        for (place, offset) in (offset..offset + u64::from(self.bits)).enumerate() {
            set_bit(value, offset, number >> (self.bits as usize - 1 - place) & 1 == 1);
        }
    }
}

/// What happens when a number has no room.
#[derive(Clone, Copy, Debug)]
enum Overflow {
    Wrap,
    Saturate,
    Fail,
}

#[derive(Clone, Copy, Debug)]
enum Action {
    Get,
    Set(i64, Overflow),
    Add(i64, Overflow),
}

/// One part of a call.
#[derive(Clone, Copy, Debug)]
struct Step {
    kind: IntegerType,
    offset: u64,
    action: Action,
}

impl Step {
    fn end(&self) -> u64 {
        self.offset + u64::from(self.kind.bits)
    }
}

/// An offset in bits, or behind `#` in integers of this type.
fn offset(word: &[u8], kind: IntegerType) -> Result<u64> {
    let (digits, unit) = word.strip_prefix(b"#").map_or((word, 1), |digits| (digits, i64::from(kind.bits)));
    let offset = number::integer(digits).and_then(|offset| offset.checked_mul(unit));
    let offset = offset.and_then(|offset| u64::try_from(offset).ok());
    offset.filter(|offset| *offset <= OFFSET_MAX).ok_or_else(bad_offset)
}

fn steps(mut options: Options<'_>) -> Result<Vec<Step>> {
    let (mut steps, mut overflow) = (Vec::new(), Overflow::Wrap);
    while let Some(word) = options.next_word() {
        if word == b"OVERFLOW" {
            overflow = match options.value()?.to_ascii_uppercase().as_slice() {
                b"WRAP" => Overflow::Wrap,
                b"SAT" => Overflow::Saturate,
                b"FAIL" => Overflow::Fail,
                _ => return Err(refused("ERR Invalid OVERFLOW type specified")),
            };
            continue;
        }
        let amounts = match word.as_slice() {
            b"GET" => 0,
            b"SET" | b"INCRBY" => 1,
            _ => return Err(syntax()),
        };
        if options.len() < 2 + amounts {
            return Err(syntax());
        }
        let kind = IntegerType::read(options.value()?)?;
        let offset = offset(options.value()?, kind)?;
        let action = match word.as_slice() {
            b"GET" => Action::Get,
            b"SET" => Action::Set(options.integer()?, overflow),
            _ => Action::Add(options.integer()?, overflow),
        };
        steps.push(Step { kind, offset, action });
    }
    Ok(steps)
}

pub(super) fn bitfield(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    run(tx, args, &steps(args.options(1))?)
}

pub(super) fn bitfield_ro(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let steps = steps(args.options(1))?;
    if steps.iter().any(|step| !matches!(step.action, Action::Get)) {
        return Err(refused("ERR BITFIELD_RO only supports the GET subcommand"));
    }
    run(tx, args, &steps)
}

fn run(tx: &mut Tx<'_>, args: Args<'_>, steps: &[Step]) -> Result<Reply> {
    let only_reads = steps.iter().all(|step| matches!(step.action, Action::Get));
    let old = if only_reads { string_to_read(tx, args.at(0))? } else { string(tx, args.at(0))? };
    let (mut value, times) = old.unwrap_or_default();
    let mut is_changed = false;
    let written = steps.iter().filter(|step| !matches!(step.action, Action::Get)).map(Step::end).max();
    if let Some(end) = written {
        grow(&mut value, end)?;
    }
    let mut answers = Vec::with_capacity(steps.len());
    for Step { kind, offset, action } in steps {
        let old = kind.get(&value, *offset);
        let (answer, new) = match *action {
            Action::Get => (Some(old), None),
            Action::Set(number, overflow) => {
                let new = kind.fit(kind.of_word(number), overflow);
                (new.map(|_| old), new)
            }
            Action::Add(increment, overflow) => {
                let new = kind.fit(old + i128::from(increment), overflow);
                (new, new)
            }
        };
        if let Some(new) = new {
            kind.set(&mut value, *offset, new);
            is_changed = true;
        }
        // No type has more than 63 bits beside its sign.
        let number = answer.map(|number| i64::try_from(number).unwrap_or(i64::MAX));
        answers.push(number.map_or(Reply::Nil, Reply::Int));
    }
    if written.is_some() {
        write(tx, args.at(0), &value, times)?;
    }
    if is_changed {
        tx.tell(Class::String, "setbit", args.at(0));
    }
    Ok(Reply::Array(answers))
}
