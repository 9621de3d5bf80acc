//! ZUNIONSTORE and ZINTERSTORE: several sorted sets, or sets, as one.
//!
//! The inputs are read whole into memory and the result is written as one transaction, so it has at most some 30,000
//! members (`batch_too_large`).

use std::collections::BTreeMap;

use nedb::Result;

use crate::redis::args::Args;
use crate::redis::keyspace::{Found, Kind};
use crate::redis::layout::{CONTAINER_BYTES, SET};
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
}

impl<'a> Inputs<'a> {
    fn read(tx: &mut Tx<'_>, args: Args<'a>, command: &str) -> Result<Self> {
        let number = number::integer(args.at(1)).ok_or_else(not_an_integer)?;
        let number =
            usize::try_from(number).ok().filter(|number| *number > 0).ok_or_else(|| no_number_of_keys(command))?;
        let keys = args.from(2).get(..number).ok_or_else(syntax)?;
        for key in keys {
            let kind = tx.find(key)?.map(|found| found.kind());
            if kind.is_some_and(|kind| !matches!(kind, Kind::Set | Kind::Sorted)) {
                return Err(wrong_type());
            }
        }
        let mut inputs = Self { keys, weights: vec![1.0; number], aggregate: Aggregate::Sum };
        let mut options = args.options(2 + number);
        while let Some(word) = options.next_word() {
            match word.as_slice() {
                b"WEIGHTS" if options.len() >= number => {
                    for weight in &mut inputs.weights {
                        *weight = number::float(options.value()?)
                            .ok_or_else(|| refused("ERR weight value is not a float"))?;
                    }
                }
                b"AGGREGATE" => {
                    inputs.aggregate = match options.value()?.to_ascii_uppercase().as_slice() {
                        b"SUM" => Aggregate::Sum,
                        b"MIN" => Aggregate::Min,
                        b"MAX" => Aggregate::Max,
                        _ => return Err(syntax()),
                    };
                }
                _ => return Err(syntax()),
            }
        }
        Ok(inputs)
    }
}

/// The members of a sorted set, or those of a set with the score 1.
fn members(tx: &mut Tx<'_>, key: &[u8]) -> Result<Vec<Scored>> {
    match tx.find(key)? {
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

pub(super) fn store(tx: &mut Tx<'_>, args: Args<'_>, combination: Combination) -> Result<Reply> {
    let command = if combination == Combination::Union { "zunionstore" } else { "zinterstore" };
    let inputs = Inputs::read(tx, args, command)?;
    // With each member the number of inputs that have it.
    let mut combined: BTreeMap<Vec<u8>, (f64, usize)> = BTreeMap::new();
    for (key, weight) in inputs.keys.iter().zip(&inputs.weights) {
        for (member, score) in members(tx, key)? {
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
    let mut set = SortedSet::replace(tx, args.at(0))?;
    for (member, (score, _)) in &combined {
        set.set(tx, member, *score, None)?;
    }
    if !combined.is_empty() {
        set.save(tx)?;
    }
    Ok(Reply::count(combined.len()))
}
