//! Reading the log: filters, newest first, a page at a time.

use super::{Outcome, layout};
use crate::Millis;
use crate::record::{Page, Value, rows};
use crate::store::errors;
use datahall_core::Result;
use serde_json::Value as Json;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

/// Which entries to read. What is `None` does not matter.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// Not before.
    pub from: Option<Millis>,
    /// Before.
    pub until: Option<Millis>,
    /// By whom.
    pub principal: Option<String>,
    /// What was done.
    pub action: Option<String>,
    /// The kind of what it was done to.
    pub object_type: Option<String>,
    /// The id of what it was done to.
    pub object: Option<String>,
    /// In which organisation, by id.
    pub organisation: Option<String>,
    /// By which request.
    pub request_id: Option<String>,
    /// How it went.
    pub outcome: Option<Outcome>,
    /// At most so many.
    pub limit: u64,
    /// After so many others.
    pub offset: u64,
}

/// An entry as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRecord {
    /// Grows with every entry.
    pub id: i64,
    /// When.
    pub at: Millis,
    /// Who.
    pub principal: String,
    /// From where, when known.
    pub address: Option<String>,
    /// What was done or tried.
    pub action: String,
    /// The kind of what it was done to; may be empty.
    pub object_type: String,
    /// The id of what it was done to; may be empty.
    pub object: String,
    /// In which organisation, by id.
    pub organisation: Option<String>,
    /// The record before, without secrets.
    pub before: Option<Json>,
    /// The record after, without secrets.
    pub after: Option<Json>,
    /// Anything else.
    pub detail: Option<Json>,
    /// How it went.
    pub outcome: Outcome,
    /// By which request; may be empty.
    pub request_id: String,
}

impl AuditQuery {
    fn condition(&self) -> (String, Vec<Value>) {
        let text = |value: &Option<String>| value.as_ref().map(Value::from);
        let filters = [
            ("at\" >=", self.from.map(Value::from)),
            ("at\" <", self.until.map(Value::from)),
            ("principal\" =", text(&self.principal)),
            ("action\" =", text(&self.action)),
            ("object_type\" =", text(&self.object_type)),
            ("object\" =", text(&self.object)),
            ("organisation\" =", text(&self.organisation)),
            ("request_id\" =", text(&self.request_id)),
            ("outcome\" =", self.outcome.map(|outcome| outcome.as_str().into())),
        ];
        let (mut condition, mut values) = (String::new(), Vec::new());
        for (comparison, value) in filters {
            let Some(value) = value else { continue };
            values.push(value);
            let word = if values.len() == 1 { "WHERE" } else { "AND" };
            condition.push_str(&format!(" {word} \"{comparison} ${}", values.len()));
        }
        (condition, values)
    }
}

/// The entries, newest first, and how many there are in all.
pub(crate) async fn read(connection: &mut AnyConnection, query: &AuditQuery) -> Result<Page<AuditRecord>> {
    let (condition, mut values) = query.condition();
    if values.iter().any(|value| value.shown().contains('\0')) {
        return Ok(Page { items: Vec::new(), total: Some(0) });
    }
    let counted = rows(connection, format!("SELECT count(*) FROM \"audit\"{condition}"), values.clone()).await?;
    let total: i64 = counted.first().map_or(Ok(0), |row| row.try_get(0)).map_err(errors::general)?;
    let number = values.len();
    let page = format!(" ORDER BY \"id\" DESC LIMIT ${} OFFSET ${}", number + 1, number + 2);
    let clamp = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    values.extend([clamp(query.limit).into(), clamp(query.offset).into()]);
    let text = format!("SELECT {} FROM \"audit\"{condition}{page}", layout().names());
    let found = rows(connection, text, values).await?;
    let items = found.iter().map(|row| from_row(row).map_err(errors::general)).collect::<Result<_>>()?;
    Ok(Page { items, total: Some(u64::try_from(total).unwrap_or_default()) })
}

fn from_row(row: &AnyRow) -> Result<AuditRecord, sqlx::Error> {
    let json = |index: usize| -> Result<Option<Json>, sqlx::Error> {
        let text: Option<String> = row.try_get(index)?;
        text.map(|text| serde_json::from_str(&text).map_err(|error| sqlx::Error::Decode(error.into()))).transpose()
    };
    Ok(AuditRecord {
        id: row.try_get(0)?,
        at: Millis(row.try_get(1)?),
        principal: row.try_get(2)?,
        address: row.try_get(3)?,
        action: row.try_get(4)?,
        object_type: row.try_get(5)?,
        object: row.try_get(6)?,
        organisation: row.try_get(7)?,
        before: json(8)?,
        after: json(9)?,
        detail: json(10)?,
        outcome: Outcome::parse(row.try_get(11)?),
        request_id: row.try_get(12)?,
    })
}
