//! A later `checkout` step: the agent's own git, with the job token in an unscoped header.

use super::job::Job;
use super::script::ScriptOutcome;
use std::ffi::OsString;
use std::path::PathBuf;

/// The variable that carries the header, as the agent names it.
const HEADER_VARIABLE: &str = "env_var_http.extraheader";

impl Job<'_> {
    /// Checks out a repository of the job's own project, as `checkout: git://Shop/hello` does it, and returns where.
    ///
    /// As in the agent's `GitSourceProvider.cs`: all variables of the job reach git, upper-cased whatever their `preservecase`;
    /// the credential is an unscoped `http.extraheader` by `--config-env`; a warning names other extra headers.
    pub fn checkout(&mut self, repository: &str) -> anyhow::Result<(PathBuf, ScriptOutcome)> {
        let (project, name) = repository.split_once('/').unwrap_or(("", repository));
        let project = if project.is_empty() { self.pipeline.project.clone() } else { project.to_owned() };
        let url = format!("{}{}/_git/{name}", self.collection_uri, project.replace(' ', "%20"));
        let directory = self.sources().join(name);
        std::fs::create_dir_all(&directory)?;
        let mut environment = self.machine();
        environment.extend(self.public_variables(true));
        environment.insert("PATH".into(), self.path());
        environment.insert("GIT_TERMINAL_PROMPT".into(), "0".into());
        environment.insert(HEADER_VARIABLE.into(), format!("AUTHORIZATION: bearer {}", self.pipeline.token));
        let header = format!("--config-env=http.extraheader={HEADER_VARIABLE}");
        let mut whole = ScriptOutcome { exit_code: Some(0), log: String::new(), raw: String::new() };
        let steps: [&[&str]; 6] = [
            &["init", "--quiet"],
            &["remote", "add", "origin", &url],
            &["config", "--get-regexp", ".*extraheader"],
            &["config", "gc.auto", "0"],
            &[&header, "fetch", "--force", "--tags", "--prune", "origin", "+refs/heads/*:refs/remotes/origin/*"],
            &["checkout", "--quiet", "--force", "refs/remotes/origin/main"],
        ];
        for arguments in steps {
            let mut command: Vec<OsString> = vec!["git".into()];
            command.extend(arguments.iter().map(Into::into));
            let outcome = self.run_logged(&command, &environment, &directory)?;
            whole.raw += &outcome.raw;
            whole.log += &outcome.log;
            if arguments[0] == "config" && arguments[1] == "--get-regexp" {
                if outcome.succeeded() {
                    whole.log += "##[warning]Git config still contains extraheader keys. It may cause errors.\n";
                }
                continue;
            }
            // `remote add` fails when the repository was checked out before.
            if !outcome.succeeded() && arguments[0] != "remote" {
                whole.exit_code = outcome.exit_code;
                break;
            }
        }
        Ok((directory, whole))
    }
}
