//! The running emulator as its user holds it.

use crate::faults::Fault;
use crate::foreign;
use crate::log::{LoggedConnect, LoggedRequest};
use crate::machine::{Machine, RunningMachine};
use crate::proxy;
use crate::state::{PipelineJob, State};
use crate::vault::Issued;
use crate::world::World;
use anyhow::Context;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// A running Azure on loopback. It ends when this value is dropped.
pub struct Emulator {
    state: Arc<State>,
    address: SocketAddr,
    runtime: Option<Runtime>,
}

/// A fault that was ordered, by which its counter is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultId(pub(crate) usize);

impl Emulator {
    /// Starts this world on a free port of 127.0.0.1.
    pub fn start(world: World) -> anyhow::Result<Self> {
        let state = Arc::new(State::new(world)?);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("emulator")
            .enable_all()
            .build()
            .context("starting the emulator's runtime")?;
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("opening a port on loopback")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let listener = {
            let _guard = runtime.enter();
            TcpListener::from_std(listener)?
        };
        runtime.spawn(proxy::serve(listener, state.clone()));
        Ok(Self { state, address, runtime: Some(runtime) })
    }

    /// Address of the proxy: `http://127.0.0.1:<port>`.
    pub fn proxy_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The same with the user and the password that the world's proxy demands, percent-encoded.
    pub fn proxy_url_with_password(&self) -> String {
        let coded =
            |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
        match &self.state.world().proxy_credentials {
            Some((user, password)) => format!("http://{}:{}@{}", coded(user), coded(password), self.address),
            None => self.proxy_url(),
        }
    }

    /// The certificate that clients must trust, PEM.
    pub fn authority_pem(&self) -> &str {
        self.state.authorities.pem()
    }

    /// The same, DER.
    pub fn authority_der(&self) -> &[u8] {
        self.state.authorities.der()
    }

    /// Writes that certificate to a file.
    pub fn write_authority(&self, path: &Path) -> anyhow::Result<()> {
        std::fs::write(path, self.authority_pem()).with_context(|| format!("writing {}", path.display()))
    }

    /// All hosts show other certificates from now on, with other keys, of the same authority.
    pub fn change_certificates(&self) {
        self.state.authorities.change_certificates();
    }

    /// The world as it is now.
    pub fn world(&self) -> Arc<World> {
        self.state.world()
    }

    /// Changes the world; later requests see it. Repositories are made at the start only.
    pub fn change(&self, change: impl FnOnce(&mut World)) {
        self.state.change_world(change);
    }

    /// All requests so far, in the order in which they were answered.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.state.requests().clone()
    }

    /// The requests to one host.
    pub fn requests_to(&self, host: &str) -> Vec<LoggedRequest> {
        self.state.requests().iter().filter(|r| r.host.eq_ignore_ascii_case(host)).cloned().collect()
    }

    /// The requests to hosts that neither Azure has nor the world names; see [`World::strangers`].
    pub fn requests_to_strangers(&self) -> Vec<LoggedRequest> {
        let world = self.state.world();
        self.state.requests().iter().filter(|r| foreign::is_stranger(&world, &r.host)).cloned().collect()
    }

    /// The requests that went over plain HTTP, or to another port than 443; none of them may carry a secret.
    pub fn requests_astray(&self) -> Vec<LoggedRequest> {
        self.state.requests().iter().filter(|r| !r.is_https()).cloned().collect()
    }

    /// All CONNECT requests, and whatever else was asked of the proxy itself.
    pub fn connects(&self) -> Vec<LoggedConnect> {
        self.state.connects().clone()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.state.requests().clear();
        self.state.connects().clear();
    }

    /// Whether an issued secret reached this host, in whatever part of a request.
    pub fn secret_was_sent_to(&self, host: &str) -> bool {
        self.requests_to(host).iter().any(|r| !r.secrets.is_empty())
    }

    /// Counts round trips from now on: every answer, also to CONNECT and to a TLS handshake, is held back until nobody has asked
    /// anything for `quiet`, then all go at once.
    pub fn count_round_trips(&self, quiet: Duration) {
        self.state.rounds.count(quiet);
    }

    /// How many round trips came one after another since they are counted. CONNECT stands for TCP's own; a busy machine makes
    /// them more, never fewer.
    pub fn round_trips(&self) -> u32 {
        self.state.rounds.over()
    }

    /// Orders trouble.
    pub fn fault(&self, fault: Fault) -> FaultId {
        FaultId(self.state.faults().add(fault))
    }

    /// How often a fault has struck.
    pub fn fired(&self, fault: FaultId) -> u32 {
        self.state.faults().fired(fault.0)
    }

    /// Ends all trouble.
    pub fn end_faults(&self) {
        self.state.faults().end();
    }

    /// Starts a job of a pipeline: ids and a token, no agent.
    pub fn new_job(&self, organization: &str, project: &str) -> PipelineJob {
        self.state.new_job(organization, project)
    }

    /// Notes that a step of the job references these service connections, as YAML does it; only then may the job ask for
    /// their assertions.
    pub fn reference(&self, job: &PipelineJob, connections: &[String]) {
        self.state.reference(&job.plan_id, connections);
    }

    /// Makes a job's token invalid.
    pub fn end_job(&self, job: &PipelineJob) {
        self.state.end_job(&job.plan_id);
    }

    /// Starts a machine with managed identities.
    pub fn machine(&self, machine: Machine) -> anyhow::Result<RunningMachine> {
        let runtime = self.runtime.as_ref().context("the emulator has ended")?;
        RunningMachine::start(machine, self.state.clone(), runtime.handle())
    }

    /// An access token for this application without the way through OIDC and Entra, for tests of what comes after.
    pub fn access_token(&self, client_id: &str) -> anyhow::Result<String> {
        crate::entra::token_for(&self.state, client_id).context("the world has no such application")
    }

    /// Every secret that was issued: assertions, access tokens, job tokens, and what [`Emulator::watch`] was told. Client secrets and
    /// the keys of machines are not among them; the search for leaks looks for them all the same.
    pub fn issued(&self) -> Vec<Issued> {
        self.state.vault().all()
    }

    /// Lets [`Emulator::leaks_in`] look for a further secret, such as a proxy's password.
    pub fn watch(&self, name: &str, secret: &str) {
        let kind = crate::vault::SecretKind::Watched(name.to_owned());
        self.state.vault().keep(kind, secret, serde_json::Value::Null);
    }

    /// Names every issued secret that these bytes hold: raw, in base64 at any alignment, in hexadecimal, percent-encoded, also
    /// broken into lines.
    pub fn leaks_in(&self, bytes: &[u8]) -> Vec<String> {
        self.state.vault().leaks_in(bytes)
    }

    /// Names every file below a folder that holds an issued secret, with what [`Emulator::leaks_in`] says of it. Links are not
    /// followed; what cannot be read is passed over.
    pub fn leaks_under(&self, folder: &Path) -> Vec<(PathBuf, Vec<String>)> {
        let mut found = Vec::new();
        let mut folders = vec![folder.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(path),
                    Ok(kind) if kind.is_file() => {
                        let leaks = self.leaks_in(&std::fs::read(&path).unwrap_or_default());
                        if !leaks.is_empty() {
                            found.push((path, leaks));
                        }
                    }
                    _ => {}
                }
            }
        }
        found
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        if let Some(git) = &self.state.git {
            git.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_repository_outlives_the_emulator_whoever_still_answers() {
        let emulator = Emulator::start(World::sample_with_repositories()).unwrap();
        let answering = emulator.state.clone();
        let repository = answering.git.as_ref().unwrap().path("contoso", "Shop", "hello");
        assert!(repository.is_dir());
        drop(emulator);
        assert!(!repository.exists());
    }
}
