//! Masks: how columns are shown to whom they are not meant for.

use crate::Object;
use crate::record::{Column, Find, Meta, Record, Table};
use serde::{Deserialize, Serialize};

/// How a column is shown to whoever may not see it as it is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Mask {
    /// Id, version, who and when.
    #[serde(skip)]
    pub meta: Meta,
    /// The id of the dataset.
    pub dataset: String,
    /// The column, spelt as the data spells it: data may have two that differ in case.
    pub column: String,
    /// What is done to its values; empty when the column is only hidden.
    pub strategy: String,
    /// Whether the column is not shown at all.
    pub hidden: bool,
    /// Who sees it as it is.
    pub unmask_roles: Vec<String>,
    /// What the strategy needs, and what is known of the column's sensitivity.
    pub params: Object,
}

impl Mask {
    /// Of that column of the dataset of that id.
    pub fn by_column(dataset: &str, column: &str) -> Find<Self> {
        Find::new(&["dataset", "column"], [dataset.into(), column.into()])
    }
}

const COLUMNS: &[Column] = &[Column::part_of("dataset", "datasets"), Column::text("column"), Column::flag("hidden")];

impl Record for Mask {
    const TABLE: &'static Table = &Table { unique: &[&["dataset", "column"]], ..Table::new("masks", "mask", COLUMNS) };

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}
