//! HTTP on a stream: reads a request, lets somebody answer it, delivers the answer as it wants to be delivered.

use crate::message::{Answer, Call, Delivery, Scheme};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use hyper::ext::ReasonPhrase;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Sleep;

/// Answers a request, perhaps after a pause. Runs on a thread that may block.
pub(crate) type Respond = Arc<dyn Fn(Call) -> (Answer, Option<Duration>) + Send + Sync>;

/// How a connection ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself.
    Orderly,
    /// A fault wants it reset.
    Reset,
}

/// Whom a connection was opened to.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// Host, in lower case.
    pub host: String,
    /// What is spoken with it.
    pub scheme: Scheme,
    /// Port.
    pub port: u16,
}

/// Serves one connection to `peer`.
pub(crate) async fn serve<S>(stream: S, peer: Peer, respond: Respond) -> End
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let reset = Arc::new(AtomicBool::new(false));
    let service = service_fn(|request: Request<Incoming>| {
        let (respond, peer, reset) = (respond.clone(), peer.clone(), reset.clone());
        async move {
            let answer = answer(request, peer, respond)
                .await
                .unwrap_or_else(|problem| Answer::text(500, &format!("the emulator failed: {problem:#}")));
            if answer.delivery == Delivery::Reset {
                reset.store(true, Ordering::Relaxed);
                return Err("reset by a fault");
            }
            Ok::<_, &str>(into_response(answer))
        }
    });
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    if reset.load(Ordering::Relaxed) { End::Reset } else { End::Orderly }
}

async fn answer(request: Request<Incoming>, peer: Peer, respond: Respond) -> anyhow::Result<Answer> {
    let (parts, body) = request.into_parts();
    // A request to a proxy names scheme, host and port itself.
    let named = parts.uri.authority().filter(|_| peer.scheme == Scheme::Http);
    let call = Call {
        host: named.map_or(peer.host, |authority| authority.host().to_ascii_lowercase()),
        scheme: peer.scheme,
        port: named.map_or(peer.port, |authority| authority.port_u16().unwrap_or(Scheme::Http.usual_port())),
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect(),
        body: body.collect().await?.to_bytes().to_vec(),
        effect: None,
        clock_ahead_seconds: 0,
    };
    let (answer, pause) = tokio::task::spawn_blocking(move || respond(call)).await?;
    if let Some(pause) = pause {
        tokio::time::sleep(pause).await;
    }
    Ok(answer)
}

/// The usual reason phrase of a status.
pub(crate) fn usual_reason(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or("Unknown")
}

fn into_response(answer: Answer) -> Response<Flow> {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    if let Some(reason) = answer.reason.and_then(|text| ReasonPhrase::try_from(text.into_bytes()).ok()) {
        response = response.extension(reason);
    }
    if answer.status != 204 && answer.status != 304 {
        response = response.header("Content-Length", answer.body.len());
    }
    let rest = Bytes::from(answer.body);
    response.body(Flow { rest, delivery: answer.delivery, pause: None }).unwrap_or_else(|_| {
        let mut failed = Response::new(Flow { rest: Bytes::new(), delivery: Delivery::Whole, pause: None });
        *failed.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        failed
    })
}

/// A body on its way.
struct Flow {
    rest: Bytes,
    delivery: Delivery,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Body for Flow {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        if let Some(pause) = &mut self.pause {
            std::task::ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let size = match self.delivery {
            Delivery::Whole | Delivery::Reset => self.rest.len(),
            Delivery::Trickle(step) => {
                self.pause = Some(Box::pin(tokio::time::sleep(step)));
                1
            }
            Delivery::Truncated => {
                let half = self.rest.len() / 2;
                if half == 0 {
                    return Poll::Ready(Some(Err("cut off by a fault")));
                }
                // The next call finds one byte left and fails; after a pause, so that the half is on its way by then.
                self.pause = Some(Box::pin(tokio::time::sleep(Duration::from_millis(20))));
                let part = self.rest.split_to(half);
                self.rest.truncate(1);
                return Poll::Ready(Some(Ok(Frame::data(part))));
            }
        };
        let part = self.rest.split_to(size);
        Poll::Ready(Some(Ok(Frame::data(part))))
    }
}
