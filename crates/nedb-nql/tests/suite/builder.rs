//! Text and builder give equal plans.

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
