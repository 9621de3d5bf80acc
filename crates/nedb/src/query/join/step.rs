//! One join: left rows in, joined rows out.
//!
//! Left rows are taken in batches. When all of them fit into one, or the right documents can be looked up by id or by an index,
//! each batch asks for the documents with its values; otherwise the right input is read once into a table.

use std::{collections::VecDeque, sync::Arc};

use nedb_nql::{Arg, Expr, InList, Params, Plan, Predicate, Query};
use nedb_types::{FieldPath, Result, Value};

use super::{
    Join, JoinKind, JoinOn, JoinedRow, JoinedRows,
    run::Inputs,
    table::{MatchTable, agree},
};
use crate::query::{field::read_value, guard::Pace, planner::is_id};

/// How many left rows ask together: enough that one more query does not count, few enough to be kept.
const LEFT_ROWS_AT_ONCE: usize = 1024;

/// From how many documents on look-ups are better than a table: a smaller input is read as quickly as a batch is looked up.
const LOOKUP_DOCUMENTS_MIN: u64 = 16 * LEFT_ROWS_AT_ONCE as u64;

/// Puts the documents of one input to the rows before it.
pub(super) struct JoinStep {
    left: JoinedRows,
    join: Join,
    inputs: Arc<Inputs>,
    /// The position of its input.
    position: usize,
    batch: VecDeque<JoinedRow>,
    /// The right documents of the batch, or all of them.
    table: Option<MatchTable>,
    has_all: bool,
    current: Option<Current>,
    pace: Pace,
    is_done: bool,
}

/// A left row while its partners are given.
struct Current {
    row: JoinedRow,
    /// Where its partners are, and whether they have to be compared.
    list: Option<(usize, bool)>,
    next: usize,
    is_matched: bool,
}

impl JoinStep {
    pub(super) fn new(left: JoinedRows, join: &Join, position: usize, inputs: &Arc<Inputs>) -> Self {
        Self {
            left,
            join: join.clone(),
            inputs: Arc::clone(inputs),
            position,
            batch: VecDeque::new(),
            table: None,
            has_all: false,
            current: None,
            pace: Pace::default(),
            is_done: false,
        }
    }

    fn step(&mut self) -> Result<Option<JoinedRow>> {
        loop {
            self.pace.row(self.inputs.bounds.guard())?;
            if let Some(current) = &mut self.current {
                if let Some(row) = current.partner(self.table.as_ref(), &self.join.on)? {
                    return Ok(Some(row));
                }
                let is_kept = self.join.kind == JoinKind::Left && !current.is_matched;
                let row = is_kept.then(|| current.row.with(None));
                self.current = None;
                if row.is_some() {
                    return Ok(row);
                }
            } else if let Some(row) = self.batch.pop_front() {
                let list = self.table.as_ref().map_or(Ok(None), |table| table.find(&row, &self.join.on))?;
                self.current = Some(Current { row, list, next: 0, is_matched: false });
            } else if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// Takes the next batch and finds its partners; false when there is none.
    fn fill(&mut self) -> Result<bool> {
        if self.is_done {
            return Ok(false);
        }
        for row in self.left.by_ref().take(LEFT_ROWS_AT_ONCE) {
            self.batch.push_back(row?);
        }
        self.is_done = self.batch.len() < LEFT_ROWS_AT_ONCE;
        if !self.has_all {
            if let Some(before) = self.table.take() {
                before.release(self.inputs.bounds.guard());
            }
            let plan = if self.is_done || self.can_look_up()? {
                self.partners()?
            } else {
                self.has_all = true;
                self.inputs.plan(&self.join.input, self.join.input.filter.clone())
            };
            let rows = self.inputs.rows(self.position, &plan)?;
            self.table = Some(MatchTable::read(rows, &self.join.on, self.inputs.bounds.guard())?);
        }
        Ok(!self.batch.is_empty())
    }

    /// Whether single documents of the right input are found without reading all of it.
    fn can_look_up(&self) -> Result<bool> {
        let (snapshot, collection) = (&self.inputs.snapshot, &self.join.input.collection);
        let Some(JoinOn { right, .. }) = self.join.on.first() else { return Ok(false) };
        if snapshot.engine().live_documents(collection) < LOOKUP_DOCUMENTS_MIN {
            return Ok(false);
        }
        Ok(is_id(right) || snapshot.ordered(collection, right, &|| self.inputs.bounds.guard().check())?.is_some())
    }

    /// The plan for the partners of the batch.
    fn partners(&self) -> Result<Plan> {
        let mut values = Vec::with_capacity(self.batch.len());
        let Some(JoinOn { left, right }) = self.join.on.first() else {
            return Ok(self.inputs.plan(&self.join.input, Predicate::NEVER));
        };
        for row in &self.batch {
            let value = read_value(row, left)?;
            if value != Value::Null {
                values.push(value);
            }
        }
        let asked = one_of(&self.join, right, values)?;
        let filter = &self.join.input.filter;
        if filter.is_never() || asked.is_never() {
            return Ok(self.inputs.plan(&self.join.input, Predicate::NEVER));
        }
        let mut conjuncts = filter.conjuncts().to_vec();
        conjuncts.push(asked);
        Ok(self.inputs.plan(&self.join.input, Predicate::All(conjuncts)))
    }
}

/// The condition that a field has one of some values, as the query language means it.
fn one_of(join: &Join, path: &FieldPath, values: Vec<Value>) -> Result<Predicate> {
    let mut query = Query::all_of(join.input.collection.clone());
    let list = InList::Items(values.into_iter().map(Arg::Given).collect());
    query.filter = Some(Expr::In { path: path.clone(), list });
    Ok(query.plan(&Params::new())?.filter)
}

impl Current {
    /// The row with its next partner.
    fn partner(&mut self, table: Option<&MatchTable>, on: &[JoinOn]) -> Result<Option<JoinedRow>> {
        let (Some(table), Some((position, is_compared))) = (table, self.list) else { return Ok(None) };
        while let Some(document) = table.document(position, self.next) {
            self.next += 1;
            if !is_compared || agree(&self.row, document, on)? {
                self.is_matched = true;
                return Ok(Some(self.row.with(Some(Arc::clone(document)))));
            }
        }
        Ok(None)
    }
}

impl Iterator for JoinStep {
    type Item = Result<JoinedRow>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.step().transpose();
        if let Some(Err(_)) = &row {
            self.is_done = true;
            self.batch.clear();
            self.current = None;
        }
        row
    }
}
