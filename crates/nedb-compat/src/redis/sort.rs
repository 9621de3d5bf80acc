//! SORT and `SORT_RO`: the elements of a list, a set or a sorted set in order, by themselves or by what lies under other keys.
//!
//! The elements, and what BY and GET name, are read whole into memory; all of it is one snapshot. What STORE writes depends on
//! all that was read: when any of it changed meanwhile, the sort happens again.

use std::cmp::Ordering;

use nedb::Result;

use super::args::{Args, Options};
use super::command_keys::Keys;
use super::hash_value::Hash;
use super::keyspace::{Found, Kind};
use super::list_value::{End, List};
use super::notices::Class;
use super::number;
use super::refusal::{refused, syntax, wrong_type};
use super::reply::Reply;
use super::sets;
use super::sorted_value::SortedSet;
use super::string_value::bytes;
use super::table::{Command, Handler};
use super::tx::Tx;

pub(super) const COMMANDS: &[Command] = &[
    Command::write("SORT", -2, Keys::Sort, Handler::Data(|tx, args| sort(tx, args, true))).grows().says(
        "1.0.0",
        "SORT key [BY pattern] [LIMIT offset n] [GET pattern ...] [ASC\\|DESC] [ALPHA] [STORE destination] | Sorts elements, by other keys if asked, and reads or writes what GET names.",
    ),
    Command::read("SORT_RO", -2, Keys::Sort, Handler::Data(|tx, args| sort(tx, args, false))).says(
        "7.0.0",
        "SORT_RO key [BY pattern] [LIMIT offset n] [GET pattern ...] [ASC\\|DESC] [ALPHA] | Does so without STORE.",
    ),
];

/// What a call asks for.
#[derive(Default)]
struct Form<'a> {
    by: Option<&'a [u8]>,
    /// Nothing is to be compared: BY has no star.
    is_unsorted: bool,
    limit: Option<(i64, i64)>,
    gets: Vec<&'a [u8]>,
    is_descending: bool,
    is_alpha: bool,
    store: Option<&'a [u8]>,
}

impl<'a> Form<'a> {
    fn read(mut options: Options<'a>, may_store: bool) -> Result<Self> {
        let mut form = Self::default();
        while let Some(word) = options.next_word() {
            match word.as_slice() {
                b"ASC" => form.is_descending = false,
                b"DESC" => form.is_descending = true,
                b"ALPHA" => form.is_alpha = true,
                b"LIMIT" if options.len() >= 2 => form.limit = Some((options.integer()?, options.integer()?)),
                b"STORE" if may_store => form.store = Some(options.value()?),
                b"GET" => form.gets.push(options.value()?),
                b"BY" => {
                    let pattern = options.value()?;
                    form.by = Some(pattern);
                    form.is_unsorted |= !pattern.contains(&b'*');
                }
                _ => return Err(syntax()),
            }
        }
        Ok(form)
    }

    /// The part of so many elements that LIMIT leaves.
    fn part(&self, elements: usize) -> std::ops::Range<usize> {
        let Some((offset, count)) = self.limit else { return 0..elements };
        let start = usize::try_from(offset).unwrap_or_default().min(elements);
        let end = usize::try_from(count).map_or(elements, |count| start.saturating_add(count).min(elements));
        start..end
    }
}

fn sort(tx: &mut Tx<'_>, args: Args<'_>, may_store: bool) -> Result<Reply> {
    let mut form = Form::read(args.options(1), may_store)?;
    let (mut elements, kind) = elements(tx, args.at(0), form.is_descending)?;
    if form.is_unsorted && form.store.is_some() && kind == Some(Kind::Set) {
        // What is written must not depend on the order in which a set happens to give its members.
        (form.is_unsorted, form.by, form.is_alpha) = (false, None, true);
    }
    if !form.is_unsorted {
        elements = in_order(tx, elements, &form)?;
    }
    let part = form.part(elements.len());
    let wanted = elements.get(part).unwrap_or_default();
    let mut answers: Vec<Option<Vec<u8>>> = Vec::with_capacity(wanted.len() * form.gets.len().max(1));
    for element in wanted {
        if form.gets.is_empty() {
            answers.push(Some(element.clone()));
        }
        for pattern in &form.gets {
            let named = named(tx, pattern, element)?;
            tx.keep(named.as_ref().map_or(0, Vec::len))?;
            answers.push(named);
        }
    }
    match form.store {
        Some(destination) => store(tx, destination, &answers),
        None => Ok(Reply::Array(answers.into_iter().map(Reply::bulk_or_nil).collect())),
    }
}

/// The elements of the value under a key; those of a sorted set in its order, or against it.
fn elements(tx: &mut Tx<'_>, key: &[u8], is_descending: bool) -> Result<(Vec<Vec<u8>>, Option<Kind>)> {
    let Some(found) = tx.find_to_read(key)? else { return Ok((Vec::new(), None)) };
    let kind = found.kind();
    let elements: Vec<Vec<u8>> = match (&found, kind) {
        (_, Kind::List) => match List::find(tx, key)? {
            Some(list) => list.elements(tx, End::Left)?.map(|element| Ok(element?.value)).collect::<Result<_>>()?,
            None => Vec::new(),
        },
        (Found::Header(header, _), Kind::Set) => sets::members(tx, Some(header))?,
        (_, Kind::Sorted) => match SortedSet::find(tx, key)? {
            Some(set) => set.walk(tx, is_descending, usize::MAX)?.map(|found| Ok(found?.0)).collect::<Result<_>>()?,
            None => Vec::new(),
        },
        _ => return Err(wrong_type()),
    };
    Ok((elements, Some(kind)))
}

/// What an element is compared by.
enum Weight {
    Number(f64),
    /// Nothing sorts before every text.
    Text(Option<Vec<u8>>),
}

impl Weight {
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => left.partial_cmp(right).unwrap_or(Ordering::Equal),
            (Self::Text(left), Self::Text(right)) => left.cmp(right),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
        }
    }
}

fn in_order(tx: &mut Tx<'_>, elements: Vec<Vec<u8>>, form: &Form<'_>) -> Result<Vec<Vec<u8>>> {
    let mut weighed = Vec::with_capacity(elements.len());
    for element in elements {
        let by = match form.by {
            Some(pattern) => named(tx, pattern, &element)?,
            None => Some(element.clone()),
        };
        let weight = match by {
            by if form.is_alpha => Weight::Text(by),
            None => Weight::Number(0.0),
            Some(by) => Weight::Number(number_of(&by)?),
        };
        weighed.push((weight, element));
    }
    weighed.sort_by(|(left, left_element), (right, right_element)| {
        let order = left.compare(right).then_with(|| left_element.cmp(right_element));
        if form.is_descending { order.reverse() } else { order }
    });
    Ok(weighed.into_iter().map(|(_, element)| element).collect())
}

/// The number that a text is up to a zero byte; nothing at all is zero, as in Redis.
fn number_of(text: &[u8]) -> Result<f64> {
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    let number = if text.is_empty() { Some(0.0) } else { number::float(text.trim_ascii_start()) };
    number.ok_or_else(|| refused("ERR One or more scores can't be converted into double"))
}

/// What a pattern of BY or GET names for an element: `#` the element itself, `p*` a string, `p*->f` a field of a hash.
fn named(tx: &mut Tx<'_>, pattern: &[u8], element: &[u8]) -> Result<Option<Vec<u8>>> {
    if pattern == b"#" {
        return Ok(Some(element.to_vec()));
    }
    let Some(star) = pattern.iter().position(|byte| *byte == b'*') else { return Ok(None) };
    let (before, behind) = (pattern.get(..star).unwrap_or_default(), pattern.get(star + 1..).unwrap_or_default());
    let arrow = behind.windows(2).position(|pair| pair == b"->").filter(|arrow| arrow + 2 < behind.len());
    let (behind, field) = match arrow {
        Some(arrow) => (behind.get(..arrow).unwrap_or_default(), behind.get(arrow + 2..)),
        None => (behind, None),
    };
    let key = [before, element, behind].concat();
    match (tx.find_to_read(&key)?, field) {
        (Some(Found::String(record)), None) => bytes(&record).map(Some),
        (Some(found), Some(field)) if found.kind() == Kind::Hash => Hash::open(tx, &key)?.get(tx, field),
        _ => Ok(None),
    }
}

fn store(tx: &mut Tx<'_>, destination: &[u8], values: &[Option<Vec<u8>>]) -> Result<Reply> {
    if values.is_empty() {
        tx.remove_and_tell(destination)?;
        return Ok(Reply::Int(0));
    }
    let mut list = List::replace(tx, destination)?;
    for value in values {
        list.push(tx, End::Right, value.as_deref().unwrap_or_default())?;
    }
    list.save(tx)?;
    tx.tell(Class::List, "sortstore", destination);
    Ok(Reply::count(values.len()))
}
