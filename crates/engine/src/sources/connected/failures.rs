//! What went wrong at a database, in words that name no secret: whether it is away, or was asked for what is not there.

use datahall_core::{Code, Error};
use sqlx::error::DatabaseError;

/// How rustls begins to say what is wrong with a certificate.
const BAD_CERTIFICATE: &str = "invalid peer certificate: ";

/// What is said of a database that does not answer; why is only logged.
pub(super) fn away(name: &str, detail: impl std::fmt::Display) -> Error {
    Error::unavailable(format!("connector '{name}' does not answer")).with_detail(detail).retry_after(5)
}

/// What is said of a database that turns the login down.
pub(super) fn turned_down(name: &str, detail: impl std::fmt::Display) -> Error {
    Error::unavailable(format!("connector '{name}' does not let us in: user, password, database or sslmode is wrong"))
        .with_detail(detail)
}

/// `error` of the connection `name`. What `asked` says of an error of the database's own is what it is: `None` means that the
/// database is not to be had.
pub(super) fn explain(name: &str, error: sqlx::Error, asked: impl Fn(&dyn DatabaseError) -> Option<Error>) -> Error {
    match &error {
        sqlx::Error::Database(inner) => asked(&**inner).map_or_else(|| away(name, &error), |known| known.with_detail(&error)),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            Error::invalid(format!("connector '{name}' gave a value that cannot be read")).with_detail(error)
        }
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) => untrusted(name, &error).unwrap_or_else(|| away(name, error)),
        _ => away(name, error),
    }
}

/// What is said of a database whose certificate does not hold, if that is what went wrong.
fn untrusted(name: &str, error: &sqlx::Error) -> Option<Error> {
    let text = error.to_string();
    let (_, why) = text.split_once(BAD_CERTIFICATE)?;
    let why = why.split(';').next().unwrap_or_default();
    let message = format!("connector '{name}': the certificate of the database is not one that is trusted here ({why})");
    Some(Error::unavailable(message).with_detail(text.as_str()))
}

/// What the database itself says of the statement.
pub(super) fn refused(error: &dyn DatabaseError) -> Error {
    Error::new(Code::Invalid, format!("the database refuses it: {}", error.message()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_does_not_hold_is_told_from_a_database_that_is_away() {
        let of = |text: &str| explain("db", sqlx::Error::Io(std::io::Error::other(text)), |_| None);
        let wrong = of("invalid peer certificate: certificate not valid for name \"a\"; certificate is only valid for b");
        let said = "connector 'db': the certificate of the database is not one that is trusted here (certificate not valid for name \"a\")";
        assert_eq!((wrong.code(), wrong.message()), (Code::Unavailable, said));
        assert_eq!(of("connection refused").message(), "connector 'db' does not answer");
    }
}
