//! Queries made by calls instead of text; both give the same plans.
//!
//! A mistake on the way, such as a path that is none, is kept and reported by [`QueryBuilder::build`].

use nedb_types::{Collection, FieldPath, Relation, Result, Timestamp, Value};

use crate::ast::{
    Aggregate, Arg, CaseRule, CompareOp, Direction, Expr, GraphStep, Grouping, Hops, InList, Moment, OrderKey, Query,
    Selection, SortDirection, StepKind,
};
use crate::params::Params;
use crate::plan::Plan;
use crate::search::SearchQuery;

/// Builds a query call by call.
///
/// # Examples
///
/// ```
/// use nedb_nql::{Params, Query, field, parse};
///
/// let built = Query::from_collection("blocks").filter(field("height").gt(5)).descending("height").limit(10);
/// let text = "FROM blocks WHERE height > 5 ORDER BY height DESC LIMIT 10";
/// assert_eq!(built.build()?.to_string(), text);
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct QueryBuilder {
    query: Result<Query>,
}

/// Is a condition under construction.
///
/// # Examples
///
/// ```
/// use nedb_nql::{field, not};
///
/// let adults = field("age").ge(18).and(not(field("name").is_null()));
/// assert_eq!(adults.build()?.to_string(), "age >= 18 AND name IS NOT NULL");
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Filter {
    expr: Result<Expr>,
}

/// Is a field that waits for its comparison.
///
/// # Examples
///
/// ```
/// assert_eq!(nedb_nql::field("tags").contains("rust").build()?.to_string(), "tags CONTAINS \"rust\"");
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct FieldBuilder {
    path: Result<FieldPath>,
}

/// Names a field by its path, such as `address.city`.
pub fn field(path: &str) -> FieldBuilder {
    FieldBuilder { path: FieldPath::parse(path) }
}

/// Turns a condition round.
pub fn not(filter: Filter) -> Filter {
    Filter { expr: filter.expr.map(Expr::negate) }
}

/// Joins conditions with AND.
pub fn all(filters: impl IntoIterator<Item = Filter>) -> Filter {
    Filter { expr: filters.into_iter().map(Filter::build).collect::<Result<_>>().map(Expr::all) }
}

/// Joins conditions with OR.
pub fn any(filters: impl IntoIterator<Item = Filter>) -> Filter {
    Filter { expr: filters.into_iter().map(Filter::build).collect::<Result<_>>().map(Expr::any) }
}

impl From<Expr> for Filter {
    /// Takes a condition that was read or made elsewhere.
    fn from(expr: Expr) -> Self {
        Self { expr: Ok(expr) }
    }
}

impl From<Query> for QueryBuilder {
    /// Goes on with a query that was read or made elsewhere.
    fn from(query: Query) -> Self {
        Self { query: Ok(query) }
    }
}

impl Filter {
    /// Holds when both hold.
    pub fn and(self, other: Self) -> Self {
        all([self, other])
    }

    /// Holds when one of the two holds.
    pub fn or(self, other: Self) -> Self {
        any([self, other])
    }

    /// Returns the condition, or the first mistake in it.
    pub fn build(self) -> Result<Expr> {
        self.expr
    }
}

macro_rules! comparisons {
    ($($name:ident $op:ident $sign:literal;)+) => {
        $(#[doc = concat!("Tests with `", $sign, "`.")]
        pub fn $name(self, value: impl Into<Value>) -> Filter {
            self.test(|path| Expr::Compare { path, op: CompareOp::$op, value: Arg::Given(value.into()) })
        })+
    };
}

impl FieldBuilder {
    comparisons! {
        eq Equal "="; ne NotEqual "!="; lt Less "<"; le LessOrEqual "<="; gt Greater ">"; ge GreaterOrEqual ">=";
    }

    /// Tests with `IN`.
    pub fn one_of<V: Into<Value>>(self, values: impl IntoIterator<Item = V>) -> Filter {
        let items = values.into_iter().map(|value| Arg::Given(value.into())).collect();
        self.test(|path| Expr::In { path, list: InList::Items(items) })
    }

    /// Tests with `BETWEEN`.
    pub fn between(self, low: impl Into<Value>, high: impl Into<Value>) -> Filter {
        self.test(|path| Expr::Between { path, low: Arg::Given(low.into()), high: Arg::Given(high.into()) })
    }

    /// Tests with `LIKE`.
    pub fn like(self, pattern: impl Into<String>) -> Filter {
        self.test(|path| Expr::Like { path, pattern: Arg::Given(pattern.into()), case: CaseRule::Exact })
    }

    /// Tests with `ILIKE`.
    pub fn ilike(self, pattern: impl Into<String>) -> Filter {
        self.test(|path| Expr::Like { path, pattern: Arg::Given(pattern.into()), case: CaseRule::Folded })
    }

    /// Tests with `CONTAINS`.
    pub fn contains(self, value: impl Into<Value>) -> Filter {
        self.test(|path| Expr::Contains { path, value: Arg::Given(value.into()) })
    }

    /// Tests with `IS NULL`.
    pub fn is_null(self) -> Filter {
        self.test(|path| Expr::IsNull { path })
    }

    /// Tests with `EXISTS`.
    pub fn exists(self) -> Filter {
        self.test(|path| Expr::Exists { path })
    }

    fn test(self, make: impl FnOnce(FieldPath) -> Expr) -> Filter {
        Filter { expr: self.path.map(make) }
    }
}

impl Query {
    /// Begins a query by calls.
    pub fn from_collection(name: &str) -> QueryBuilder {
        QueryBuilder { query: Collection::new(name).map(Query::all_of) }
    }
}

impl QueryBuilder {
    /// Asks the state of a moment: AS OF.
    pub fn as_of(self, moment: Moment) -> Self {
        self.change(|query| {
            query.as_of = Some(Arg::Given(moment));
            Ok(())
        })
    }

    /// Asks what holds at a moment: VALID AS OF.
    pub fn valid_as_of(self, at: Timestamp) -> Self {
        self.change(|query| {
            query.valid_as_of = Some(Arg::Given(at));
            Ok(())
        })
    }

    /// Keeps rows that satisfy a condition; behind a graph step, of those that it found. Several are joined with AND.
    pub fn filter(self, filter: Filter) -> Self {
        self.change(|query| {
            let place = match query.steps.last_mut() {
                Some(step) => &mut step.filter,
                None => &mut query.filter,
            };
            let added = filter.build()?;
            *place = Some(match place.take() {
                Some(present) => present.and(added),
                None => added,
            });
            Ok(())
        })
    }

    /// Keeps rows with the words of a search.
    pub fn search(self, text: &str) -> Self {
        self.change(|query| {
            query.search = Some(Arg::Given(SearchQuery::parse(text)?));
            Ok(())
        })
    }

    /// Follows links.
    pub fn traverse(self, relation: &str, hops: Hops, direction: Direction) -> Self {
        self.change(|query| {
            let kind = StepKind::Traverse { relation: Relation::new(relation)?, hops };
            query.steps.push(GraphStep { kind, direction, filter: None });
            Ok(())
        })
    }

    /// Follows causes.
    pub fn trace(self, direction: Direction) -> Self {
        self.change(|query| {
            query.steps.push(GraphStep { kind: StepKind::Trace, direction, filter: None });
            Ok(())
        })
    }

    /// Groups by fields.
    pub fn group_by<'p>(self, paths: impl IntoIterator<Item = &'p str>) -> Self {
        self.change(|query| {
            grouping(query).by = parse_paths(paths)?;
            Ok(())
        })
    }

    /// Adds COUNT.
    pub fn count(self) -> Self {
        self.aggregate(|| Ok(Aggregate::Count))
    }

    /// Adds COUNT of a field.
    pub fn count_of(self, path: &str) -> Self {
        self.aggregate(|| FieldPath::parse(path).map(Aggregate::CountOf))
    }

    /// Adds SUM of a field.
    pub fn sum(self, path: &str) -> Self {
        self.aggregate(|| FieldPath::parse(path).map(Aggregate::Sum))
    }

    /// Adds AVG of a field.
    pub fn avg(self, path: &str) -> Self {
        self.aggregate(|| FieldPath::parse(path).map(Aggregate::Avg))
    }

    /// Adds MIN of a field.
    pub fn min(self, path: &str) -> Self {
        self.aggregate(|| FieldPath::parse(path).map(Aggregate::Min))
    }

    /// Adds MAX of a field.
    pub fn max(self, path: &str) -> Self {
        self.aggregate(|| FieldPath::parse(path).map(Aggregate::Max))
    }

    /// Keeps groups that satisfy a condition on their columns.
    pub fn having(self, filter: Filter) -> Self {
        self.change(|query| {
            grouping(query).having = Some(filter.build()?);
            Ok(())
        })
    }

    /// Adds a key of the order, the least values first.
    pub fn ascending(self, path: &str) -> Self {
        self.order(path, SortDirection::Ascending)
    }

    /// Adds a key of the order, the greatest values first.
    pub fn descending(self, path: &str) -> Self {
        self.order(path, SortDirection::Descending)
    }

    /// Gives at most so many rows.
    pub fn limit(self, rows: u64) -> Self {
        self.change(|query| {
            query.limit = Some(Arg::Given(rows));
            Ok(())
        })
    }

    /// Passes over so many rows first.
    pub fn offset(self, rows: u64) -> Self {
        self.change(|query| {
            query.offset = Some(Arg::Given(rows));
            Ok(())
        })
    }

    /// Gives these fields of each row.
    pub fn select<'p>(self, paths: impl IntoIterator<Item = &'p str>) -> Self {
        self.change(|query| {
            query.select = Selection::Fields(parse_paths(paths)?);
            Ok(())
        })
    }

    /// Gives the document and these fields beside it.
    pub fn select_also<'p>(self, paths: impl IntoIterator<Item = &'p str>) -> Self {
        self.change(|query| {
            query.select = Selection::DocumentAnd(parse_paths(paths)?);
            Ok(())
        })
    }

    /// Returns the query.
    ///
    /// # Errors
    ///
    /// The first mistake among the calls.
    pub fn build(self) -> Result<Query> {
        self.query
    }

    /// Returns the plan of the query.
    ///
    /// # Errors
    ///
    /// Those of [`build`](Self::build) and of [`Query::plan`].
    pub fn plan(self) -> Result<Plan> {
        self.build()?.plan(&Params::new())
    }

    fn aggregate(self, make: impl FnOnce() -> Result<Aggregate>) -> Self {
        self.change(|query| {
            grouping(query).aggregates.push(make()?);
            Ok(())
        })
    }

    fn order(self, path: &str, direction: SortDirection) -> Self {
        self.change(|query| {
            query.order.push(OrderKey { path: FieldPath::parse(path)?, direction });
            Ok(())
        })
    }

    /// Makes a change, unless something went wrong before.
    fn change(self, change: impl FnOnce(&mut Query) -> Result<()>) -> Self {
        let query = self.query.and_then(|mut query| change(&mut query).map(|()| query));
        Self { query }
    }
}

fn grouping(query: &mut Query) -> &mut Grouping<Option<Expr>> {
    query.grouping.get_or_insert(Grouping { by: Vec::new(), aggregates: Vec::new(), having: None })
}

fn parse_paths<'p>(paths: impl IntoIterator<Item = &'p str>) -> Result<Vec<FieldPath>> {
    paths.into_iter().map(FieldPath::parse).collect()
}
