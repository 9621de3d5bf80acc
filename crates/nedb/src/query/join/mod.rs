//! JOIN: the documents of several collections put together by equal fields.
//!
//! ```text
//! first input ──> step ──> step ──> filter ──> group | sort ──> offset, limit, projection
//!                  └ looks the right documents of a batch of left rows up, by id or by an index;
//!                    without either it reads the right input once into a hash table
//! ```
//! Promises: all inputs are read as of one moment; rows come by the ids of the inputs, the first one's first, unless an order
//! is asked for; a field that is null or missing is equal to none. What a hash table, a sort or groups hold is bounded by the
//! memory of the query. Leaves to others: the way to the documents of an input, which the planner chooses as for any plan.

mod course;
mod report;
mod row;
mod run;
mod step;
mod table;

use nedb_nql::{Grouping, Moment, OrderKey, Predicate, Selection};
use nedb_types::{Collection, FieldPath};

pub(crate) use course::JoinCourse;
pub(crate) use row::JoinedRow;
pub(crate) use run::{explain, run};

/// Rows of a join while they are made.
pub(crate) type JoinedRows = Box<dyn Iterator<Item = nedb_types::Result<JoinedRow>> + Send>;

/// A question about documents of several collections, ready to be executed.
///
/// A row has one field for each input, under its name, which holds the document with its system fields; null where a left
/// join found none. All paths but those of the inputs' own filters and of `right` begin with such a name.
///
/// ```
/// use nedb::{Body, Database, FieldPath, JoinInput, JoinKind, JoinOn, JoinPlan, QueryOptions};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// db.put("people", "ada", Body::json(r#"{"city": "LDN"}"#))?;
/// db.put("cities", "LDN", Body::json(r#"{"name": "London"}"#))?;
/// let on = JoinOn { left: FieldPath::parse("p.city")?, right: FieldPath::field("_id") };
/// let plan = JoinPlan::of(JoinInput::all_of("p", "people".parse()?))
///     .join(JoinKind::Inner, JoinInput::all_of("c", "cities".parse()?), vec![on]);
/// let row = db.join(&plan, &QueryOptions::new())?.next().expect("they belong together")?;
/// assert_eq!(row.to_json()?, r#"{"p":{"city":"LDN","_id":"ada"},"c":{"name":"London","_id":"LDN"}}"#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct JoinPlan {
    /// Which state is asked, of all inputs; `None` is the present.
    pub as_of: Option<Moment>,
    /// Where the rows begin.
    pub first: JoinInput,
    /// What is put to them, one after the other.
    pub joins: Vec<Join>,
    /// Which of the joined rows count.
    pub filter: Predicate,
    /// Groups and aggregates of them.
    pub grouping: Option<Grouping<Predicate>>,
    /// The keys of the order, the most important one first.
    pub order: Vec<OrderKey>,
    /// How many rows at most.
    pub limit: Option<u64>,
    /// How many rows are passed over first.
    pub offset: u64,
    /// What each row has.
    pub select: Selection,
}

impl JoinPlan {
    /// Begins with all rows of one input.
    pub const fn of(first: JoinInput) -> Self {
        Self {
            as_of: None,
            first,
            joins: Vec::new(),
            filter: Predicate::ALWAYS,
            grouping: None,
            order: Vec::new(),
            limit: None,
            offset: 0,
            select: Selection::Default,
        }
    }

    /// Puts the documents of another input to the rows.
    #[must_use]
    pub fn join(mut self, kind: JoinKind, input: JoinInput, on: Vec<JoinOn>) -> Self {
        self.joins.push(Join { kind, input, on });
        self
    }

    /// The inputs, in the order of writing.
    pub fn inputs(&self) -> impl Iterator<Item = &JoinInput> {
        std::iter::once(&self.first).chain(self.joins.iter().map(|join| &join.input))
    }
}

/// One collection of a join.
///
/// ```
/// let people = nedb::JoinInput::all_of("p", "people".parse()?);
/// assert!(people.filter.is_always());
/// # Ok::<(), nedb::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct JoinInput {
    /// The name that its documents have in the joined row.
    pub name: String,
    /// Where the documents come from.
    pub collection: Collection,
    /// Which of them count, before anything is joined; its paths lead into the document.
    pub filter: Predicate,
}

impl JoinInput {
    /// All documents of a collection under a name.
    pub fn all_of(name: impl Into<String>, collection: Collection) -> Self {
        Self { name: name.into(), collection, filter: Predicate::ALWAYS }
    }
}

/// What is put to the rows before it.
///
/// ```
/// use nedb::{JoinInput, JoinKind, JoinPlan};
///
/// let plan = JoinPlan::of(JoinInput::all_of("p", "people".parse()?))
///     .join(JoinKind::Left, JoinInput::all_of("c", "cities".parse()?), Vec::new());
/// assert_eq!(plan.joins[0].kind, JoinKind::Left);
/// # Ok::<(), nedb::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Join {
    /// What becomes of a row that finds no partner.
    pub kind: JoinKind,
    /// Where the partners come from.
    pub input: JoinInput,
    /// The fields that must be equal, all of them; without any there are no partners.
    pub on: Vec<JoinOn>,
}

/// Says what becomes of a row that finds no partner.
///
/// ```
/// assert_ne!(nedb::JoinKind::Inner, nedb::JoinKind::Left);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinKind {
    /// It is left out.
    Inner,
    /// It stays, with null in the place of the partner.
    Left,
}

/// Two fields that must be equal.
///
/// ```
/// use nedb::{FieldPath, JoinOn};
///
/// let on = JoinOn { left: FieldPath::parse("p.city")?, right: FieldPath::field("_id") };
/// assert_eq!(on.left.to_string(), "p.city");
/// # Ok::<(), nedb::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinOn {
    /// A field of the rows before, beginning with the name of an input.
    pub left: FieldPath,
    /// A field of the documents that are put to them.
    pub right: FieldPath,
}
