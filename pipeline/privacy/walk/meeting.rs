//! Where people first meet in a plan, so that what lies beneath can be run some of the people at a time.
//!
//! A clamp over a whole practice, or pairs that are anyone's, need all people in one plan, and a large board's do not fit
//! into memory together. Beneath the first aggregate that mixes people, each row follows from one person's rows alone
//! ([`super::Whose`]); so the rows over some of the people are those rows of the whole that are theirs, and the groups over
//! all of them come of the groups over each part, added up or joined bit by bit. What comes out is the number that the
//! whole plan gives, so what was proved of the whole plan holds of it.
//!
//! Nothing of that is taken on trust: a part is refused unless it is the whole plan in all but its buckets, and reads no
//! private row of any other bucket.

use std::ops::Range;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{BinaryExpr, Expr, Filter, LogicalPlan, Operator};

use super::rows::{Rows, Whose};
use super::values::Values;
use super::{Holds, Sources, Walk};
use crate::error::{Error, Result};
use crate::privacy::Role;

/// The column that says which people a row is of, and how many buckets of people there are: the number itself is the
/// bucket of rows that name nobody.
#[derive(Debug, Clone, Copy)]
pub struct Buckets {
    /// The stored column.
    pub column: &'static str,
    /// How many.
    pub count: i8,
}

impl Buckets {
    /// A condition on the bucket alone, with its number.
    fn limit(&self, condition: &Expr) -> Option<(Operator, i8)> {
        let Expr::BinaryExpr(BinaryExpr { left, op, right }) = condition else { return None };
        let (Expr::Column(column), Expr::Literal(number, _)) = (left.as_ref(), right.as_ref()) else { return None };
        let number = number.to_string().parse().ok()?;
        (column.name == self.column).then_some((*op, number))
    }

    /// The plan with the ends of its buckets left open.
    fn open(&self, plan: &LogicalPlan) -> Result<LogicalPlan> {
        let open = |expr: Expr| {
            Ok(match self.limit(&expr) {
                Some((op @ (Operator::GtEq | Operator::Lt), _)) => {
                    let Expr::BinaryExpr(BinaryExpr { left, .. }) = expr else { return Ok(Transformed::no(expr)) };
                    Transformed::yes(Expr::BinaryExpr(BinaryExpr { right: left.clone(), left, op }))
                }
                _ => Transformed::no(expr),
            })
        };
        let opened = plan.clone().transform_down(|node| node.map_expressions(|expr| expr.transform_down(open)));
        opened.map(|it| it.data).map_err(|_| Error::Privacy("a plan's buckets cannot be found".into()))
    }
}

/// The first aggregate of a plan that mixes people.
#[derive(Debug)]
pub struct Meeting<'a> {
    /// The plan, with the ends of its buckets left open.
    open: LogicalPlan,
    sources: &'a Sources,
    buckets: Buckets,
    depth: usize,
}

impl<'a> Meeting<'a> {
    /// Finds it in a plan over all people.
    ///
    /// Errors: [`Error::Privacy`] where rows of several people meet otherwise, with the node.
    pub fn of(whole: &LogicalPlan, sources: &'a Sources, buckets: Buckets) -> Result<Self> {
        let mut walk = Walk { sources, role: Role::Patient, values: Values::default(), argument: Vec::new() };
        let mut node = whole;
        for depth in 0.. {
            node = match node {
                LogicalPlan::Projection(projection) => &projection.input,
                LogicalPlan::SubqueryAlias(alias) => &alias.input,
                LogicalPlan::Filter(filter) => &filter.input,
                LogicalPlan::Aggregate(aggregate) => {
                    let own = |rows: &Rows| matches!(rows.whose, Whose::Persons { named: true, .. });
                    if let Some(input) = walk.rows(&aggregate.input).ok().filter(own) {
                        walk.aggregates(node, aggregate, &input)?;
                        return Ok(Meeting { open: buckets.open(whole)?, sources, buckets, depth });
                    }
                    &aggregate.input
                }
                _ => break,
            };
        }
        Err(walk.refuse(node, "cannot be run some of the people at a time"))
    }

    /// How many nodes of the whole plan stand above the aggregate.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The aggregate over the people of these buckets alone, from the plan of the same query over them.
    ///
    /// Errors: [`Error::Privacy`] where the plan is another one, or reads rows of other people.
    pub fn part(&self, plan: &LogicalPlan, buckets: Range<i8>) -> Result<LogicalPlan> {
        let refused = |why: &str| Error::Privacy(format!("the plan of some of the people {why}"));
        if self.buckets.open(plan)? != self.open {
            return Err(refused("is not that of all of them"));
        }
        if !self.keeps_to(plan, &buckets) {
            return Err(refused("reads rows of others"));
        }
        let inner = (0..self.depth).try_fold(plan, |node, _| node.inputs().first().copied());
        inner.cloned().ok_or_else(|| refused("is shorter than that of all of them"))
    }

    /// Whether all private rows of patients that a plan reads are those of these buckets or of nobody: a condition at the
    /// table says so.
    fn keeps_to(&self, node: &LogicalPlan, buckets: &Range<i8>) -> bool {
        let (scan, above) = match node {
            LogicalPlan::TableScan(scan) => (scan, None),
            LogicalPlan::Filter(Filter { predicate, input, .. }) => match input.as_ref() {
                LogicalPlan::TableScan(scan) => (scan, Some(predicate)),
                other => return self.keeps_to(other, buckets),
            },
            _ => return node.inputs().iter().all(|input| self.keeps_to(input, buckets)),
        };
        let names_patients = match self.sources.get(scan.table_name.table()) {
            Some(Holds::Nobody) => false,
            Some(Holds::People { patient, .. }) => patient.is_some(),
            Some(Holds::Own(_)) | None => true,
        };
        let conditions = scan.filters.iter().chain(above).flat_map(split_conjunction);
        let limits = conditions.filter_map(|it| self.buckets.limit(it)).collect::<Vec<_>>();
        let within = [(Operator::GtEq, buckets.start), (Operator::Lt, buckets.end)];
        let nobodys = (Operator::Eq, self.buckets.count);
        !names_patients || limits.contains(&nobodys) || within.iter().all(|limit| limits.contains(limit))
    }
}
