//! The answer to a query, worked out step by step on lists.

use std::collections::BTreeSet;

use nedb_types::{Object, Value};

use super::{
    condition::holds,
    history::{History, Moment, Node, Seen, time_us},
    question::{Aggregate, Condition, Group, Key, Question, Select, Walk},
    search,
    value::{compare, compare_keys, mean, sum},
    versions,
};

/// The rows of a query.
pub fn answer(history: &History, question: &Question) -> Vec<Object> {
    if let Some(other) = &question.other {
        return versions::answer(history, &question.collection, other);
    }
    let moment = history.moment(question.as_of.as_ref());
    let everything = history.documents(moment);
    let in_collection = |node: &&Node| node.0 == question.collection;
    let all: Vec<Seen<'_>> = everything.keys().filter(in_collection).map(|node| everything[node].clone()).collect();
    let valid_at_us = question.valid_as_of.as_deref().map(time_us);
    let candidates = match &question.search {
        // What has expired counts for the ranks of the others until it is swept.
        Some(text) => {
            let kept = history.documents(Moment { now_us: i64::MIN, ..moment });
            let kept: Vec<Seen<'_>> =
                kept.into_iter().filter(|(node, _)| in_collection(&node)).map(|kept| kept.1).collect();
            let mut found = search::found(&kept, text, history.rule_of(&question.collection));
            found.retain(|seen| everything.contains_key(&seen.node()));
            found
        }
        None => all,
    };
    let is_wanted = |seen: &Seen<'_>| {
        // Filters take effect before the search: they see no score.
        let unscored = Seen { score: None, ..seen.clone() };
        valid_at_us.is_none_or(|at_us| seen.is_valid_at(at_us)) && filter_holds(question.filter.as_ref(), &unscored)
    };
    let mut rows: Vec<Seen<'_>> = candidates.into_iter().filter(is_wanted).collect();
    if let Some(walk) = &question.traverse {
        let reached = reached(&history.edges(&walk.relation, moment), rows.iter().map(Seen::node).collect(), walk);
        rows = reached.iter().filter_map(|node| everything.get(node).cloned()).collect();
        rows.retain(|seen| filter_holds(walk.filter.as_ref(), seen));
        rows.sort_by_key(place);
    }
    if let Some(trace) = &question.trace {
        let seqs = if trace.is_reverse { effects(history, &rows, moment) } else { causes(history, &rows) };
        rows = seqs.into_iter().filter_map(|seq| history.version(seq, moment.now_us)).collect();
        rows.retain(|seen| filter_holds(trace.filter.as_ref(), seen));
    }
    rows.sort_by_key(place);
    let rows: Vec<Object> = if let Some(group) = &question.group {
        groups(&rows, group, question)
    } else {
        sort_by_keys(&mut rows, &question.order, Seen::value);
        rows.iter().map(|seen| shown(seen, &question.select)).collect()
    };
    let skipped = usize::try_from(question.offset.unwrap_or(0)).expect("a small number");
    let taken = question.limit.map_or(usize::MAX, |limit| usize::try_from(limit).expect("a small number"));
    rows.into_iter().skip(skipped).take(taken).collect()
}

fn filter_holds(condition: Option<&Condition>, seen: &Seen<'_>) -> bool {
    condition.is_none_or(|condition| holds(condition, &|path| seen.field(path)))
}

/// Where a row stands without ORDER BY.
fn place(seen: &Seen<'_>) -> (Vec<u8>, String, usize) {
    let (collection, id) = seen.node();
    (id, collection, seen.seq())
}

/// The nodes at the ends of all walks of so many hops.
fn reached(edges: &[(Node, Node)], starts: BTreeSet<Node>, walk: &Walk) -> BTreeSet<Node> {
    let (min, max) = walk.hops.unwrap_or((1, 1));
    let (mut level, mut reached) = (starts, BTreeSet::new());
    for hop in 1..=max {
        let ends = edges.iter().map(|(from, to)| if walk.is_reverse { (to, from) } else { (from, to) });
        level = ends.filter(|(from, _)| level.contains(*from)).map(|(_, to)| to.clone()).collect();
        if hop >= min {
            reached.extend(level.iter().cloned());
        }
    }
    reached
}

fn causes(history: &History, starts: &[Seen<'_>]) -> BTreeSet<usize> {
    let mut open: Vec<usize> = starts.iter().flat_map(|seen| history.causes(seen.seq())).collect();
    let mut found = BTreeSet::new();
    while let Some(seq) = open.pop() {
        if found.insert(seq) {
            open.extend(history.causes(seq));
        }
    }
    found
}

/// What followed from the versions, or from the operations that wrote their contents.
fn effects(history: &History, starts: &[Seen<'_>], moment: Moment) -> BTreeSet<usize> {
    let content = |seen: &Seen<'_>| usize::try_from(seen.content.seq.get()).expect("a short history");
    let mut led: BTreeSet<usize> = starts.iter().flat_map(|seen| [seen.seq(), content(seen)]).collect();
    let mut found = BTreeSet::new();
    // Causes lie earlier, so that one pass from the beginning finds all.
    for seq in 0..moment.size {
        if history.causes(seq).iter().any(|cause| led.contains(cause)) {
            led.insert(seq);
            found.insert(seq);
        }
    }
    found
}

fn sort_by_keys<T>(rows: &mut [T], order: &[Key], value: impl Fn(&T, &str) -> Value) {
    rows.sort_by(|a, b| {
        let keys = order.iter().map(|key| compare_keys(&value(a, &key.path), &value(b, &key.path), key.is_descending));
        keys.into_iter().find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    });
}

fn groups(rows: &[Seen<'_>], group: &Group, question: &Question) -> Vec<Object> {
    let mut found: Vec<(Vec<Value>, Vec<&Seen<'_>>)> = Vec::new();
    if group.by.is_empty() {
        found.push((Vec::new(), Vec::new()));
    }
    for seen in rows {
        let values: Vec<Value> = group.by.iter().map(|path| seen.value(path)).collect();
        let is_same = |known: &[Value]| known.iter().zip(&values).all(|(a, b)| compare(a, b).is_eq());
        match found.iter_mut().find(|(known, _)| is_same(known)) {
            Some((_, members)) => members.push(seen),
            None => found.push((values, vec![seen])),
        }
    }
    found.sort_by(|(a, _), (b, _)| {
        let orders = a.iter().zip(b).map(|(a, b)| compare_keys(a, b, false));
        orders.into_iter().find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    });
    let mut rows: Vec<Object> = found.into_iter().map(|(values, members)| group_row(group, values, &members)).collect();
    if let Some(having) = &group.having {
        rows.retain(|row| holds(having, &|column| row.get(column).cloned()));
    }
    sort_by_keys(&mut rows, &question.order, |row, column| row.get(column).cloned().unwrap_or_default());
    match &question.select {
        Select::Only(columns) => rows.iter().map(|row| selected(row, columns)).collect(),
        _ => rows,
    }
}

fn group_row(group: &Group, values: Vec<Value>, members: &[&Seen<'_>]) -> Object {
    let mut row = Object::new();
    for (path, value) in group.by.iter().zip(values) {
        row.insert(path.as_str(), value);
    }
    if !group.by.is_empty() || group.aggregates.iter().any(|aggregate| aggregate.path.is_empty()) {
        row.insert("count", members.len() as u64);
    }
    for aggregate in group.aggregates.iter().filter(|aggregate| !aggregate.path.is_empty()) {
        let values: Vec<Value> = members.iter().map(|seen| seen.value(&aggregate.path)).collect();
        row.insert(aggregate.column(), figure(aggregate, values));
    }
    row
}

fn figure(aggregate: &Aggregate, mut values: Vec<Value>) -> Value {
    match aggregate.name {
        "SUM" => sum(&values),
        "AVG" => mean(&values),
        "COUNT" => Value::from(values.iter().filter(|value| **value != Value::Null).count() as u64),
        end => {
            values.retain(|value| *value != Value::Null);
            values.sort_by(compare);
            let value = if end == "MIN" { values.first() } else { values.last() };
            value.cloned().unwrap_or_default()
        }
    }
}

fn selected(row: &Object, columns: &[String]) -> Object {
    let mut selected = Object::new();
    for column in columns {
        selected.insert(column.as_str(), row.get(column).cloned().unwrap_or_default());
    }
    selected
}

/// A document with the fields that a query selects.
pub fn shown(seen: &Seen<'_>, select: &Select) -> Object {
    let columns = match select {
        Select::Default => Vec::new(),
        Select::All(paths) | Select::Only(paths) => paths.clone(),
    };
    let mut row = Object::new();
    if !matches!(select, Select::Only(_)) {
        let made =
            ["_id", "_caused_by", "_evidence", "_valid_from", "_valid_to", "_confidence", "_expires_at", "_score"];
        let own = seen.document.iter().map(|(name, value)| (name.to_owned(), value.clone()));
        let made = made.iter().filter_map(|name| Some(((*name).to_owned(), seen.field(name)?)));
        for (name, value) in own.chain(made).filter(|(name, _)| !columns.contains(name)) {
            row.insert(name, value);
        }
    }
    for path in columns {
        let value = seen.value(&path);
        row.insert(path, value);
    }
    row
}
