//! How much of anything a file may hold.

/// How much of anything a file may hold; beyond it the file is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that a compressed file may unpack to.
    pub unpacked_bytes: u64,
    /// Bytes unpacked for each byte packed, once 64 MiB are unpacked.
    pub ratio: u64,
    /// Bytes of one row of a text format, and so of one cell.
    pub row_bytes: usize,
    /// Columns, those within columns counted.
    pub columns: usize,
    /// Levels of lists and objects within one another.
    pub depth: usize,
    /// Values of one column in one row group of Parquet where rows hold lists.
    pub list_values: u64,
    /// Cells of a Parquet or Arrow file.
    pub cells: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            unpacked_bytes: 2 << 30,
            ratio: 250,
            row_bytes: 16 << 20,
            columns: 10_000,
            depth: 64,
            list_values: 32_000_000,
            cells: 1_000_000_000,
        }
    }
}

impl Limits {
    /// What is said of too many columns.
    pub(crate) fn check_columns(&self, columns: usize) -> super::Result<()> {
        if columns > self.columns {
            return Err(super::Fault::TooLarge(format!("the file has {columns} columns; {} are the most", self.columns)));
        }
        Ok(())
    }

    /// Columns and depth of a schema.
    pub(crate) fn check_schema(&self, schema: &arrow::datatypes::Schema) -> super::Result<()> {
        let mut count = 0;
        let deep = schema.fields().iter().map(|field| depth(field.data_type(), &mut count)).max().unwrap_or(0);
        if deep > self.depth {
            return Err(super::Fault::TooLarge(format!("columns are nested {deep} levels deep; {} are the most", self.depth)));
        }
        self.check_columns(count)
    }
}

/// How deep a type is, counting what is in it.
fn depth(data_type: &arrow::datatypes::DataType, count: &mut usize) -> usize {
    use arrow::datatypes::DataType as D;
    *count += 1;
    match data_type {
        D::List(item) | D::LargeList(item) | D::ListView(item) | D::LargeListView(item) | D::FixedSizeList(item, _) => {
            1 + depth(item.data_type(), count)
        }
        D::Map(entries, _) => 1 + depth(entries.data_type(), count),
        D::Struct(fields) => 1 + fields.iter().map(|field| depth(field.data_type(), count)).max().unwrap_or(0),
        D::Dictionary(_, values) => depth(values, count),
        D::RunEndEncoded(_, values) => depth(values.data_type(), count),
        _ => 1,
    }
}
