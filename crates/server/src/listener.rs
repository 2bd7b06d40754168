//! Connections: accepting them, speaking HTTP/1.1 on them, and letting them finish at the end.

use crate::stall::Impatient;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use datahall_core::{Error, Result};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tower::Service;

/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a client may take nothing of an answer.
const STALL_TIMEOUT: Duration = Duration::from_secs(60);

/// Binds to `address`, written `HOST:PORT`.
///
/// # Errors
/// `Invalid` when nobody may listen there.
pub(crate) async fn bind(address: &str) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| Error::invalid(format!("cannot listen on {address}: {error}")))
}

/// Serves until `stop` completes, then lets requests in flight finish within `grace`.
pub(crate) async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>, grace: Duration) {
    let (stopping, stopped) = watch::channel(false);
    // Each connection holds a sender; once all are gone, all connections are.
    let (alive, mut gone) = mpsc::channel::<()>(1);
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => {
                tokio::spawn(connection(stream, address, router.clone(), stopped.clone(), alive.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                // Out of descriptors, most likely: some will be given back.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop((listener, alive));
    stopping.send_replace(true);
    if tokio::time::timeout(grace, gone.recv()).await.is_err() {
        tracing::warn!("requests were still in flight after {} s", grace.as_secs());
    }
}

async fn connection(
    stream: TcpStream,
    address: SocketAddr,
    router: Router,
    mut stopped: watch::Receiver<bool>,
    _alive: mpsc::Sender<()>,
) {
    // Without it small answers wait for the client's acknowledgement.
    let _ = stream.set_nodelay(true);
    let begun = AtomicBool::new(false);
    let service = service_fn(|mut request: Request<Incoming>| {
        begun.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(ConnectInfo(address));
        router.clone().call(request.map(Body::new))
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        // Some clients look for `Content-Type` and `Content-Encoding` written just so.
        .title_case_headers(true)
        .serve_connection(TokioIo::new(Impatient::new(stream, STALL_TIMEOUT)), service);
    let mut serving = pin!(serving);
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = async { drop(stopped.wait_for(|stopped| *stopped).await) } => {
            if !begun.load(Ordering::Relaxed) {
                return;
            }
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, %address, "connection ended");
    }
}

/// Completes at SIGTERM or SIGINT.
pub(crate) async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn at_the_end_requests_in_flight_finish_and_idle_connections_do_not_hold_it_up() {
        let slow = get(|| async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            "done"
        });
        let listener = bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = serve(listener, Router::new().route("/", slow), async { drop(stopped.await) }, Duration::from_secs(10));
        let server = tokio::spawn(server);
        let idle = TcpStream::connect(address).await.unwrap();
        let mut busy = TcpStream::connect(address).await.unwrap();
        busy.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.send(()).unwrap();
        let mut answer = String::new();
        busy.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("done"), "{answer}");
        assert!(answer.contains("Content-Type: text/plain"), "{answer}");
        tokio::time::timeout(Duration::from_secs(2), server).await.unwrap().unwrap();
        drop(idle);
    }

    #[tokio::test]
    async fn a_taken_port_is_said_to_be_in_use() {
        let first = bind("127.0.0.1:0").await.unwrap();
        let error = bind(&first.local_addr().unwrap().to_string()).await.unwrap_err();
        assert!(error.message().contains("in use"), "{error}");
    }
}
