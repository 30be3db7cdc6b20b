//! The environment of a step: names and values, in the order in which the agent writes them.

use super::job::Job;
use super::options::TaskStep;
use super::variables::{Variable, Variables};
use std::collections::BTreeMap;

/// A variable's name as an environment variable: `.` and blank become `_`, then upper case unless the case is kept.
pub fn variable_name(name: &str, preserve_case: bool) -> String {
    let name = name.replace(['.', ' '], "_");
    if preserve_case { name } else { name.to_uppercase() }
}

/// Variables that the operating system needs and the agent's machine has.
const KEPT: &[&str] =
    &["SystemRoot", "SystemDrive", "windir", "COMSPEC", "PATHEXT", "TEMP", "TMP", "JAVA_HOME", "LANG"];

/// An environment under construction; names keep their order out of the way.
pub(super) type Environment = BTreeMap<String, String>;

impl Job<'_> {
    /// What every process on the agent's machine inherits.
    pub(super) fn machine(&self) -> Environment {
        let mut environment: Environment =
            KEPT.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?))).collect();
        environment.insert("HOME".into(), self.home().display().to_string());
        if cfg!(windows) {
            environment.insert("USERPROFILE".into(), self.home().display().to_string());
        }
        environment.insert("TF_BUILD".into(), "True".into());
        environment.insert("VSTS_PROCESS_LOOKUP_ID".into(), format!("vsts_{}", self.process_lookup_id));
        environment.extend(self.machine_environment.iter().cloned());
        environment
    }

    /// `PATH`, the job's where it has one of its own, with the prepended folders, newest first.
    pub(super) fn path(&self) -> String {
        let of_job = self.variables.get("PATH").map(|variable| variable.value.clone().into());
        let own: std::ffi::OsString = of_job.or_else(|| std::env::var_os("PATH")).unwrap_or_default();
        let folders = self.prepended.iter().rev().map(std::path::PathBuf::from).chain(std::env::split_paths(&own));
        std::env::join_paths(folders).map(|joined| joined.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// The public variables under their names in the environment.
    pub(super) fn public_variables(&self, always_upper_case: bool) -> Environment {
        let variables = &self.variables;
        variables
            .iter()
            .filter(|v| !v.secret)
            .map(|v| (variable_name(&v.name, v.preserve_case && !always_upper_case), variables.expanded(v)))
            .collect()
    }

    /// The environment of a script step.
    pub fn script_environment(&self) -> BTreeMap<String, String> {
        let mut environment = self.machine();
        environment.extend(self.public_variables(false));
        environment.insert("PATH".into(), self.path());
        environment
    }

    /// The environment of a task's handler. Later entries win, so a job's variable beats the step's own `env:`.
    pub fn task_environment(&self, step: &TaskStep) -> BTreeMap<String, String> {
        self.handler_environment(step, &self.task_variables_of(&step.name))
    }

    pub(super) fn handler_environment(&self, step: &TaskStep, task_variables: &Variables) -> Environment {
        let mut environment = self.machine();
        environment.extend(step.env.iter().map(|(name, value)| (name.clone(), self.variables.expand_in(value))));
        environment.extend(self.public_variables(false));
        let names = |secret: bool| {
            let names: Vec<&str> =
                self.variables.iter().filter(|v| v.secret == secret).map(|v| v.name.as_str()).collect();
            serde_json::json!(names).to_string()
        };
        for variable in self.variables.iter().filter(|v| v.secret) {
            let name = variable_name(&variable.name, variable.preserve_case);
            environment.insert(format!("SECRET_{name}"), self.variables.expanded(variable));
        }
        environment.insert("VSTS_PUBLIC_VARIABLES".into(), names(false));
        environment.insert("VSTS_SECRET_VARIABLES".into(), names(true));
        environment.insert("agent.jobstatus".into(), self.status().into());
        environment.insert("AGENT_JOBSTATUS".into(), self.status().into());
        for (name, value) in &step.inputs {
            let value = self.variables.expand_in(value.trim());
            environment.insert(format!("INPUT_{}", variable_name(name, false)), value);
        }
        for endpoint in self.endpoints(step) {
            endpoint.write(&mut environment);
        }
        for variable in task_variables.iter() {
            environment
                .insert(format!("VSTS_TASKVARIABLE_{}", variable_name(&variable.name, false)), variable.value.clone());
        }
        environment.insert("PATH".into(), self.path());
        environment
    }

    /// The service connections that a step sees, with the job's own.
    pub(super) fn endpoints(&self, step: &TaskStep) -> Vec<Endpoint> {
        let mut endpoints = vec![Endpoint {
            id: "SYSTEMVSSCONNECTION".into(),
            url: self.collection_uri.clone(),
            scheme: "OAuth".into(),
            parameters: vec![("AccessToken".into(), self.pipeline.token.clone())],
            data: None,
        }];
        for id in &step.connections {
            if let Some(connection) = self.world.connection(id) {
                let mut parameters = vec![("tenantid".to_owned(), connection.tenant.clone())];
                // The identity of a machine has no service principal that a connection could name.
                if connection.scheme != "ManagedServiceIdentity" {
                    parameters.insert(0, ("serviceprincipalid".to_owned(), connection.client_id.clone()));
                }
                parameters.extend(connection.parameters.iter().cloned());
                endpoints.push(Endpoint {
                    id: connection.id.to_lowercase(),
                    url: connection.url.clone(),
                    scheme: connection.scheme.clone(),
                    parameters,
                    data: Some(connection.data.clone()),
                });
            }
        }
        endpoints
    }
}

/// A service connection as a task sees it.
pub(super) struct Endpoint {
    id: String,
    url: String,
    scheme: String,
    parameters: Vec<(String, String)>,
    data: Option<Vec<(String, String)>>,
}

/// Authorization parameters that the agent does not mask.
const OPEN_PARAMETERS: &[&str] = &[
    "tenantid",
    "scope",
    "role",
    "issuedat",
    "expiresat",
    "audience",
    "authenticationtype",
    "authorizationtype",
    "authentication",
];

impl Endpoint {
    /// The values that the agent masks from the job's start on.
    pub(super) fn masked(&self) -> impl Iterator<Item = &str> {
        self.parameters
            .iter()
            .filter(|(name, _)| !OPEN_PARAMETERS.contains(&name.to_lowercase().as_str()))
            .map(|(_, value)| value.as_str())
    }

    fn write(&self, environment: &mut Environment) {
        let id = &self.id;
        let parameters: serde_json::Map<String, serde_json::Value> =
            self.parameters.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        let auth = serde_json::json!({ "parameters": parameters, "scheme": self.scheme });
        environment.insert(format!("ENDPOINT_URL_{id}"), self.url.clone());
        environment.insert(format!("ENDPOINT_AUTH_{id}"), auth.to_string());
        environment.insert(format!("ENDPOINT_AUTH_SCHEME_{id}"), self.scheme.clone());
        for (name, value) in &self.parameters {
            environment.insert(format!("ENDPOINT_AUTH_PARAMETER_{id}_{}", variable_name(name, false)), value.clone());
        }
        if let Some(data) = &self.data {
            let all: serde_json::Map<String, serde_json::Value> =
                data.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
            environment.insert(format!("ENDPOINT_DATA_{id}"), serde_json::Value::Object(all).to_string());
            for (name, value) in data {
                environment.insert(format!("ENDPOINT_DATA_{id}_{}", variable_name(name, false)), value.clone());
            }
        }
    }
}

/// The variables that the service and the agent fix for every job.
pub(super) fn fixed_variables(job: &FixedFacts<'_>) -> Vec<Variable> {
    let fixed = |name: &str, value: &str| Variable::public(name, value).fixed();
    let path = |tail: &str| job.root.join(tail).display().to_string();
    let mut all = vec![
        fixed("System", "build"),
        fixed("System.CollectionUri", job.collection_uri),
        fixed("System.TeamFoundationCollectionUri", job.collection_uri),
        fixed("System.TaskDefinitionsUri", job.collection_uri),
        fixed("System.TeamProject", &job.pipeline.project),
        fixed("System.TeamProjectId", job.project_id),
        fixed("System.HostType", "build"),
        fixed("System.PlanId", &job.pipeline.plan_id),
        fixed("System.JobId", &job.pipeline.job_id),
        fixed("System.JobTimeout", "60"),
        fixed("System.OidcRequestUri", job.oidc_uri),
        fixed("System.DefinitionId", "7"),
        fixed("System.Culture", "en-US"),
        fixed("System.DefaultWorkingDirectory", &path("_work/1/s")),
        fixed("System.ArtifactsDirectory", &path("_work/1/a")),
        fixed("Build.SourcesDirectory", &path("_work/1/s")),
        fixed("Build.StagingDirectory", &path("_work/1/a")),
        fixed("Build.ArtifactStagingDirectory", &path("_work/1/a")),
        fixed("Build.BuildId", "42"),
        fixed("Build.DefinitionName", &job.pipeline.pipeline),
        fixed("Build.SourceBranch", "refs/heads/main"),
        fixed("Build.Repository.Provider", "TfsGit"),
        fixed("Pipeline.Workspace", &path("_work/1")),
        fixed("Agent.BuildDirectory", &path("_work/1")),
        fixed("Agent.HomeDirectory", &path("")),
        fixed("Agent.RootDirectory", &path("_work")),
        fixed("Agent.WorkFolder", &path("_work")),
        fixed("Agent.TempDirectory", &path("_work/_temp")),
        fixed("Agent.ToolsDirectory", &path("_work/_tool")),
        fixed("Agent.Id", "11"),
        fixed("Agent.Name", "emulated agent"),
        fixed("Agent.MachineName", "machine"),
        fixed("Agent.JobName", "Job"),
        fixed("Agent.Version", "4.271.0"),
        fixed(
            "Agent.OS",
            if cfg!(windows) {
                "Windows_NT"
            } else if cfg!(target_os = "macos") {
                "Darwin"
            } else {
                "Linux"
            },
        ),
        fixed("Agent.OSArchitecture", if cfg!(target_arch = "aarch64") { "ARM64" } else { "X64" }),
        fixed("Agent.IsSelfHosted", "1"),
    ];
    if job.debug {
        all.push(Variable::public("System.Debug", "true"));
    }
    all
}

/// What the fixed variables are made from.
pub(super) struct FixedFacts<'a> {
    pub root: &'a std::path::Path,
    pub pipeline: &'a crate::state::PipelineJob,
    pub collection_uri: &'a str,
    pub project_id: &'a str,
    pub oidc_uri: &'a str,
    pub debug: bool,
}
