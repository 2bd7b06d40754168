//! The ways out: handed in, so that tests need no network.

use super::Mail;
use crate::config::SpecsMail;
use async_trait::async_trait;
use datahall_core::{Error, Result};
use std::time::Duration;

/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tells what happened to somebody outside. Where to is the configuration's business, and so is any address right.
#[async_trait]
pub trait Courier: Send + Sync {
    /// Sends JSON by `POST url`; any 2xx means that it arrived.
    ///
    /// # Errors
    /// `Unavailable`, saying why without naming the address, which may hold a secret.
    async fn post(&self, url: &str, json: Vec<u8>) -> Result<()>;

    /// Sends a message by the server that `settings` name.
    ///
    /// # Errors
    /// `Unavailable`, saying why.
    async fn mail(&self, settings: &SpecsMail, password: Option<&str>, message: &Mail) -> Result<()>;
}

/// Over HTTP(S) and SMTP.
#[derive(Debug, Clone)]
pub struct NetCourier {
    client: reqwest::Client,
}

impl NetCourier {
    /// One that follows no redirects and waits for ten seconds.
    ///
    /// # Errors
    /// `Internal` when the platform gives no TLS roots.
    pub fn new() -> Result<Self> {
        let client = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build();
        Ok(Self { client: client.map_err(Error::internal)? })
    }
}

#[async_trait]
impl Courier for NetCourier {
    async fn post(&self, url: &str, json: Vec<u8>) -> Result<()> {
        let request = self.client.post(url).header(reqwest::header::CONTENT_TYPE, "application/json").body(json);
        let response = request.send().await.map_err(|error| {
            let why = if error.is_timeout() { "it does not answer in time" } else { "it cannot be reached" };
            Error::unavailable(format!("events_url: {why}")).with_detail(error.without_url())
        })?;
        match response.status() {
            status if status.is_success() => Ok(()),
            status => Err(Error::unavailable(format!("events_url: it answers with status {}", status.as_u16()))),
        }
    }

    async fn mail(&self, settings: &SpecsMail, password: Option<&str>, message: &Mail) -> Result<()> {
        super::mail::send(settings, password, message).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;

    /// Answers one request, or one SMTP session, and gives what was said.
    async fn answer_http(listener: TcpListener, status: &'static str) -> String {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (reader, mut writer) = stream.split();
        let mut reader = BufReader::new(reader);
        let (mut said, mut length) = (String::new(), 0);
        loop {
            let start = said.len();
            reader.read_line(&mut said).await.unwrap();
            let line = said[start..].to_lowercase();
            if let Some(bytes) = line.strip_prefix("content-length:") {
                length = bytes.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).await.unwrap();
        let answer =
            format!("HTTP/1.1 {status}\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        writer.write_all(answer.as_bytes()).await.unwrap();
        said + &String::from_utf8(body).unwrap()
    }

    async fn answer_smtp(listener: TcpListener, refuses: bool) -> String {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (reader, mut writer) = stream.split();
        let mut lines = BufReader::new(reader).lines();
        let (mut said, mut in_letter) = (String::new(), false);
        writer.write_all(b"220 here\r\n").await.unwrap();
        while let Some(line) = lines.next_line().await.unwrap() {
            said.push_str(&line);
            said.push('\n');
            let answer = match line.get(..4).unwrap_or(&line) {
                "." if in_letter => {
                    in_letter = false;
                    "250 taken\r\n"
                }
                _ if in_letter => continue,
                "EHLO" => "250-here\r\n250 AUTH PLAIN LOGIN\r\n",
                "AUTH" => "235 welcome\r\n",
                "RCPT" if refuses => "550 nobody of that name\r\n",
                "DATA" => {
                    in_letter = true;
                    "354 go on\r\n"
                }
                "QUIT" => "221 bye\r\n",
                _ => "250 ok\r\n",
            };
            writer.write_all(answer.as_bytes()).await.unwrap();
        }
        said
    }

    fn settings(port: u16) -> SpecsMail {
        SpecsMail {
            server: format!("smtp://127.0.0.1:{port}"),
            starttls: false,
            from: "Datahall <datahall@example.com>".into(),
            to: vec!["ops@example.com".into(), "ann@example.com".into()],
            user: Some("u".into()),
            password: None,
        }
    }

    async fn listener() -> (TcpListener, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, port)
    }

    #[tokio::test]
    async fn json_is_posted_and_redirects_are_refusals() {
        let courier = NetCourier::new().unwrap();
        for (status, arrives) in [("200 OK", true), ("204 No Content", true), ("302 Found", false), ("500 No", false)] {
            let (listener, port) = listener().await;
            let url = format!("http://127.0.0.1:{port}/x?secret=hunter2");
            let (sent, said) = tokio::join!(courier.post(&url, b"{\"a\":1}".to_vec()), answer_http(listener, status));
            assert!(said.starts_with("POST /x?secret=hunter2 HTTP/1.1\r\n") && said.ends_with("{\"a\":1}"), "{said}");
            assert!(said.to_lowercase().contains("content-type: application/json"), "{said}");
            assert_eq!(sent.is_ok(), arrives, "{status}");
            let told = format!("{:?}", sent.err());
            assert!(arrives || (told.contains(&status[..3]) && !told.contains("hunter2")), "{told}");
        }
        let (listener, port) = listener().await;
        drop(listener);
        let error = courier.post(&format!("http://127.0.0.1:{port}/?k=hunter2"), vec![]).await.unwrap_err();
        assert_eq!(error.message(), "events_url: it cannot be reached");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }

    #[tokio::test]
    async fn mail_goes_to_all_and_a_refusal_is_told() {
        let courier = NetCourier::new().unwrap();
        let mail = Mail { subject: "FAILED: ann/d/1\r\nBcc: eve@example.com".into(), text: "Zoë's row\n.\nend".into() };
        let (listener, port) = listener().await;
        let settings = settings(port);
        let (sent, said) = tokio::join!(courier.mail(&settings, Some("hunter2"), &mail), answer_smtp(listener, false));
        sent.unwrap();
        for part in ["MAIL FROM:<datahall@example.com>", "RCPT TO:<ops@example.com>", "RCPT TO:<ann@example.com>", "AUTH "] {
            assert!(said.contains(part), "{part}: {said}");
        }
        // What looks like a header within the subject is none, and what looks like the end of the letter is not.
        assert!(!said.contains("\nBcc:") && !said.contains("RCPT TO:<eve"), "{said}");
        let (listener, port) = self::listener().await;
        let settings = self::settings(port);
        let (sent, _) = tokio::join!(courier.mail(&settings, Some("hunter2"), &mail), answer_smtp(listener, true));
        let error = sent.unwrap_err();
        assert!(error.message().contains("code 550") && !format!("{error:?}").contains("hunter2"), "{error:?}");
        let wrong = SpecsMail { to: vec!["nobody".into()], ..settings };
        assert_eq!(courier.mail(&wrong, None, &mail).await.unwrap_err().code(), datahall_core::Code::Invalid);
    }
}
