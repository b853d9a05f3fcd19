//! Whose rows a relation has, node by node of the plan.

use datafusion::common::{DFSchema, DFSchemaRef, NullEquality};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{
    Aggregate, BinaryExpr, Distinct, Expr, Filter, Join, JoinType, LogicalPlan, Operator, TableScan, Union, Window,
    WindowFunctionDefinition,
};

use super::values::{Id, Known};
use super::{Holds, Walk};
use crate::error::Result;

/// Whose rows a relation has. "The others" are all rows but one person's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whose {
    /// The same rows, whoever is left out.
    Nobodys,
    /// Private rows that name nobody, and may lead to somebody by a token.
    Unnamed,
    /// Each row is of the person in this column, and follows from that person's rows alone: leaving a person out
    /// leaves the others' rows as they are. `named`: no row's person is blank.
    Persons { person: Id, named: bool },
    /// Leaving a person out changes only rows that agree in these terms, each of one value a person.
    Within(Vec<Id>),
}

/// A relation.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    pub whose: Whose,
    /// Its columns, as terms.
    pub columns: Vec<Id>,
    /// Most rows a person; where people are mixed, most combinations of `unique` whose rows follow from one person's.
    pub most: Option<u64>,
    /// A person has one row at most for each combination of these terms; where people are mixed, the relation has.
    pub unique: Option<Vec<Id>>,
}

impl Rows {
    fn of(whose: Whose, columns: Vec<Id>) -> Self {
        Rows { whose, columns, most: None, unique: None }
    }
}

impl Walk<'_> {
    /// The relation that a plan gives.
    pub(super) fn rows(&mut self, plan: &LogicalPlan) -> Result<Rows> {
        match plan {
            LogicalPlan::TableScan(scan) => self.scan(plan, scan),
            LogicalPlan::SubqueryAlias(alias) => self.rows(&alias.input),
            LogicalPlan::Repartition(repartition) => self.rows(&repartition.input),
            LogicalPlan::Sort(sort) if sort.fetch.is_none() => self.rows(&sort.input),
            LogicalPlan::Projection(projection) => {
                let input = self.rows(&projection.input)?;
                let columns = self.terms(&projection.expr, projection.input.schema(), &input.columns)?;
                Ok(Rows { columns, ..input })
            }
            LogicalPlan::Filter(filter) => self.filter(filter),
            LogicalPlan::Aggregate(aggregate) => {
                let input = self.rows(&aggregate.input)?;
                let group = self.terms(&aggregate.group_expr, aggregate.input.schema(), &input.columns)?;
                let values = self.aggregates(plan, aggregate, &input)?;
                self.group(plan, input, group, values)
            }
            LogicalPlan::Distinct(Distinct::All(input)) => {
                let input = self.rows(input)?;
                let all = input.columns.clone();
                self.group(plan, input, all, Vec::new())
            }
            LogicalPlan::Window(window) => self.window(plan, window),
            LogicalPlan::Join(join) => self.join(plan, join),
            LogicalPlan::Union(union) => self.union(plan, union),
            LogicalPlan::EmptyRelation(empty) if !empty.produce_one_row => {
                Ok(Rows::of(Whose::Nobodys, self.fresh(&empty.schema)))
            }
            _ => Err(self.refuse(plan, "is of a kind whose effect on one person's rows is not known")),
        }
    }

    fn fresh(&mut self, schema: &DFSchemaRef) -> Vec<Id> {
        schema.fields().iter().map(|_| self.values.column(Known::default())).collect()
    }

    pub(super) fn terms(&mut self, exprs: &[Expr], schema: &DFSchema, columns: &[Id]) -> Result<Vec<Id>> {
        exprs.iter().map(|expr| self.values.term(expr, schema, columns)).collect()
    }

    fn scan(&mut self, plan: &LogicalPlan, scan: &TableScan) -> Result<Rows> {
        let table = scan.table_name.table();
        let Some(holds) = self.sources.get(table) else {
            return Err(self.refuse(plan, "reads a table of which it is not known whom it holds"));
        };
        if scan.fetch.is_some() {
            return Err(self.refuse(plan, "stops after some rows: whose they are is left to chance"));
        }
        let schema = scan.source.schema();
        let all = schema.fields().iter().map(|_| self.values.column(Known::default())).collect::<Vec<_>>();
        let unread = DFSchema::try_from_qualified_schema(scan.table_name.clone(), &schema)
            .map_err(|_| self.refuse(plan, "has columns that cannot be told apart"))?;
        self.terms(&scan.filters, &unread, &all)?;
        let column = match holds {
            Holds::Nobody => None,
            Holds::People { patient, practitioner } => [patient, practitioner][self.role as usize].as_deref(),
            Holds::Own(own) if own.role == self.role => {
                own.argument.iter().for_each(|sentence| self.say(sentence.clone()));
                Some(own.person.as_str())
            }
            Holds::Own(_) => {
                return Err(self.refuse(plan, "reads rows that were made without regard to people of this role"));
            }
        };
        let whose = match column {
            None => {
                self.say(format!("`{table}` holds no {}: it is the same whoever is left out.", self.who()));
                Whose::Nobodys
            }
            Some(column) => {
                let place = schema.index_of(column);
                let place = place.map_err(|_| self.refuse(plan, "lacks the column that names its people"))?;
                self.say(format!("`{table}` is private: `{column}` names the {} of each row.", self.who()));
                Whose::Persons { person: all[place], named: !schema.field(place).is_nullable() }
            }
        };
        let columns = match &scan.projection {
            Some(places) => places.iter().map(|&place| all[place]).collect(),
            None => all,
        };
        Ok(Rows::of(whose, columns))
    }

    fn filter(&mut self, filter: &Filter) -> Result<Rows> {
        let mut rows = self.rows(&filter.input)?;
        let schema = filter.input.schema();
        for condition in split_conjunction(&filter.predicate) {
            // Every condition looks at its own row alone, so it takes rows from each person apart.
            self.values.term(condition, schema, &rows.columns)?;
            let person = match rows.whose {
                Whose::Persons { person, .. } => Some(person),
                _ => None,
            };
            match condition {
                Expr::IsNotNull(of) if Some(self.values.term(of, schema, &rows.columns)?) == person => {
                    rows.whose = Whose::Persons { person: person.unwrap_or_default(), named: true };
                }
                Expr::IsNull(of) if Some(self.values.term(of, schema, &rows.columns)?) == person => {
                    self.say(format!(
                        "Its rows without a {} are kept apart: they lead to people by token only.",
                        self.who()
                    ));
                    rows.whose = Whose::Unnamed;
                }
                Expr::BinaryExpr(BinaryExpr { left, op: Operator::LtEq, right }) => {
                    let terms = (
                        self.values.term(left, schema, &rows.columns)?,
                        self.values.term(right, schema, &rows.columns)?,
                    );
                    self.first_few(&mut rows, terms);
                }
                _ => {}
            }
        }
        Ok(rows)
    }

    /// `number <= k` keeps k rows a person, where the number counts within the person and what is fixed of them.
    fn first_few(&mut self, rows: &mut Rows, (number, most): (Id, Id)) {
        let (Some(of), Some(most), Whose::Persons { person, .. }) =
            (self.values.numbers(number), self.values.number(most), &rows.whose)
        else {
            return;
        };
        if of.contains(person) && of.iter().all(|id| id == person || self.values.is_fixed(*id)) {
            let most = u64::try_from(most).unwrap_or(u64::MAX);
            rows.most = Some(rows.most.map_or(most, |known| known.min(most)));
            self.say(format!("At most {most} of those rows of each {} are kept.", self.who()));
        }
    }

    /// The columns of an aggregate's values: each follows from the rows of its group, in whatever order.
    pub(super) fn aggregates(
        &mut self,
        plan: &LogicalPlan,
        aggregate: &Aggregate,
        input: &Rows,
    ) -> Result<Vec<(String, Option<Id>)>> {
        let mut values = Vec::new();
        for expr in &aggregate.aggr_expr {
            let mut bare = expr;
            while let Expr::Alias(alias) = bare {
                bare = &alias.expr;
            }
            let Expr::AggregateFunction(call) = bare else {
                return Err(self.refuse(plan, "aggregates by something that is no aggregate function"));
            };
            let (name, params) = (call.func.name(), &call.params);
            let plain = !params.distinct && params.filter.is_none() && params.order_by.is_empty();
            if !plain || !["sum", "count", "max", "min", "bit_or"].contains(&name) {
                return Err(self.refuse(plan, "aggregates in a way whose effect is not known"));
            }
            let of = self.terms(&params.args, aggregate.input.schema(), &input.columns)?;
            values.push((name.to_owned(), of.first().copied()));
        }
        Ok(values)
    }

    fn group(
        &mut self,
        plan: &LogicalPlan,
        input: Rows,
        group: Vec<Id>,
        values: Vec<(String, Option<Id>)>,
    ) -> Result<Rows> {
        let (whose, unique) = match &input.whose {
            Whose::Nobodys => (Whose::Nobodys, None),
            Whose::Unnamed => return Err(self.refuse(plan, "groups rows that name nobody")),
            Whose::Persons { named: false, .. } => {
                return Err(self.refuse(plan, "would make one group of all rows that name nobody"));
            }
            Whose::Persons { person, .. } if group.contains(person) => {
                let rest = group.iter().copied().filter(|id| id != person && !self.values.is_fixed(*id)).collect();
                (input.whose.clone(), Some(rest))
            }
            // Without the person, people who share a group mix; they share what is fixed of them.
            Whose::Persons { .. } => {
                (Whose::Within(self.one_a_person(&group)), input.most.is_some().then(|| group.clone()))
            }
            Whose::Within(by) => (Whose::Within(by.iter().copied().filter(|id| group.contains(id)).collect()), None),
        };
        if matches!(&whose, Whose::Within(by) if by.is_empty()) {
            return Err(self.refuse(plan, "mixes the rows of people who have nothing in common"));
        }
        let most = match (&whose, &unique) {
            // A group that holds none of a person's rows is the same without them, so as many groups follow from one
            // person as they have rows, at most; each is one row, before and after.
            (Whose::Within(_), Some(_)) => input.most,
            (_, unique) => unique.as_ref().is_some_and(Vec::is_empty).then_some(1),
        };
        if let (Whose::Within(_), Some(most)) = (&whose, most) {
            self.say(format!("People are then mixed: at most {most} groups have rows of any one {}.", self.who()));
        }
        if let (Whose::Persons { .. }, Some(unique)) = (&whose, &unique) {
            let per = if unique.is_empty() { "one row a" } else { "one row a combination and" };
            self.say(format!("They are grouped: {per} {}.", self.who()));
        }
        let range = |walk: &Self, (name, of): &(String, Option<Id>)| match (name.as_str(), of) {
            ("max" | "min", Some(of)) => walk.values.range(*of),
            ("count", _) => (Some(0), None),
            _ => (None, None),
        };
        let mut columns = group;
        for value in &values {
            let fixed = most == Some(1) && matches!(whose, Whose::Persons { .. });
            let known = Known { fixed, range: range(self, value), numbers: None };
            columns.push(self.values.column(known));
        }
        Ok(Rows { whose, columns, most, unique })
    }

    /// Those of the terms that have one value a person, and are not the same for everyone.
    fn one_a_person(&self, ids: &[Id]) -> Vec<Id> {
        ids.iter().copied().filter(|id| self.values.is_fixed(*id) && !self.values.is_constant(*id)).collect()
    }

    fn window(&mut self, plan: &LogicalPlan, window: &Window) -> Result<Rows> {
        let mut rows = self.rows(&window.input)?;
        let mut numbers = Vec::new();
        for expr in &window.window_expr {
            let mut bare = expr;
            while let Expr::Alias(alias) = bare {
                bare = &alias.expr;
            }
            let call = match bare {
                Expr::WindowFunction(call) => call,
                _ => return Err(self.refuse(plan, "is no window function")),
            };
            let row_number = matches!(&call.fun, WindowFunctionDefinition::WindowUDF(it) if it.name() == "row_number");
            let schema = window.input.schema();
            let by = self.terms(&call.params.partition_by, schema, &rows.columns)?;
            for order in &call.params.order_by {
                self.values.term(&order.expr, schema, &rows.columns)?;
            }
            // Numbered across people who share what is fixed of them, rows change that agree in that, and no others.
            let shared = match &rows.whose {
                Whose::Nobodys => None,
                Whose::Persons { person, named: true } if by.contains(person) => None,
                Whose::Persons { named: true, .. } => Some(self.one_a_person(&by)),
                Whose::Within(together) => Some(by.iter().copied().filter(|id| together.contains(id)).collect()),
                Whose::Persons { named: false, .. } | Whose::Unnamed => Some(Vec::new()),
            };
            if !row_number || shared.as_ref().is_some_and(Vec::is_empty) {
                return Err(self.refuse(plan, "numbers rows across people"));
            }
            if let Some(shared) = shared {
                // How many of them change is no longer known.
                rows = Rows::of(Whose::Within(shared), rows.columns);
            }
            numbers.push(Known { numbers: Some(by), ..Known::default() });
        }
        rows.columns.extend(numbers.into_iter().map(|known| self.values.column(known)).collect::<Vec<_>>());
        Ok(rows)
    }

    fn join(&mut self, plan: &LogicalPlan, join: &Join) -> Result<Rows> {
        let (left, right) = (self.rows(&join.left)?, self.rows(&join.right)?);
        let columns = [left.columns.clone(), right.columns.clone()].concat();
        if let Some(filter) = &join.filter {
            self.values.term(filter, &join.schema, &columns)?;
        }
        let mut on = Vec::new();
        for (a, b) in &join.on {
            on.push((
                self.values.term(a, join.left.schema(), &left.columns)?,
                self.values.term(b, join.right.schema(), &right.columns)?,
            ));
        }
        let half = join.join_type == JoinType::LeftSemi;
        let inner = half || join.join_type == JoinType::Inner;
        if !(inner || join.join_type == JoinType::Left) || join.null_equality != NullEquality::NullEqualsNothing {
            return Err(self.refuse(plan, "joins in a way whose effect on one person's rows is not known"));
        }
        for &(a, b) in on.iter().filter(|_| inner) {
            // The rows that are left agree in both, so one value a person in one is one in the other.
            if self.values.is_fixed(a) || self.values.is_fixed(b) {
                self.values.fix(a);
                self.values.fix(b);
            }
        }
        let columns = match join.join_type {
            JoinType::LeftSemi => left.columns.clone(),
            JoinType::Left => [left.columns.clone(), self.or_blank(&right)].concat(),
            _ => columns,
        };
        let mut rows = Rows::of(Whose::Nobodys, columns);
        rows.whose = match (&left.whose, &right.whose) {
            (Whose::Nobodys, Whose::Nobodys) => Whose::Nobodys,
            (Whose::Persons { .. }, Whose::Nobodys) => left.whose,
            (Whose::Nobodys, Whose::Persons { .. }) if inner && !half => right.whose,
            (Whose::Persons { person, named }, Whose::Persons { person: other, .. })
                if on.contains(&(*person, *other)) =>
            {
                if !inner && left.most != Some(1) && (on.len() > 1 || join.filter.is_some()) {
                    // What has one value a person on the right would have two: its own, and blank.
                    return Err(self.refuse(plan, "joins some of a person's rows and leaves the others blank"));
                }
                self.say(format!("It is joined on the {}.", self.who()));
                // Where the right side only decides which rows stay, it is as if it had one.
                let right_most = if half { Some(1) } else { right.most };
                rows.most = left.most.zip(right_most).and_then(|(a, b)| a.checked_mul(b));
                rows.unique = match (left.most, right_most) {
                    (_, Some(1)) => left.unique,
                    (Some(1), _) if inner => right.unique,
                    _ => None,
                };
                Whose::Persons { person: *person, named: *named || inner }
            }
            (Whose::Persons { .. }, Whose::Persons { .. }) => {
                let why = format!("joins rows of one {} with those of another", self.who());
                return Err(self.refuse(plan, &why));
            }
            // A row that names nobody goes to everyone whose token it holds, each bounded on their own; one that leads
            // to a single person is taken to be that person's, and goes and comes with them.
            (Whose::Unnamed, Whose::Persons { named: true, .. }) if inner && !half && !on.is_empty() => {
                self.say(format!("A token leads its rows to each {} who holds it.", self.who()));
                right.whose
            }
            _ => return Err(self.refuse(plan, "joins private rows on neither a person nor a public table")),
        };
        Ok(rows)
    }

    /// The columns of a side that may have nothing to join: each what it was, or blank. No constant is left among them,
    /// nor any two that are sure to be equal; and one value a person only where all of a person's rows are joined alike.
    fn or_blank(&mut self, side: &Rows) -> Vec<Id> {
        let persons = matches!(side.whose, Whose::Persons { .. });
        let known = |id: &Id| {
            let fixed = persons && self.values.is_fixed(*id);
            Known { fixed, range: self.values.range(*id), numbers: None }
        };
        let known = side.columns.iter().map(known).collect::<Vec<_>>();
        known.into_iter().map(|known| self.values.column(known)).collect()
    }

    fn union(&mut self, plan: &LogicalPlan, union: &Union) -> Result<Rows> {
        let inputs = union.inputs.iter().map(|input| self.rows(input)).collect::<Result<Vec<_>>>()?;
        let columns = self.fresh(&union.schema);
        if inputs.iter().all(|rows| rows.whose == Whose::Nobodys) {
            return Ok(Rows::of(Whose::Nobodys, columns));
        }
        let person_at = |rows: &Rows, place: usize| matches!(rows.whose, Whose::Persons { person, named: true } if rows.columns.get(place) == Some(&person));
        let place = (0..columns.len()).find(|&place| inputs.iter().all(|rows| person_at(rows, place)));
        let Some(place) = place else {
            return Err(self.refuse(plan, "puts together rows that do not all name their person in one column"));
        };
        Ok(Rows::of(Whose::Persons { person: columns[place], named: true }, columns))
    }
}
