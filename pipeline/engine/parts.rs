//! Puts together an aggregate whose groups were computed in parts.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::{Field, Schema};
use datafusion::error::DataFusionError;
use datafusion::functions_aggregate::expr_fn::{bit_or, max, min, sum};
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, LogicalPlanBuilder, cast, col};

use super::{Engine, translate};
use crate::error::{Error, Result};

/// The name under which the groups of all parts are known while they are put together.
const PARTS: &str = "parts";

impl Engine {
    /// The plan `whole` with its aggregate, `depth` nodes from the top, made of `groups`: what the same aggregate gave for
    /// each part of its rows. Its result is that of the whole plan, as long as the parts are all of the rows, each once.
    ///
    /// # Errors
    /// [`Error::System`] where there is no such aggregate, or the groups are not its own.
    pub fn put_together(
        &self,
        whole: &LogicalPlan,
        depth: usize,
        groups: &[RecordBatch],
        during: &str,
    ) -> Result<LogicalPlan> {
        let failed = |e: DataFusionError| translate(during, &e);
        let node = (0..depth).try_fold(whole, |node, _| node.inputs().first().copied());
        let Some(LogicalPlan::Aggregate(aggregate)) = node else {
            return Err(Error::System(format!("there is nothing to put together while {during}")));
        };
        self.register_rows(PARTS, named(aggregate, groups).map_err(|e| failed(e.into()))?)?;
        let context = self.context.clone();
        let parts = self.on_worker(during, async move { context.table(PARTS).await?.into_optimized_plan() })?;
        let again = again(aggregate, parts).map_err(failed)?;
        replaced(whole, depth, again).map_err(failed)
    }
}

fn name(column: usize) -> String {
    format!("c{column}")
}

/// The groups of all parts, their columns by number: those of the aggregate may lack a name that could be asked for.
fn named(aggregate: &Aggregate, groups: &[RecordBatch]) -> std::result::Result<RecordBatch, arrow::error::ArrowError> {
    let fields = aggregate.schema.fields().iter().enumerate();
    let fields = fields.map(|(column, field)| Field::new(name(column), field.data_type().clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let groups = groups.iter().map(|batch| RecordBatch::try_new(schema.clone(), batch.columns().to_vec()));
    concat_batches(&schema, &groups.collect::<std::result::Result<Vec<_>, _>>()?)
}

/// The aggregate of all parts' groups, under the names of the aggregate that each part is of.
fn again(aggregate: &Aggregate, parts: LogicalPlan) -> std::result::Result<LogicalPlan, DataFusionError> {
    let keys = aggregate.group_expr.len();
    let values = aggregate.aggr_expr.iter().enumerate().map(|(number, of)| {
        let value = col(name(keys + number));
        let mut bare = of;
        while let Expr::Alias(alias) = bare {
            bare = &alias.expr;
        }
        let Expr::AggregateFunction(call) = bare else { return None };
        Some(match call.func.name() {
            // The rows of all parts are the rows of each, added up.
            "sum" | "count" => sum(value),
            "max" => max(value),
            "min" => min(value),
            "bit_or" => bit_or(value),
            _ => return None,
        })
    });
    let values = values.collect::<Option<Vec<_>>>();
    let values = values.ok_or_else(|| DataFusionError::Plan("groups of parts cannot be put together".into()))?;
    let again = LogicalPlanBuilder::from(parts).aggregate((0..keys).map(|key| col(name(key))), values)?;
    let columns = again.schema().columns();
    let wanted = aggregate.schema.iter();
    let named = columns.into_iter().zip(wanted).map(|(column, (table, field))| {
        cast(Expr::Column(column), field.data_type().clone()).alias_qualified(table.cloned(), field.name())
    });
    again.project(named.collect::<Vec<_>>())?.build()
}

/// The plan with another node `depth` nodes from the top.
fn replaced(plan: &LogicalPlan, depth: usize, by: LogicalPlan) -> std::result::Result<LogicalPlan, DataFusionError> {
    if depth == 0 {
        return Ok(by);
    }
    let inputs = plan.inputs().into_iter().map(|input| replaced(input, depth - 1, by.clone()));
    let inputs = inputs.collect::<std::result::Result<Vec<_>, _>>()?;
    plan.with_new_exprs(plan.expressions(), inputs)
}
