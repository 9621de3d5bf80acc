//! Calls of the Mongo face made of any bytes: every operator and stage with every kind of operand, most of them well-formed.
//!
//! Promises: the same bytes make the same call. A text of JSON would nearly always be spoiled by a mutation; here each byte chooses among
//! what could stand in its place.

use nedb_types::{Decimal, Object, Timestamp, Value};

/// Levels of a call below which only scalars are made.
const LEVELS_MAX: usize = 6;

/// Reads more than once: a write costs two databases of its own.
const OPS: [&str; 24] = [
    "find",
    "aggregate",
    "count",
    "find",
    "aggregate",
    "distinct",
    "find",
    "aggregate",
    "findOne",
    "find",
    "aggregate",
    "count",
    "find",
    "aggregate",
    "find",
    "aggregate",
    "insertOne",
    "insertMany",
    "updateOne",
    "updateMany",
    "replaceOne",
    "deleteOne",
    "deleteMany",
    "drop",
];
const PATHS: [&str; 16] =
    ["_id", "a", "b", "n", "o.p", "o", "l", "l.0", "l.p", "l.1.p", "t", "a.b.c", "new", "o.p.0", "é", "l.l"];
const TESTS: [&str; 20] = [
    "$eq",
    "$ne",
    "$gt",
    "$gte",
    "$lt",
    "$lte",
    "$in",
    "$nin",
    "$exists",
    "$type",
    "$regex",
    "$options",
    "$not",
    "$size",
    "$all",
    "$mod",
    "$elemMatch",
    "$and",
    "$or",
    "$where",
];
const CHANGES: [&str; 14] = [
    "$set",
    "$setOnInsert",
    "$unset",
    "$inc",
    "$mul",
    "$min",
    "$max",
    "$rename",
    "$push",
    "$addToSet",
    "$pull",
    "$pop",
    "$pullAll",
    "$bit",
];
const STAGES: [&str; 14] = [
    "$match",
    "$group",
    "$sort",
    "$skip",
    "$limit",
    "$count",
    "$project",
    "$unwind",
    "$lookup",
    "$addFields",
    "$set",
    "$unset",
    "$replaceRoot",
    "$replaceWith",
];
const MEASURES: [&str; 9] = ["$sum", "$avg", "$min", "$max", "$first", "$last", "$push", "$addToSet", "$count"];
const TEXTS: [&str; 12] = ["", "a", "ab", "^a", "a.*b", "(?i)A", "[a-c]+$", "$a", "$o.p", "$$ROOT", "$l", "é\0"];

/// Makes a call of bytes; when they end, the rest is as short as can be.
pub fn call_of(bytes: &[u8]) -> Object {
    let mut source = Source { bytes: bytes.iter() };
    let op = source.one_of(&OPS);
    let mut call = Object::new();
    call.insert("op", op);
    call.insert("collection", "c");
    for (name, value) in source.operands(op) {
        call.insert(name, value);
    }
    call
}

/// The bytes that are left to choose by.
struct Source<'b> {
    bytes: std::slice::Iter<'b, u8>,
}

impl Source<'_> {
    fn byte(&mut self) -> u8 {
        self.bytes.next().copied().unwrap_or_default()
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.byte()) % choices.len()]
    }

    /// A few things, or none.
    fn several<T>(&mut self, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.byte() % 4).map(|_| make(self)).collect()
    }

    fn operands(&mut self, op: &str) -> Vec<(&'static str, Value)> {
        let mut operands = match op {
            "insertOne" => vec![("document", self.object(LEVELS_MAX).into())],
            "insertMany" => vec![("documents", Value::Array(self.several(|source| source.object(LEVELS_MAX).into())))],
            "aggregate" => vec![("pipeline", Value::Array(self.several(|source| source.stage().into())))],
            "drop" => return Vec::new(),
            _ => vec![("filter", self.filter(LEVELS_MAX).into())],
        };
        match op {
            "updateOne" | "updateMany" => operands.push(("update", self.update().into())),
            "replaceOne" => operands.push(("replacement", self.object(LEVELS_MAX).into())),
            "distinct" => operands.push(("key", self.one_of(&PATHS).into())),
            "find" | "findOne" | "count" => operands.extend(self.options(op)),
            _ => {}
        }
        if matches!(op, "updateOne" | "updateMany" | "replaceOne") {
            operands.push(("upsert", Value::Bool(self.byte() % 2 == 1)));
        }
        operands
    }

    fn options(&mut self, op: &str) -> Vec<(&'static str, Value)> {
        let which = self.byte();
        let mut options = Vec::new();
        if which & 1 > 0 {
            options.push(("skip", self.value(0)));
        }
        if which & 2 > 0 && op != "findOne" {
            options.push(("limit", self.value(0)));
        }
        if which & 4 > 0 && op != "count" {
            options.push(("sort", self.directions().into()));
        }
        if which & 8 > 0 && op != "count" {
            options.push(("projection", self.projection(LEVELS_MAX).into()));
        }
        if which & 16 > 0 {
            options.push(("as_of", self.value(0)));
        }
        options
    }

    /// An object whose fields are made by a rule; of two with one name the later one stays.
    fn fields(&mut self, mut make: impl FnMut(&mut Self) -> (String, Value)) -> Object {
        let mut object = Object::new();
        for (name, value) in self.several(|source| make(source)) {
            object.insert(name, value);
        }
        object
    }

    fn value(&mut self, levels: usize) -> Value {
        match self.byte() % if levels == 0 { 13 } else { 16 } {
            0 => Value::from(i64::from(self.byte()) - 8),
            1 => Value::Null,
            2 => Value::Bool(self.byte() % 2 == 1),
            3 | 4 => Value::from(self.one_of(&TEXTS)),
            5 => Value::float(f64::from(self.byte()) / 2.0 - 4.0).unwrap_or_default(),
            6 => Value::float(self.one_of(&[f64::MAX, -0.0, f64::MIN_POSITIVE, 1e15])).unwrap_or_default(),
            7 => Value::from(self.one_of(&[i64::MAX, i64::MIN, 1 << 53, -1])),
            8 => Value::Bytes(vec![0xff; usize::from(self.byte() % 4)]),
            9 => Value::DateTime(Timestamp::from_micros(i64::from(self.byte()))),
            10 => Value::ObjectId([self.byte(); 12]),
            11 => "1.50".parse::<Decimal>().map_or(Value::Null, Value::Decimal),
            12 => Value::from(1),
            13 | 14 => Value::Array(self.several(|source| source.value(levels - 1))),
            _ => self.object(levels - 1).into(),
        }
    }

    fn object(&mut self, levels: usize) -> Object {
        let inner = levels.saturating_sub(1);
        self.fields(|source| (source.one_of(&PATHS).to_owned(), source.value(inner)))
    }

    fn filter(&mut self, levels: usize) -> Object {
        self.fields(|source| {
            let inner = levels.saturating_sub(1);
            match source.byte() % 8 {
                0 if levels > 0 => {
                    let logic = source.one_of(&["$and", "$or", "$nor"]).to_owned();
                    (logic, Value::Array(source.several(|source| source.filter(inner).into())))
                }
                1..=4 => (source.one_of(&PATHS).to_owned(), source.tests(inner).into()),
                _ => (source.one_of(&PATHS).to_owned(), source.value(inner)),
            }
        })
    }

    fn tests(&mut self, levels: usize) -> Object {
        self.fields(|source| {
            let (test, inner) = (source.one_of(&TESTS), levels.saturating_sub(1));
            let operand = match test {
                "$in" | "$nin" | "$all" => Value::Array(source.several(|source| source.value(inner))),
                "$not" if levels > 0 => source.tests(inner).into(),
                "$elemMatch" if levels > 0 && source.byte() % 2 == 0 => source.tests(inner).into(),
                "$elemMatch" if levels > 0 => source.filter(inner).into(),
                "$regex" => source.one_of(&TEXTS).into(),
                "$options" => source.one_of(&["", "i", "m", "sx", "z"]).into(),
                "$mod" => Value::Array(vec![source.value(0), source.value(0)]),
                _ => source.value(inner),
            };
            (test.to_owned(), operand)
        })
    }

    fn update(&mut self) -> Object {
        self.fields(|source| {
            let change = source.one_of(&CHANGES);
            let operand = source.fields(|source| {
                let operand = match (change, source.byte() % 4) {
                    ("$rename", _) => source.one_of(&PATHS).into(),
                    ("$push" | "$addToSet", 0..=2) => source.each().into(),
                    ("$pull", 0) => source.filter(LEVELS_MAX / 2).into(),
                    ("$pull", 1) => source.tests(LEVELS_MAX / 2).into(),
                    _ => source.value(LEVELS_MAX / 2),
                };
                (source.one_of(&PATHS).to_owned(), operand)
            });
            (change.to_owned(), operand.into())
        })
    }

    fn each(&mut self) -> Object {
        let mut each = Object::new();
        each.insert("$each", Value::Array(self.several(|source| source.value(2))));
        let which = self.byte();
        if which & 1 > 0 {
            each.insert("$slice", self.value(0));
        }
        if which & 2 > 0 {
            each.insert("$position", self.value(0));
        }
        if which & 4 > 0 {
            let sort = if which & 8 > 0 { self.directions().into() } else { Value::from(-1) };
            each.insert("$sort", sort);
        }
        each
    }

    fn directions(&mut self) -> Object {
        self.fields(|source| (source.one_of(&PATHS).to_owned(), Value::from(source.one_of(&[1, -1]))))
    }

    fn projection(&mut self, levels: usize) -> Object {
        self.fields(|source| {
            let said = match source.byte() % 4 {
                0 => Value::from(1),
                1 => Value::from(0),
                _ => source.expression(levels.saturating_sub(1)),
            };
            (source.one_of(&PATHS).to_owned(), said)
        })
    }

    fn expression(&mut self, levels: usize) -> Value {
        match self.byte() % 4 {
            0 => self.one_of(&TEXTS).into(),
            1 => format!("${}", self.one_of(&PATHS)).into(),
            2 if levels > 0 => Value::Array(self.several(|source| source.expression(levels - 1))),
            _ => self.value(levels),
        }
    }

    fn stage(&mut self) -> Object {
        let stage = self.one_of(&STAGES);
        let operand = match stage {
            "$match" => self.filter(LEVELS_MAX).into(),
            "$group" => self.group().into(),
            "$sort" => self.directions().into(),
            "$count" | "$unset" => self.one_of(&PATHS).into(),
            "$project" | "$addFields" | "$set" => self.projection(LEVELS_MAX).into(),
            "$unwind" => self.unwind(),
            "$lookup" => self.lookup().into(),
            "$replaceRoot" => named("newRoot", self.expression(LEVELS_MAX)).into(),
            "$replaceWith" => self.expression(LEVELS_MAX),
            _ => self.value(0),
        };
        named(stage, operand)
    }

    fn group(&mut self) -> Object {
        let mut group = named("_id", self.expression(LEVELS_MAX));
        for (name, measure) in self.several(|source| (source.one_of(&PATHS), source.one_of(&MEASURES))) {
            group.insert(name, named(measure, self.expression(2)));
        }
        group
    }

    fn unwind(&mut self) -> Value {
        let path = format!("${}", self.one_of(&PATHS));
        if self.byte() % 2 == 0 {
            return path.into();
        }
        let mut unwind = named("path", path.into());
        unwind.insert("preserveNullAndEmptyArrays", Value::Bool(self.byte() % 2 == 1));
        unwind.insert("includeArrayIndex", self.one_of(&PATHS));
        unwind.into()
    }

    fn lookup(&mut self) -> Object {
        let mut lookup = named("from", self.one_of(&["c", "d", ""]).into());
        for name in ["localField", "foreignField", "as"] {
            lookup.insert(name, self.one_of(&PATHS));
        }
        lookup
    }
}

fn named(name: &str, value: Value) -> Object {
    let mut object = Object::new();
    object.insert(name, value);
    object
}
