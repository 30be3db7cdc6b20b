//! A running machine as its user holds it.

use super::{Machine, Source, aks};
use crate::emulator::FaultId;
use crate::faults::{Effect, Fault, Faults, MachineFault, act};
use crate::http1::{self, End, Peer, Respond};
use crate::log::LoggedRequest;
use crate::message::{Answer, Call, Scheme};
use crate::state::{State, locked};
use crate::vault::SecretKind;
use crate::{clock, guid, server, tls};
use anyhow::Context;
use serde_json::Value;
use socket2::SockRef;
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A running machine. It ends when this value is dropped.
pub struct RunningMachine {
    host: Arc<Host>,
    listening: Option<JoinHandle<()>>,
}

/// What the files of the sources see of their machine.
pub(crate) struct Host {
    pub state: Arc<State>,
    pub machine: Machine,
    pub address: SocketAddr,
    /// The value of the header that a client must send, where the source has one.
    pub secret: String,
    /// SHA-1 of the server's certificate in capitals, where it has one.
    pub thumbprint: String,
    /// The pod's folder, where there is a pod.
    pub folder: Option<TempDir>,
    /// Keys of Azure Arc that wait to be sent, by what the client must send.
    pub keys: Mutex<HashMap<String, std::path::PathBuf>>,
    faults: Mutex<Faults>,
    requests: Mutex<Vec<LoggedRequest>>,
}

impl Host {
    /// Where the endpoint is: `http://127.0.0.1:41234`.
    pub(crate) fn base(&self) -> String {
        let scheme = if self.machine.source == Source::ServiceFabric { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    fn answer(&self, mut call: Call) -> (Answer, Option<Duration>) {
        let effect = locked(&self.faults).strike(&call, None);
        call.effect.clone_from(&effect);
        call.clock_ahead_seconds = locked(&self.faults).clock_ahead_seconds(&call, None);
        let source = self.machine.source;
        let right = || match &call.effect {
            Some(Effect::Machine(MachineFault::Refusal(status))) => source.error(*status),
            Some(Effect::Machine(MachineFault::UnreachableNetwork)) => {
                let to = "connecting to 169.254.169.254:80";
                let text = format!(
                    "{to}: {to}: dial tcp 169.254.169.254:80: connectex: A socket operation was attempted to an \
                                    unreachable network."
                );
                Answer::text(403, &text)
            }
            _ => source.answer(self, &call),
        };
        let (answer, pause) = act::answer(effect, &call, &self.state.world(), right);
        let answer = answer.header("Date", clock::http_date(call.now()));
        locked(&self.requests).push(server::logged(&self.state, &call, &answer));
        (answer, pause)
    }
}

impl RunningMachine {
    pub(crate) fn start(machine: Machine, state: Arc<State>, runtime: &Handle) -> anyhow::Result<Self> {
        let wanted = machine.address.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let listener = std::net::TcpListener::bind(wanted).with_context(|| format!("listening at {wanted}"))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (acceptor, thumbprint) = if machine.source == Source::ServiceFabric {
            let own = tls::self_signed(&address.ip().to_string())?;
            (Some(TlsAcceptor::from(own.config)), own.sha1)
        } else {
            (None, String::new())
        };
        let folder = if machine.source == Source::Aks { Some(tempfile::tempdir()?) } else { None };
        let secret = guid::random().replace('-', "").to_uppercase();
        state.vault().keep(SecretKind::MachineSecret, &secret, Value::Null);
        let host = Arc::new(Host {
            state,
            machine,
            address,
            secret,
            thumbprint,
            folder,
            keys: Mutex::default(),
            faults: Mutex::default(),
            requests: Mutex::default(),
        });
        if host.machine.source == Source::Aks {
            // Nothing listens: the port was only borrowed.
            aks::renew(&host)?;
            return Ok(Self { host, listening: None });
        }
        let listener = {
            let _guard = runtime.enter();
            TcpListener::from_std(listener)?
        };
        let listening = runtime.spawn(serve(listener, acceptor, host.clone()));
        Ok(Self { host, listening: Some(listening) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.host.address
    }

    /// The variables by which a process on such a machine finds its source of tokens.
    pub fn environment(&self) -> Vec<(String, String)> {
        let all = self.host.machine.source.environment(&self.host);
        all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The requests so far, in the order in which they were answered.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        locked(&self.host.requests).clone()
    }

    /// Orders trouble at this machine; its target is [`crate::Target::Everything`] or a path.
    pub fn fault(&self, fault: Fault) -> FaultId {
        FaultId(locked(&self.host.faults).add(fault))
    }

    /// How often a fault has struck.
    pub fn fired(&self, fault: FaultId) -> u32 {
        locked(&self.host.faults).fired(fault.0)
    }

    /// Ends all trouble of this machine.
    pub fn end_faults(&self) {
        locked(&self.host.faults).end();
    }

    /// The file with the cluster's token, where this is a pod.
    pub fn token_file(&self) -> Option<std::path::PathBuf> {
        self.host.folder.as_ref().map(|folder| aks::token_file(folder.path()))
    }

    /// Writes a fresh token of the cluster into that file, as the cluster does before the old one ends.
    pub fn renew_token_file(&self) -> anyhow::Result<()> {
        aks::renew(&self.host)
    }

    /// Writes this into that file instead of a token: nothing, or something odd.
    pub fn write_token_file(&self, text: &str) -> anyhow::Result<()> {
        let file = self.token_file().context("this machine is no pod")?;
        write_over(&file, text)
    }
}

/// A file changes as a whole, or a reader could meet half of it.
pub(super) fn write_over(file: &Path, text: &str) -> anyhow::Result<()> {
    let fresh = file.with_extension("fresh");
    std::fs::write(&fresh, text).with_context(|| format!("writing {}", fresh.display()))?;
    std::fs::rename(&fresh, file).with_context(|| format!("writing {}", file.display()))
}

impl Drop for RunningMachine {
    fn drop(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.abort();
        }
    }
}

async fn serve(listener: TcpListener, acceptor: Option<TlsAcceptor>, host: Arc<Host>) {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            let (acceptor, host) = (acceptor.clone(), host.clone());
            // A client that breaks off is no trouble of the machine's.
            tokio::spawn(async move {
                let _ = converse(stream, acceptor, host).await;
            });
        }
    }
}

async fn converse(stream: TcpStream, acceptor: Option<TlsAcceptor>, host: Arc<Host>) -> anyhow::Result<()> {
    let scheme = if acceptor.is_some() { Scheme::Https } else { Scheme::Http };
    let peer = Peer { host: host.address.to_string(), scheme, port: host.address.port() };
    let respond: Respond = Arc::new(move |call| host.answer(call));
    // A second handle to the socket, to be able to reset the connection from within.
    let stream = stream.into_std()?;
    let handle = stream.try_clone()?;
    let stream = TcpStream::from_std(stream)?;
    let end = match acceptor {
        Some(acceptor) => http1::serve(acceptor.accept(stream).await?, peer, respond).await,
        None => http1::serve(stream, peer, respond).await,
    };
    if end == End::Reset {
        let _ = SockRef::from(&handle).set_linger(Some(Duration::ZERO));
    }
    Ok(())
}
