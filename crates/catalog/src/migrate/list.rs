//! The migrations, in order.

use crate::store::Backend;
use sha2::{Digest as _, Sha256};

/// A step of the schema.
#[derive(Debug)]
pub(crate) struct Migration {
    /// Its place in the order, from 1, without gaps.
    pub(crate) number: i64,
    /// What it is about.
    pub(crate) name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

/// Every migration. One text serves both databases where it can: `{text}` stands for text compared byte by byte.
pub(crate) const MIGRATIONS: &[Migration] = &[
    both(1, "records", include_str!("../../migrations/0001_records.sql")),
    Migration {
        number: 2,
        name: "audit",
        sqlite: include_str!("../../migrations/0002_audit.sqlite.sql"),
        postgres: include_str!("../../migrations/0002_audit.postgres.sql"),
    },
    both(3, "jobs", include_str!("../../migrations/0003_jobs.sql")),
    both(4, "specs", include_str!("../../migrations/0004_specs.sql")),
];

/// The version of the schema this program works with.
pub(crate) const LATEST: i64 = MIGRATIONS[MIGRATIONS.len() - 1].number;

const fn both(number: i64, name: &'static str, text: &'static str) -> Migration {
    Migration { number, name, sqlite: text, postgres: text }
}

impl Migration {
    fn template(&self, backend: Backend) -> &'static str {
        match backend {
            Backend::Sqlite => self.sqlite,
            Backend::Postgres => self.postgres,
        }
    }

    /// The statements for that database.
    pub(crate) fn text(&self, backend: Backend) -> String {
        // SQLite compares text byte by byte anyway.
        let text = match backend {
            Backend::Sqlite => "TEXT",
            Backend::Postgres => "TEXT COLLATE \"C\"",
        };
        self.template(backend).replace("{text}", text)
    }

    /// What the catalog remembers of the text: its SHA-256 in hexadecimal.
    pub(crate) fn checksum(&self, backend: Backend) -> String {
        Sha256::digest(self.template(backend)).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The checksums of both texts.
    pub(crate) fn checksums(&self) -> [String; 2] {
        [self.checksum(Backend::Sqlite), self.checksum(Backend::Postgres)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Kind, Layout};
    use crate::records::TABLES;

    #[test]
    fn numbers_have_no_gaps() {
        let numbers: Vec<_> = MIGRATIONS.iter().map(|migration| migration.number).collect();
        assert_eq!(numbers, (1..=LATEST).collect::<Vec<_>>());
    }

    #[test]
    fn every_table_is_made_as_its_constants_say() {
        for backend in [Backend::Sqlite, Backend::Postgres] {
            let text: String = MIGRATIONS.iter().map(|migration| migration.text(backend)).collect();
            for table in TABLES {
                let create = text.split(&format!("CREATE TABLE \"{}\" (", table.name)).nth(1).expect(table.name);
                let create = create.split("\n);").next().unwrap();
                let add = format!("ALTER TABLE \"{}\" ADD COLUMN ", table.name);
                let added = text.lines().filter_map(|line| line.strip_prefix(&add));
                let lines: Vec<&str> = create.lines().chain(added).collect();
                for (name, is_text) in &Layout::of(table).columns {
                    let line = lines.iter().find(|line| line.trim_start().starts_with(&format!("\"{name}\" "))).expect(name);
                    assert_eq!(line.contains("TEXT"), *is_text, "{}.{name}", table.name);
                    let parent = table.column(name).and_then(|column| column.parent);
                    assert_eq!(parent.is_some(), line.contains("REFERENCES"), "{}.{name}", table.name);
                    let cascade = parent.is_some_and(|parent| parent.cascade);
                    assert_eq!(cascade, line.contains("ON DELETE CASCADE"), "{}.{name}", table.name);
                    assert!(parent.is_none_or(|parent| line.contains(&format!("\"{}\"", parent.table))));
                }
                for key in table.unique {
                    let columns: Vec<_> = key.iter().map(|name| format!("\"{}\"", column_of(table, name))).collect();
                    let name = format!("{}_by_{}", table.name, key.join("_"));
                    let index = format!("CREATE UNIQUE INDEX \"{name}\" ON \"{}\" ({});", table.name, columns.join(", "));
                    assert!(text.contains(&index), "{index}");
                }
            }
        }
    }

    fn column_of(table: &crate::record::Table, name: &str) -> String {
        let column = table.column(name).unwrap();
        if column.kind == Kind::Name { format!("{name}_key") } else { name.to_owned() }
    }
}
