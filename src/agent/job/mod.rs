//! The job as the agent's environment tells it: what each variable of the agent means.
//!
//! Names and forms as in microsoft/azure-pipelines-agent (Handlers/Handler.cs, ExecutionContext.cs) and the task library.

mod connection;
mod machine;
mod network;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use zeroize::Zeroize;

use crate::disk;
use crate::host::Host;
use crate::kernel::environment;
use crate::kernel::variables::Variables;

pub use connection::Endpoint;

/// Everything that the environment says. It holds secrets, so its `Debug` says nothing.
#[derive(Clone)]
pub struct Job {
    environment: Variables,
    /// What the user asked for beside, or in place of, the task's inputs: names in lower case.
    inputs: BTreeMap<String, String>,
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

/// Parts of the names of all that signing in goes by: what the task was given, the service connections, the job, the agent's network,
/// where a file lies that an input names, and where a machine has its managed identity.
const SIGN_IN_PREFIXES: [&str; 17] = [
    "INPUT_",
    "ENDPOINT_",
    "SYSTEM_",
    "BUILD_SOURCESDIRECTORY",
    "PIPELINE_WORKSPACE",
    "SECRET_SYSTEM_ACCESSTOKEN",
    "AGENT_",
    "SECRET_AGENT_",
    "IDENTITY_",
    "IMDS_",
    "MSI_",
    "DEFAULT_IDENTITY_",
    "AZURE_",
    "SSL_CERT_",
    "PROGRAMFILES",
    "PROGRAMDATA",
    "ADO_ENTRA_AUTH_KEY_",
];

impl Job {
    /// Reads the process's environment.
    pub fn from_environment() -> Self {
        // Names and values that are no UTF-8 are passed over: the agent writes none.
        let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        Self::new(environment::all().filter_map(text).collect())
    }

    /// A job of these variables.
    pub fn new(variables: Vec<(String, String)>) -> Self {
        let environment: Variables = variables.into_iter().collect();
        let input = |(name, value): (&str, &str)| Some((strip_input(name)?.to_ascii_lowercase(), value.to_owned()));
        let inputs = environment.iter().filter_map(input).collect();
        Self { environment, inputs }
    }

    /// What signing in needs of all this, for the process that renews tokens.
    pub fn for_signing_in(&self) -> impl Iterator<Item = (&str, &str)> {
        let needed = |name: &str| {
            let upper = name.to_ascii_uppercase();
            SIGN_IN_PREFIXES.iter().any(|prefix| upper.starts_with(prefix))
        };
        self.environment.iter().filter(move |(name, _)| needed(name))
    }

    /// Wipes all of it from memory, as far as it was not taken elsewhere.
    pub fn wipe(self) {
        self.environment.wipe();
        self.inputs.into_values().for_each(|mut value| value.zeroize());
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

    /// A variable that is set and not empty, by its name in the environment.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.filled(name)
    }

    /// A variable's value as it stands, empty or not.
    pub fn raw_variable(&self, name: &str) -> Option<String> {
        self.environment.get(name).map(str::to_owned)
    }

    /// A secret variable, or a public one of that name.
    fn secret(&self, name: &str) -> Option<&str> {
        self.variable(&format!("SECRET_{name}")).or_else(|| self.variable(name))
    }

    fn in_any_case(&self, name: &str) -> Option<&str> {
        self.environment.in_any_case(name).map(|(_, value)| value)
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
            environment: self.environment.only(visible),
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

    /// What tells this agent from every other: an agent has an id of its own in its organization, and runs one job at a time.
    /// Blank where it does not say.
    pub fn agent(&self) -> String {
        let parts = ["SYSTEM_COLLECTIONURI", "AGENT_ID", "AGENT_NAME"].map(|name| self.variable(name));
        parts.into_iter().collect::<Option<Vec<_>>>().map(|parts| parts.join(" ")).unwrap_or_default()
    }

    /// How long the job may take; nothing where it has no limit, or none is told. In minutes, as the service sets `system.jobTimeout`
    /// (`WellKnownDistributedTaskVariables`), which no step can change.
    pub fn time_limit(&self) -> Option<Duration> {
        let minutes: u32 = self.variable("SYSTEM_JOBTIMEOUT")?.parse().ok()?;
        (minutes > 0).then(|| Duration::from_mins(minutes.into()))
    }

    /// A task variable: what an earlier part or attempt of this very step left for later ones.
    pub fn task_variable(&self, name: &str) -> Option<&str> {
        self.variable(&format!("VSTS_TASKVARIABLE_{name}"))
    }
}

/// The name of the input that a variable carries.
fn strip_input(name: &str) -> Option<&str> {
    let (prefix, input) = name.split_at_checked("INPUT_".len())?;
    let same = if cfg!(windows) { prefix.eq_ignore_ascii_case("INPUT_") } else { prefix == "INPUT_" };
    same.then_some(input)
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Job(***)")
    }
}

/// The home folder that the user database names for this process's user.
#[cfg(target_vendor = "apple")]
fn account_home() -> Option<PathBuf> {
    use nix::unistd::{User, geteuid};
    Some(User::from_uid(geteuid()).ok()??.dir)
}

/// The same where the users stand in a file.
#[cfg(all(unix, not(target_vendor = "apple")))]
fn account_home() -> Option<PathBuf> {
    let own = disk::user_id().to_string();
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
    use super::*;

    pub(super) fn job(variables: &[(&str, &str)]) -> Job {
        Job::new(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
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
        assert_eq!(host.environment.iter().collect::<Vec<_>>(), [("MY_REGISTRY", "6")]);
    }
}
