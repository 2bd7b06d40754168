//! Which plans a database can be trusted with: columns, values, comparisons, groups and joins that mean there what they mean here.

use crate::sources::connected::dialect::Dialect;
use crate::sources::connected::outside::Compares;
use crate::sources::connected::provider::OutsideProvider;
use arrow::datatypes::DataType;
use datafusion::common::{Column, JoinType, NullEquality};
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::expr::{AggregateFunction, Alias, InList};
use datafusion::logical_expr::{
    Aggregate, Between, BinaryExpr, Cast, Expr, ExprSchemable, FetchType, Filter, Join, Limit, LogicalPlan, Operator, Projection,
    SkipType, Sort, SubqueryAlias, TableScan,
};
use datafusion::scalar::ScalarValue;
use datafusion_federation::FederatedTableProviderAdaptor;
use std::any::Any;
use std::collections::HashMap;

/// What is known of a plan that the database can be trusted with.
#[derive(Debug, Clone)]
pub(super) struct Safe {
    dialect: Dialect,
    /// What the database's comparisons of each column that it gives are worth, by name; of two columns of one name, the worse.
    columns: HashMap<String, Compares>,
    /// What can be asked on top of it.
    shape: Shape,
    /// It gives less than its tables hold, beyond what conditions, columns and limits of each can say.
    pub(super) worthwhile: bool,
}

/// What a plan is made of, as far as it matters for how it is written: one statement is one list of columns, one FROM, one WHERE,
/// one GROUP BY, one HAVING and one ORDER BY, and nothing is written as a statement in a statement, where names are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Rows of one table.
    Rows,
    /// Rows of several.
    Joined,
    /// Groups.
    Grouped,
    /// Columns that were chosen or called otherwise at last.
    Named,
    /// What is in order.
    Ordered,
    /// The first of them.
    First,
}

impl Safe {
    /// `None` when the plan holds anything that might mean something else there.
    pub(super) fn of(plan: &LogicalPlan) -> Option<Self> {
        match plan {
            LogicalPlan::TableScan(scan) => Self::scan(scan),
            LogicalPlan::SubqueryAlias(SubqueryAlias { input, .. }) => Self::of(input).filter(|inner| inner.shape == Shape::Rows),
            LogicalPlan::Filter(Filter { predicate, input, .. }) => {
                let inner =
                    Self::of(input).filter(|inner| matches!(inner.shape, Shape::Rows | Shape::Joined | Shape::Grouped))?;
                inner.condition(predicate, input).then_some(inner)
            }
            LogicalPlan::Projection(projection) => Self::projection(projection),
            LogicalPlan::Aggregate(aggregate) => Self::aggregate(aggregate),
            LogicalPlan::Join(join) => Self::join(join),
            LogicalPlan::Sort(sort) => Self::sort(sort),
            LogicalPlan::Limit(limit) => Self::limit(limit),
            _ => None,
        }
    }

    fn scan(scan: &TableScan) -> Option<Self> {
        if scan.fetch.is_some() || !scan.filters.is_empty() {
            return None;
        }
        let provider = source_as_provider(&scan.source).ok()?;
        let adaptor = (provider.as_ref() as &dyn Any).downcast_ref::<FederatedTableProviderAdaptor>()?;
        let table = (adaptor.table_provider.as_ref()?.as_ref() as &dyn Any).downcast_ref::<OutsideProvider>()?;
        let columns = table.columns().iter().map(|column| (column.field.name().clone(), column.compares)).collect();
        let dialect = table.dialect();
        let known = !matches!(dialect, Dialect::Plain | Dialect::PlainWithBackticks);
        known.then_some(Self { dialect, columns, shape: Shape::Rows, worthwhile: false })
    }

    fn projection(projection: &Projection) -> Option<Self> {
        let inner =
            Self::of(&projection.input).filter(|inner| matches!(inner.shape, Shape::Rows | Shape::Joined | Shape::Grouped))?;
        let mut columns = HashMap::new();
        let mut renames = false;
        for expr in &projection.expr {
            let (Expr::Column(column), name) = unaliased(expr) else { return None };
            let compares = inner.compares(column)?;
            renames |= name.is_some();
            worst(&mut columns, name.unwrap_or(&column.name), compares);
        }
        // Columns that are only left out do not matter.
        let shape = if inner.shape == Shape::Rows && !renames { Shape::Rows } else { Shape::Named };
        Some(Self { columns, shape, ..inner })
    }

    fn aggregate(aggregate: &Aggregate) -> Option<Self> {
        let inner = Self::of(&aggregate.input).filter(|inner| matches!(inner.shape, Shape::Rows | Shape::Joined))?;
        let mut columns = HashMap::new();
        for expr in &aggregate.group_expr {
            let Expr::Column(column) = expr else { return None };
            let compares = inner.compares(column).filter(|compares| inner.equal(*compares))?;
            worst(&mut columns, &column.name, compares);
        }
        for (expr, field) in aggregate.aggr_expr.iter().zip(aggregate.schema.fields().iter().skip(aggregate.group_expr.len())) {
            inner.computes(expr, &aggregate.input).then_some(())?;
            worst(&mut columns, field.name(), Compares::Never);
        }
        Some(Self { columns, worthwhile: true, shape: Shape::Grouped, ..inner })
    }

    fn computes(&self, expr: &Expr, input: &LogicalPlan) -> bool {
        let (Expr::AggregateFunction(AggregateFunction { func, params }), _) = unaliased(expr) else { return false };
        let plain = params.filter.is_none() && params.order_by.is_empty() && params.null_treatment.is_none();
        let [argument] = params.args.as_slice() else { return false };
        let argument = widened(argument, input);
        let of = match argument {
            Expr::Literal(value, _) => return plain && func.name() == "count" && !params.distinct && !value.is_null(),
            Expr::Column(column) => self.compares(column),
            _ => None,
        };
        let Some(compares) = of else { return false };
        let kind = argument.get_type(input.schema());
        let number = kind.as_ref().is_ok_and(DataType::is_numeric);
        // Of decimals, and in MySQL of anything, it has other digits.
        let divides = self.dialect == Dialect::Postgresql && kind.as_ref().is_ok_and(DataType::is_integer);
        plain
            && match (func.name(), params.distinct) {
                ("count", false) => true,
                ("count", true) => self.equal(compares),
                ("sum", false) => number && compares == Compares::Alike,
                ("avg", false) => divides && compares == Compares::Alike,
                ("min" | "max", false) => compares == Compares::Alike,
                _ => false,
            }
    }

    fn join(join: &Join) -> Option<Self> {
        let (left, right) = (Self::of(&join.left)?, Self::of(&join.right)?);
        let plain =
            matches!(join.join_type, JoinType::Inner | JoinType::Left) && join.null_equality == NullEquality::NullEqualsNothing;
        let joins = |side: &Self| matches!(side.shape, Shape::Rows | Shape::Joined);
        if !plain || !joins(&left) || !joins(&right) || left.dialect != right.dialect {
            return None;
        }
        let mut columns = left.columns;
        right.columns.iter().for_each(|(name, compares)| worst(&mut columns, name, *compares));
        let both = Self { columns, worthwhile: true, shape: Shape::Joined, ..right };
        let plan = LogicalPlan::Join(join.clone());
        let on = join.on.iter().all(|(left, right)| both.compared(left, Operator::Eq, right, &plan));
        let filter = join.filter.as_ref().is_none_or(|filter| both.condition(filter, &plan));
        // Every row with every other is more than both hold.
        let bound = !join.on.is_empty() || join.filter.is_some();
        (on && filter && bound).then_some(both)
    }

    fn sort(sort: &Sort) -> Option<Self> {
        let inner = Self::of(&sort.input).filter(|inner| matches!(inner.shape, Shape::Rows | Shape::Joined | Shape::Grouped))?;
        let keys = sort.expr.iter().all(|key| match &key.expr {
            Expr::Column(column) => inner.compares(column) == Some(Compares::Alike),
            _ => false,
        });
        let shape = if sort.fetch.is_some() { Shape::First } else { Shape::Ordered };
        let worthwhile = inner.worthwhile || sort.fetch.is_some();
        (keys && inner.dialect == Dialect::Postgresql).then_some(Self { shape, worthwhile, ..inner })
    }

    fn limit(limit: &Limit) -> Option<Self> {
        let inner = Self::of(&limit.input)?;
        let known = matches!(limit.get_skip_type(), Ok(SkipType::Literal(_)))
            && matches!(limit.get_fetch_type(), Ok(FetchType::Literal(Some(_))));
        (known && matches!(inner.shape, Shape::Ordered)).then_some(Self { worthwhile: true, shape: Shape::First, ..inner })
    }

    fn compares(&self, column: &Column) -> Option<Compares> {
        self.columns.get(&column.name).copied()
    }

    /// Whether values that are equal there are equal here.
    fn equal(&self, compares: Compares) -> bool {
        compares == Compares::Alike || (compares == Compares::Text && self.dialect == Dialect::Postgresql)
    }

    fn condition(&self, expr: &Expr, plan: &LogicalPlan) -> bool {
        match expr {
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::And | Operator::Or, right }) => {
                self.condition(left, plan) && self.condition(right, plan)
            }
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => self.compared(left, *op, right, plan),
            Expr::Not(inner) => self.condition(inner, plan),
            Expr::IsNull(inner) | Expr::IsNotNull(inner) => {
                matches!(&**inner, Expr::Column(column) if self.compares(column).is_some())
            }
            Expr::Between(Between { expr, low, high, .. }) => {
                self.compared(expr, Operator::GtEq, low, plan) && self.compared(expr, Operator::LtEq, high, plan)
            }
            Expr::InList(InList { expr, list, .. }) => list.iter().all(|value| self.compared(expr, Operator::Eq, value, plan)),
            _ => false,
        }
    }

    fn compared(&self, left: &Expr, op: Operator, right: &Expr, plan: &LogicalPlan) -> bool {
        let equality = matches!(op, Operator::Eq | Operator::NotEq);
        let order = matches!(op, Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq);
        let side = |expr: &Expr| match widened(expr, plan) {
            Expr::Column(column) => {
                let compares = self.compares(column);
                compares.is_some_and(|compares| compares == Compares::Alike || (equality && self.equal(compares)))
            }
            Expr::Literal(value, _) => self.says(value),
            _ => false,
        };
        let kinds = (left.get_type(plan.schema()), right.get_type(plan.schema()));
        let same = matches!(kinds, (Ok(left), Ok(right)) if left == right);
        (equality || order) && same && side(left) && side(right)
    }

    /// Values that every way of writing them leaves as they are.
    fn says(&self, value: &ScalarValue) -> bool {
        let plain = match value.data_type() {
            kind if kind.is_integer() => true,
            DataType::Boolean | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Date32 => true,
            DataType::Decimal128(..) => true,
            _ => false,
        };
        plain && self.dialect.value(value).is_some()
    }
}

fn worst(columns: &mut HashMap<String, Compares>, name: &str, compares: Compares) {
    let worse = |known: Compares| if known == compares { known } else { Compares::Never };
    let known = columns.get(name).copied();
    columns.insert(name.to_owned(), known.map_or(compares, worse));
}

fn unaliased(expr: &Expr) -> (&Expr, Option<&str>) {
    match expr {
        Expr::Alias(Alias { expr, name, .. }) => (unaliased(expr).0, Some(name)),
        other => (other, None),
    }
}

/// A number under the wider type that it was brought to.
fn widened<'a>(expr: &'a Expr, plan: &LogicalPlan) -> &'a Expr {
    match expr {
        Expr::Cast(Cast { expr: inner, field }) if matches!(field.data_type(), DataType::Int64 | DataType::Float64) => {
            let number = inner.get_type(plan.schema()).is_ok_and(|kind| kind.is_integer() || kind == DataType::Float64);
            if number && matches!(**inner, Expr::Column(_)) { inner } else { expr }
        }
        other => other,
    }
}
