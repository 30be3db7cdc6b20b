//! A request of a client that came through the proxy: lets faults strike, asks the service, answers, and logs.

use crate::entra;
use crate::faults::act;
use crate::http1::{self, End, Peer};
use crate::log::LoggedRequest;
use crate::message::{Answer, Call, Scheme};
use crate::service::{self, Endpoint};
use crate::state::State;
use crate::{clock, guid};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// Serves one connection to `peer`.
pub(crate) async fn serve<S>(stream: S, state: Arc<State>, peer: Peer) -> End
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    http1::serve(stream, peer, Arc::new(move |call| answer(&state, call))).await
}

/// Serves a request that was sent to the proxy itself, without TLS. The connection ends with its answer, since the proxy asks for
/// its password once a connection.
pub(crate) async fn serve_plain<S>(stream: S, state: Arc<State>, host: String) -> End
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let peer = Peer { host, scheme: Scheme::Http, port: Scheme::Http.usual_port() };
    let respond = move |mut call: Call| {
        // Meant for the proxy, which keeps it to itself.
        call.headers.retain(|(name, _)| name != "proxy-authorization");
        let (answer, pause) = answer(&state, call);
        (answer.header("Connection", "close"), pause)
    };
    http1::serve(stream, peer, Arc::new(respond)).await
}

/// Faults, service, log.
fn answer(state: &State, mut call: Call) -> (Answer, Option<Duration>) {
    state.rounds.wait();
    let service = service::find(state, &call);
    if service.is_some_and(|s| s.endpoint == Endpoint::Token) {
        entra::remember_assertion(state, &call);
    }
    let effect = state.faults().strike(&call, service.map(|s| s.endpoint));
    call.effect.clone_from(&effect);
    call.clock_ahead_seconds = state.faults().clock_ahead_seconds(&call, service.map(|s| s.endpoint));
    let right = || match service {
        _ if !names_its_host(&call) => Answer::text(421, "the Host header names another host"),
        Some(service) => (service.answer)(state, &call),
        None => Answer::text(404, "the emulator has no service at this address"),
    };
    let (mut answer, pause) = act::answer(effect, &call, &state.world(), right);
    if service.is_some_and(|s| s.endpoint.is_azure_devops()) {
        for name in ["x-vss-e2eid", "x-msedge-ref", "ActivityId"] {
            answer.headers.push((name.to_owned(), guid::random()));
        }
    }
    if !answer.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("date")) {
        answer = answer.header("Date", clock::http_date(call.now()));
    }
    state.requests().push(logged(state, &call, &answer));
    (answer, pause)
}

fn names_its_host(call: &Call) -> bool {
    let named = call.header("host").unwrap_or_default();
    let own_port = named.strip_suffix(&format!(":{}", call.port));
    own_port.unwrap_or(named).eq_ignore_ascii_case(&call.host)
}

/// What is remembered of a request.
pub(crate) fn logged(state: &State, call: &Call, answer: &Answer) -> LoggedRequest {
    let authorization = state.form_of(&call.credential());
    let mut everything = format!("{} {}\n", call.origin(), call.target()).into_bytes();
    for (name, value) in &call.headers {
        everything.extend_from_slice(format!("{name}: {value}\n").as_bytes());
    }
    everything.extend_from_slice(&call.body);
    // A Basic credential is searched as text, too: base64 of `user:secret` is found by its form already.
    let secrets = state.vault().leaks_in(&everything);
    LoggedRequest {
        host: call.host.clone(),
        scheme: call.scheme,
        port: call.port,
        method: call.method.clone(),
        path: call.target(),
        authorization,
        status: answer.status,
        header_names: call.headers.iter().map(|(name, _)| name.clone()).collect(),
        user_agent: call.header("user-agent").unwrap_or_default().to_owned(),
        secrets,
    }
}
