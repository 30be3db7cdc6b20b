//! The HTTP proxy: the only way in. It takes CONNECT requests, opens TLS in the name of the host asked for and hands the
//! stream to the server.
//!
//! No request leaves the machine: whatever the host, the answer comes from here.

use crate::entra;
use crate::faults::Effect;
use crate::http1;
use crate::log::LoggedConnect;
use crate::rounds;
use crate::server;
use crate::state::State;
use crate::world::World;
use base64::{Engine, engine::general_purpose::STANDARD};
use socket2::SockRef;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Accepts connections until the runtime ends.
pub(crate) async fn serve(listener: TcpListener, state: Arc<State>) {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            let state = state.clone();
            // A client that breaks off is no trouble of the emulator's.
            tokio::spawn(async move {
                let _ = tunnel(stream, state).await;
            });
        }
    }
}

async fn tunnel(mut stream: TcpStream, state: Arc<State>) -> anyhow::Result<()> {
    let _ = stream.set_nodelay(true);
    // A client that was refused for want of a password asks again on the same connection.
    loop {
        let Some(head) = read_head(&mut stream).await? else { return Ok(()) };
        let Verdict { status, extra, host, untrusted } = judge(&head, &state);
        let request =
            head.lines().next().unwrap_or_default().rsplit_once(' ').map_or("", |(request, _)| request).to_owned();
        state.connects().push(LoggedConnect { request, host: host.clone(), status });
        rounds::wait(&state).await;
        if status == 200 {
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
            return open(stream, state, host, untrusted).await;
        }
        let body = match status {
            407 => "proxy authentication required",
            502 => "unknown host: the emulator does not know it",
            _ => "refused by the proxy",
        };
        let answer = format!(
            "HTTP/1.1 {status} {}\r\n{extra}Content-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
            http1::usual_reason(status),
            body.len()
        );
        stream.write_all(answer.as_bytes()).await?;
        if status != 407 {
            return Ok(());
        }
    }
}

/// Reads up to the blank line that ends a request's head.
async fn read_head(stream: &mut TcpStream) -> anyhow::Result<Option<String>> {
    let mut head = Vec::new();
    // One byte at a time, so that nothing of what follows is taken away from TLS.
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return Ok(None),
        }
        anyhow::ensure!(head.len() < 65_536, "the head of a proxy request is too long");
    }
    Ok(Some(String::from_utf8_lossy(&head).into_owned()))
}

/// What becomes of a request to the proxy.
#[derive(Default)]
struct Verdict {
    status: u16,
    /// Further header lines.
    extra: &'static str,
    host: String,
    /// Whether TLS shows a certificate of an unknown authority.
    untrusted: bool,
}

fn judge(head: &str, state: &State) -> Verdict {
    let world = state.world();
    let mut words = head.lines().next().unwrap_or_default().split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if let Some((user, password)) = &world.proxy_credentials {
        let wanted = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        let given = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("proxy-authorization"));
        if given.map(|(_, value)| value.trim()) != Some(wanted.as_str()) {
            let extra = "Proxy-Authenticate: Basic realm=\"company proxy\"\r\n";
            return Verdict { status: 407, extra, ..Verdict::default() };
        }
    }
    if method != "CONNECT" {
        let host = url::Url::parse(target).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        return Verdict { status: 403, extra: "Connection: close\r\n", host, untrusted: false };
    }
    let (host, port) = target.rsplit_once(':').unwrap_or((target, ""));
    let host = host.to_ascii_lowercase();
    let effect = state.faults().strike_connection(&host);
    if let Some(Effect::ConnectRefused(status)) = effect {
        return Verdict { status, host, ..Verdict::default() };
    }
    let status = match port {
        "443" if knows(&world, &host) => 200,
        "443" => 502,
        _ => 403,
    };
    Verdict { status, extra: "", host, untrusted: effect.is_some() }
}

/// Whether this Azure, or the foreign world beside it, has such a host.
fn knows(world: &World, host: &str) -> bool {
    const EXACT: &[&str] =
        &["dev.azure.com", "pkgs.dev.azure.com", "feeds.dev.azure.com", "vssps.dev.azure.com", "vstoken.dev.azure.com"];
    EXACT.contains(&host)
        || entra::is_authority(host)
        || host.ends_with(".visualstudio.com")
        || host.ends_with(".blob.core.windows.net")
        || world.foreign_host(host).is_some()
}

async fn open(stream: TcpStream, state: Arc<State>, host: String, untrusted: bool) -> anyhow::Result<()> {
    let config = if untrusted {
        state.authorities.untrusted_server_config(&host)?
    } else {
        state.authorities.server_config(&host)?
    };
    // The client's first word, not the proxy's readiness for it, is what a round trip begins with.
    stream.peek(&mut [0]).await?;
    rounds::wait(&state).await;
    // A second handle to the socket, to be able to reset the connection from within.
    let stream = stream.into_std()?;
    let handle = stream.try_clone()?;
    let stream = TcpStream::from_std(stream)?;
    let stream = tokio_rustls::TlsAcceptor::from(config).accept(stream).await?;
    if server::serve(stream, state, host).await == http1::End::Reset {
        let _ = SockRef::from(&handle).set_linger(Some(Duration::ZERO));
    }
    Ok(())
}
