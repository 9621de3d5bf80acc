//! The errors of this face: what is not SQL, what is not in the subset, what contradicts itself.

use nedb_types::{Error, ErrorCode};
use sqlparser::ast::{BinaryOperator, Expr, Function, SetExpr, SetOperator};

/// Up to so many characters of a part are shown.
const TEXT_CHARS_MAX: usize = 60;

/// Refuses a construct by its name.
#[cold]
pub(super) fn unsupported(construct: impl AsRef<str>) -> Error {
    Error::new(ErrorCode::SqlUnsupported, format!("{} is not supported", construct.as_ref()))
}

/// Refuses a construct by its name and says what to do instead.
#[cold]
pub(super) fn unsupported_but(construct: &str, instead: &str) -> Error {
    Error::new(ErrorCode::SqlUnsupported, format!("{construct} is not supported; {instead}"))
}

/// Refuses a part of a statement that has no name here, by its text.
#[cold]
pub(super) fn unsupported_text(part: impl std::fmt::Display) -> Error {
    let text = part.to_string();
    let text = text.trim();
    let shown: String = text.chars().take(TEXT_CHARS_MAX).collect();
    let rest = if shown.len() < text.len() { " ..." } else { "" };
    unsupported(format!("`{shown}{rest}`"))
}

/// Refuses what is given, unless nothing is.
pub(super) fn refuse_if(is_given: bool, construct: &str) -> nedb_types::Result<()> {
    if is_given { Err(unsupported(construct)) } else { Ok(()) }
}

/// Says that parts of a statement contradict each other.
#[cold]
pub(super) fn wrong(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::SqlSyntax, message)
}

/// Says that the value of a placeholder does not fit.
#[cold]
pub(super) fn wrong_value(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::SqlParameter, message)
}

/// Refuses an expression by the name of its kind.
#[cold]
pub(super) fn unsupported_expr(expr: &Expr) -> Error {
    match expr {
        Expr::Subquery(_) | Expr::InSubquery { .. } => unsupported("a subquery"),
        Expr::Exists { .. } => unsupported("EXISTS with a subquery"),
        Expr::Function(function) => unsupported_function(function),
        Expr::Case { .. } => unsupported("CASE"),
        Expr::Cast { .. } | Expr::Convert { .. } => {
            unsupported_but("CAST", "values keep the types with which they were stored")
        }
        Expr::BinaryOp { op, .. } => unsupported_operator(op),
        Expr::UnaryOp { op, .. } => unsupported(format!("the operator {op}")),
        Expr::JsonAccess { .. } => unsupported_but("the access of JSON with a colon", "write the path with dots"),
        Expr::InUnnest { .. } => unsupported("IN UNNEST"),
        Expr::SimilarTo { .. } => unsupported("SIMILAR TO"),
        Expr::RLike { .. } => unsupported("REGEXP"),
        Expr::AnyOp { .. } | Expr::AllOp { .. } => unsupported("ANY or ALL behind a comparison"),
        Expr::Collate { .. } => unsupported("COLLATE"),
        Expr::Extract { .. } => unsupported("the function EXTRACT"),
        Expr::Ceil { .. } => unsupported("the function CEIL"),
        Expr::Floor { .. } => unsupported("the function FLOOR"),
        Expr::Position { .. } => unsupported("the function POSITION"),
        Expr::Substring { .. } => unsupported("the function SUBSTRING"),
        Expr::Trim { .. } => unsupported("the function TRIM"),
        Expr::Overlay { .. } => unsupported("the function OVERLAY"),
        Expr::AtTimeZone { .. } => unsupported("AT TIME ZONE"),
        Expr::Interval(_) => unsupported("INTERVAL"),
        Expr::Tuple(_) => unsupported("a row of several values in parentheses"),
        Expr::Array(_) => unsupported_but("ARRAY", "give the list as the value of a placeholder"),
        Expr::TypedString(_) => unsupported("a literal with a type other than TIMESTAMP"),
        Expr::Rollup(_) | Expr::Cube(_) | Expr::GroupingSets(_) => unsupported("ROLLUP, CUBE or GROUPING SETS"),
        other => unsupported_text(other),
    }
}

/// Refuses a function by its name.
#[cold]
pub(super) fn unsupported_function(function: &Function) -> Error {
    if function.over.is_some() {
        return unsupported("a window function (OVER)");
    }
    unsupported(format!("the function {}", function.name.to_string().to_uppercase()))
}

#[cold]
fn unsupported_operator(op: &BinaryOperator) -> Error {
    match op {
        BinaryOperator::Plus
        | BinaryOperator::Minus
        | BinaryOperator::Multiply
        | BinaryOperator::Divide
        | BinaryOperator::Modulo => unsupported(format!("arithmetic ({op})")),
        BinaryOperator::Arrow | BinaryOperator::LongArrow => {
            unsupported_but(&format!("the operator {op}"), "write the path with dots")
        }
        op => unsupported(format!("the operator {op}")),
    }
}

/// Refuses a body of a query that is no SELECT.
#[cold]
pub(super) fn unsupported_body(body: &SetExpr) -> Error {
    match body {
        SetExpr::SetOperation { op, .. } => match op {
            SetOperator::Union => unsupported("UNION"),
            SetOperator::Intersect => unsupported("INTERSECT"),
            SetOperator::Except | SetOperator::Minus => unsupported("EXCEPT"),
        },
        SetExpr::Values(_) => unsupported("VALUES as a query"),
        SetExpr::Query(_) => unsupported("a query in parentheses"),
        _ => unsupported("a statement in the place of a query"),
    }
}
