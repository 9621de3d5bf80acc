//! The calls by which programs ask questions.

use std::cmp::Ordering;

use nedb_nql::{BoundStatement, Moment, Plan, Statement};
use nedb_types::{Collection, DocId, Result};

use super::{
    Explanation, JoinPlan, QueryOptions, Rows, execute,
    guard::{Guard, Pace},
    join,
    rows::RowSource,
};
use crate::{
    database::Database,
    feed::Diff,
    read::{AsOf, Snapshot},
};

/// A query that was read once and can be run many times, with other parameters each time.
///
/// ```
/// use nedb::{Body, Database, QueryOptions};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// db.put("users", "ada", Body::json(r#"{"born": 1815}"#))?;
/// let born_before = db.prepare("FROM users WHERE born < $year SELECT _id")?;
/// let count = |year: i64| -> nedb::Result<usize> {
///     Ok(born_before.run(&QueryOptions::new().param("year", year))?.collect::<nedb::Result<Vec<_>>>()?.len())
/// };
/// assert_eq!((count(1800)?, count(1900)?), (0, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PreparedQuery {
    db: Database,
    statement: Statement,
}

impl PreparedQuery {
    /// Runs the query at the head, or at the moment that it names.
    pub fn run(&self, options: &QueryOptions) -> Result<Rows> {
        self.db.run(&self.statement, options)
    }
}

impl Database {
    /// Answers a query at the head, or at the moment that it names.
    ///
    /// Errors: `query_syntax` with line and column, `query_parameter`, `future_timestamp`, `query_memory_exceeded`, damage.
    ///
    /// ```
    /// use nedb::{Body, Database};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// for (id, city) in [("ada", "London"), ("grace", "New York"), ("alan", "London")] {
    ///     db.put("people", id, Body::json(format!(r#"{{"city": "{city}"}}"#)))?;
    /// }
    /// let rows: Vec<String> =
    ///     db.query("FROM people GROUP BY city COUNT")?.map(|row| row?.to_json()).collect::<Result<_, _>>()?;
    /// assert_eq!(rows, [r#"{"city":"London","count":2}"#, r#"{"city":"New York","count":1}"#]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn query(&self, nql: &str) -> Result<Rows> {
        self.query_with(nql, &QueryOptions::new())
    }

    /// Answers a query with parameters and bounds.
    ///
    /// ```
    /// use nedb::{Body, Database, QueryOptions};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.put("people", "ada", Body::json(r#"{"city": "London"}"#))?;
    /// let options = QueryOptions::new().param("city", "London");
    /// assert_eq!(db.query_with("FROM people WHERE city = $city", &options)?.count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn query_with(&self, nql: &str, options: &QueryOptions) -> Result<Rows> {
        self.run(&nedb_nql::parse(nql)?, options)
    }

    /// Reads a query, to run it later and often.
    ///
    /// ```
    /// use nedb::{Body, Database, QueryOptions};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// let all = db.prepare("FROM people")?;
    /// db.put("people", "ada", Body::json("{}"))?;
    /// assert_eq!(all.run(&QueryOptions::new())?.count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn prepare(&self, nql: &str) -> Result<PreparedQuery> {
        Ok(PreparedQuery { db: self.clone(), statement: nedb_nql::parse(nql)? })
    }

    /// Answers a plan that a builder or another language made.
    pub fn execute(&self, plan: &Plan, options: &QueryOptions) -> Result<Rows> {
        execute::run(&self.moment(plan.as_of)?, plan, options)
    }

    /// Answers a question about documents of several collections.
    ///
    /// Errors: as of a query; `invalid_argument` when two inputs have one name; `query_too_large` when they are more than
    /// [`JOIN_INPUTS_MAX`](nedb_types::limits::JOIN_INPUTS_MAX).
    pub fn join(&self, plan: &JoinPlan, options: &QueryOptions) -> Result<Rows> {
        join::run(&self.moment(plan.as_of)?, plan, options)
    }

    /// Answers a query and tells how, instead of giving its rows.
    ///
    /// ```
    /// use nedb::{Body, Database, QueryOptions};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.put("people", "ada", Body::json("{}"))?;
    /// let how = db.explain("FROM people LIMIT 1", &QueryOptions::new())?;
    /// assert_eq!(how.steps[0].operator, "scan");
    /// # Ok(())
    /// # }
    /// ```
    pub fn explain(&self, nql: &str, options: &QueryOptions) -> Result<Explanation> {
        self.explain_plan(&plan_of(&nedb_nql::parse(nql)?, options)?, options)
    }

    /// Answers a plan and tells how, instead of giving its rows.
    pub fn explain_plan(&self, plan: &Plan, options: &QueryOptions) -> Result<Explanation> {
        execute::explain(&self.moment(plan.as_of)?, plan, options)
    }

    /// Answers a question about documents of several collections and tells how, instead of giving its rows.
    ///
    /// The steps of the first input stand before those of the second, and so on: rows begin with documents of the first, and
    /// the partners of each batch of rows are asked for. `estimated_rows` and `rows` of the others are those of all batches.
    ///
    /// ```
    /// use nedb::{Body, Database, FieldPath, JoinInput, JoinKind, JoinOn, JoinPlan, QueryOptions};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.put("people", "ada", Body::json(r#"{"city": "LDN"}"#))?;
    /// db.put("cities", "LDN", Body::json("{}"))?;
    /// let on = JoinOn { left: FieldPath::parse("p.city")?, right: FieldPath::field("_id") };
    /// let plan = JoinPlan::of(JoinInput::all_of("p", "people".parse()?))
    ///     .join(JoinKind::Inner, JoinInput::all_of("c", "cities".parse()?), vec![on]);
    /// let how = db.explain_join(&plan, &QueryOptions::new())?;
    /// let steps: Vec<&str> = how.steps.iter().map(|step| step.operator.as_str()).collect();
    /// assert_eq!(steps[..2], ["scan", "look up"]);
    /// assert_eq!(how.steps[how.steps.len() - 2].detail, "p.city = c._id");
    /// # Ok(())
    /// # }
    /// ```
    pub fn explain_join(&self, plan: &JoinPlan, options: &QueryOptions) -> Result<Explanation> {
        join::explain(&self.moment(plan.as_of)?, plan, options)
    }

    fn run(&self, statement: &Statement, options: &QueryOptions) -> Result<Rows> {
        match statement.bind(&options.params)? {
            BoundStatement::Query(plan) => execute::run(&self.moment(plan.as_of)?, &plan, options),
            BoundStatement::Explain(plan) => {
                let snapshot = self.moment(plan.as_of)?;
                explained(&snapshot, &plan, options)
            }
            BoundStatement::History { collection, id } => versions(&self.snapshot(), &collection, &id, options),
            BoundStatement::Diff { collection, from, to } => {
                let between = (self.snapshot_at(as_of(from))?, self.snapshot_at(as_of(to))?);
                differences(between, &collection, options)
            }
        }
    }

    fn moment(&self, moment: Option<Moment>) -> Result<Snapshot> {
        moment.map_or_else(|| Ok(self.snapshot()), |moment| self.snapshot_at(as_of(moment)))
    }
}

impl Snapshot {
    /// Answers a query at this moment; one that names a later moment sees this one.
    ///
    /// ```
    /// use nedb::{Body, Database, QueryOptions};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.put("users", "ada", Body::json("{}"))?;
    /// let before = db.snapshot();
    /// db.put("users", "bob", Body::json("{}"))?;
    /// assert_eq!(before.query("FROM users", &QueryOptions::new())?.count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn query(&self, nql: &str, options: &QueryOptions) -> Result<Rows> {
        match nedb_nql::parse(nql)?.bind(&options.params)? {
            BoundStatement::Query(plan) => execute::run(&self.earlier(plan.as_of)?, &plan, options),
            BoundStatement::Explain(plan) => explained(&self.earlier(plan.as_of)?, &plan, options),
            BoundStatement::History { collection, id } => versions(self, &collection, &id, options),
            BoundStatement::Diff { collection, from, to } => {
                let between = (self.earlier(Some(from))?, self.earlier(Some(to))?);
                differences(between, &collection, options)
            }
        }
    }

    /// Answers a plan at this moment; one that names a later moment sees this one.
    pub fn execute(&self, plan: &Plan, options: &QueryOptions) -> Result<Rows> {
        execute::run(&self.earlier(plan.as_of)?, plan, options)
    }

    /// Answers a question about documents of several collections at this moment; one that names a later moment sees this one.
    pub fn join(&self, plan: &JoinPlan, options: &QueryOptions) -> Result<Rows> {
        join::run(&self.earlier(plan.as_of)?, plan, options)
    }

    fn earlier(&self, moment: Option<Moment>) -> Result<Self> {
        let Some(moment) = moment else { return Ok(self.clone()) };
        let other = self.at_moment(as_of(moment))?;
        // The same operations at an earlier time are another moment: lifetimes that have ended since had not then.
        let is_earlier = match other.size().cmp(&self.size()) {
            Ordering::Less => true,
            Ordering::Equal => other.read_time_us()? < self.read_time_us()?,
            Ordering::Greater => false,
        };
        Ok(if is_earlier { other } else { self.clone() })
    }
}

fn as_of(moment: Moment) -> AsOf {
    match moment {
        Moment::Empty => AsOf::Empty,
        Moment::Seq(seq) => AsOf::Seq(seq),
        Moment::Time(at) => AsOf::Time(at),
    }
}

fn plan_of(statement: &Statement, options: &QueryOptions) -> Result<Plan> {
    match statement.bind(&options.params)? {
        BoundStatement::Query(plan) | BoundStatement::Explain(plan) => Ok(*plan),
        _ => Err(nedb_types::Error::new(nedb_types::ErrorCode::Unsupported, "only a query can be explained")),
    }
}

fn explained(snapshot: &Snapshot, plan: &Plan, options: &QueryOptions) -> Result<Rows> {
    let rows = execute::explain(snapshot, plan, options)?.rows()?;
    Ok(Rows::new(RowSource::Made(rows.into_iter()), guard(snapshot, options), 0, None))
}

fn versions(snapshot: &Snapshot, collection: &Collection, id: &DocId, options: &QueryOptions) -> Result<Rows> {
    let history = snapshot.history(collection.as_str(), id.as_bytes())?;
    Ok(Rows::new(RowSource::History(history), guard(snapshot, options), 0, None))
}

fn differences((before, after): (Snapshot, Snapshot), collection: &Collection, options: &QueryOptions) -> Result<Rows> {
    let guard = guard(&before, options);
    guard.check()?;
    let mut pace = Pace::default();
    let changes = Diff::within(before, after, Some(collection), &mut |kept_bytes| {
        pace.row(&guard)?;
        guard.grow(kept_bytes)
    })?;
    Ok(Rows::new(RowSource::Diff(Box::new(changes)), guard, 0, None))
}

fn guard(snapshot: &Snapshot, options: &QueryOptions) -> Guard {
    Guard::new(&snapshot.engine().io.clock, options)
}
