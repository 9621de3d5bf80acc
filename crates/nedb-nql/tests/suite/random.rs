//! Random queries, conditions, values and rows.

use nedb_nql::{
    Aggregate, Arg, CaseRule, CompareOp, Direction, Expr, GraphStep, Grouping, Hops, InList, Moment, OrderKey,
    ParamName, Query, SearchQuery, Selection, SortDirection, Statement, StepKind,
};
use nedb_types::{BigInt, Collection, DocId, FieldPath, Object, PathStep, Relation, Seq, Timestamp, Value};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

pub fn value() -> BoxedStrategy<Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-3_i64..4).prop_map(Value::I64),
        any::<i128>().prop_map(|number| Value::integer(BigInt::from(number))),
        (-6_i32..7).prop_map(|half| Value::float(f64::from(half) / 2.0).unwrap()),
        any::<f64>().prop_filter("finite", |float| float.is_finite()).prop_map(|float| Value::float(float).unwrap()),
        "[abA%_]{0,3}".prop_map(Value::String),
        any::<String>().prop_map(Value::String),
        any::<i64>().prop_map(|micros| Value::DateTime(Timestamp::from_micros(micros))),
        vec(any::<u8>(), 0..4).prop_map(Value::Bytes),
        "-?[0-9]{1,3}\\.[0-9]{1,3}".prop_map(|text| Value::Decimal(text.parse().unwrap())),
    ];
    let nested = |inner: BoxedStrategy<Value>| {
        let object = vec((any::<String>(), inner.clone()), 0..3).prop_map(|fields| {
            let mut object = Object::new();
            for (name, value) in fields {
                object.insert(name, value);
            }
            Value::Object(object)
        });
        prop_oneof![vec(inner, 0..3).prop_map(Value::Array), object]
    };
    scalar.prop_recursive(3, 12, 3, move |inner| nested(inner.boxed())).boxed()
}

/// Paths that the rows of [`row`] have often.
fn short_path() -> impl Strategy<Value = FieldPath> {
    prop_oneof![Just("a"), Just("b"), Just("c.d"), Just("c.e[0]"), Just("none")].prop_map(|text| text.parse().unwrap())
}

fn path() -> BoxedStrategy<FieldPath> {
    let name = prop_oneof![Just("where".to_owned()), Just("count".to_owned()), any::<String>(), "[a-z]{1,4}"];
    let step = prop_oneof![name.clone().prop_map(PathStep::Field), any::<u32>().prop_map(PathStep::Index),];
    let long = (name, vec(step, 0..3)).prop_map(|(first, mut rest)| {
        rest.insert(0, PathStep::Field(first));
        FieldPath::from_steps(rest).unwrap()
    });
    prop_oneof![3 => short_path(), 1 => long].boxed()
}

fn arg<T: std::fmt::Debug + Clone + 'static>(
    given: impl Strategy<Value = T> + 'static,
    has_params: bool,
) -> BoxedStrategy<Arg<T>> {
    if !has_params {
        return given.prop_map(Arg::Given).boxed();
    }
    let param = "[a-zé_][a-z0-9_]{0,3}".prop_map(|name| Arg::Param(ParamName::new(name).unwrap()));
    prop_oneof![5 => given.prop_map(Arg::Given), 1 => param].boxed()
}

fn test(has_params: bool) -> BoxedStrategy<Expr> {
    use CompareOp::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let op = proptest::sample::select(vec![Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual]);
    let argument = move || arg(value(), has_params);
    let list = prop_oneof![
        9 => vec(argument(), 0..4).prop_map(InList::Items),
        u32::from(has_params) => Just(InList::Param(ParamName::new("list").unwrap())),
    ];
    let pattern = arg("([ab%_]|\\\\%){0,5}", has_params);
    let case = prop_oneof![Just(CaseRule::Exact), Just(CaseRule::Folded)];
    prop_oneof![
        (path(), op, argument()).prop_map(|(path, op, value)| Expr::Compare { path, op, value }),
        (path(), list).prop_map(|(path, list)| Expr::In { path, list }),
        (path(), argument(), argument()).prop_map(|(path, low, high)| Expr::Between { path, low, high }),
        (path(), pattern, case).prop_map(|(path, pattern, case)| Expr::Like { path, pattern, case }),
        path().prop_map(|path| Expr::IsNull { path }),
        path().prop_map(|path| Expr::Exists { path }),
        (path(), argument()).prop_map(|(path, value)| Expr::Contains { path, value }),
    ]
    .boxed()
}

pub fn expr(has_params: bool) -> BoxedStrategy<Expr> {
    let nested = |inner: BoxedStrategy<Expr>| {
        prop_oneof![
            vec(inner.clone(), 1..4).prop_map(Expr::all),
            vec(inner.clone(), 1..4).prop_map(Expr::any),
            inner.prop_map(Expr::negate),
        ]
    };
    test(has_params).prop_recursive(4, 16, 3, move |inner| nested(inner.boxed())).boxed()
}

pub fn row() -> BoxedStrategy<Object> {
    (option::of(value()), option::of(value()), option::of(value()), vec(value(), 0..2))
        .prop_map(|(a, b, d, e)| {
            let mut inner = Object::new();
            d.map(|d| inner.insert("d", d));
            inner.insert("e", Value::Array(e));
            let mut row = Object::new();
            a.map(|a| row.insert("a", a));
            b.map(|b| row.insert("b", b));
            row.insert("c", inner);
            row
        })
        .boxed()
}

fn moment() -> BoxedStrategy<Moment> {
    prop_oneof![
        Just(Moment::Empty),
        (0..=i64::MAX.cast_unsigned()).prop_map(|seq| Moment::Seq(Seq::new(seq))),
        any::<i64>().prop_map(|micros| Moment::Time(Timestamp::from_micros(micros))),
    ]
    .boxed()
}

fn steps() -> BoxedStrategy<Vec<GraphStep<Option<Expr>>>> {
    let direction = || prop_oneof![Just(Direction::Forward), Just(Direction::Reverse)];
    let step = move |kind: BoxedStrategy<StepKind>| {
        let parts = (kind, direction(), option::of(expr(true)));
        option::of(parts.prop_map(|(kind, direction, filter)| GraphStep { kind, direction, filter }))
    };
    let relation = prop_oneof!["[a-z]{1,4}", Just("a b`c".to_owned()), Just("reverse".to_owned())];
    let traverse = (relation, 1_u32..5, 0_u32..4).prop_map(|(relation, min, more)| StepKind::Traverse {
        relation: Relation::new(&relation).unwrap(),
        hops: Hops::new(min, min + more).unwrap(),
    });
    (step(traverse.boxed()), step(Just(StepKind::Trace).boxed()))
        .prop_map(|(traverse, trace)| traverse.into_iter().chain(trace).collect())
        .boxed()
}

fn search() -> BoxedStrategy<SearchQuery> {
    let text = prop_oneof![Just("rust -\"a b\" pre*".to_owned()), any::<String>()];
    text.prop_filter_map("no words", |text| SearchQuery::parse(&text).ok()).boxed()
}

/// Makes groupings with the conditions, orders and selections that fit them.
fn grouped(query: Query) -> BoxedStrategy<Query> {
    let aggregates = prop_oneof![
        Just(vec![Aggregate::Count]),
        (short_path(), short_path()).prop_map(|(count, avg)| vec![Aggregate::CountOf(count), Aggregate::Avg(avg)]),
        (short_path(), short_path()).prop_map(|(sum, max)| vec![Aggregate::Sum(sum), Aggregate::Max(max)]),
        short_path().prop_map(|path| vec![Aggregate::Min(path.clone()), Aggregate::Avg(path), Aggregate::Count]),
    ];
    let by = prop_oneof![
        Just(Vec::new()),
        path().prop_filter("count", |path| *path != FieldPath::field("count")).prop_map(|path| vec![path])
    ];
    (Just(query), by, aggregates)
        .prop_map(|(mut query, by, aggregates)| {
            let having =
                aggregates.contains(&Aggregate::Count).then(|| Expr::Exists { path: FieldPath::field("count") });
            query.grouping = Some(Grouping { by, aggregates, having });
            query
        })
        .boxed()
}

fn plain(query: Query) -> BoxedStrategy<Query> {
    let direction = prop_oneof![Just(SortDirection::Ascending), Just(SortDirection::Descending)];
    let key = (path(), direction).prop_map(|(path, direction)| OrderKey { path, direction });
    let select = prop_oneof![
        Just(Selection::Default),
        vec(path(), 0..3).prop_map(Selection::DocumentAnd),
        vec(path(), 1..3).prop_map(Selection::Fields),
    ];
    (Just(query), vec(key, 0..3), select).prop_map(|(query, order, select)| Query { order, select, ..query }).boxed()
}

pub fn query() -> BoxedStrategy<Query> {
    let collection = prop_oneof![Just("blocks"), Just("as"), Just("straße"), Just("a b`c")];
    let count = || option::of(arg(0..=i64::MAX.cast_unsigned(), true));
    let at = any::<i64>().prop_map(Timestamp::from_micros);
    let first = (collection, option::of(arg(moment(), true)), option::of(arg(at, true)), option::of(expr(true)));
    let second = (option::of(arg(search(), true)), steps(), count(), count());
    let base =
        (first, second).prop_map(|((collection, as_of, valid_as_of, filter), (search, steps, limit, offset))| Query {
            as_of,
            valid_as_of,
            filter,
            search,
            steps,
            limit,
            offset,
            ..Query::all_of(Collection::new(collection).unwrap())
        });
    base.prop_flat_map(|query| prop_oneof![plain(query.clone()), grouped(query)]).boxed()
}

pub fn statement() -> BoxedStrategy<Statement> {
    let id = "[a-zé \"\\\\\n]{1,6}".prop_map(|id| DocId::new(id).unwrap());
    let collection = || Collection::new("people").unwrap();
    prop_oneof![
        6 => query().prop_map(|query| Statement::Query(Box::new(query))),
        1 => query().prop_map(|query| Statement::Explain(Box::new(query))),
        1 => arg(id, true).prop_map(move |id| Statement::History { collection: collection(), id }),
        1 => (arg(moment(), true), arg(moment(), true))
            .prop_map(move |(from, to)| Statement::Diff { collection: collection(), from, to }),
    ]
    .boxed()
}
