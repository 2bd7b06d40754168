//! Mail: what it says, and sending it by SMTP.

use super::super::flow::Flow;
use crate::Object;
use crate::config::SpecsMail;
use datahall_core::{Error, Result};
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::fmt::Write as _;
use std::time::Duration;
use url::Url;

const PATIENCE: Duration = Duration::from_secs(20);
/// Lines of what went wrong that are sent.
const MOST_LINES: usize = 100;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// Its subject.
    pub subject: String,
    /// What it says.
    pub text: String,
}

impl Mail {
    /// That a flow failed.
    pub(super) fn of_flow(event: &Object, flow: &Flow) -> Self {
        let id = event.get("flow_id").and_then(Json::as_str).unwrap_or_default();
        let mut text = format!("The data package {id} could not be made.\n\nPipelines that failed:\n");
        for pipeline in flow.pipelines.iter().filter(|pipeline| !pipeline.error_log.is_empty()).take(MOST_LINES) {
            let _ = writeln!(text, "  {} ({})", pipeline.id, pipeline.title);
        }
        text.push_str("\nWhat went wrong:\n");
        lines(&mut text, flow.error_log.as_deref().unwrap_or_default());
        Self { subject: format!("FAILED: {id}"), text }
    }

    /// That an upload failed.
    pub(super) fn of_upload(dataset: &str, errors: &[String]) -> Self {
        let mut text = format!("A spec for {dataset} was uploaded and not taken.\n\nWhat is wrong:\n");
        lines(&mut text, errors);
        Self { subject: format!("Upload failed: {dataset}"), text }
    }
}

fn lines(text: &mut String, lines: &[String]) {
    for line in lines.iter().take(MOST_LINES) {
        let _ = writeln!(text, "  {line}");
    }
    if lines.len() > MOST_LINES {
        let _ = writeln!(text, "  and {} lines more", lines.len() - MOST_LINES);
    }
}

/// Sends it.
pub(super) async fn send(settings: &SpecsMail, password: Option<&str>, message: &Mail) -> Result<()> {
    let failed = |error: lettre::transport::smtp::Error| {
        let why = match (error.status(), error.is_timeout()) {
            (Some(code), _) => format!("the mail server refuses it with code {code}"),
            (None, true) => "the mail server does not answer in time".to_owned(),
            (None, false) => "the mail server cannot be reached".to_owned(),
        };
        Error::unavailable(why).with_detail(error)
    };
    let mut letter = Message::builder().from(mailbox(&settings.from)?).subject(&message.subject).header(ContentType::TEXT_PLAIN);
    for to in &settings.to {
        letter = letter.to(mailbox(to)?);
    }
    let letter =
        letter.body(message.text.clone()).map_err(|error| Error::invalid("a message that cannot be sent").with_detail(error))?;
    let server = Url::parse(&settings.server).map_err(|_| Error::invalid("[specs.mail] server: is no URL"))?;
    let host = server.host_str().ok_or_else(|| Error::invalid("[specs.mail] server: names no host"))?;
    let direct = server.scheme() == "smtps";
    let tls = match (direct, settings.starttls) {
        (true, _) => Tls::Wrapper(TlsParameters::new(host.to_owned()).map_err(failed)?),
        (false, true) => Tls::Required(TlsParameters::new(host.to_owned()).map_err(failed)?),
        (false, false) => Tls::None,
    };
    let port = server.port().unwrap_or(if direct { 465 } else { 25 });
    let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host).port(port).tls(tls).timeout(Some(PATIENCE));
    if let Some(user) = &settings.user {
        transport = transport.credentials(Credentials::new(user.clone(), password.unwrap_or_default().to_owned()));
    }
    transport.build().send(letter).await.map(drop).map_err(failed)
}

fn mailbox(address: &str) -> Result<Mailbox> {
    address.parse().map_err(|_| Error::invalid("[specs.mail]: an address that is none"))
}
