//! The job as the agent's environment tells it: the only reader of the environment.
//!
//! Names and forms as in microsoft/azure-pipelines-agent (Handlers/Handler.cs, ExecutionContext.cs) and the task library.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use serde::Deserialize;

use crate::disk;
use crate::http::Network;
use crate::identity::certificate::Bundle;
use crate::identity::managed_identity::{Machine, Workload};
use crate::identity::pipeline::Pipeline;
use crate::identity::secret::{Assertion, CertificateContent, ClientSecret, JobToken, MachineSecret, Password};
use crate::tools::host::Host;

/// Everything that the environment says.
#[derive(Clone, Debug)]
pub struct Job {
    environment: BTreeMap<String, String>,
    /// What the user asked for beside, or in place of, the task's inputs: names in lower case.
    inputs: BTreeMap<String, String>,
}

/// A service connection.
#[derive(Clone, Debug, Default)]
pub struct Endpoint {
    /// Its address.
    pub url: Option<String>,
    /// Its authorization scheme.
    pub scheme: Option<String>,
    /// Parameter `servicePrincipalId`.
    pub client_id: Option<String>,
    /// Parameter `tenantId`.
    pub tenant_id: Option<String>,
    /// Parameter `idToken`: an assertion that the service bound to the connection when the job began.
    pub id_token: Option<Assertion>,
    /// Parameter `authenticationType` of a service principal: `spnKey` or `spnCertificate`.
    pub authentication_type: Option<String>,
    /// Parameter `servicePrincipalKey`.
    pub client_secret: Option<ClientSecret>,
    /// Parameter `servicePrincipalCertificate`: key and certificate in one PEM text.
    pub client_certificate: Option<CertificateContent>,
    /// Data `msiClientId`: the client id of a user-assigned identity.
    pub machine_client_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Authorization {
    parameters: BTreeMap<String, String>,
    scheme: Option<String>,
}

/// Parts of the agent's names for what later steps do not see.
const HIDDEN_PREFIXES: [&str; 7] = [
    "INPUT_",
    "SECRET_",
    "ENDPOINT_",
    "SECUREFILE_",
    "VSTS_TASKVARIABLE_",
    "VSTS_SECRET_VARIABLES",
    "VSTS_PUBLIC_VARIABLES",
];

impl Job {
    /// Reads the process's environment.
    #[allow(clippy::disallowed_methods, reason = "the one door to the environment")]
    pub fn from_environment() -> Self {
        Self::new(std::env::vars_os())
    }

    /// This program's own path; nothing where the system does not tell.
    #[allow(clippy::disallowed_methods, reason = "the one door to the environment")]
    pub fn program() -> Option<PathBuf> {
        std::env::current_exe().ok()
    }

    /// A job of these variables. Names and values that are no UTF-8 are passed over: the agent writes none.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        let environment: BTreeMap<String, String> = variables.into_iter().filter_map(text).collect();
        let input = |(name, value): (&String, &String)| {
            Some((name.strip_prefix("INPUT_")?.to_ascii_lowercase(), value.clone()))
        };
        let inputs = environment.iter().filter_map(input).collect();
        Self { environment, inputs }
    }

    /// Sets an input in place of the agent's.
    pub fn set_input(&mut self, name: &str, value: &str) {
        self.inputs.insert(name.to_ascii_lowercase(), value.to_owned());
    }

    /// An input's value without blanks around it; nothing where it is empty.
    pub fn input(&self, name: &str) -> Option<&str> {
        self.inputs.get(&name.to_ascii_lowercase()).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The value of an input that is a secret, in which blanks count; nothing where it is empty.
    pub fn secret_input(&self, name: &str) -> Option<&str> {
        let value = self.inputs.get(&name.to_ascii_lowercase())?.trim_end_matches(['\r', '\n']);
        Some(value).filter(|value| !value.is_empty())
    }

    /// A variable that is set and not empty, by its name in the environment. Windows does not tell letters' case apart.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let exact = self.environment.get(name);
        let found = exact.or_else(|| cfg!(windows).then(|| self.in_any_case(name)).flatten());
        found.map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A variable's value as it stands, empty or not.
    pub fn raw_variable(&self, name: &str) -> Option<String> {
        self.environment.get(name).cloned()
    }

    /// A secret variable, or a public one of that name.
    fn secret(&self, name: &str) -> Option<&str> {
        self.variable(&format!("SECRET_{name}")).or_else(|| self.variable(name))
    }

    fn in_any_case(&self, name: &str) -> Option<&String> {
        self.environment.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The service connection of this id.
    pub fn endpoint(&self, id: &str) -> Endpoint {
        let value = |name: String| self.in_any_case(&name).filter(|value| !value.is_empty()).cloned();
        let json = value(format!("ENDPOINT_AUTH_{id}"));
        let whole: Authorization = json.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
        let parameter = |name: &str| {
            let in_json =
                || whole.parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, v)| v.clone());
            value(format!("ENDPOINT_AUTH_PARAMETER_{id}_{name}")).or_else(in_json).filter(|value| !value.is_empty())
        };
        Endpoint {
            url: value(format!("ENDPOINT_URL_{id}")),
            scheme: value(format!("ENDPOINT_AUTH_SCHEME_{id}")).or_else(|| whole.scheme.clone()),
            client_id: parameter("SERVICEPRINCIPALID"),
            tenant_id: parameter("TENANTID"),
            id_token: parameter("IDTOKEN").map(Assertion::new),
            authentication_type: parameter("AUTHENTICATIONTYPE"),
            client_secret: parameter("SERVICEPRINCIPALKEY").map(ClientSecret::new),
            client_certificate: parameter("SERVICEPRINCIPALCERTIFICATE").map(CertificateContent::new),
            machine_client_id: value(format!("ENDPOINT_DATA_{id}_MSICLIENTID")),
        }
    }

    /// What an assertion is asked with.
    pub fn pipeline(&self) -> Pipeline {
        let text = |name: &str| self.variable(name).map(str::to_owned);
        let of_the_connection = || {
            let json = self.in_any_case("ENDPOINT_AUTH_SYSTEMVSSCONNECTION")?;
            let whole: Authorization = serde_json::from_str(json).ok()?;
            whole
                .parameters
                .into_iter()
                .find(|(key, _)| key.eq_ignore_ascii_case("AccessToken"))
                .map(|(_, value)| value)
        };
        let token = text("ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN")
            .or_else(of_the_connection)
            .or_else(|| self.secret("SYSTEM_ACCESSTOKEN").map(str::to_owned));
        Pipeline {
            request_uri: text("SYSTEM_OIDCREQUESTURI"),
            collection: text("SYSTEM_COLLECTIONURI"),
            project_id: text("SYSTEM_TEAMPROJECTID"),
            host_type: text("SYSTEM_HOSTTYPE"),
            plan_id: text("SYSTEM_PLANID"),
            job_id: text("SYSTEM_JOBID"),
            job_token: token.filter(|token| !token.is_empty()).map(JobToken::new),
        }
    }

    /// What the machine says of its managed identity.
    pub fn machine(&self) -> Machine {
        let text = |name: &str| self.variable(name).map(str::to_owned);
        let secret = |name: &str| self.variable(name).map(MachineSecret::new);
        let folder = |variable: &str, unix: &str, below: &str| match self.variable(variable).filter(|_| cfg!(windows)) {
            Some(base) => PathBuf::from(base).join("AzureConnectedMachineAgent").join(below),
            None => PathBuf::from(unix),
        };
        let workload = self.variable("AZURE_FEDERATED_TOKEN_FILE").map(|file| Workload {
            token_file: PathBuf::from(file),
            client_id: text("AZURE_CLIENT_ID"),
            tenant_id: text("AZURE_TENANT_ID"),
            authority: text("AZURE_AUTHORITY_HOST"),
        });
        Machine {
            identity_endpoint: text("IDENTITY_ENDPOINT"),
            identity_header: secret("IDENTITY_HEADER"),
            identity_server_thumbprint: text("IDENTITY_SERVER_THUMBPRINT"),
            imds_endpoint: text("IMDS_ENDPOINT"),
            msi_endpoint: text("MSI_ENDPOINT"),
            msi_secret: secret("MSI_SECRET"),
            default_client_id: text("DEFAULT_IDENTITY_CLIENT_ID"),
            imds_host: text("AZURE_POD_IDENTITY_AUTHORITY_HOST"),
            arc_program: folder("ProgramFiles", "/opt/azcmagent/bin/himds", "himds.exe"),
            arc_keys: folder("ProgramData", "/var/opt/azcmagent/tokens", "Tokens"),
            workload,
        }
    }

    /// How the agent reaches the network, and what of its settings could not be followed.
    pub fn network(&self) -> (Network, Vec<String>) {
        let mut warnings = Vec::new();
        let text = |name: &str| self.variable(name).map(str::to_owned);
        let authorities = self.file("AGENT_CAINFO", &mut warnings);
        let client_certificate = self.client_certificate(&mut warnings);
        let accept_any_certificate = self.variable("AGENT_SKIPCERTVALIDATION").is_some_and(|value| {
            let accepted = value.eq_ignore_ascii_case("true");
            if accepted {
                warnings.push(
                    "the agent is set up to accept any certificate (--sslskipcertvalidation), so whoever answers in place of \
                     Entra or Azure DevOps gets this job's tokens; give the agent the authority with --sslcacert instead"
                        .to_owned(),
                );
            }
            accepted
        });
        let bypass = self.variable("AGENT_PROXYBYPASSLIST").and_then(|json| serde_json::from_str(json).ok());
        let network = Network {
            proxy: text("AGENT_PROXYURL"),
            proxy_user: text("AGENT_PROXYUSERNAME"),
            proxy_password: self.secret("AGENT_PROXYPASSWORD").map(Password::new),
            proxy_bypass: bypass.unwrap_or_default(),
            authorities,
            client_certificate,
            accept_any_certificate,
        };
        (network, warnings)
    }

    /// What a file holds whose path the agent gives; a warning where it cannot be read.
    fn file(&self, name: &str, warnings: &mut Vec<String>) -> Option<Vec<u8>> {
        let path = self.variable(name)?;
        let read = disk::read(path.as_ref()).map_err(|error| error.to_string());
        read.and_then(|bytes| bytes.ok_or_else(|| "there is no such file".to_owned()))
            .inspect_err(|reason| {
                warnings.push(format!("the certificate file {path} of the agent is not used: {reason}"));
            })
            .ok()
    }

    /// The client certificate that the agent was set up with, as PEM with its key in the clear: from its certificate and key, or
    /// from its archive (`config.sh --sslclientcert`, `--sslclientcertkey`, `--sslclientcertarchive`).
    fn client_certificate(&self, warnings: &mut Vec<String>) -> Option<Vec<u8>> {
        let certificate = self.file("AGENT_CLIENTCERT", warnings);
        let key = self.file("AGENT_CLIENTCERTKEY", warnings);
        let pair = certificate.zip(key).map(|(certificate, key)| [certificate, b"\n".to_vec(), key].concat());
        let password = self.secret("AGENT_CLIENTCERTPASSWORD").map(Password::new);
        let read = |content: Vec<u8>| Bundle::read(&content, password.as_ref());
        let mut outcome = pair.map(read);
        if !matches!(outcome, Some(Ok(_))) {
            outcome = self.file("AGENT_CLIENTCERTARCHIVE", warnings).map(read).or(outcome);
        }
        let bundle = outcome?.inspect_err(|error| {
            warnings.push(format!("the agent's client certificate is not used: {error}"));
        });
        bundle.ok().map(|bundle| bundle.to_pem().as_bytes().to_vec())
    }

    /// The machine and the job as tools see them.
    pub fn host(&self, working_directory: PathBuf, program: PathBuf) -> Host {
        let visible = |name: &str| {
            let upper = name.to_ascii_uppercase();
            !HIDDEN_PREFIXES.iter().any(|prefix| upper.starts_with(prefix)) && upper != "SYSTEM_ACCESSTOKEN"
        };
        let path = |name: &str| self.variable(name).map(PathBuf::from);
        // Containers have users whose home is not there.
        let is_there = |home: &PathBuf| disk::is_folder(home);
        let home = if cfg!(windows) { path("USERPROFILE") } else { path("HOME") };
        Host {
            windows: cfg!(windows),
            environment: self.environment.clone().into_iter().filter(|(name, _)| visible(name)).collect(),
            account_home: account_home().filter(is_there).filter(|account| Some(account) != home.as_ref()),
            home: home.filter(is_there),
            pipeline_workspace: path("PIPELINE_WORKSPACE").or_else(|| path("AGENT_BUILDDIRECTORY")),
            working_directory,
            program,
        }
    }

    /// Whether this process runs in a job of a pipeline.
    pub fn is_in_pipeline(&self) -> bool {
        self.variable("TF_BUILD").is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The agent's temporary folder.
    pub fn temp_directory(&self) -> Option<PathBuf> {
        self.variable("AGENT_TEMPDIRECTORY").map(PathBuf::from)
    }

    /// Where steps run unless they say otherwise.
    pub fn default_working_directory(&self) -> Option<PathBuf> {
        let names = ["SYSTEM_DEFAULTWORKINGDIRECTORY", "BUILD_SOURCESDIRECTORY", "PIPELINE_WORKSPACE"];
        names.iter().find_map(|name| self.variable(name)).map(PathBuf::from)
    }

    /// What tells this job from every other: the job's own id is the same in every build of a pipeline with a single job.
    pub fn key(&self) -> String {
        let parts =
            ["SYSTEM_PLANID", "SYSTEM_JOBID", "SYSTEM_JOBATTEMPT"].map(|name| self.variable(name).unwrap_or("-"));
        parts.join("/")
    }

    /// A task variable: what an earlier part or attempt of this very step left for later ones.
    pub fn task_variable(&self, name: &str) -> Option<&str> {
        self.variable(&format!("VSTS_TASKVARIABLE_{name}"))
    }
}

/// The home folder that the user database names for this process's user.
#[cfg(unix)]
fn account_home() -> Option<PathBuf> {
    let own = disk::user_id()?.to_string();
    let database = disk::read("/etc/passwd".as_ref()).ok()??;
    let database = String::from_utf8_lossy(&database).into_owned();
    let fields = database.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let mut of_user = fields.filter(|fields| fields.get(2) == Some(&own.as_str()));
    of_user.find_map(|fields| fields.get(5).filter(|home| home.len() > 1).map(PathBuf::from))
}

#[cfg(not(unix))]
fn account_home() -> Option<PathBuf> {
    None
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::http::{Deadline, Http};
    use crate::identity::certificate::tests::workshop::Workshop;

    fn job(variables: &[(&str, &str)]) -> Job {
        Job::new(variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))))
    }

    #[test]
    fn a_connection_is_read_from_single_values_and_from_json() {
        let id = "b6f3c1de-1111-4222-8333-444455556666";
        let single = job(&[
            (&format!("ENDPOINT_URL_{id}"), "https://dev.azure.com/contoso/"),
            (&format!("ENDPOINT_AUTH_SCHEME_{id}"), "WorkloadIdentityFederation"),
            (&format!("ENDPOINT_AUTH_PARAMETER_{id}_SERVICEPRINCIPALID"), "c"),
            (&format!("ENDPOINT_AUTH_PARAMETER_{id}_TENANTID"), "t"),
        ]);
        let json = job(&[(
            &format!("ENDPOINT_AUTH_{}", id.to_uppercase()),
            r#"{"parameters":{"serviceprincipalid":"c","tenantid":"t"},"scheme":"WorkloadIdentityFederation"}"#,
        )]);
        for endpoint in [single.endpoint(id), json.endpoint(id)] {
            assert_eq!(endpoint.scheme.as_deref(), Some("WorkloadIdentityFederation"));
            assert_eq!((endpoint.client_id.as_deref(), endpoint.tenant_id.as_deref()), (Some("c"), Some("t")));
        }
    }

    #[test]
    fn tools_see_no_secrets() {
        let host = job(&[
            ("INPUT_X", "1"),
            ("SECRET_X", "2"),
            ("SYSTEM_ACCESSTOKEN", "3"),
            ("ENDPOINT_AUTH_x", "4"),
            ("VSTS_TASKVARIABLE_X", "5"),
            ("MY_REGISTRY", "6"),
        ])
        .host(PathBuf::new(), PathBuf::new());
        assert_eq!(host.environment.into_keys().collect::<Vec<_>>(), ["MY_REGISTRY"]);
    }

    #[test]
    fn the_proxy_is_read() {
        let (network, warnings) = job(&[
            ("AGENT_PROXYURL", "http://proxy.example.com:8888"),
            ("AGENT_PROXYBYPASSLIST", r#"["http://bypass.example.com"]"#),
            ("SECRET_AGENT_PROXYPASSWORD", "p"),
            ("AGENT_CAINFO", "/there/is/no/such.pem"),
        ])
        .network();
        assert_eq!(network.proxy.as_deref(), Some("http://proxy.example.com:8888"));
        assert_eq!(network.proxy_bypass, ["http://bypass.example.com"]);
        assert_eq!(network.proxy_password.unwrap().reveal(), "p");
        assert_eq!(warnings.len(), 1);
        assert!(job(&[]).network().0.proxy.is_none());
    }

    /// What a job makes of the agent's client certificate, and the warnings.
    fn client_certificate(shop: &Workshop, files: [&str; 3]) -> (Option<Vec<u8>>, Vec<String>) {
        let names = ["AGENT_CLIENTCERT", "AGENT_CLIENTCERTKEY", "AGENT_CLIENTCERTARCHIVE"];
        let paths = files.map(|file| if file.is_empty() { String::new() } else { shop.path_of(file) });
        let mut variables: Vec<_> = names.into_iter().zip(paths.iter().map(String::as_str)).collect();
        variables.push(("SECRET_AGENT_CLIENTCERTPASSWORD", "geheim"));
        let (network, warnings) = job(&variables).network();
        if network.client_certificate.is_some() {
            Http::new(&network, Deadline::after(Duration::ZERO)).unwrap();
        }
        (network.client_certificate, warnings)
    }

    #[test]
    fn the_agents_client_certificate_is_decrypted() {
        let Some(shop) = Workshop::open() else { return };
        for kind in ["rsa:2048", "ec -pkeyopt ec_paramgen_curve:P-256"] {
            shop.self_signed(kind, "key.pem", "cert.pem");
            shop.openssl("pkcs8 -topk8 -in key.pem -out encrypted.pem -passout pass:geheim");
            shop.openssl("pkcs12 -export -inkey key.pem -in cert.pem -out archive.pfx -passout pass:geheim");
            shop.openssl("pkcs12 -export -inkey key.pem -in cert.pem -out other.pfx -passout pass:another");
            let public = shop.openssl("x509 -in cert.pem -noout -pubkey");
            let read = [
                ["cert.pem", "key.pem", ""],
                ["cert.pem", "encrypted.pem", ""],
                ["cert.pem", "encrypted.pem", "other.pfx"],
                ["", "", "archive.pfx"],
                ["cert.pem", "", "archive.pfx"],
                ["cert.pem", "cert.pem", "archive.pfx"],
            ];
            for files in read {
                let (pem, warnings) = client_certificate(&shop, files);
                assert_eq!(warnings, Vec::<String>::new(), "{files:?}");
                shop.write("read.pem", pem.unwrap());
                assert_eq!(shop.openssl("pkey -in read.pem -pubout"), public, "{files:?}");
                assert_eq!(shop.fingerprint("read.pem", "sha1"), shop.fingerprint("cert.pem", "sha1"), "{files:?}");
            }
        }
        let (pem, warnings) = client_certificate(&shop, ["", "", "other.pfx"]);
        assert_eq!(pem, None);
        let expected = "the agent's client certificate is not used: the password of the client certificate is wrong";
        assert_eq!(warnings, [expected]);
        assert_eq!(client_certificate(&shop, ["", "", ""]), (None, Vec::new()));
    }
}
