//! Text and builder give equal plans.

use std::{collections::BTreeSet, path::Path};

use nedb_nql::{
    BoundStatement, Direction, Hops, Moment, Params, Plan, Query, QueryBuilder, all, any, field, not, parse,
};
use nedb_types::{ErrorCode, Seq};

fn plan(text: &str) -> Plan {
    match parse(text).unwrap().bind(&Params::new()).unwrap() {
        BoundStatement::Query(plan) => *plan,
        other => panic!("{other:?}"),
    }
}

fn check(built: QueryBuilder, text: &str) {
    assert_eq!(built.clone().plan().unwrap(), plan(text));
    assert_eq!(built.build().unwrap().to_string(), text);
}

#[test]
fn a_built_filter_is_the_written_one() {
    let filter = all([
        field("height").gt(5),
        any([field("miner").eq("ada"), field("miner").like("b%")]),
        not(field("fee").between(1, 2)),
        field("txs[0].to").is_null(),
        field("tags").contains("x").or(field("tags").exists()),
        field("n").one_of([1, 2]).and(field("s").ilike("q")),
        field("a").ne(1).and(field("b").lt(1)).and(field("c").le(1)).and(field("d").ge(1)),
    ]);
    check(
        Query::from_collection("blocks").filter(filter).descending("height").ascending("_id").limit(10).offset(5),
        "FROM blocks WHERE height > 5 AND (miner = \"ada\" OR miner LIKE \"b%\") AND fee NOT BETWEEN 1 AND 2 \
         AND txs[0].to IS NULL AND (tags CONTAINS \"x\" OR EXISTS(tags)) AND n IN (1, 2) AND s ILIKE \"q\" \
         AND a != 1 AND b < 1 AND c <= 1 AND d >= 1 ORDER BY height DESC, _id LIMIT 10 OFFSET 5",
    );
}

#[test]
fn a_built_graph_query_is_the_written_one() {
    check(
        Query::from_collection("people")
            .as_of(Moment::Seq(Seq::new(9)))
            .valid_as_of("2024-03-01".parse().unwrap())
            .filter(field("name").eq("Ada"))
            .search("math -war")
            .traverse("knows", Hops::new(1, 3).unwrap(), Direction::Reverse)
            .filter(field("age").gt(30))
            .trace(Direction::Forward)
            .select(["name", "address.city"]),
        "FROM people AS OF 9 VALID AS OF \"2024-03-01T00:00:00Z\" WHERE name = \"Ada\" SEARCH \"math -war\" \
         TRAVERSE knows *1..3 REVERSE WHERE age > 30 TRACE caused_by SELECT name, address.city",
    );
}

#[test]
fn built_groups_are_the_written_ones() {
    check(
        Query::from_collection("blocks")
            .group_by(["miner"])
            .count()
            .sum("fee")
            .avg("fee")
            .min("height")
            .max("height")
            .having(field("sum_fee").gt(10))
            .select_also([]),
        "FROM blocks GROUP BY miner COUNT, SUM fee, AVG fee, MIN height, MAX height HAVING sum_fee > 10 SELECT *",
    );
}

/// Every clause, and every form of one, as a builder and as a text.
fn clauses() -> Vec<(QueryBuilder, &'static str)> {
    let from = || Query::from_collection("a");
    let hops = |min, max| Hops::new(min, max).unwrap();
    vec![
        (from(), "FROM a"),
        (from().as_of(Moment::Seq(Seq::new(9))), "FROM a AS OF 9"),
        (from().as_of(Moment::Empty), "FROM a AS OF -1"),
        (
            from().as_of(Moment::Time("2024-03-01T10:00:00Z".parse().unwrap())),
            "FROM a AS OF TIMESTAMP \"2024-03-01T10:00:00Z\"",
        ),
        (from().valid_as_of("2024-03-01".parse().unwrap()), "FROM a VALID AS OF \"2024-03-01T00:00:00Z\""),
        (from().filter(field("x").eq(1)), "FROM a WHERE x = 1"),
        (from().filter(field("x").ne(1)), "FROM a WHERE x != 1"),
        (from().filter(field("x").lt(1)), "FROM a WHERE x < 1"),
        (from().filter(field("x").le(1)), "FROM a WHERE x <= 1"),
        (from().filter(field("x").gt(1)), "FROM a WHERE x > 1"),
        (from().filter(field("x").ge(1)), "FROM a WHERE x >= 1"),
        (from().filter(field("x").one_of([1, 2])), "FROM a WHERE x IN (1, 2)"),
        (from().filter(field("x").between(1, 2)), "FROM a WHERE x BETWEEN 1 AND 2"),
        (from().filter(field("x").like("b%")), "FROM a WHERE x LIKE \"b%\""),
        (from().filter(field("x").ilike("b%")), "FROM a WHERE x ILIKE \"b%\""),
        (from().filter(field("x").is_null()), "FROM a WHERE x IS NULL"),
        (from().filter(field("x").exists()), "FROM a WHERE EXISTS(x)"),
        (from().filter(field("x").contains("b")), "FROM a WHERE x CONTAINS \"b\""),
        (from().filter(not(field("x").eq(1).and(field("y").eq(2)))), "FROM a WHERE NOT (x = 1 AND y = 2)"),
        (from().filter(field("x").eq(1).or(field("y.z[0]").eq(2))), "FROM a WHERE x = 1 OR y.z[0] = 2"),
        (from().search("tea \"green leaf\" -bag lea*"), "FROM a SEARCH \"tea \\\"green leaf\\\" -bag lea*\""),
        (from().traverse("r", Hops::ONE, Direction::Forward), "FROM a TRAVERSE r"),
        (from().traverse("r", hops(1, 3), Direction::Forward), "FROM a TRAVERSE r *1..3"),
        (from().traverse("r", hops(2, 2), Direction::Reverse), "FROM a TRAVERSE r *2..2 REVERSE"),
        (from().traverse("r", Hops::ONE, Direction::Forward).filter(field("x").eq(1)), "FROM a TRAVERSE r WHERE x = 1"),
        (from().trace(Direction::Forward), "FROM a TRACE caused_by"),
        (from().trace(Direction::Reverse), "FROM a TRACE caused_by REVERSE"),
        (from().trace(Direction::Reverse).filter(field("x").eq(1)), "FROM a TRACE caused_by REVERSE WHERE x = 1"),
        (from().group_by(["x", "y.z"]), "FROM a GROUP BY x, y.z"),
        (from().group_by(["x"]).count_of("y"), "FROM a GROUP BY x COUNT y"),
        (from().count(), "FROM a COUNT"),
        (from().count_of("y").sum("x").avg("x").min("x").max("x"), "FROM a COUNT y, SUM x, AVG x, MIN x, MAX x"),
        (from().group_by(["x"]).count().having(field("count").gt(1)), "FROM a GROUP BY x COUNT HAVING count > 1"),
        (from().ascending("x").descending("y"), "FROM a ORDER BY x, y DESC"),
        (from().limit(3), "FROM a LIMIT 3"),
        (from().offset(3), "FROM a OFFSET 3"),
        (from().select(["x", "y.z"]), "FROM a SELECT x, y.z"),
        (from().select_also([]), "FROM a SELECT *"),
        (from().select_also(["_seq", "y.z"]), "FROM a SELECT *, _seq, y.z"),
    ]
}

#[test]
fn every_clause_has_a_builder_with_the_same_plan() {
    for (built, text) in clauses() {
        check(built, text);
    }
}

#[test]
fn every_keyword_of_a_query_in_the_handbook_has_a_builder() {
    let handbook = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/nql.md");
    let handbook = std::fs::read_to_string(handbook).unwrap();
    let start = handbook.find("\nquery ").unwrap();
    let grammar = &handbook[start..start + handbook[start..].find("\nvalue ").unwrap()];
    let is_keyword = |text: &&str| text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    let keywords: BTreeSet<&str> = grammar.split('"').filter(is_keyword).collect();
    assert!(keywords.len() > 30, "{keywords:?}");
    let texts: Vec<&str> = clauses().into_iter().map(|(_, text)| text).collect();
    // ASC is what an order is without a word.
    let written: BTreeSet<&str> = texts.iter().flat_map(|text| text.split([' ', ',', '('])).chain(["ASC"]).collect();
    let missing: Vec<&&str> = keywords.difference(&written).collect();
    assert!(missing.is_empty(), "no builder writes {missing:?}");
}

#[test]
fn the_first_mistake_of_a_chain_is_reported() {
    let error = Query::from_collection("a:b").filter(field("").eq(1)).build().unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidName);
    let error = Query::from_collection("a").filter(field("x..y").eq(1)).limit(1).build().unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidArgument);
}

#[test]
fn contradictory_clauses_are_refused_for_built_queries_too() {
    let builders = [
        Query::from_collection("a").having(field("x").eq(1)),
        Query::from_collection("a").count().having(field("x").eq(1)),
        Query::from_collection("a").count().count(),
        Query::from_collection("a").count().ascending("height"),
        Query::from_collection("a").ascending("_score"),
        Query::from_collection("a").trace(Direction::Forward).traverse("r", Hops::ONE, Direction::Forward),
    ];
    for builder in builders {
        assert_eq!(builder.clone().plan().unwrap_err().code(), ErrorCode::QuerySyntax, "{builder:?}");
    }
}
