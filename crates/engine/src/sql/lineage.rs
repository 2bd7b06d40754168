//! From which columns of tables each column of a plan comes: no predicate may use what comes from a restricted one, and
//! no expression may grow without bound when the optimizer puts the parts of it in place of their names.

use super::guarded::Guarded;
use super::rounds::Rounds;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion, TreeNodeVisitor};
use datafusion::common::{Column, DFSchemaRef};
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::utils::grouping_set_to_exprlist;
use datafusion::logical_expr::{
    Aggregate, Distinct, Expr, Join, JoinType, LogicalPlan, Operator, RecursiveQuery, Subquery, TableScan,
};
use datahall_core::{Error, Result};

/// How many parts an expression may have with all it is computed from in place.
const MAX_SIZE: u64 = 50_000;

/// How deeply it may nest then.
const MAX_DEPTH: u64 = 150;

/// How deeply a plan may nest, in the units of [`level`]: optimizing and running one take stack for each level.
const MAX_LEVELS: u64 = 120;

/// What one node counts for.
fn level(node: &LogicalPlan) -> u64 {
    match node {
        LogicalPlan::SubqueryAlias(_) => 0,
        // A chain of UNIONs nests, but is run as one.
        LogicalPlan::Union(_) | LogicalPlan::Projection(_) | LogicalPlan::Filter(_) | LogicalPlan::Limit(_) => 1,
        _ => 2,
    }
}

/// What is known of one column of a plan.
#[derive(Debug, Clone, Default)]
struct Origin {
    /// The restricted column it comes from.
    restricted: Option<String>,
    /// Of how many parts it is computed.
    size: u64,
    /// How deeply they nest.
    depth: u64,
}

/// The columns that an expression may name, and where they come from.
type Scope = Vec<(DFSchemaRef, Vec<Origin>)>;

/// Checks `plan`.
///
/// # Errors
/// `Forbidden` for a predicate on a restricted column; `Invalid` for an expression that grows too large.
pub(super) fn check(plan: &LogicalPlan) -> Result<()> {
    Lineage { outer: Vec::new(), recursive: Vec::new(), levels: 0 }.plan(plan).map(drop)
}

struct Lineage {
    /// What a subquery may name of the queries around it, the innermost last.
    outer: Vec<Scope>,
    /// The recursive CTEs around it, each with what every column of it comes from, the innermost last.
    recursive: Vec<(String, Origin)>,
    levels: u64,
}

impl Lineage {
    fn plan(&mut self, plan: &LogicalPlan) -> Result<Vec<Origin>> {
        self.levels += level(plan);
        if self.levels > MAX_LEVELS {
            return Err(Error::invalid("the statement has too many queries one inside the other"));
        }
        let columns = self.node(plan);
        self.levels -= level(plan);
        columns
    }

    fn node(&mut self, plan: &LogicalPlan) -> Result<Vec<Origin>> {
        match plan {
            LogicalPlan::TableScan(scan) => self.scanned(scan),
            LogicalPlan::Projection(node) => {
                let scope = self.input(&node.input)?;
                self.all(&node.expr, &scope)
            }
            LogicalPlan::Filter(node) => {
                let scope = self.input(&node.input)?;
                self.predicate(&node.predicate, &scope)?;
                Ok(columns(scope))
            }
            LogicalPlan::Aggregate(node) => self.aggregate(node),
            LogicalPlan::Window(node) => {
                let scope = self.input(&node.input)?;
                let values = self.all(&node.window_expr, &scope)?;
                Ok(columns(scope).into_iter().chain(values.into_iter().map(computed)).collect())
            }
            LogicalPlan::Sort(node) => {
                let scope = self.input(&node.input)?;
                node.expr.iter().try_for_each(|key| self.trace(&key.expr, &scope).map(drop))?;
                Ok(columns(scope))
            }
            LogicalPlan::Join(node) => self.join(node),
            LogicalPlan::Union(node) => {
                let mut whole = vec![Origin::default(); node.schema.fields().len()];
                for input in &node.inputs {
                    whole.iter_mut().zip(self.plan(input)?).for_each(|(whole, part)| whole.merge(part));
                }
                Ok(whole)
            }
            LogicalPlan::Distinct(Distinct::All(input)) => self.plan(input),
            LogicalPlan::Distinct(Distinct::On(node)) => {
                let scope = self.input(&node.input)?;
                self.all(&node.on_expr, &scope)?;
                node.sort_expr.iter().flatten().try_for_each(|key| self.trace(&key.expr, &scope).map(drop))?;
                self.all(&node.select_expr, &scope)
            }
            LogicalPlan::Unnest(node) => {
                let input = self.plan(&node.input)?;
                Ok(node.dependency_indices.iter().map(|at| input.get(*at).cloned().unwrap_or_default()).collect())
            }
            LogicalPlan::RecursiveQuery(node) => self.rounds(node),
            LogicalPlan::SubqueryAlias(node) => self.plan(&node.input),
            LogicalPlan::Limit(node) => self.plan(&node.input),
            LogicalPlan::Values(node) => {
                let scope = Scope::new();
                node.values.iter().try_for_each(|row| self.all(row, &scope).map(drop))?;
                Ok(vec![Origin::default(); node.schema.fields().len()])
            }
            LogicalPlan::EmptyRelation(node) => Ok(vec![Origin::default(); node.schema.fields().len()]),
            _ => Err(Error::invalid("the statement does something that is not permitted here")),
        }
    }

    fn input(&mut self, plan: &LogicalPlan) -> Result<Scope> {
        Ok(vec![(plan.schema().clone(), self.plan(plan)?)])
    }

    /// A value may move from column to column in each round, so that all of them come from what one comes from.
    fn rounds(&mut self, node: &RecursiveQuery) -> Result<Vec<Origin>> {
        if !self.recursive.is_empty() {
            return Err(Error::invalid("WITH RECURSIVE within a recursive query is not supported"));
        }
        let columns = node.static_term.schema().fields().len();
        let mut whole = computed(self.plan(&node.static_term)?.into_iter().fold(Origin::default(), merged));
        loop {
            let known = whole.restricted.is_some();
            self.recursive.push((node.name.clone(), whole.clone()));
            let round = self.plan(&node.recursive_term);
            self.recursive.pop();
            whole = computed(round?.into_iter().fold(whole, merged));
            if known == whole.restricted.is_some() {
                return Ok(vec![whole; columns]);
            }
        }
    }

    fn scanned(&self, scan: &TableScan) -> Result<Vec<Origin>> {
        let provider = source_as_provider(&scan.source).ok();
        let fields = scan.projected_schema.fields();
        if let Some(rounds) = provider.as_ref().and_then(|provider| provider.downcast_ref::<Rounds>()) {
            let own = self.recursive.iter().rev().find(|(name, _)| name == rounds.name());
            let (_, origin) = own.ok_or_else(|| Error::invalid("a recursive query is named outside of itself"))?;
            return Ok(vec![origin.clone(); fields.len()]);
        }
        let restricted =
            provider.as_ref().and_then(|provider| provider.downcast_ref::<Guarded>()).map_or(&[][..], Guarded::restricted);
        let origin = |name: &String| Origin { restricted: restricted.contains(name).then(|| name.clone()), size: 1, depth: 1 };
        Ok(fields.iter().map(|field| origin(field.name())).collect())
    }

    fn aggregate(&mut self, node: &Aggregate) -> Result<Vec<Origin>> {
        let scope = self.input(&node.input)?;
        let groups = grouping_set_to_exprlist(&node.group_expr).map_err(Error::internal)?;
        let mut columns = groups.into_iter().map(|group| self.trace(group, &scope)).collect::<Result<Vec<_>>>()?;
        if matches!(node.group_expr.first(), Some(Expr::GroupingSet(_))) {
            // The number that tells the grouping sets apart.
            columns.push(Origin::default());
        }
        for origin in self.all(&node.aggr_expr, &scope)? {
            columns.push(computed(origin));
        }
        Ok(columns)
    }

    fn join(&mut self, node: &Join) -> Result<Vec<Origin>> {
        let left = self.input(&node.left)?;
        let right = self.input(&node.right)?;
        for (of_left, of_right) in &node.on {
            self.predicate(of_left, &left)?;
            self.predicate(of_right, &right)?;
        }
        let both: Scope = left.iter().chain(&right).cloned().collect();
        if let Some(filter) = &node.filter {
            self.predicate(filter, &both)?;
        }
        let mark = [Origin::default()];
        Ok(match node.join_type {
            JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full => columns(both),
            JoinType::LeftSemi | JoinType::LeftAnti => columns(left),
            JoinType::RightSemi | JoinType::RightAnti => columns(right),
            JoinType::LeftMark => columns(left).into_iter().chain(mark).collect(),
            JoinType::RightMark => columns(right).into_iter().chain(mark).collect(),
        })
    }

    fn all(&mut self, exprs: &[Expr], scope: &Scope) -> Result<Vec<Origin>> {
        exprs.iter().map(|expr| self.trace(expr, scope)).collect()
    }

    /// Checks an expression that decides which rows count.
    fn predicate(&mut self, expr: &Expr, scope: &Scope) -> Result<()> {
        permitted(&self.trace(expr, scope)?)
    }

    fn trace(&mut self, expr: &Expr, scope: &Scope) -> Result<Origin> {
        let mut walk = Walk { lineage: self, scope, whole: Origin::default(), depth: 0, failed: None };
        expr.visit(&mut walk).map_err(Error::internal)?;
        let Walk { whole, failed, .. } = walk;
        if let Some(error) = failed {
            return Err(error);
        }
        if whole.size > MAX_SIZE || whole.depth > MAX_DEPTH {
            return Err(Error::invalid("an expression grows too large once what it is computed from is put in place"));
        }
        Ok(whole)
    }

    /// What one part of an expression adds to it, apart from its own parts.
    fn part(&mut self, part: &Expr, scope: &Scope) -> Result<Option<Origin>> {
        match part {
            Expr::Column(column) => Ok(Some(find(scope, column).unwrap_or_else(|| any(scope)))),
            Expr::OuterReferenceColumn(_, column) => {
                let found = self.outer.iter().rev().find_map(|scope| find(scope, column));
                Ok(Some(found.unwrap_or_else(|| self.outer.iter().map(any).fold(Origin::default(), merged))))
            }
            Expr::AggregateFunction(call) => self.optional_predicate(call.params.filter.as_deref(), scope),
            Expr::WindowFunction(call) => self.optional_predicate(call.params.filter.as_deref(), scope),
            Expr::ScalarSubquery(subquery) => self.subquery(subquery, scope).map(Some),
            Expr::Exists(exists) => self.subquery(&exists.subquery, scope).map(|_| None),
            Expr::InSubquery(within) => {
                let tested = self.trace(&within.expr, scope)?;
                self.compared(tested, &within.subquery, scope)
            }
            Expr::SetComparison(comparison) => {
                let tested = self.trace(&comparison.expr, scope)?;
                self.compared(tested, &comparison.subquery, scope)
            }
            _ => Ok(None),
        }
    }

    fn optional_predicate(&mut self, filter: Option<&Expr>, scope: &Scope) -> Result<Option<Origin>> {
        filter.map_or(Ok(()), |filter| self.predicate(filter, scope)).map(|()| None)
    }

    fn compared(&mut self, tested: Origin, subquery: &Subquery, scope: &Scope) -> Result<Option<Origin>> {
        let origin = merged(tested, self.subquery(subquery, scope)?);
        permitted(&origin).map(|()| Some(origin))
    }

    fn subquery(&mut self, subquery: &Subquery, scope: &Scope) -> Result<Origin> {
        self.outer.push(scope.clone());
        let columns = self.plan(&subquery.subquery);
        self.outer.pop();
        Ok(columns?.into_iter().fold(Origin::default(), merged))
    }
}

/// One expression being walked.
struct Walk<'a> {
    lineage: &'a mut Lineage,
    scope: &'a Scope,
    whole: Origin,
    depth: u64,
    failed: Option<Error>,
}

impl<'n> TreeNodeVisitor<'n> for Walk<'_> {
    type Node = Expr;

    fn f_down(&mut self, part: &'n Expr) -> datafusion::common::Result<TreeNodeRecursion> {
        // AND and OR are taken apart and put together as chains, not as nests.
        self.depth += u64::from(!is_connective(part));
        let own = Origin { restricted: None, size: 1, depth: self.depth };
        self.whole.merge(own);
        match self.lineage.part(part, self.scope) {
            Ok(Some(origin)) => self.whole.merge(Origin { depth: origin.depth.saturating_add(self.depth), ..origin }),
            Ok(None) => {}
            Err(error) => {
                self.failed = Some(error);
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn f_up(&mut self, part: &'n Expr) -> datafusion::common::Result<TreeNodeRecursion> {
        self.depth -= u64::from(!is_connective(part));
        Ok(TreeNodeRecursion::Continue)
    }
}

fn is_connective(expr: &Expr) -> bool {
    matches!(expr, Expr::BinaryExpr(binary) if matches!(binary.op, Operator::And | Operator::Or))
}

/// What an aggregate or a window function gives is computed before anything is made of it.
fn computed(origin: Origin) -> Origin {
    Origin { size: 1, depth: 1, ..origin }
}

impl Origin {
    fn merge(&mut self, other: Self) {
        self.size = self.size.saturating_add(other.size);
        self.depth = self.depth.max(other.depth);
        if self.restricted.is_none() {
            self.restricted = other.restricted;
        }
    }
}

fn merged(mut one: Origin, other: Origin) -> Origin {
    one.merge(other);
    one
}

fn permitted(origin: &Origin) -> Result<()> {
    match &origin.restricted {
        Some(column) => Err(Error::forbidden(format!("column may not be used in predicates: {column}"))),
        None => Ok(()),
    }
}

fn columns(scope: Scope) -> Vec<Origin> {
    scope.into_iter().flat_map(|(_, columns)| columns).collect()
}

fn find(scope: &Scope, column: &Column) -> Option<Origin> {
    scope.iter().find_map(|(schema, columns)| columns.get(schema.maybe_index_of_column(column)?).cloned())
}

/// For a column that cannot be told from the others.
fn any(scope: &Scope) -> Origin {
    scope.iter().flat_map(|(_, columns)| columns.iter().cloned()).fold(Origin::default(), merged)
}
