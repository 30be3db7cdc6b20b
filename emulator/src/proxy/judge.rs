//! What becomes of a request to the proxy.

use crate::azure::hosts;
use crate::faults::Effect;
use crate::foreign;
use crate::state::State;
use crate::world::World;
use base64::{Engine, engine::general_purpose::STANDARD};

/// The answer of the proxy to one request.
pub(super) struct Verdict {
    /// Status of that answer, for the log.
    pub status: u16,
    /// Host that was asked for, in lower case; empty when the request names none.
    pub host: String,
    /// What is done.
    pub way: Way,
}

/// What the proxy does with a request.
pub(super) enum Way {
    /// Refuses it, with these further header lines.
    Refuse(&'static str),
    /// Opens a tunnel to this port.
    Tunnel { port: u16, trust: Trust },
    /// Answers a request without TLS in the name of its host.
    Plain,
}

/// Whose certificate TLS shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// One of the authority that clients are told to trust.
    Known,
    /// One of an authority that nobody knows.
    Unknown,
}

impl Verdict {
    fn refuse(status: u16, host: String, extra: &'static str) -> Self {
        Self { status, host, way: Way::Refuse(extra) }
    }
}

/// Judges the head of a request.
pub(super) fn judge(head: &str, state: &State) -> Verdict {
    let world = state.world();
    let mut words = head.lines().next().unwrap_or_default().split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if !shows_password(head, &world) {
        return Verdict::refuse(407, String::new(), "Proxy-Authenticate: Basic realm=\"company proxy\"\r\n");
    }
    if method != "CONNECT" {
        let url = url::Url::parse(target).ok().filter(|url| url.scheme() == "http");
        let host = url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        if knows(&world, &host) {
            return Verdict { status: 200, host, way: Way::Plain };
        }
        return Verdict::refuse(403, host, "Connection: close\r\n");
    }
    let (host, port) = target.rsplit_once(':').unwrap_or((target, ""));
    let host = host.to_ascii_lowercase();
    let effect = state.faults().strike_connection(&host);
    if let Some(Effect::ConnectRefused(status)) = effect {
        return Verdict::refuse(status, host, "");
    }
    match port.parse() {
        // Azure listens at 443 only. Here every port is heard, so that the log shows what a client would have said there.
        Ok(port) if knows(&world, &host) => {
            let trust = if effect.is_some() { Trust::Unknown } else { Trust::Known };
            Verdict { status: 200, host, way: Way::Tunnel { port, trust } }
        }
        Ok(443) => Verdict::refuse(502, host, ""),
        _ => Verdict::refuse(403, host, ""),
    }
}

/// Whether the request holds the password that the proxy demands.
fn shows_password(head: &str, world: &World) -> bool {
    let Some((user, password)) = &world.proxy_credentials else { return true };
    let wanted = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    let given = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("proxy-authorization"));
    given.map(|(_, value)| value.trim()) == Some(wanted.as_str())
}

/// Whether this Azure, or the foreign world beside it, has such a host.
fn knows(world: &World, host: &str) -> bool {
    hosts::is_azure(host) || foreign::host(world, host).is_some()
}
