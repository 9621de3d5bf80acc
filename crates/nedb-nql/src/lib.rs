//! NQL, the query language of NEDB: parser, printer, logical plan, and the meaning of its operators.
//!
//! Everything here is pure: text and values in, plans and answers about single rows out. Nothing reads a database,
//! takes a lock or asks the time. No input makes it panic; time and memory are bounded by the limits of
//! [`nedb_types::limits`].
//!
//! ```text
//! text ──parse──> Statement ──bind(Params)──> BoundStatement ── its Plan is what the executor takes
//!                     ^
//! builder ────────────┘
//! ```
//!
//! A [`Query`] is what was written: clauses in their canonical order, perhaps with `$parameters`. A [`Plan`] is what it
//! means: values instead of parameters, and conditions in a form whose conjuncts and index ranges can be read off.
//!
//! # Examples
//!
//! ```
//! use nedb_nql::{BoundStatement, Params, parse};
//!
//! let statement = parse("from blocks where height > $low limit 3")?;
//! assert_eq!(statement.to_string(), "FROM blocks WHERE height > $low LIMIT 3");
//! let bound = statement.bind(&Params::new().with("low", 100))?;
//! assert!(matches!(bound, BoundStatement::Query(plan) if plan.limit == Some(3)));
//! # Ok::<(), nedb_types::Error>(())
//! ```

pub mod aggregate;

mod ast;
mod builder;
mod check;
mod evaluate;
mod params;
mod parse;
mod plan;
mod print;
mod search;
mod syntax;

pub use ast::{
    Aggregate, Arg, CaseRule, CompareOp, Direction, Expr, GraphStep, Grouping, Hops, InList, Moment, OrderKey,
    ParamName, Query, Selection, SortDirection, Statement, StepKind,
};
pub use builder::{FieldBuilder, Filter, QueryBuilder, all, any, field, not};
pub use evaluate::{FieldRef, Fields, LikePattern, compare, order_rows};
pub use params::Params;
pub use parse::{parse, parse_condition};
pub use plan::{
    BoundStatement, Cut, FieldRange, FieldTest, IndexKeys, IndexUse, Plan, Polarity, Predicate, Test, ValueClass,
};
pub use print::column_name;
pub use search::{Presence, SearchQuery, SearchTerm, SearchWords};
pub use syntax::{KEYWORDS, Piece, PieceKind, nearest_word, pieces, show_place};
