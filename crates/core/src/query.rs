//! The one query language that every dialect's own grammar compiles to.
//!
//! Columns are named as the caller wrote them until [`Query::resolve`] has put the table's own spelling in their place.

mod resolve;

pub use resolve::find_column;

/// What to read from one table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Query {
    /// The columns to give; empty: all that are visible. Ignored when grouping.
    pub select: Vec<String>,
    /// Which rows.
    pub filter: Expr,
    /// The columns to group by. With `aggregates` and no group, the whole table is one group.
    pub group: Vec<String>,
    /// What to compute per group.
    pub aggregates: Vec<Aggregate>,
    /// Which groups; names group columns and aliases.
    pub having: Expr,
    /// Give each distinct row once.
    pub distinct: bool,
    /// In which order.
    pub order: Vec<Order>,
    /// Rows to leave out first.
    pub offset: u64,
    /// Rows to give at most.
    pub limit: Option<u64>,
}

impl Query {
    /// The query that gives the number of rows that match `filter`, in one row with the one column `count`.
    pub fn count(filter: Expr) -> Self {
        let aggregates = vec![Aggregate { function: Function::Count, column: None, alias: "count".into() }];
        Self { filter, aggregates, ..Self::default() }
    }

    /// Whether it computes groups rather than giving rows.
    pub fn is_grouped(&self) -> bool {
        !self.group.is_empty() || !self.aggregates.is_empty()
    }
}

/// A condition on a row. Conditions on null are never true, except [`Expr::IsNull`].
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "each field is what its name says")]
pub enum Expr {
    /// All of them hold; none: always true.
    All(Vec<Expr>),
    /// One of them holds; none: never true.
    Any(Vec<Expr>),
    /// It is false (not: unknown).
    Not(Box<Expr>),
    /// Column against value.
    Compare { column: String, op: Compare, value: Value },
    /// Column equals one of the values.
    In { column: String, values: Vec<Value> },
    /// SQL LIKE: `%` any text, `_` one character, backslash escapes.
    Like { column: String, pattern: String, ignore_case: bool },
    /// Column is null.
    IsNull { column: String },
    /// Column is not null.
    IsNotNull { column: String },
}

impl Default for Expr {
    fn default() -> Self {
        Self::All(Vec::new())
    }
}

impl Expr {
    /// Whether it is true of every row because it says nothing.
    pub fn is_trivial(&self) -> bool {
        matches!(self, Self::All(parts) if parts.iter().all(Self::is_trivial))
    }

    /// Calls `visit` with every column it names.
    ///
    /// # Errors
    /// The first that `visit` gives.
    pub fn try_each_column<E>(&mut self, visit: &mut impl FnMut(&mut String) -> Result<(), E>) -> Result<(), E> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter_mut().try_for_each(|part| part.try_each_column(visit)),
            Self::Not(part) => part.try_each_column(visit),
            Self::Compare { column, .. }
            | Self::In { column, .. }
            | Self::Like { column, .. }
            | Self::IsNull { column }
            | Self::IsNotNull { column } => visit(column),
        }
    }
}

/// How a column is compared with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the usual six")]
pub enum Compare {
    Eq,
    Neq,
    Gt,
    Gte,
    Lt,
    Lte,
}

/// A literal, before it meets the type of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A whole number, exact.
    Int(i128),
    /// Any other number.
    Float(f64),
    /// Text; also how dates, timestamps and exact decimals are written.
    Text(String),
}

/// One computed column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregate {
    /// What is computed.
    pub function: Function,
    /// Of which column; `None` only for counting rows.
    pub column: Option<String>,
    /// The name of the result.
    pub alias: String,
}

/// What can be computed per group. Nulls do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the usual seven")]
pub enum Function {
    Count,
    Sum,
    Avg,
    Min,
    Max,
    /// How many different values.
    CountDistinct,
    /// The middle value, or the mean of the two in the middle.
    Median,
}

impl Function {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Min => "min",
            Self::Max => "max",
            Self::CountDistinct => "count_distinct",
            Self::Median => "median",
        }
    }
}

/// One ordering key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// A column; when grouping, a group column or an alias.
    pub column: String,
    /// Largest first.
    pub descending: bool,
    /// Nulls before all else rather than after it.
    pub nulls_first: bool,
}
