//! Machines with managed identities: the endpoints that hand out tokens to whoever runs there, one file a source.
//!
//! They listen on loopback (or where the test says), not behind the proxy: a client that asks them through a proxy is refused
//! there, and [`crate::Emulator::connects`] shows it. Tokens are good at the same Azure.
//!
//! Shapes: Microsoft's pages on each source, and what MSAL for Go, .NET and Python read.

mod aks;
mod app_service;
mod arc;
mod azure_ml;
mod cloud_shell;
mod imds;
mod running;
mod service_fabric;
mod token;

pub use running::RunningMachine;

use crate::message::{Answer, Call};
use running::Host;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// A machine that is yet to be started: its source of tokens and the identities it has.
#[derive(Clone, Debug)]
pub struct Machine {
    source: Source,
    /// Client ids.
    identities: Vec<String>,
    address: Option<SocketAddr>,
    key_folder: PathBuf,
    arc_agent: ArcAgent,
    thumbprint: Thumbprint,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Imds,
    AppService,
    ContainerApps,
    Arc,
    CloudShell,
    ServiceFabric,
    AzureMl,
    Aks,
}

/// Whether the agent of Azure Arc knows selectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ArcAgent {
    /// Chooses the identity that is asked for, and says in its answer which one it took.
    Current,
    /// Passes a selector over: whoever is asked for, the machine's own identity comes.
    Old,
}

/// What `IDENTITY_SERVER_THUMBPRINT` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Thumbprint {
    OfServer,
    OfAnother,
}

/// Where Azure Arc on Linux keeps its keys; the only folder that a client may read one from.
pub const ARC_KEY_FOLDER: &str = "/var/opt/azcmagent/tokens";

impl Machine {
    /// A virtual machine, asked by the instance metadata service.
    pub fn imds() -> Self {
        Self::new(Source::Imds)
    }

    /// An app of App Service or Functions.
    pub fn app_service() -> Self {
        Self::new(Source::AppService)
    }

    /// A container of Container Apps.
    pub fn container_apps() -> Self {
        Self::new(Source::ContainerApps)
    }

    /// A machine elsewhere that Azure Arc manages.
    pub fn arc() -> Self {
        Self::new(Source::Arc)
    }

    /// Azure Cloud Shell.
    pub fn cloud_shell() -> Self {
        Self::new(Source::CloudShell)
    }

    /// An application of a Service Fabric cluster; over TLS with a certificate of its own.
    pub fn service_fabric() -> Self {
        Self::new(Source::ServiceFabric)
    }

    /// A compute instance of Azure Machine Learning.
    pub fn azure_ml() -> Self {
        Self::new(Source::AzureMl)
    }

    /// A pod of Azure Kubernetes Service: no endpoint, but a file with a token of the cluster, for the first identity.
    pub fn aks() -> Self {
        Self::new(Source::Aks)
    }

    fn new(source: Source) -> Self {
        Self {
            source,
            identities: Vec::new(),
            address: None,
            key_folder: ARC_KEY_FOLDER.into(),
            arc_agent: ArcAgent::Current,
            thumbprint: Thumbprint::OfServer,
        }
    }

    /// The same machine with this identity (client id), assigned by the system or by a user as the world has it.
    #[must_use]
    pub fn identity(mut self, client_id: &str) -> Self {
        self.identities.push(client_id.to_owned());
        self
    }

    /// The same machine at this address in place of a free port, such as `169.254.169.254:80` in a network namespace.
    #[must_use]
    pub fn at(mut self, address: SocketAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// Where the keys of Azure Arc are really written. The challenge names [`ARC_KEY_FOLDER`] all the same; the client finds
    /// them there in a mount namespace.
    #[must_use]
    pub fn writing_keys_to(mut self, folder: &Path) -> Self {
        self.key_folder = folder.to_path_buf();
        self
    }

    /// The same machine with an agent of Azure Arc that passes selectors over.
    #[must_use]
    pub fn old_agent(mut self) -> Self {
        self.arc_agent = ArcAgent::Old;
        self
    }

    /// The same machine, whose environment names the thumbprint of another certificate than the server's.
    #[must_use]
    pub fn wrong_thumbprint(mut self) -> Self {
        self.thumbprint = Thumbprint::OfAnother;
        self
    }
}

impl Source {
    fn answer(self, host: &Host, call: &Call) -> Answer {
        match self {
            Self::Imds => imds::answer(host, call),
            Self::AppService | Self::ContainerApps => app_service::answer(host, call),
            Self::Arc => arc::answer(host, call),
            Self::CloudShell => cloud_shell::answer(host, call),
            Self::ServiceFabric => service_fabric::answer(host, call),
            Self::AzureMl => azure_ml::answer(host, call),
            Self::Aks => Answer::status(404),
        }
    }

    /// An error in the source's own form.
    fn error(self, status: u16) -> Answer {
        match self {
            Self::Imds | Self::Arc | Self::Aks => imds::error(status, "error", "the answer that was ordered"),
            Self::AppService | Self::ContainerApps | Self::AzureMl => {
                app_service::error(status, app_service::UNEXPECTED)
            }
            Self::CloudShell => cloud_shell::error(status, "Error", "the answer that was ordered"),
            Self::ServiceFabric => service_fabric::error(status, "InternalError", "the answer that was ordered"),
        }
    }

    fn environment(self, host: &Host) -> Vec<(&'static str, String)> {
        match self {
            Self::Imds => imds::environment(host),
            Self::AppService | Self::ContainerApps => app_service::environment(host),
            Self::Arc => arc::environment(host),
            Self::CloudShell => cloud_shell::environment(host),
            Self::ServiceFabric => service_fabric::environment(host),
            Self::AzureMl => azure_ml::environment(host),
            Self::Aks => aks::environment(host),
        }
    }
}
