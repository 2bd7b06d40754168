//! How a kind of record is kept: its table, columns, unique keys, parents and secrets, as constants.

/// The table of one kind of record. Beside what `columns` lists it has the columns of [`Meta`](crate::Meta) and `body`.
#[derive(Debug)]
pub struct Table {
    /// The table, which is also the name of its epoch.
    pub name: &'static str,
    /// What messages and the audit log call one record: `dataset`.
    pub noun: &'static str,
    /// The fields that are columns; every other field goes into `body`.
    pub columns: &'static [Column],
    /// The sets of columns that no two records share. Each has an index `TABLE_by_COLUMN_COLUMN…`.
    pub unique: &'static [&'static [&'static str]],
    /// The fields that the audit log must not show.
    pub secrets: &'static [Secret],
    /// The columns that may be written without a change: times of last use and the like.
    pub bookkeeping: &'static [&'static str],
    /// Whether the column `page_id` names a page of the portal: filled in on insert, never given twice, never changed.
    pub page: bool,
}

impl Table {
    /// A table without unique keys, secrets, bookkeeping and pages.
    pub const fn new(name: &'static str, noun: &'static str, columns: &'static [Column]) -> Self {
        Self { name, noun, columns, unique: &[], secrets: &[], bookkeeping: &[], page: false }
    }

    /// The column of that name.
    pub(crate) fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// A field of a record that has a column of its own.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// The field and the column.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// The table whose ids it holds, if any.
    pub parent: Option<Parent>,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text, compared exactly.
    Text,
    /// A name: compared, ordered and searched ignoring case, by a second column `NAME_key` that holds it in lower case.
    Name,
    /// A whole number, or a moment in milliseconds.
    Int,
    /// True or false.
    Flag,
}

/// What a column refers to.
#[derive(Debug, Clone, Copy)]
pub struct Parent {
    /// The table that has the id.
    pub table: &'static str,
    /// Whether deleting the parent deletes this too; otherwise it is refused.
    pub cascade: bool,
}

impl Column {
    /// Text, compared exactly.
    pub const fn text(name: &'static str) -> Self {
        Self { name, kind: Kind::Text, parent: None }
    }

    /// A name, compared ignoring case.
    pub const fn name(name: &'static str) -> Self {
        Self { name, kind: Kind::Name, parent: None }
    }

    /// A whole number or a moment.
    pub const fn int(name: &'static str) -> Self {
        Self { name, kind: Kind::Int, parent: None }
    }

    /// True or false.
    pub const fn flag(name: &'static str) -> Self {
        Self { name, kind: Kind::Flag, parent: None }
    }

    /// The id of a record of `table`, which cannot be deleted while this one is there.
    pub const fn refers(name: &'static str, table: &'static str) -> Self {
        Self { name, kind: Kind::Text, parent: Some(Parent { table, cascade: false }) }
    }

    /// The id of a record of `table` that this one is a part of: it goes when that goes.
    pub const fn part_of(name: &'static str, table: &'static str) -> Self {
        Self { name, kind: Kind::Text, parent: Some(Parent { table, cascade: true }) }
    }

    /// The column by which it is compared.
    pub(crate) fn compared(&self) -> String {
        if self.kind == Kind::Name { format!("{}_key", self.name) } else { self.name.to_owned() }
    }
}

/// A part of a record that the audit log must not show.
#[derive(Debug, Clone, Copy)]
pub enum Secret {
    /// The whole field.
    Field(&'static str),
    /// Everything in this object but plain values under these keys.
    AllBut(&'static str, &'static [&'static str]),
}

impl Secret {
    /// The field it is about.
    pub(crate) fn field(&self) -> &'static str {
        match self {
            Self::Field(field) | Self::AllBut(field, _) => field,
        }
    }
}
