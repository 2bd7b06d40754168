//! One row looked at: whether it is as the header and the declared types want it.

use super::super::report::Problem;
use super::super::types::Declared;
use super::super::values::{Span, not_of};
use super::Dialect;
use super::records::{Fields, Record};

/// What rows are held to.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) dialect: Dialect,
    pub(super) names: Vec<String>,
    /// By column; `None`: found out.
    pub(super) declared: Vec<Option<Declared>>,
    pub(super) nulls: Vec<String>,
}

impl Layout {
    /// Whether a field stands for nothing.
    #[inline]
    pub(super) fn is_null(&self, text: &str) -> bool {
        text.is_empty() || self.nulls.iter().any(|null| null == text)
    }

    /// What is wrong with a row, if anything. What its declared columns hold is taken into `spans`, one for each column. `valid` is
    /// the piece of text that the row is of, if that is UTF-8 as a whole.
    pub(super) fn wrong(&self, record: Record, fields: &Fields<'_>, valid: Option<&str>, spans: &mut [Span]) -> Option<Problem> {
        let name = |at: usize| self.names.get(at).cloned();
        let problem =
            |at: usize, message: String| Problem { line: record.line + 1, column: name(at), field: Some(at + 1), message };
        if !record.closed {
            return Some(problem(fields.len() - 1, "a quote is opened here and never closed".to_owned()));
        }
        if valid.is_none()
            && let Some(at) = (0..fields.len()).find(|at| fields.text(*at, None).is_none())
        {
            return Some(problem(at, "not readable in the file's encoding".to_owned()));
        }
        let (has, wants) = (fields.len(), self.names.len());
        if has != wants {
            let plural = |count: usize| if count == 1 { "" } else { "s" };
            let message = format!("the row has {has} field{}, the file {wants} column{}", plural(has), plural(wants));
            return Some(problem(has.min(wants), message));
        }
        for (at, declared) in self.declared.iter().enumerate() {
            let Some(declared) = declared else { continue };
            let text = fields.text(at, valid).unwrap_or_default();
            if !self.is_null(text) && !spans[at].see(*declared, text) {
                return Some(problem(at, not_of(*declared, text)));
            }
        }
        None
    }
}
