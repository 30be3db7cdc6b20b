//! The steps: each kind of identity, and what its errors must show of it.

use std::path::Path;

use ado_entra_auth_emulator::agent::TaskStep;
use ado_entra_auth_emulator::world::{
    ARM_CERTIFICATE_CONNECTION, ARM_SECRET_CONNECTION, CERTIFICATE, CERTIFICATE_CLIENT, CLIENT, CLUSTER_CLIENT,
    CLUSTER_ISSUER, CLUSTER_SUBJECT, CONNECTION, CONTOSO_ID, EXCHANGE_AUDIENCE, EXCHANGE_AUDIENCE_ID, FEDERATED_CLIENT,
    MACHINE_IDENTITY, OTHER_TENANT, PIPELINE_CLIENT, SECRET, SECRET_CLIENT, TENANT, USER_IDENTITY_1, USER_OBJECT_1,
};
use ado_entra_auth_emulator::{Machine, World};

use crate::identities::of;
use crate::support::step;

/// Whom a step signs in as, and by what.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A service connection of the type Azure DevOps.
    Connection,
    /// The pipeline itself.
    Pipeline,
    /// A client secret in an input.
    Secret,
    /// A client secret in a service connection of Azure Resource Manager.
    ArmSecret,
    /// A certificate in an input.
    Certificate,
    /// A certificate in a service connection of Azure Resource Manager.
    ArmCertificate,
    /// The identity of a machine, which hands out the token; it may use this folder.
    Machine(fn(&Path) -> Machine),
    /// An application in another tenant that trusts a user-assigned identity of the machine.
    Federated,
    /// A pod of AKS.
    Pod,
}

/// A fact of a message: its name and its value.
pub type Fact = (&'static str, String);

impl Kind {
    /// The step.
    pub fn step(self) -> TaskStep {
        let told = |step: TaskStep, client: &str| step.input("clientId", client).input("tenantId", TENANT);
        match self {
            Self::Connection => step(),
            Self::Pipeline => told(of("pipeline"), PIPELINE_CLIENT),
            Self::Secret => told(of("clientSecret"), SECRET_CLIENT).input("clientSecret", SECRET),
            Self::ArmSecret => of("azureRM").connection("connectedServiceNameARM", ARM_SECRET_CONNECTION),
            Self::Certificate => {
                told(of("clientCertificate"), CERTIFICATE_CLIENT).input("clientCertificate", &CERTIFICATE.pem())
            }
            Self::ArmCertificate => of("azureRM").connection("connectedServiceNameARM", ARM_CERTIFICATE_CONNECTION),
            Self::Machine(_) | Self::Pod => of("managedIdentity"),
            Self::Federated => of("managedIdentity")
                .input("clientId", USER_IDENTITY_1)
                .input("federatedClientId", FEDERATED_CLIENT)
                .input("organizations", "fabrikam"),
        }
    }

    /// The machine that its agent runs on, where it matters. `folder` is the case's own.
    pub fn machine(self, folder: &Path) -> Option<Machine> {
        match self {
            Self::Machine(machine) => Some(machine(folder)),
            Self::Federated => Some(Machine::imds().identity(MACHINE_IDENTITY).identity(USER_IDENTITY_1)),
            Self::Pod => Some(Machine::aks().identity(CLUSTER_CLIENT)),
            _ => None,
        }
    }

    /// Whether Azure DevOps is asked for an assertion.
    pub fn asks_for_an_assertion(self) -> bool {
        matches!(self, Self::Connection | Self::Pipeline)
    }

    /// Whether Entra is asked for the token.
    pub fn asks_entra(self) -> bool {
        !matches!(self, Self::Machine(_))
    }

    /// What was shown to Entra: issuer, subject and audience where it compares them; nothing of a secret.
    pub fn presented(self, world: &World) -> Vec<Fact> {
        let by_id = format!("{EXCHANGE_AUDIENCE_ID} (in the federated credential: {EXCHANGE_AUDIENCE})");
        match self {
            Self::Connection => {
                let trusted = world.federated_credential_of(world.connection(CONNECTION).unwrap());
                let shown = format!("tenant {TENANT}, organization {CONTOSO_ID}, connection {CONNECTION}");
                let in_words = format!("a service connection: {shown}");
                federated(&trusted.issuer, &trusted.subject, &in_words, &by_id)
            }
            Self::Pipeline => {
                let trusted = world.pipeline_credential("contoso", "Shop", "build-shop");
                let in_words = "a pipeline: organization contoso, project Shop, pipeline build-shop";
                federated(&trusted.issuer, &trusted.subject, in_words, EXCHANGE_AUDIENCE)
            }
            Self::Federated => {
                let issuer = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
                let in_words = format!("a managed identity: object id {USER_OBJECT_1}");
                federated(&issuer, USER_OBJECT_1, &in_words, &by_id)
            }
            Self::Pod => federated(CLUSTER_ISSUER, CLUSTER_SUBJECT, "", EXCHANGE_AUDIENCE),
            Self::Certificate | Self::ArmCertificate => {
                let mut facts = certificate("CN=contoso-deploy", "71CD9A06A13D87AAC977FA4D07272FA1128F4F2A");
                facts.push(without_chain());
                facts
            }
            Self::Secret | Self::ArmSecret | Self::Machine(_) => Vec::new(),
        }
    }

    /// Who asks Entra, and in which tenant.
    pub fn client(self) -> Vec<Fact> {
        let (client, tenant) = match self {
            Self::Connection => (CLIENT, TENANT),
            Self::Pipeline => (PIPELINE_CLIENT, TENANT),
            Self::Secret | Self::ArmSecret => (SECRET_CLIENT, TENANT),
            Self::Certificate | Self::ArmCertificate => (CERTIFICATE_CLIENT, TENANT),
            Self::Federated => (FEDERATED_CLIENT, OTHER_TENANT),
            Self::Pod => (CLUSTER_CLIENT, TENANT),
            Self::Machine(_) => return Vec::new(),
        };
        vec![("client", client.to_owned()), ("tenant", tenant.to_owned())]
    }
}

/// What is shown of a federated assertion. `in_words` is what its subject means, where it is a subject of Azure DevOps.
pub fn federated(issuer: &str, subject: &str, in_words: &str, audience: &str) -> Vec<Fact> {
    let mut facts = vec![("issuer", issuer.to_owned()), ("subject", subject.to_owned())];
    facts.extend((!in_words.is_empty()).then(|| ("that is", in_words.to_owned())));
    facts.push(("audience", audience.to_owned()));
    facts
}

/// What is shown of a certificate, as openssl tells it of the file.
pub fn certificate(subject: &str, thumbprint: &str) -> Vec<Fact> {
    let valid_to = "2124-01-01T00:00:00Z".to_owned();
    vec![("certificate", subject.to_owned()), ("thumbprint", thumbprint.to_owned()), ("valid to", valid_to)]
}

/// What is said where a certificate's chain was not shown to Entra.
pub fn without_chain() -> Fact {
    ("chain", "not sent; 'sendCertificateChain' sends it".to_owned())
}
