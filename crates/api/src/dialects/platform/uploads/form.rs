//! A form with a file in it: its texts kept, the file written to disk as it comes.

use crate::dialects::platform::fault::Fault;
use crate::shared::body;
use crate::shared::call::Call;
use axum::body::BodyDataStream;
use axum::http::{HeaderMap, StatusCode, header};
use datahall_core::{Code, Error};
use datahall_service::{Purpose, Received};
use futures::future::BoxFuture;
use multer::{Constraints, Field, Multipart, SizeLimit};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a form may hold beside its file: boundaries, headers, texts.
const BESIDE: u64 = 4 << 20;
/// Bytes of one text.
const LONGEST_TEXT: usize = 1 << 20;
/// Fields at most.
const MOST_FIELDS: usize = 64;
/// How long the next piece may take where requests may take as long as they like.
const IDLE: Duration = Duration::from_secs(60);
/// How much of a refused form is still read, so that the caller gets to see the answer, and for how long.
const DRAIN_BYTES: usize = 16 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// A form.
pub(super) struct Form {
    /// Its file.
    pub(super) received: Received,
    /// Its texts by their names.
    pub(super) texts: BTreeMap<String, String>,
}

/// Reads the form that the body of `call` is, its texts among `known`. `before_file` is asked, with the texts that came by then,
/// whether the file is to be read at all.
pub(super) async fn read(
    call: &mut Call,
    mut received: Received,
    known: &[&str],
    before_file: impl Fn(&BTreeMap<String, String>) -> BoxFuture<'static, Result<(), Fault>> + Send + Sync,
) -> Result<Form, Fault> {
    let request_body = std::mem::take(&mut call.body);
    let most = call.service().upload_limit();
    let boundary = match checked(&call.parts.headers, most) {
        Ok(boundary) => boundary,
        Err(fault) => {
            body::drain(&call.parts.headers, request_body);
            return Err(fault);
        }
    };
    let limits = SizeLimit::new().whole_stream(most.saturating_add(BESIDE));
    let stream: BodyDataStream = request_body.into_data_stream();
    let mut multipart = Multipart::with_constraints(stream, boundary, Constraints::new().size_limit(limits));
    let idle = call.app.timeout.unwrap_or(IDLE);
    let mut reading = Reading { idle, known, received: &mut received, texts: BTreeMap::new() };
    match reading.all(&mut multipart, before_file).await {
        Ok(()) => {
            let texts = reading.texts;
            Ok(Form { received, texts })
        }
        Err(fault) => {
            tokio::spawn(drain(multipart));
            Err(fault)
        }
    }
}

/// The boundary of a form that is one, and not too long by what it says of itself.
fn checked(headers: &HeaderMap, most: u64) -> Result<String, Fault> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let boundary = multer::parse_boundary(kind).map_err(|_| {
        let error = Error::invalid("content type error: send the file as multipart/form-data, in the field `file`");
        Fault::coded(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", error)
    })?;
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > most.saturating_add(BESIDE)) {
        return Err(too_large(most));
    }
    Ok(boundary)
}

struct Reading<'a> {
    idle: Duration,
    known: &'a [&'a str],
    received: &'a mut Received,
    texts: BTreeMap<String, String>,
}

impl Reading<'_> {
    async fn all(
        &mut self,
        multipart: &mut Multipart<'static>,
        before_file: impl Fn(&BTreeMap<String, String>) -> BoxFuture<'static, Result<(), Fault>> + Send + Sync,
    ) -> Result<(), Fault> {
        let mut count = 0;
        while let Some(field) = within(self.idle, multipart.next_field()).await? {
            count += 1;
            if count > MOST_FIELDS {
                return Err(Error::invalid(format!("the form has more than {MOST_FIELDS} fields")).into());
            }
            let name = field.name().unwrap_or_default().to_owned();
            if name == "file" {
                before_file(&self.texts).await?;
                self.file(field).await?;
            } else if self.known.contains(&name.as_str()) {
                let text = self.text(&name, field).await?;
                if self.texts.insert(name.clone(), text).is_some() {
                    return Err(Error::invalid(format!("{name}: is there twice")).into());
                }
            } else {
                let known = self.known.join(", ");
                let name: String = name.chars().filter(|letter| !letter.is_control()).take(64).collect();
                return Err(Error::invalid(format!("unknown field: {name} (known here: file, {known})")).into());
            }
        }
        if self.received.is_there() { Ok(()) } else { Err(Error::invalid("file: is missing").into()) }
    }

    async fn file(&mut self, mut field: Field<'static>) -> Result<(), Fault> {
        self.received.begin(field.file_name().unwrap_or_default()).await?;
        while let Some(piece) = within(self.idle, field.chunk()).await? {
            self.received.write(&piece).await.map_err(|error| match error.code() {
                Code::TooLarge => Fault::coded(StatusCode::PAYLOAD_TOO_LARGE, "file_too_large", error),
                _ => error.into(),
            })?;
        }
        Ok(self.received.end().await?)
    }

    async fn text(&self, name: &str, mut field: Field<'static>) -> Result<String, Fault> {
        let mut bytes = Vec::new();
        while let Some(piece) = within(self.idle, field.chunk()).await? {
            if bytes.len() + piece.len() > LONGEST_TEXT {
                return Err(Error::invalid(format!("{name}: is longer than {LONGEST_TEXT} bytes")).into());
            }
            bytes.extend_from_slice(&piece);
        }
        String::from_utf8(bytes).map_err(|_| Error::invalid(format!("{name}: is not UTF-8 text")).into())
    }
}

/// What comes next, unless it takes too long.
async fn within<T>(idle: Duration, next: impl Future<Output = multer::Result<T>>) -> Result<T, Fault> {
    let stalled = |_| Error::new(Code::Timeout, "the rest of the form did not come in time");
    Ok(tokio::time::timeout(idle, next).await.map_err(stalled)?.map_err(broken)?)
}

fn broken(error: multer::Error) -> Error {
    match error {
        multer::Error::StreamSizeExceeded { .. } => Error::new(Code::TooLarge, "the form is larger than what is taken"),
        _ => Error::invalid("the body is no readable form").with_detail(error),
    }
}

fn too_large(most: u64) -> Fault {
    let error = Error::new(Code::TooLarge, format!("the file is longer than {} MiB, the most that is taken", most >> 20));
    Fault::coded(StatusCode::PAYLOAD_TOO_LARGE, "file_too_large", error)
}

async fn drain(mut multipart: Multipart<'static>) {
    let all = async {
        let mut seen = 0;
        while let Ok(Some(mut field)) = multipart.next_field().await {
            while let Ok(Some(piece)) = field.chunk().await {
                seen += piece.len();
                if seen > DRAIN_BYTES {
                    return;
                }
            }
        }
    };
    // Whoever is slower than this does not wait for an answer.
    let _ = tokio::time::timeout(DRAIN_TIME, all).await;
}

/// A place for a file, or, where the caller gets none, what he is told; his body is read and forgotten then.
pub(super) async fn receive(call: &mut Call, purpose: Purpose) -> Result<Received, Fault> {
    let received = call.service().receive(&call.ctx, purpose).await;
    received.map_err(|error| {
        body::drain(&call.parts.headers, std::mem::take(&mut call.body));
        match error.code() {
            Code::Forbidden => Fault::denied(error, "dataset.readwrite"),
            _ => error.into(),
        }
    })
}
