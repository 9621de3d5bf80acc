//! What is different from one answer of a live query to the next.

use nedb_types::{Error, ErrorCode, Result, Seq};

use crate::query::QueryRow;

/// A change of the rows of a live query; the first one has all of them.
///
/// ```
/// use nedb::{Body, Database, QueryOptions};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// db.put("users", "ada", Body::json("{}"))?;
/// let mut live = db.live("FROM users ORDER BY _id DESC", &QueryOptions::new())?;
/// let first = live.try_next()?.expect("the first answer is always there");
/// assert_eq!(first.to_json()?, r#""seq":0,"rows":[{"_id":"ada"}]"#);
/// db.put("users", "bob", Body::json("{}"))?;
/// let next = live.try_next()?.expect("something was written");
/// assert_eq!(next.to_json()?, r#""seq":1,"removed":[],"inserted":[[0,{"_id":"bob"}]]"#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LiveChange<R = QueryRow> {
    /// The last operation that the answer saw; `None` for the empty history.
    pub seq: Option<Seq>,
    /// Whether all rows are inserted, in the place of what was before; so is the first change.
    pub is_whole: bool,
    /// Positions in the rows before that are gone, ascending.
    pub removed: Vec<usize>,
    /// New rows with their positions in the rows after, ascending.
    pub inserted: Vec<(usize, R)>,
}

impl<R> LiveChange<R> {
    /// Turns the rows before into the rows after, in one pass.
    ///
    /// Errors: `invalid_argument` when these are not the rows before; they are left as they were.
    ///
    /// ```
    /// use nedb::{Body, Database, QueryOptions};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// let mut live = db.live("FROM users LIMIT 1", &QueryOptions::new())?;
    /// let mut rows = Vec::new();
    /// for id in ["bob", "ada"] {
    ///     db.put("users", id, Body::json("{}"))?;
    ///     while let Some(change) = live.try_next()? {
    ///         change.apply(&mut rows)?;
    ///     }
    /// }
    /// assert_eq!(rows.len(), 1);
    /// assert_eq!(rows[0].to_json()?, r#"{"_id":"ada"}"#);
    /// # Ok(())
    /// # }
    /// ```
    pub fn apply(self, rows: &mut Vec<R>) -> Result<()> {
        if self.is_whole {
            rows.clear();
        }
        let kept = rows.len().checked_sub(self.removed.len());
        let is_ascending = |mut positions: std::slice::Windows<'_, usize>| {
            positions.all(|pair| matches!(pair, [before, after] if before < after))
        };
        let inserted: Vec<usize> = self.inserted.iter().map(|(at, _)| *at).collect();
        let fits = kept.is_some_and(|kept| inserted.last().is_none_or(|last| *last < kept + inserted.len()))
            && self.removed.last().is_none_or(|last| *last < rows.len())
            && is_ascending(self.removed.windows(2))
            && is_ascending(inserted.windows(2));
        if !fits {
            let message = format!("the change does not belong to these {} rows", rows.len());
            return Err(Error::new(ErrorCode::InvalidArgument, message));
        }
        let mut removed = self.removed.into_iter().peekable();
        let before = std::mem::take(rows).into_iter().enumerate();
        let mut kept = before.filter(|(at, _)| removed.next_if_eq(at).is_none()).map(|(_, row)| row);
        for (at, row) in self.inserted {
            rows.extend(kept.by_ref().take(at - rows.len()));
            rows.push(row);
        }
        rows.extend(kept);
        Ok(())
    }
}

impl LiveChange {
    /// The fields of the change as every face prints them, without the braces around: others may stand beside them.
    pub fn to_json(&self) -> Result<String> {
        let mut json = format!("\"seq\":{}", Seq::number_of(self.seq));
        if self.is_whole {
            json.push_str(",\"rows\":[");
        } else {
            let removed: Vec<String> = self.removed.iter().map(usize::to_string).collect();
            json += &[",\"removed\":[", &removed.join(","), "],\"inserted\":["].concat();
        }
        for (number, (at, row)) in self.inserted.iter().enumerate() {
            if number > 0 {
                json.push(',');
            }
            let row = row.to_json()?;
            if self.is_whole {
                json.push_str(&row);
            } else {
                json += &["[", &at.to_string(), ",", &row, "]"].concat();
            }
        }
        json.push(']');
        Ok(json)
    }
}
