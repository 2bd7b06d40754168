//! Who makes a change, as the audit log names him.

/// Who makes a change, from where, and by which request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Actor {
    /// The principal: a login, a key's id, `admin`, `system`.
    pub principal: String,
    /// The network address it came from, when known.
    pub address: Option<String>,
    /// The id that the log line and an error answer share; empty when no request caused the change.
    pub request_id: String,
}

impl Actor {
    /// The program itself: start-up, retention, the job queue.
    pub fn system() -> Self {
        Self::named("system")
    }

    /// A principal without address or request.
    pub fn named(principal: impl Into<String>) -> Self {
        Self { principal: principal.into(), address: None, request_id: String::new() }
    }
}
