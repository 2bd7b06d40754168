//! What a parsed query may be made of, and which tables it names. The planner passes over some clauses in silence, so
//! they are refused here; how much work the planner would have is bounded here too.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Cte, Expr, GroupByExpr, Ident, JoinOperator, ObjectName, ObjectNamePart, Query, Select, SetExpr, SetOperator,
    SetQuantifier, Statement, TableFactor, TableWithJoins, Visit, Visitor,
};
use datahall_core::{Error, Result};
use std::ops::ControlFlow;

/// How deeply expressions may nest, in the units of [`level`]: planning takes time that grows with the cube of it, and
/// running takes stack. `a + b + c` nests two levels deep.
const MAX_DEPTH: usize = 600;

/// What one level of nesting counts for: long chains of AND and OR are what tools write, and are cheap.
fn level(expr: &Expr) -> usize {
    if matches!(expr, Expr::BinaryOp { op: BinaryOperator::And | BinaryOperator::Or, .. }) { 1 } else { 6 }
}

/// How many tables and SELECTs there may be, those of a CTE counted for each use of it.
const MAX_TABLES: u64 = 200;

/// How many expressions there may be, counted likewise.
const MAX_EXPRESSIONS: u64 = 20_000;

/// How many grouping sets CUBE and the like may make.
const MAX_GROUPING_SETS: u64 = 1_024;

/// How deeply calls of `map` may nest: the planner visits the arguments twice at each.
const MAX_MAPS: usize = 3;

/// What a query names.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Tables, each once, as [`written`]; names of CTEs are left out.
    pub(super) tables: Vec<String>,
    /// Functions, as often as they are called.
    pub(super) functions: Vec<String>,
}

/// What `query` names.
///
/// # Errors
/// `Invalid` for a clause that is not supported, and beyond the bounds.
pub(super) fn check(query: &Query) -> Result<Names> {
    let mut shape = Shape { used: vec![Work::default()], ..Shape::default() };
    match query.visit(&mut shape) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(shape.names),
    }
}

/// What `expression` names.
///
/// # Errors
/// `Invalid` beyond the bounds.
pub(super) fn check_expression(expression: &Expr) -> Result<Names> {
    let mut shape = Shape { used: vec![Work::default()], ..Shape::default() };
    match expression.visit(&mut shape) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(shape.names),
    }
}

/// A name as the caller means it: unquoted parts in lower case, quoted ones exact, joined with dots.
///
/// # Errors
/// `Invalid` for a file or function in place of a name.
pub(super) fn written(name: &ObjectName) -> Result<String> {
    let part = |part: &ObjectNamePart| match part {
        ObjectNamePart::Identifier(ident) if ident.quote_style != Some('\'') => Ok(folded(ident)),
        _ => Err(Error::invalid(format!("not the name of a table: {name}"))),
    };
    Ok(name.0.iter().map(part).collect::<Result<Vec<_>>>()?.join("."))
}

/// An identifier as it is compared.
pub(super) fn folded(ident: &Ident) -> String {
    // As the planner folds it.
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_ascii_lowercase() }
}

/// What planning a part of the query takes.
#[derive(Debug, Clone, Copy, Default)]
struct Work {
    tables: u64,
    expressions: u64,
}

impl Work {
    fn add(&mut self, other: Self) {
        self.tables = self.tables.saturating_add(other.tables);
        self.expressions = self.expressions.saturating_add(other.expressions);
    }
}

/// A query being visited: its CTEs that are in scope so far, and those still to be visited.
#[derive(Debug)]
struct Scope {
    /// Whether a CTE may name itself.
    recursive: bool,
    pending: Vec<(*const Query, String)>,
    ready: Vec<(String, Work)>,
}

#[derive(Debug, Default)]
struct Shape {
    names: Names,
    scopes: Vec<Scope>,
    /// One entry per query being visited, and one around all.
    used: Vec<Work>,
    depth: usize,
    maps: usize,
}

impl Shape {
    fn refuse<T>(what: &str) -> Result<T> {
        Err(Error::invalid(format!("{what} is not supported")))
    }

    fn charge(&mut self, work: Work) -> Result<()> {
        let Some(used) = self.used.last_mut() else { return Ok(()) };
        used.add(work);
        if used.tables > MAX_TABLES {
            return Err(Error::invalid(format!(
                "the statement has more than {MAX_TABLES} tables and SELECTs, counting each use"
            )));
        }
        if used.expressions > MAX_EXPRESSIONS {
            return Err(Error::invalid("the statement is too large once its CTEs are put in place"));
        }
        Ok(())
    }

    fn relation(&mut self, name: &ObjectName) -> Result<()> {
        let name = written(name)?;
        let in_scope = self.scopes.iter().rev().flat_map(|scope| scope.ready.iter().rev()).find(|(cte, _)| *cte == name);
        match in_scope.map(|(_, work)| *work) {
            Some(work) => self.charge(work),
            None => {
                if !self.names.tables.contains(&name) {
                    self.names.tables.push(name);
                }
                self.charge(Work { tables: 1, expressions: 1 })
            }
        }
    }

    fn enter(&mut self, query: &Query) -> Result<()> {
        let Query { with, body, order_by: _, limit_clause: _, fetch, locks, for_clause, settings, format_clause, pipe_operators } =
            query;
        let mut pending = Vec::new();
        if let Some(with) = with {
            for Cte { alias, query, from, .. } in &with.cte_tables {
                if from.is_some() {
                    return Self::refuse("FROM after a CTE");
                }
                pending.push((std::ptr::from_ref::<Query>(query), folded(&alias.name)));
            }
        }
        let absent = [
            (fetch.is_some(), "FETCH (write LIMIT)"),
            (!locks.is_empty(), "FOR UPDATE or FOR SHARE"),
            (for_clause.is_some(), "FOR"),
            (settings.is_some(), "SETTINGS"),
            (format_clause.is_some(), "FORMAT"),
            (!pipe_operators.is_empty(), "|>"),
        ];
        Self::absent(&absent)?;
        Self::body(body)?;
        self.within_itself(query);
        self.scopes.push(Scope { recursive: with.as_ref().is_some_and(|with| with.recursive), pending, ready: Vec::new() });
        self.used.push(Work { tables: 0, expressions: 1 });
        Ok(())
    }

    /// Where `query` is a CTE that may name itself, what it names so is no table.
    fn within_itself(&mut self, query: &Query) {
        let Some(scope) = self.scopes.last_mut().filter(|scope| scope.recursive) else { return };
        if let Some((_, name)) = scope.pending.iter().find(|(pending, _)| std::ptr::eq(*pending, query)) {
            scope.ready.push((name.clone(), Work { tables: 1, expressions: 1 }));
        }
    }

    fn leave(&mut self, query: &Query) -> Result<()> {
        self.scopes.pop();
        let work = self.used.pop().unwrap_or_default();
        let Some(scope) = self.scopes.last_mut() else { return self.charge(work) };
        let cte = scope.pending.iter().position(|(pending, _)| std::ptr::eq(*pending, query));
        match cte {
            // It is charged where it is used; what it takes by itself is bounded already.
            Some(cte) => {
                let (_, name) = scope.pending.swap_remove(cte);
                scope.ready.push((name, work));
                Ok(())
            }
            None => self.charge(work),
        }
    }

    fn absent(clauses: &[(bool, &str)]) -> Result<()> {
        match clauses.iter().find(|(present, _)| *present) {
            Some((_, clause)) => Self::refuse(clause),
            None => Ok(()),
        }
    }

    fn body(body: &SetExpr) -> Result<()> {
        match body {
            SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) => Ok(()),
            // The planner makes a semi or anti join of them, which does not count how often a row comes.
            SetExpr::SetOperation { op, set_quantifier: SetQuantifier::All | SetQuantifier::AllByName, .. }
                if *op != SetOperator::Union =>
            {
                Err(Error::invalid("EXCEPT ALL and INTERSECT ALL are not supported"))
            }
            SetExpr::SetOperation { left, right, .. } => {
                Self::body(left)?;
                Self::body(right)
            }
            SetExpr::Table(_) => Self::refuse("TABLE (write SELECT * FROM)"),
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                Err(Error::invalid("only reading is allowed: no INSERT, UPDATE, DELETE or MERGE"))
            }
        }
    }

    fn select(&mut self, select: &Select) -> Result<()> {
        self.charge(Work { tables: 1, expressions: 1 })?;
        let modifiers = match &select.group_by {
            GroupByExpr::All(modifiers) | GroupByExpr::Expressions(_, modifiers) => modifiers,
        };
        Self::absent(&[
            (select.into.is_some(), "SELECT INTO"),
            (select.top.is_some(), "TOP (write LIMIT)"),
            (!select.lateral_views.is_empty(), "LATERAL VIEW"),
            (select.prewhere.is_some(), "PREWHERE"),
            (!select.connect_by.is_empty(), "CONNECT BY"),
            (!select.cluster_by.is_empty(), "CLUSTER BY"),
            (!select.distribute_by.is_empty(), "DISTRIBUTE BY"),
            (!select.sort_by.is_empty(), "SORT BY (write ORDER BY)"),
            (select.value_table_mode.is_some(), "SELECT AS VALUE or AS STRUCT"),
            (select.select_modifiers.is_some(), "a modifier after SELECT"),
            (select.exclude.is_some(), "EXCLUDE after the select list"),
            (!select.optimizer_hints.is_empty(), "an optimizer hint"),
            (!modifiers.is_empty(), "a modifier after GROUP BY"),
            (select.projection.is_empty(), "an empty select list"),
        ])?;
        if let GroupByExpr::Expressions(keys, _) = &select.group_by {
            let sets = keys.iter().map(Self::grouping_sets).fold(1_u64, u64::saturating_mul);
            if sets > MAX_GROUPING_SETS {
                return Err(Error::invalid(format!("more than {MAX_GROUPING_SETS} grouping sets")));
            }
        }
        select.from.iter().try_for_each(Self::joins)
    }

    fn grouping_sets(key: &Expr) -> u64 {
        let count = |sets: &Vec<Vec<Expr>>| u64::try_from(sets.len()).unwrap_or(u64::MAX);
        match key {
            Expr::Cube(sets) => 1_u64.checked_shl(u32::try_from(sets.len()).unwrap_or(u32::MAX)).unwrap_or(u64::MAX),
            Expr::Rollup(sets) => count(sets).saturating_add(1),
            Expr::GroupingSets(sets) => count(sets).max(1),
            _ => 1,
        }
    }

    fn joins(from: &TableWithJoins) -> Result<()> {
        for join in &from.joins {
            let odd = matches!(
                join.join_operator,
                JoinOperator::AsOf { .. } | JoinOperator::CrossApply | JoinOperator::OuterApply | JoinOperator::StraightJoin(_)
            );
            Self::absent(&[(join.global, "GLOBAL JOIN"), (odd, "this kind of join")])?;
        }
        Ok(())
    }

    fn factor(factor: &TableFactor) -> Result<()> {
        match factor {
            TableFactor::Table {
                name,
                alias: _,
                args,
                with_hints,
                version,
                with_ordinality,
                partitions,
                json_path,
                sample,
                index_hints,
            } => {
                written(name)?;
                Self::absent(&[
                    (args.is_some(), "a table function"),
                    (!with_hints.is_empty() || !index_hints.is_empty(), "a table hint"),
                    (version.is_some(), "reading an older version"),
                    (*with_ordinality, "WITH ORDINALITY"),
                    (!partitions.is_empty(), "PARTITION after a table"),
                    (json_path.is_some(), "a path after a table"),
                    (sample.is_some(), "TABLESAMPLE"),
                ])
            }
            TableFactor::Derived { lateral, subquery: _, alias: _, sample } => {
                Self::absent(&[(*lateral, "LATERAL"), (sample.is_some(), "TABLESAMPLE")])
            }
            TableFactor::NestedJoin { table_with_joins, .. } => Self::joins(table_with_joins),
            TableFactor::UNNEST { with_offset, with_offset_alias, with_ordinality, .. } => Self::absent(&[
                (*with_offset || with_offset_alias.is_some(), "UNNEST WITH OFFSET"),
                (*with_ordinality, "UNNEST WITH ORDINALITY"),
            ]),
            TableFactor::TableFunction { .. } | TableFactor::Function { .. } => Self::refuse("a table function"),
            _ => Self::refuse("this in FROM"),
        }
    }

    fn called(expr: &Expr) -> Option<String> {
        let Expr::Function(call) = expr else { return None };
        match call.name.0.as_slice() {
            [ObjectNamePart::Identifier(name)] => Some(folded(name)),
            _ => Some(call.name.to_string()),
        }
    }

    fn is_map(expr: &Expr) -> bool {
        Self::called(expr).is_some_and(|name| name == "map")
    }

    fn expression(&mut self, expr: &Expr) -> Result<()> {
        self.depth += level(expr);
        if let Some(name) = Self::called(expr) {
            self.maps += usize::from(name == "map");
            self.names.functions.push(name);
        }
        if self.depth > MAX_DEPTH {
            return Err(Error::invalid(
                "an expression nests too deeply, or has too many operators in a row; for many values write IN",
            ));
        }
        if self.maps > MAX_MAPS {
            return Err(Error::invalid(format!("calls of map nest more than {MAX_MAPS} deep")));
        }
        // Planning a nest takes time that grows with the cube of its depth, so that each level of it costs the square.
        let depth = u64::try_from(self.depth).unwrap_or(u64::MAX);
        self.charge(Work { tables: 0, expressions: 1 + depth.saturating_mul(depth) / 12_000 })
    }
}

fn flow(result: Result<()>) -> ControlFlow<Error> {
    result.map_or_else(ControlFlow::Break, ControlFlow::Continue)
}

impl Visitor for Shape {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Error> {
        flow(self.enter(query))
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<Error> {
        flow(self.leave(query))
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Error> {
        flow(self.select(select))
    }

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<Error> {
        flow(self.relation(name))
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Error> {
        flow(Self::factor(factor))
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Error> {
        flow(self.expression(expr))
    }

    fn post_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Error> {
        self.depth -= level(expr);
        self.maps -= usize::from(Self::is_map(expr));
        ControlFlow::Continue(())
    }

    fn pre_visit_statement(&mut self, _statement: &Statement) -> ControlFlow<Error> {
        ControlFlow::Break(Error::invalid("only reading is allowed"))
    }
}
