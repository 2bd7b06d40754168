//! What can go wrong, in words free of any transport: a [`Code`], what the caller may read, what only the log may read.

use std::fmt;

/// The result of everything in Datahall that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The kinds of failure. A dialect turns each into its own status and body; no other layer knows status codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// The request is wrong in itself: a bad value, an unknown column, a source that cannot be opened.
    Invalid,
    /// Nobody in particular asked, or the credential does not hold.
    Unauthenticated,
    /// The caller is known and may not do this.
    Forbidden,
    /// There is no such thing, or the caller may not know that there is.
    NotFound,
    /// The request contradicts the state as it is now.
    Conflict,
    /// The object is in another version than the one the request was made for.
    Stale,
    /// The request is larger than what is accepted.
    TooLarge,
    /// The answer needs more memory, rows or time than one caller is given.
    LimitExceeded,
    /// It took longer than the time a request is given.
    Timeout,
    /// The caller tried too often, or has too much going on; the error says when to try again.
    Throttled,
    /// Not now: still loading, at capacity, or a source that went away.
    Unavailable,
    /// There is no space left for writing, or what is written to has become read-only (HTTP's 507); reading goes on.
    StorageFull,
    /// A fault of Datahall itself.
    Internal,
}

/// A failure: its kind, the message the caller reads, and the detail that only the log gets.
#[derive(Clone)]
pub struct Error {
    code: Code,
    message: String,
    detail: Option<String>,
    retry_after_secs: Option<u32>,
    of_source: bool,
}

impl Error {
    /// An error of `code` whose `message` the caller may read.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), detail: None, retry_after_secs: None, of_source: false }
    }

    /// The request is wrong; `message` says what and where.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::Invalid, message)
    }

    /// There is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// The caller may not do this.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(Code::Forbidden, message)
    }

    /// Not now; `message` says why.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Code::Unavailable, message)
    }

    /// A fault of ours: the caller reads "internal error", the log reads `detail`.
    pub fn internal(detail: impl fmt::Display) -> Self {
        Self::new(Code::Internal, "internal error").with_detail(detail)
    }

    /// Adds what only the log may say.
    #[must_use]
    pub fn with_detail(mut self, detail: impl fmt::Display) -> Self {
        self.detail = Some(detail.to_string());
        self
    }

    /// Adds after how many seconds trying again makes sense.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_secs = Some(seconds);
        self
    }

    /// Says that it comes from where a dataset's rows are: what is away is that, not this server.
    #[must_use]
    pub fn of_source(mut self) -> Self {
        self.of_source = true;
        self
    }

    /// Puts `context` and a colon before the message, as in `dataset 'x': no such file`.
    #[must_use]
    pub fn context(mut self, context: impl fmt::Display) -> Self {
        self.message = format!("{context}: {}", self.message);
        self
    }

    /// The kind of failure.
    pub fn code(&self) -> Code {
        self.code
    }

    /// What the caller may read.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What only the log may read.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// Whether it comes from where a dataset's rows are.
    pub fn is_of_source(&self) -> bool {
        self.of_source
    }

    /// Seconds after which the caller may try again.
    pub fn retry_after_secs(&self) -> Option<u32> {
        self.retry_after_secs
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.code, self.message)?;
        match &self.detail {
            Some(detail) => write!(f, " ({detail})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_never_reads_the_detail() {
        let error = Error::internal("secret path").context("dataset 'x'");
        assert_eq!(error.to_string(), "dataset 'x': internal error");
        assert_eq!(error.detail(), Some("secret path"));
    }
}
