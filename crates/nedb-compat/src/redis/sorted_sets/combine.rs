//! Several sorted sets, or sets, as one: read, written, or counted.
//!
//! The inputs are read whole into memory and what is written is one transaction, so it has at most some 30,000
//! members (`batch_too_large`).

use std::collections::BTreeMap;

use nedb::Result;

use super::scored;
use crate::redis::args::{Args, Options};
use crate::redis::keyspace::{Found, Kind};
use crate::redis::layout::{CONTAINER_BYTES, SET, rank_of_score};
use crate::redis::notices::Class;
use crate::redis::number;
use crate::redis::refusal::{no_number_of_keys, not_an_integer, refused, syntax, wrong_type};
use crate::redis::reply::Reply;
use crate::redis::sorted_value::{Scored, SortedSet};
use crate::redis::tx::{Span, Tx};

/// How several sets become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Combination {
    Union,
    Intersection,
    Difference,
}

/// What becomes of the members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Answer,
    Store,
    Count,
}

/// How the scores of one member become one.
#[derive(Clone, Copy, Debug)]
enum Aggregate {
    Sum,
    Min,
    Max,
}

impl Aggregate {
    fn of(self, left: f64, right: f64) -> f64 {
        match self {
            // Opposite infinities have no sum; Redis takes zero.
            Self::Sum if (left + right).is_nan() => 0.0,
            Self::Sum => left + right,
            Self::Min => left.min(right),
            Self::Max => left.max(right),
        }
    }
}

/// The inputs of a combination.
struct Inputs<'a> {
    keys: &'a [&'a [u8]],
    weights: Vec<f64>,
    aggregate: Aggregate,
    has_scores: bool,
    /// How many members are counted at most; 0 for all.
    counted_max: usize,
}

impl<'a> Inputs<'a> {
    /// Reads a call whose number of keys stands in front, behind the destination if there is one.
    fn read(tx: &mut Tx<'_>, args: Args<'a>, combination: Combination, purpose: Purpose) -> Result<Self> {
        let at = usize::from(purpose == Purpose::Store);
        let number = number::integer(args.at(at)).ok_or_else(not_an_integer)?;
        let number = usize::try_from(number).ok().filter(|number| *number > 0);
        let number = number.ok_or_else(|| no_number_of_keys(name(combination, purpose)))?;
        let keys = args.from(at + 1).get(..number).ok_or_else(syntax)?;
        for key in keys {
            let kind = tx.find_to_read(key)?.map(|found| found.kind());
            if kind.is_some_and(|kind| !matches!(kind, Kind::Set | Kind::Sorted)) {
                return Err(wrong_type());
            }
        }
        let weights = vec![1.0; number];
        let mut inputs = Self { keys, weights, aggregate: Aggregate::Sum, has_scores: false, counted_max: 0 };
        inputs.read_options(args.options(at + 1 + number), combination, purpose)?;
        Ok(inputs)
    }

    fn read_options(&mut self, mut options: Options<'_>, combination: Combination, purpose: Purpose) -> Result<()> {
        let has_arithmetic = combination != Combination::Difference && purpose != Purpose::Count;
        while let Some(word) = options.next_word() {
            match word.as_slice() {
                b"WEIGHTS" if has_arithmetic && options.len() >= self.keys.len() => {
                    for weight in &mut self.weights {
                        *weight = number::float(options.value()?)
                            .ok_or_else(|| refused("ERR weight value is not a float"))?;
                    }
                }
                b"AGGREGATE" if has_arithmetic => {
                    self.aggregate = match options.value()?.to_ascii_uppercase().as_slice() {
                        b"SUM" => Aggregate::Sum,
                        b"MIN" => Aggregate::Min,
                        b"MAX" => Aggregate::Max,
                        _ => return Err(syntax()),
                    };
                }
                b"WITHSCORES" if purpose == Purpose::Answer => self.has_scores = true,
                b"LIMIT" if purpose == Purpose::Count => {
                    let limit = number::integer(options.value()?).and_then(|limit| usize::try_from(limit).ok());
                    self.counted_max = limit.ok_or_else(|| refused("ERR LIMIT can't be negative"))?;
                }
                _ => return Err(syntax()),
            }
        }
        Ok(())
    }
}

/// The name of a command, as its errors give it.
fn name(combination: Combination, purpose: Purpose) -> &'static str {
    match (combination, purpose) {
        (Combination::Union, Purpose::Store) => "zunionstore",
        (Combination::Union, _) => "zunion",
        (Combination::Intersection, Purpose::Store) => "zinterstore",
        (Combination::Intersection, Purpose::Count) => "zintercard",
        (Combination::Intersection, Purpose::Answer) => "zinter",
        (Combination::Difference, Purpose::Store) => "zdiffstore",
        (Combination::Difference, _) => "zdiff",
    }
}

/// The members of a sorted set, or those of a set with the score 1.
fn members(tx: &mut Tx<'_>, key: &[u8]) -> Result<Vec<Scored>> {
    match tx.find_again(key)? {
        None => Ok(Vec::new()),
        Some(Found::Header(header, _)) if header.kind == Kind::Set => {
            let walk = tx.walk(&Span::prefix(SET, &header.container))?;
            walk.map(|member| Ok((member?.0.get(CONTAINER_BYTES..).unwrap_or_default().to_vec(), 1.0))).collect()
        }
        Some(Found::Header(header, _)) if header.kind == Kind::Sorted => match SortedSet::find(tx, key)? {
            Some(set) => set.walk(tx, false, usize::MAX)?.collect(),
            None => Ok(Vec::new()),
        },
        Some(_) => Err(wrong_type()),
    }
}

/// The members of all inputs together, in byte order.
fn combine(tx: &mut Tx<'_>, inputs: &Inputs<'_>, combination: Combination) -> Result<Vec<Scored>> {
    // With each member the number of inputs that have it.
    let mut combined: BTreeMap<Vec<u8>, (f64, usize)> = BTreeMap::new();
    for (place, (key, weight)) in inputs.keys.iter().zip(&inputs.weights).enumerate() {
        for (member, score) in members(tx, key)? {
            if combination == Combination::Difference && place > 0 {
                combined.remove(&member);
                continue;
            }
            // An infinite score of no weight has no product; Redis takes zero.
            let weighed = if (score * weight).is_nan() { 0.0 } else { score * weight };
            combined
                .entry(member)
                .and_modify(|(sum, inputs_with_it)| {
                    *sum = inputs.aggregate.of(*sum, weighed);
                    *inputs_with_it += 1;
                })
                .or_insert((weighed, 1));
        }
    }
    if combination == Combination::Intersection {
        combined.retain(|_, (_, inputs_with_it)| *inputs_with_it == inputs.keys.len());
    }
    Ok(combined.into_iter().map(|(member, (score, _))| (member, score)).collect())
}

pub(super) fn answer(tx: &mut Tx<'_>, args: Args<'_>, combination: Combination) -> Result<Reply> {
    let inputs = Inputs::read(tx, args, combination, Purpose::Answer)?;
    let mut members = combine(tx, &inputs, combination)?;
    // Those of one score stay in the order of their bytes.
    members.sort_by_key(|(_, score)| rank_of_score(*score));
    Ok(scored(members, inputs.has_scores))
}

pub(super) fn store(tx: &mut Tx<'_>, args: Args<'_>, combination: Combination) -> Result<Reply> {
    let inputs = Inputs::read(tx, args, combination, Purpose::Store)?;
    let members = combine(tx, &inputs, combination)?;
    write(tx, args.at(0), &members, name(combination, Purpose::Store))
}

/// Writes members in place of whatever lies under a key, tells it as this event, and counts them.
pub(super) fn write(tx: &mut Tx<'_>, key: &[u8], members: &[Scored], event: &'static str) -> Result<Reply> {
    if members.is_empty() {
        tx.remove_and_tell(key)?;
        return Ok(Reply::Int(0));
    }
    let mut set = SortedSet::replace(tx, key)?;
    for (member, score) in members {
        set.set(tx, member, *score, None)?;
    }
    set.save(tx)?;
    tx.tell(Class::Sorted, event, key);
    Ok(Reply::count(members.len()))
}

pub(super) fn zintercard(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let inputs = Inputs::read(tx, args, Combination::Intersection, Purpose::Count)?;
    let counted = combine(tx, &inputs, Combination::Intersection)?.len();
    Ok(Reply::count(if inputs.counted_max == 0 { counted } else { counted.min(inputs.counted_max) }))
}
