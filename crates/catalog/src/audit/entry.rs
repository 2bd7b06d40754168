//! An entry to be written.

use crate::record::{Record, image};
use datahall_core::Result;
use serde_json::Value as Json;

/// How an attempt went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// Whoever tried may not.
    Refused,
    /// It went wrong.
    Failed,
}

impl Outcome {
    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    pub(super) fn parse(text: &str) -> Self {
        match text {
            "done" => Self::Done,
            "refused" => Self::Refused,
            _ => Self::Failed,
        }
    }
}

/// What was done or tried. Who, from where, when and by which request is added where it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    pub(super) action: String,
    pub(super) object_type: String,
    pub(super) object: String,
    pub(super) organisation: Option<String>,
    pub(super) before: Option<Json>,
    pub(super) after: Option<Json>,
    pub(super) detail: Option<Json>,
    pub(super) outcome: Outcome,
}

impl AuditEntry {
    /// That `action` (`dataset.query`, `login`) was done.
    pub fn new(action: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            object_type: String::new(),
            object: String::new(),
            organisation: None,
            before: None,
            after: None,
            detail: None,
            outcome: Outcome::Done,
        }
    }

    /// That a record was made; what it is goes along, without secrets.
    ///
    /// # Errors
    /// `Internal` when the record cannot be written as JSON.
    pub fn created<R: Record>(action: impl Into<String>, record: &R) -> Result<Self> {
        Ok(Self { after: Some(image(record, None)?), ..Self::about(action, record) })
    }

    /// That a record was changed; both states go along, without secrets.
    ///
    /// # Errors
    /// As [`AuditEntry::created`].
    pub fn updated<R: Record>(action: impl Into<String>, before: &R, after: &R) -> Result<Self> {
        let images = (Some(image(before, None)?), Some(image(after, Some(before))?));
        Ok(Self { before: images.0, after: images.1, ..Self::about(action, after) })
    }

    /// That a record was deleted; what it was goes along, without secrets.
    ///
    /// # Errors
    /// As [`AuditEntry::created`].
    pub fn deleted<R: Record>(action: impl Into<String>, record: &R) -> Result<Self> {
        Ok(Self { before: Some(image(record, None)?), ..Self::about(action, record) })
    }

    /// That something was done to a record without a change to it, as reading its secret.
    pub fn about<R: Record>(action: impl Into<String>, record: &R) -> Self {
        Self::new(action).on(R::TABLE.noun, &record.meta().id)
    }

    /// To what it was done: its kind and its id.
    #[must_use]
    pub fn on(mut self, object_type: impl Into<String>, object: impl Into<String>) -> Self {
        (self.object_type, self.object) = (object_type.into(), object.into());
        self
    }

    /// In which organisation, by id.
    #[must_use]
    pub fn organisation(mut self, id: impl Into<String>) -> Self {
        self.organisation = Some(id.into());
        self
    }

    /// Anything else worth knowing: a patch as it was sent, a reason. What looks like a secret is taken out, but what does
    /// not is the caller's care.
    #[must_use]
    pub fn detail(mut self, mut detail: Json) -> Self {
        crate::record::scrub(&mut detail);
        self.detail = Some(detail);
        self
    }

    /// How it went, where it did not go well.
    #[must_use]
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Hidden, User};
    use serde_json::json;

    #[test]
    fn entries_made_of_records_have_no_secrets() {
        let user = |hash: &str| User { login: "a".into(), password_hash: Some(Hidden(hash.into())), ..User::default() };
        let entry = AuditEntry::updated("user.update", &user("hunter1"), &user("hunter2")).unwrap();
        assert!(!format!("{entry:?}").contains("hunter"));
        assert_eq!(
            (entry.object_type.as_str(), entry.after.unwrap()["password_hash"].as_str()),
            ("user", Some("(secret, changed)"))
        );
        let entry = AuditEntry::new("x").detail(json!([{"path": "/a", "value": {"password": "hunter2"}}]));
        assert!(!format!("{entry:?}").contains("hunter"));
    }
}
