//! Which runs need a file, and which of them are over.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::apply::record::RunRecord;
use crate::apply::{DIRECTORY_PREFIX, Run};
use crate::disk::{self, FolderIdentity};
use crate::kernel::clock::now;

/// After this long a run is over whose agent cannot be seen from here: no job lasts a week.
const LONGEST_JOB_SECONDS: u64 = 7 * 24 * 60 * 60;

/// A run that needs a file.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Holder {
    /// The run's id.
    pub run: String,
    temp_directory: PathBuf,
    /// The agent's temporary folder beyond its path: agents in containers have equal paths.
    agent: Option<FolderIdentity>,
    /// Who the agent is to Azure DevOps; blank where that is not known. Its temporary folder may be made anew.
    #[serde(default)]
    registration: String,
    job: String,
    since: u64,
}

impl Holder {
    /// The run at hand.
    pub fn of(run: &Run) -> Self {
        Self {
            run: run.id.clone(),
            temp_directory: run.temp_directory.clone(),
            agent: disk::folder_identity(&run.temp_directory),
            registration: run.agent.clone(),
            job: run.job.clone(),
            since: now(),
        }
    }

    /// Whether the run is over, as `current` sees it.
    pub fn is_over(&self, current: &Run) -> bool {
        if self.run == current.id {
            return false;
        }
        let folder_name = format!("{DIRECTORY_PREFIX}{}", self.run);
        let is_same = |other: &Option<FolderIdentity>| match (&self.agent, other) {
            (Some(own), Some(other)) => own.is_same_folder(other),
            (own, other) => own == other,
        };
        let here = disk::folder_identity(&current.temp_directory);
        // By its identity and not by its path: a container sees the same folder elsewhere.
        if is_same(&here) || self.is_of_agent(current, here.as_ref()) {
            // An agent runs one job at a time, and the steps of a job one after the other.
            return self.job != current.job || !RunRecord::is_complete(&current.temp_directory.join(folder_name));
        }
        let seen = is_same(&disk::folder_identity(&self.temp_directory));
        let gone = seen && !disk::exists(&self.temp_directory.join(folder_name));
        gone || self.since.saturating_add(LONGEST_JOB_SECONDS) < now()
    }

    /// Whether the agent at hand is the one of the run, whatever became of its temporary folder: Azure DevOps knows it by the
    /// same registration, and it works on the same machine in a folder of the same path. Each container has a name of its own, so that a
    /// machine is not known again there after it was started anew; the folder is.
    fn is_of_agent(&self, current: &Run, here: Option<&FolderIdentity>) -> bool {
        let same = |own: &FolderIdentity, here: &FolderIdentity| own.is_same_machine(here) || own.has_same_number(here);
        let same_place = self.agent.as_ref().zip(here).is_some_and(|(own, here)| same(own, here));
        let same_agent = !self.registration.is_empty() && self.registration == current.agent;
        same_agent && same_place && self.temp_directory == current.temp_directory
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of this number, as a system that was started so often sees it under this name.
    fn seen(number: &str, start: &str, name: &str) -> FolderIdentity {
        serde_json::from_value(serde_json::json!({ "folder": number, "boot": start, "host": name })).unwrap()
    }

    #[test]
    fn an_agent_is_known_again_on_its_machine_or_by_its_folder() {
        let run = |agent: &str, temp: &str| {
            let run = Run::new(PathBuf::from(temp), "job".to_owned()).unwrap();
            Run { agent: agent.to_owned(), ..run }
        };
        let own = Some(seen("1:7", "first", "container-a"));
        let holder = Holder { agent: own, ..Holder::of(&run("org 11 a", "/__w/_temp")) };
        for (agent, temp, here, is_known) in [
            ("org 11 a", "/__w/_temp", seen("1:8", "first", "container-b"), true),
            ("org 11 a", "/__w/_temp", seen("1:8", "second", "container-a"), true),
            ("org 11 a", "/__w/_temp", seen("1:7", "second", "container-b"), true),
            ("org 11 a", "/__w/_temp", seen("1:8", "second", "container-b"), false),
            ("org 12 b", "/__w/_temp", seen("1:7", "second", "container-b"), false),
            ("org 11 a", "/elsewhere", seen("1:7", "second", "container-b"), false),
        ] {
            assert_eq!(holder.is_of_agent(&run(agent, temp), Some(&here)), is_known, "{agent} {temp} {here:?}");
        }
    }
}
