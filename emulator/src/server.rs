//! HTTP inside the tunnel: reads a request, lets faults strike, asks the service, answers, and logs.

use crate::faults::Effect;
use crate::log::LoggedRequest;
use crate::message::{Answer, Call, Delivery};
use crate::service;
use crate::state::State;
use crate::world::World;
use crate::{azure, clock, guid};
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

/// How a connection ended.
#[derive(PartialEq, Eq)]
pub(crate) enum End {
    /// By itself.
    Orderly,
    /// A fault wants it reset.
    Reset,
}

/// Serves one connection to `host`.
pub(crate) async fn serve<S>(stream: S, state: Arc<State>, host: String) -> End
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let reset = Arc::new(AtomicBool::new(false));
    let service = service_fn(|request: Request<Incoming>| {
        let (state, host, reset) = (state.clone(), host.clone(), reset.clone());
        async move {
            let answer = respond(request, state, host)
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

async fn respond(request: Request<Incoming>, state: Arc<State>, host: String) -> anyhow::Result<Answer> {
    let (parts, body) = request.into_parts();
    let call = Call {
        host,
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
    let (answer, pause) = {
        let state = state.clone();
        tokio::task::spawn_blocking(move || answer(&state, call)).await?
    };
    if let Some(pause) = pause {
        tokio::time::sleep(pause).await;
    }
    Ok(answer)
}

/// Faults, service, log.
fn answer(state: &State, mut call: Call) -> (Answer, Option<Duration>) {
    let service = service::find(state, &call);
    let effect = state.faults().strike(&call, service.map(|s| s.endpoint));
    call.effect.clone_from(&effect);
    call.clock_ahead_seconds = state.faults().clock_ahead_seconds(&call, service.map(|s| s.endpoint));
    let named_host = call.header("host").unwrap_or_default();
    let named_host = named_host.strip_suffix(":443").unwrap_or(named_host);
    let right = || match service {
        _ if !named_host.eq_ignore_ascii_case(&call.host) => Answer::text(421, "the Host header names another host"),
        Some(service) => (service.answer)(state, &call),
        None => Answer::text(404, "the emulator has no service at this address"),
    };
    let mut pause = None;
    let mut answer = match effect {
        Some(Effect::Delay(time)) => {
            pause = Some(time);
            right()
        }
        Some(Effect::Trickle(step)) => Answer { delivery: Delivery::Trickle(step), ..right() },
        Some(Effect::Truncated) => Answer { delivery: Delivery::Truncated, ..right() },
        Some(Effect::ContentType(kind)) => {
            let mut answer = right();
            answer.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
            answer.header("Content-Type", kind)
        }
        Some(effect) => instead(effect, &call, &state.world()).unwrap_or_else(right),
        None => right(),
    };
    if service.is_some_and(|s| s.endpoint.is_azure_devops()) {
        for name in ["x-vss-e2eid", "x-msedge-ref", "ActivityId"] {
            answer.headers.push((name.to_owned(), guid::random()));
        }
    }
    if !answer.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("date")) {
        answer = answer.header("Date", clock::http_date(call.now()));
    }
    log(state, &call, &answer);
    (answer, pause)
}

/// What a fault answers without asking the service; `None` when the service acts it out itself.
fn instead(effect: Effect, call: &Call, world: &World) -> Option<Answer> {
    Some(match effect {
        Effect::Answer(answer) => *answer,
        Effect::Reset => Answer { delivery: Delivery::Reset, ..Answer::status(0) },
        Effect::HugeBody(size) => Answer::with_body(200, "application/json", vec![b' '; size]),
        Effect::Redirect(status, host) => Answer::redirect(status, &format!("https://{host}{}", call.target())),
        Effect::Html => {
            Answer::html(200, "<!DOCTYPE html><html><head><title>Company portal</title></head><body></body></html>")
        }
        Effect::SignInPage => azure::sign_in::page(),
        Effect::SignInRedirect => azure::sign_in::redirect(call),
        Effect::TooManyRequests(wait) => {
            let answer = Answer::text(429, "Too Many Requests");
            match wait {
                Some(seconds) => answer.header("Retry-After", seconds.to_string()),
                None => answer,
            }
        }
        Effect::ConnectionData(kind) => azure::connection_data::faulty(&kind, call, world)?,
        _ => return None,
    })
}

fn log(state: &State, call: &Call, answer: &Answer) {
    let authorization = state.form_of(&call.credential());
    let mut everything = format!("{} {}\n", call.host, call.target()).into_bytes();
    for (name, value) in &call.headers {
        everything.extend_from_slice(format!("{name}: {value}\n").as_bytes());
    }
    everything.extend_from_slice(&call.body);
    // A Basic credential is searched as text, too: base64 of `user:secret` is found by its form already.
    let secrets = state.vault().leaks_in(&everything);
    state.requests().push(LoggedRequest {
        host: call.host.clone(),
        method: call.method.clone(),
        path: call.target(),
        authorization,
        status: answer.status,
        header_names: call.headers.iter().map(|(name, _)| name.clone()).collect(),
        user_agent: call.header("user-agent").unwrap_or_default().to_owned(),
        secrets,
    });
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
                // The next call finds one byte left and fails.
                let part = self.rest.split_to(half);
                self.rest.truncate(1);
                return Poll::Ready(Some(Ok(Frame::data(part))));
            }
        };
        let part = self.rest.split_to(size);
        Poll::Ready(Some(Ok(Frame::data(part))))
    }
}
