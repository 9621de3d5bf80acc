//! Commands on lists.
//!
//! At the ends: one element and the header are written, at any length. By index: at once until something was inserted or
//! taken out in the middle, then by a walk from the nearer end. By value: a walk.

use nedb::{Error, Result};

use super::args::{Args, index_range, position};
use super::command_keys::Keys;
use super::list_value::{Element, End, List};
use super::notices::Class;
use super::number;
use super::refusal::{self, no_such_key, refused, syntax};
use super::reply::Reply;
use super::table::{Command, Handler};
use super::tx::Tx;

pub(super) const COMMANDS: &[Command] = &[
    Command::write("LPUSH", -3, Keys::ONE, Handler::Data(|tx, args| push(tx, args, End::Left)))
        .fast().short().grows().says("1.0.0", "LPUSH key value [value ...] | Puts values before the first, one after the other."),
    Command::write("RPUSH", -3, Keys::ONE, Handler::Data(|tx, args| push(tx, args, End::Right)))
        .fast().short().grows().says("1.0.0", "RPUSH key value [value ...] | Puts values behind the last."),
    Command::write("LPUSHX", -3, Keys::ONE, Handler::Data(|tx, args| push_existing(tx, args, End::Left)))
        .fast().short().grows().says("2.2.0", "LPUSHX key value [value ...] | Does so for a list that exists."),
    Command::write("RPUSHX", -3, Keys::ONE, Handler::Data(|tx, args| push_existing(tx, args, End::Right)))
        .fast().short().grows().says("2.2.0", "RPUSHX key value [value ...] | Does so for a list that exists."),
    Command::write("LPOP", -2, Keys::ONE, Handler::Data(|tx, args| pop(tx, args, End::Left)))
        .fast().says("1.0.0", "LPOP key [count] | Takes the first elements."),
    Command::write("RPOP", -2, Keys::ONE, Handler::Data(|tx, args| pop(tx, args, End::Right)))
        .fast().says("1.0.0", "RPOP key [count] | Takes the last elements, the last one first."),
    Command::read("LLEN", 2, Keys::ONE, Handler::Data(llen)).prompt().says("1.0.0", "LLEN key | Counts the elements."),
    Command::read("LRANGE", 4, Keys::ONE, Handler::Data(lrange))
        .says("1.0.0", "LRANGE key start stop | Reads elements by index, both ends included."),
    Command::read("LINDEX", 3, Keys::ONE, Handler::Data(lindex)).says("1.0.0", "LINDEX key index | Reads one element."),
    Command::write("LSET", 4, Keys::ONE, Handler::Data(lset)).grows().says("1.0.0", "LSET key index value | Writes one element anew."),
    Command::write("LREM", 4, Keys::ONE, Handler::Data(lrem)).says(
        "1.0.0",
        "LREM key count value | Takes out elements that equal a value: from the first on, from the last with a negative count, all with 0.",
    ),
    Command::write("LTRIM", 4, Keys::ONE, Handler::Data(ltrim))
        .says("1.0.0", "LTRIM key start stop | Keeps only these elements."),
    Command::write("LINSERT", 5, Keys::ONE, Handler::Data(linsert))
        .grows().says("2.2.0", "LINSERT key BEFORE\\|AFTER pivot value | Puts a value beside the first that equals the pivot."),
    Command::write("LMOVE", 5, Keys::TWO, Handler::Data(lmove)).grows().says(
        "6.2.0",
        "LMOVE source destination LEFT\\|RIGHT LEFT\\|RIGHT | Takes an element from one end and puts it to another.",
    ),
    Command::write("RPOPLPUSH", 3, Keys::TWO, Handler::Data(rpoplpush))
        .grows().says("1.2.0", "RPOPLPUSH source destination | Moves the last element of one list before the first of another."),
    Command::read("LPOS", -3, Keys::ONE, Handler::Data(lpos))
        .says("6.0.6", "LPOS key value [RANK r] [COUNT n] [MAXLEN n] | Finds the indexes of elements that equal a value."),
];

fn push_all(tx: &mut Tx<'_>, mut list: List<'_>, args: Args<'_>, end: End) -> Result<Reply> {
    for value in args.from(1) {
        list.push(tx, end, value)?;
    }
    list.save(tx)?;
    tx.tell(Class::List, end.push_event(), args.at(0));
    Ok(length(&list))
}

fn length(list: &List<'_>) -> Reply {
    Reply::Int(i64::try_from(list.len()).unwrap_or(i64::MAX))
}

fn push(tx: &mut Tx<'_>, args: Args<'_>, end: End) -> Result<Reply> {
    let list = List::open(tx, args.at(0))?;
    push_all(tx, list, args, end)
}

fn push_existing(tx: &mut Tx<'_>, args: Args<'_>, end: End) -> Result<Reply> {
    match List::find(tx, args.at(0))? {
        Some(list) => push_all(tx, list, args, end),
        None => Ok(Reply::Int(0)),
    }
}

fn pop(tx: &mut Tx<'_>, args: Args<'_>, end: End) -> Result<Reply> {
    let count = match args.get(1) {
        None => None,
        Some(_) if args.len() > 2 => return Err(refusal::wrong_arity(if end == End::Left { "lpop" } else { "rpop" })),
        Some(_) => match args.integer(1).map(u64::try_from) {
            Ok(Ok(count)) => Some(count),
            _ => return Err(refusal::not_positive()),
        },
    };
    let Some(mut list) = List::find(tx, args.at(0))? else {
        return Ok(if count.is_some() { Reply::NilArray } else { Reply::Nil });
    };
    let mut values = list.pop(tx, end, count.unwrap_or(1))?;
    if !values.is_empty() {
        tx.tell(Class::List, end.pop_event(), args.at(0));
        list.save(tx)?;
    }
    Ok(match count {
        None => Reply::bulk_or_nil(values.pop()),
        Some(_) => Reply::bulks(values),
    })
}

fn llen(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    Ok(List::find(tx, args.at(0))?.map_or(Reply::Int(0), |list| length(&list)))
}

fn lrange(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let (start, stop) = (args.integer(1)?, args.integer(2)?);
    let Some(list) = List::find(tx, args.at(0))? else { return Ok(Reply::Array(Vec::new())) };
    let elements = list.range(tx, index_range(start, stop, list.len()))?;
    Ok(Reply::bulks(elements.into_iter().map(|element| element.value)))
}

fn element(tx: &Tx<'_>, list: &List<'_>, index: i64) -> Result<Option<Element>> {
    match position(index, list.len()) {
        Some(position) => Ok(list.range(tx, position..position + 1)?.pop()),
        None => Ok(None),
    }
}

fn lindex(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let Some(list) = List::find(tx, args.at(0))? else { return Ok(Reply::Nil) };
    Ok(Reply::bulk_or_nil(element(tx, &list, args.integer(1)?)?.map(|element| element.value)))
}

fn lset(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let list = List::find(tx, args.at(0))?.ok_or_else(no_such_key)?;
    let element = element(tx, &list, args.integer(1)?)?.ok_or_else(refusal::index_out_of_range)?;
    element.replace(tx, args.at(2))?;
    list.save(tx)?;
    tx.tell(Class::List, "lset", args.at(0));
    Ok(Reply::ok())
}

fn lrem(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let count = args.integer(1)?;
    let Some(mut list) = List::find(tx, args.at(0))? else { return Ok(Reply::Int(0)) };
    let end = if count < 0 { End::Right } else { End::Left };
    let most = if count == 0 { usize::MAX } else { usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX) };
    let equal =
        list.elements(tx, end)?.filter(|element| !element.as_ref().is_ok_and(|element| element.value != args.at(2)));
    let removed: Vec<Element> = equal.take(most).collect::<Result<_>>()?;
    let count = removed.len();
    if count > 0 {
        list.remove(tx, removed);
        tx.tell(Class::List, "lrem", args.at(0));
        list.save(tx)?;
    }
    Ok(Reply::count(count))
}

fn ltrim(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let (start, stop) = (args.integer(1)?, args.integer(2)?);
    if let Some(mut list) = List::find(tx, args.at(0))? {
        let (all, kept) = (list.len(), index_range(start, stop, list.len()));
        tx.tell(Class::List, "ltrim", args.at(0));
        if kept != (0..all) {
            list.trim(tx, kept)?;
            list.save(tx)?;
        }
    }
    Ok(Reply::ok())
}

fn linsert(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let side = match args.at(1).to_ascii_uppercase().as_slice() {
        b"BEFORE" => End::Left,
        b"AFTER" => End::Right,
        _ => return Err(syntax()),
    };
    let Some(mut list) = List::find(tx, args.at(0))? else { return Ok(Reply::Int(0)) };
    if !list.insert(tx, args.at(2), side, args.at(3))? {
        return Ok(Reply::Int(-1));
    }
    list.save(tx)?;
    tx.tell(Class::List, "linsert", args.at(0));
    Ok(length(&list))
}

pub(super) fn end_of(word: &[u8]) -> Result<End> {
    match word.to_ascii_uppercase().as_slice() {
        b"LEFT" => Ok(End::Left),
        b"RIGHT" => Ok(End::Right),
        _ => Err(syntax()),
    }
}

fn lmove(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let (from, to) = (end_of(args.at(2))?, end_of(args.at(3))?);
    move_element(tx, args, from, to)
}

fn rpoplpush(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    move_element(tx, args, End::Right, End::Left)
}

fn missing_element() -> Error {
    Error::corrupt("a list has fewer elements than its header says")
}

pub(super) fn move_element(tx: &mut Tx<'_>, args: Args<'_>, from: End, to: End) -> Result<Reply> {
    let Some(mut source) = List::find(tx, args.at(0))? else { return Ok(Reply::Nil) };
    if args.at(0) == args.at(1) {
        let value = source.pop(tx, from, 1)?.pop().ok_or_else(missing_element)?;
        source.push(tx, to, &value)?;
        source.save(tx)?;
        tell_moved(tx, args, from, to);
        return Ok(Reply::Bulk(value));
    }
    let mut destination = List::open(tx, args.at(1))?;
    let value = source.pop(tx, from, 1)?.pop().ok_or_else(missing_element)?;
    destination.push(tx, to, &value)?;
    destination.save(tx)?;
    tell_moved(tx, args, from, to);
    source.save(tx)?;
    Ok(Reply::Bulk(value))
}

fn tell_moved(tx: &mut Tx<'_>, args: Args<'_>, from: End, to: End) {
    tx.tell(Class::List, to.push_event(), args.at(1));
    tx.tell(Class::List, from.pop_event(), args.at(0));
}

/// What LPOS looks for.
struct Search {
    rank: i64,
    count: Option<u64>,
    elements_max: u64,
}

impl Search {
    fn read(args: Args<'_>) -> Result<Self> {
        let (mut search, mut options) = (Self { rank: 1, count: None, elements_max: 0 }, args.options(2));
        while let Some(word) = options.next_word() {
            if !matches!(word.as_slice(), b"RANK" | b"COUNT" | b"MAXLEN") {
                return Err(syntax());
            }
            let value = options.value()?;
            let natural = |what: &str| {
                let number = number::integer(value).and_then(|number| u64::try_from(number).ok());
                number.ok_or_else(|| refused(format!("ERR {what} can't be negative")))
            };
            let rank = || number::integer(value).ok_or_else(refusal::not_an_integer);
            match word.as_slice() {
                b"RANK" if rank()? == 0 => {
                    return Err(refused(
                        "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
                    ));
                }
                b"RANK" if rank()? == i64::MIN => {
                    return Err(refusal::out_of_both_ranges());
                }
                b"RANK" => search.rank = rank()?,
                b"COUNT" => search.count = Some(natural("COUNT")?),
                _ => search.elements_max = natural("MAXLEN")?,
            }
        }
        Ok(search)
    }
}

fn lpos(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let search = Search::read(args)?;
    let Some(list) = List::find(tx, args.at(0))? else {
        return Ok(if search.count.is_some() { Reply::Array(Vec::new()) } else { Reply::Nil });
    };
    let end = if search.rank < 0 { End::Right } else { End::Left };
    let elements_max = if search.elements_max == 0 { u64::MAX } else { search.elements_max };
    let wanted = match search.count {
        None => 1,
        Some(0) => u64::MAX,
        Some(count) => count,
    };
    let (mut skipped, mut found) = (search.rank.unsigned_abs() - 1, Vec::new());
    for (place, element) in (0..elements_max).zip(list.elements(tx, end)?) {
        if element?.value != args.at(1) {
            continue;
        }
        if skipped > 0 {
            skipped -= 1;
            continue;
        }
        let index = if end == End::Left { place } else { list.len() - 1 - place };
        found.push(Reply::Int(i64::try_from(index).unwrap_or(i64::MAX)));
        if found.len() as u64 == wanted {
            break;
        }
    }
    Ok(match search.count {
        Some(_) => Reply::Array(found),
        None => found.pop().unwrap_or(Reply::Nil),
    })
}
