//! The simplest thing that answers as Redis does: a map of vectors, no database.
//!
//! It knows the commands and forms that `random` asks for, and takes every one of them as well-formed.

use std::collections::{BTreeMap, BTreeSet};

use nedb::{Error, ErrorCode};
use nedb_compat::redis::Reply;

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Text(String),
    Hash(Vec<(String, String)>),
    List(Vec<String>),
    Set(BTreeSet<String>),
    Sorted(BTreeMap<String, i64>),
}

#[derive(Clone, Debug, Default)]
pub struct Model {
    values: BTreeMap<String, (Value, Option<i64>)>,
    pub now_ms: i64,
}

type Answer = Result<Reply, &'static str>;

const WRONG_TYPE: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";
const NOT_INTEGER: &str = "ERR value is not an integer or out of range";

/// Gives the content of a value of one type, made new where there is none; it goes when it is empty.
macro_rules! with_value {
    ($model:expr, $key:expr, $variant:ident, $new:expr, $content:ident => $answer:expr) => {{
        let (mut value, end) = $model.values.remove($key).unwrap_or((Value::$variant($new), None));
        let Value::$variant($content) = &mut value else {
            $model.values.insert($key.to_owned(), (value, end));
            return Err(WRONG_TYPE);
        };
        let answer: Answer = $answer;
        if !$content.is_empty() {
            $model.values.insert($key.to_owned(), (value, end));
        }
        answer
    }};
}

impl Model {
    pub fn execute(&mut self, words: &[String]) -> Reply {
        let now_ms = self.now_ms;
        self.values.retain(|_, (_, end)| end.is_none_or(|end| end > now_ms));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.answer(&words).unwrap_or_else(|text| Reply::Error(Error::new(ErrorCode::RedisCommand, text)))
    }

    fn answer(&mut self, words: &[&str]) -> Answer {
        match *words {
            ["SET" | "GET" | "APPEND" | "INCRBY" | "STRLEN", ..] => self.strings(words),
            ["HSET" | "HDEL" | "HGET" | "HGETALL" | "HINCRBY" | "HLEN", key, ..] => {
                with_value!(self, key, Hash, Vec::new(), hash => hashes(words, hash))
            }
            [
                "RPUSH" | "LPUSH" | "LPOP" | "RPOP" | "LRANGE" | "LREM" | "LSET" | "LTRIM" | "LINSERT" | "LINDEX",
                key,
                ..,
            ] => {
                let is_missing = !self.values.contains_key(key);
                if is_missing && words[0] == "LSET" {
                    return Err("ERR no such key");
                }
                with_value!(self, key, List, Vec::new(), list => lists(words, list))
            }
            ["SADD" | "SREM" | "SMEMBERS" | "SISMEMBER" | "SCARD", key, ..] => {
                with_value!(self, key, Set, BTreeSet::new(), set => Ok(sets(words, set)))
            }
            ["SINTER" | "SUNION" | "SDIFF" | "SUNIONSTORE" | "SINTERSTORE", ..] => self.combine(words),
            ["ZADD" | "ZREM" | "ZRANGE" | "ZREVRANGE" | "ZRANGEBYSCORE" | "ZRANK" | "ZPOPMIN" | "ZSCORE", key, ..] => {
                with_value!(self, key, Sorted, BTreeMap::new(), set => Ok(sorted_sets(words, set)))
            }
            _ => self.keys(words),
        }
    }

    fn strings(&mut self, words: &[&str]) -> Answer {
        let key = words[1];
        let end = self.values.get(key).and_then(|(_, end)| *end);
        let old = match self.values.get(key) {
            None => None,
            Some((Value::Text(text), _)) => Some(text.clone()),
            Some(_) if words[0] == "SET" => None,
            Some(_) => return Err(WRONG_TYPE),
        };
        let mut put = |text: String, end| self.values.insert(key.to_owned(), (Value::Text(text), end));
        Ok(match *words {
            ["SET", _, value] => {
                put(value.to_owned(), None);
                Reply::ok()
            }
            ["GET", _] => old.map_or(Reply::Nil, Reply::bulk),
            ["STRLEN", _] => int(old.map_or(0, |text| text.len())),
            ["APPEND", _, value] => {
                let text = old.unwrap_or_default() + value;
                let length = text.len();
                put(text, end);
                int(length)
            }
            _ => {
                let value = integer(old.as_deref().unwrap_or("0")).ok_or(NOT_INTEGER)?;
                let sum = value + number(words[2]);
                put(sum.to_string(), end);
                Reply::Int(sum)
            }
        })
    }

    fn combine(&mut self, words: &[&str]) -> Answer {
        let is_store = words[0].ends_with("STORE");
        let mut sets = Vec::new();
        for key in &words[if is_store { 2 } else { 1 }..] {
            sets.push(match self.values.get(*key) {
                None => BTreeSet::new(),
                Some((Value::Set(set), _)) => set.clone(),
                Some(_) => return Err(WRONG_TYPE),
            });
        }
        let (first, rest) = sets.split_first().expect("a key");
        let all = rest.iter().fold(first.clone(), |left, right| match words[0] {
            "SINTER" | "SINTERSTORE" => &left & right,
            "SUNION" | "SUNIONSTORE" => &left | right,
            _ => &left - right,
        });
        if !is_store {
            return Ok(Reply::Set(all.into_iter().map(Reply::bulk).collect()));
        }
        let count = all.len();
        self.values.remove(words[1]);
        if count > 0 {
            self.values.insert(words[1].to_owned(), (Value::Set(all), None));
        }
        Ok(int(count))
    }

    fn keys(&mut self, words: &[&str]) -> Answer {
        let key = words.get(1).copied().unwrap_or_default();
        Ok(match words[0] {
            "DEL" => int(usize::from(self.values.remove(key).is_some())),
            "EXISTS" => int(usize::from(self.values.contains_key(key))),
            "DBSIZE" => int(self.values.len()),
            "TYPE" => Reply::Simple(self.values.get(key).map_or("none", |(value, _)| type_name(value)).into()),
            "RENAME" => {
                let value = self.values.remove(key).ok_or("ERR no such key")?;
                self.values.insert(words[2].to_owned(), value);
                Reply::ok()
            }
            "COPY" if words[2] == key => return Err("ERR source and destination objects are the same"),
            "COPY" => match self.values.get(key).cloned() {
                None => Reply::Int(0),
                Some(_) if self.values.contains_key(words[2]) && words.len() == 3 => Reply::Int(0),
                Some(value) => {
                    self.values.insert(words[2].to_owned(), value);
                    Reply::Int(1)
                }
            },
            "PEXPIRE" => {
                let end = self.now_ms + number(words[2]);
                let found = self.values.get_mut(key).map(|(_, old)| *old = Some(end));
                int(usize::from(found.is_some()))
            }
            "PERSIST" => int(usize::from(self.values.get_mut(key).and_then(|(_, end)| end.take()).is_some())),
            "PTTL" => Reply::Int(match self.values.get(key) {
                None => -2,
                Some((_, None)) => -1,
                Some((_, Some(end))) => end - self.now_ms,
            }),
            other => panic!("the model does not know {other}"),
        })
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Text(_) => "string",
        Value::Hash(_) => "hash",
        Value::List(_) => "list",
        Value::Set(_) => "set",
        Value::Sorted(_) => "zset",
    }
}

fn int(count: usize) -> Reply {
    Reply::Int(i64::try_from(count).expect("few"))
}

fn number(word: &str) -> i64 {
    word.parse().expect("the test gives numbers")
}

/// The integer that a value is: one in the form in which it would be printed, so `010` and `+1` are none.
fn integer(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number: &i64| number.to_string() == text)
}

fn bulks(texts: impl IntoIterator<Item = String>) -> Reply {
    Reply::Array(texts.into_iter().map(Reply::bulk).collect())
}

/// The part that two indexes name.
fn slice(words: &[&str], length: usize) -> std::ops::Range<usize> {
    let length = i64::try_from(length).expect("few");
    let from_end = |index: i64| if index < 0 { index + length } else { index };
    let (start, end) = (from_end(number(words[2])).max(0), (from_end(number(words[3])) + 1).min(length));
    let place = |index: i64| usize::try_from(index).expect("not negative");
    if start >= end { 0..0 } else { place(start)..place(end) }
}

fn hashes(words: &[&str], hash: &mut Vec<(String, String)>) -> Answer {
    let field = words.get(2).copied().unwrap_or_default();
    let place = hash.iter().position(|(name, _)| name == field);
    let old = integer(place.map_or("0", |place| hash[place].1.as_str()));
    let mut set = |value: String| match place {
        Some(place) => hash[place].1 = value,
        None => hash.push((field.to_owned(), value)),
    };
    Ok(match words[0] {
        "HSET" => {
            set(words[3].to_owned());
            int(usize::from(place.is_none()))
        }
        "HINCRBY" => {
            let sum = old.ok_or("ERR hash value is not an integer")? + number(words[3]);
            set(sum.to_string());
            Reply::Int(sum)
        }
        "HDEL" => int(usize::from(place.map(|place| hash.remove(place)).is_some())),
        "HGET" => place.map_or(Reply::Nil, |place| Reply::bulk(hash[place].1.as_str())),
        "HLEN" => int(hash.len()),
        _ => Reply::Map(
            hash.iter().map(|(name, value)| (Reply::bulk(name.as_str()), Reply::bulk(value.as_str()))).collect(),
        ),
    })
}

fn lists(words: &[&str], list: &mut Vec<String>) -> Answer {
    let index = |word: &str, length: usize| {
        let index = number(word);
        let index = if index < 0 { index + i64::try_from(length).expect("few") } else { index };
        usize::try_from(index).ok().filter(|index| *index < length)
    };
    Ok(match words[0] {
        "RPUSH" => {
            list.extend(words[2..].iter().map(|word| (*word).to_owned()));
            int(list.len())
        }
        "LPUSH" => {
            words[2..].iter().for_each(|word| list.insert(0, (*word).to_owned()));
            int(list.len())
        }
        "LPOP" | "RPOP" if list.is_empty() => Reply::Nil,
        "LPOP" => Reply::bulk(list.remove(0)),
        "RPOP" => list.pop().map_or(Reply::Nil, Reply::bulk),
        "LRANGE" => bulks(list[slice(words, list.len())].to_vec()),
        "LTRIM" => {
            *list = list[slice(words, list.len())].to_vec();
            Reply::ok()
        }
        "LINDEX" => index(words[2], list.len()).map_or(Reply::Nil, |index| Reply::bulk(list[index].as_str())),
        "LSET" => {
            let index = index(words[2], list.len()).ok_or("ERR index out of range")?;
            words[3].clone_into(&mut list[index]);
            Reply::ok()
        }
        "LREM" => {
            let (count, before) = (number(words[2]), list.len());
            let mut left = if count == 0 { usize::MAX } else { usize::try_from(count.unsigned_abs()).expect("few") };
            let mut keep = |element: &String| {
                let goes = element == words[3] && left > 0;
                left -= usize::from(goes);
                !goes
            };
            if count < 0 {
                list.reverse();
            }
            list.retain(|element| keep(element));
            if count < 0 {
                list.reverse();
            }
            int(before - list.len())
        }
        _ if list.is_empty() => Reply::Int(0),
        _ => match list.iter().position(|element| element == words[3]) {
            None => Reply::Int(-1),
            Some(place) => {
                list.insert(place + usize::from(words[2] == "AFTER"), words[4].to_owned());
                int(list.len())
            }
        },
    })
}

fn sets(words: &[&str], set: &mut BTreeSet<String>) -> Reply {
    let before = set.len();
    match words[0] {
        "SADD" => {
            set.extend(words[2..].iter().map(|word| (*word).to_owned()));
            int(set.len() - before)
        }
        "SREM" => {
            set.retain(|member| !words[2..].contains(&member.as_str()));
            int(before - set.len())
        }
        "SISMEMBER" => int(usize::from(set.contains(words[2]))),
        "SCARD" => int(before),
        _ => Reply::Set(set.iter().map(|member| Reply::bulk(member.as_str())).collect()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "scores of the test are small")]
fn sorted_sets(words: &[&str], set: &mut BTreeMap<String, i64>) -> Reply {
    let mut ordered: Vec<(i64, String)> = set.iter().map(|(member, score)| (*score, member.clone())).collect();
    ordered.sort();
    let members = |part: &[(i64, String)]| bulks(part.iter().map(|(_, member)| member.clone()));
    match words[0] {
        "ZADD" => int(usize::from(set.insert(words[3].to_owned(), number(words[2])).is_none())),
        "ZREM" => int(usize::from(set.remove(words[2]).is_some())),
        "ZSCORE" => set.get(words[2]).map_or(Reply::Nil, |score| Reply::Double(*score as f64)),
        "ZRANK" => ordered.iter().position(|(_, member)| member == words[2]).map_or(Reply::Nil, int),
        "ZRANGE" => members(&ordered[slice(words, ordered.len())]),
        "ZREVRANGE" => {
            ordered.reverse();
            members(&ordered[slice(words, ordered.len())])
        }
        "ZPOPMIN" => Reply::Array(match ordered.first() {
            None => Vec::new(),
            Some((score, member)) => {
                set.remove(member);
                vec![Reply::bulk(member.as_str()), Reply::Double(*score as f64)]
            }
        }),
        _ => {
            let (low, high) = (number(words[2]), number(words[3]));
            ordered.retain(|(score, _)| (low..=high).contains(score));
            members(&ordered)
        }
    }
}
