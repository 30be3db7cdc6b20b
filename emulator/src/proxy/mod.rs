//! The HTTP proxy: the only way in. It takes CONNECT requests, opens TLS in the name of the host asked for and hands the
//! stream to the server; requests without TLS, and to other ports, are answered and logged as well.
//!
//! No request leaves the machine: whatever the host, the answer comes from here.

mod judge;
mod rewound;

use crate::http1::{self, End, Peer};
use crate::log::LoggedConnect;
use crate::message::Scheme;
use crate::rounds;
use crate::server;
use crate::state::State;
use judge::{Trust, Verdict, Way, judge};
use rewound::Rewound;
use socket2::SockRef;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// First byte of a TLS connection: a record that shakes hands.
const TLS_HANDSHAKE: u8 = 0x16;

/// Accepts connections until the runtime ends.
pub(crate) async fn serve(listener: TcpListener, state: Arc<State>) {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            let state = state.clone();
            // A client that breaks off is no trouble of the emulator's.
            tokio::spawn(async move {
                let _ = converse(stream, state).await;
            });
        }
    }
}

async fn converse(mut stream: TcpStream, state: Arc<State>) -> anyhow::Result<()> {
    let _ = stream.set_nodelay(true);
    // A client that was refused for want of a password asks again on the same connection.
    loop {
        let Some(head) = read_head(&mut stream).await? else { return Ok(()) };
        let text = String::from_utf8_lossy(&head).into_owned();
        let Verdict { status, host, way } = judge(&text, &state);
        let request = text.lines().next().unwrap_or_default();
        let request = request.rsplit_once(' ').map_or("", |(request, _)| request).to_owned();
        state.connects().push(LoggedConnect { request, host: host.clone(), status });
        rounds::wait(&state).await;
        let extra = match way {
            Way::Tunnel { port, trust } => {
                stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
                return tunnel(stream, state, Peer { host, scheme: Scheme::Https, port }, trust).await;
            }
            Way::Plain => {
                let (stream, socket) = with_handle(stream)?;
                end(&socket, server::serve_plain(Rewound::new(head, stream), state, host).await);
                return Ok(());
            }
            Way::Refuse(extra) => extra,
        };
        refuse(&mut stream, status, extra).await?;
        if status != 407 {
            return Ok(());
        }
    }
}

/// Reads up to the blank line that ends a request's head.
async fn read_head(stream: &mut TcpStream) -> anyhow::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    // One byte at a time, so that nothing of what follows is taken away from TLS.
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return Ok(None),
        }
        anyhow::ensure!(head.len() < 65_536, "the head of a proxy request is too long");
    }
    Ok(Some(head))
}

async fn refuse(stream: &mut TcpStream, status: u16, extra: &str) -> anyhow::Result<()> {
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
    Ok(stream.write_all(answer.as_bytes()).await?)
}

async fn tunnel(stream: TcpStream, state: Arc<State>, peer: Peer, trust: Trust) -> anyhow::Result<()> {
    let mut first = [0];
    // A client may go through a tunnel without TLS, as some do with any proxy.
    if stream.peek(&mut first).await? == 1 && first != [TLS_HANDSHAKE] {
        let (stream, socket) = with_handle(stream)?;
        end(&socket, server::serve(stream, state, Peer { scheme: Scheme::Http, ..peer }).await);
        return Ok(());
    }
    let config = match trust {
        Trust::Known => state.authorities.server_config(&peer.host)?,
        Trust::Unknown => state.authorities.untrusted_server_config(&peer.host)?,
    };
    // The client's first word, not the proxy's readiness for it, is what a round trip begins with.
    stream.peek(&mut [0]).await?;
    rounds::wait(&state).await;
    let (stream, socket) = with_handle(stream)?;
    let stream = tokio_rustls::TlsAcceptor::from(config).accept(stream).await?;
    end(&socket, server::serve(stream, state, peer).await);
    Ok(())
}

/// A second handle to the socket, to be able to reset the connection from within.
fn with_handle(stream: TcpStream) -> anyhow::Result<(TcpStream, std::net::TcpStream)> {
    let stream = stream.into_std()?;
    let handle = stream.try_clone()?;
    Ok((TcpStream::from_std(stream)?, handle))
}

fn end(socket: &std::net::TcpStream, end: End) {
    if end == End::Reset {
        let _ = SockRef::from(socket).set_linger(Some(Duration::ZERO));
    }
}
