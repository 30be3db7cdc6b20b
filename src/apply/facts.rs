//! What a run tells of itself to people in later steps: who signed in until when, and what is served. Lies in the run's private
//! directory, and holds no secret.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ApplyError;
use super::record::EarlierRun;
use crate::disk;
use crate::kernel::run_folder;
use crate::reach::Standing;

const FILE: &str = "facts.json";
const VERSION: u32 = 1;

/// What a run tells of itself.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Facts {
    version: u32,
    /// The names of earlier runs' folders, earliest first. They lie beside this one's: a container sees them below another path.
    earlier: Vec<String>,
    /// Its tokens.
    pub tokens: Vec<TokenFacts>,
    /// What its tools reach.
    pub served: Vec<ServedFacts>,
    /// Organizations that give the identity nothing, and why.
    pub left_out: BTreeMap<String, String>,
    /// What it warned of.
    pub warnings: Vec<String>,
}

/// A token, without the token.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TokenFacts {
    /// What the organization calls the identity, where it was asked.
    pub name: Option<String>,
    /// The application (client) id.
    pub client: Option<String>,
    /// The tenant.
    pub tenant: Option<String>,
    /// The object id.
    pub object: Option<String>,
    /// When it ends, in seconds since 1970.
    pub expires_at: u64,
    /// The organizations that take it, and how the step comes to serve them.
    pub organizations: BTreeMap<String, Standing>,
}

/// Something that a tool reaches.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ServedFacts {
    /// The tool.
    pub tool: String,
    /// Whose it is.
    pub organization: String,
    /// The feed or the repositories, for people.
    pub target: String,
    /// The feed's address as the tool has it; nothing for repositories.
    pub url: Option<String>,
    /// What named it.
    pub named_in: String,
    /// How the tool comes by the token: a name, and the same for people.
    pub source: [String; 2],
}

impl Facts {
    /// Facts of a run after these earlier ones.
    pub fn new(earlier: &[EarlierRun]) -> Self {
        let names = earlier.iter().filter_map(|run| run_folder::name_of(&run.directory).map(str::to_owned));
        Self {
            version: VERSION,
            earlier: names.collect(),
            tokens: Vec::new(),
            served: Vec::new(),
            left_out: BTreeMap::new(),
            warnings: Vec::new(),
        }
    }

    /// Writes them into a new private directory.
    pub fn save(&self, directory: &Path) -> Result<(), ApplyError> {
        super::write_private(&directory.join(FILE), &serde_json::to_vec(self).unwrap_or_default())
    }

    /// Says of a run's tokens, in its private directory, until when the new ones serve. `until` tells it for an organization.
    pub fn renew(directory: &Path, until: impl Fn(&str) -> Option<u64>) -> std::io::Result<()> {
        let Some(mut facts) = Self::load(directory) else { return Ok(()) };
        for token in &mut facts.tokens {
            token.expires_at = token.organizations.keys().find_map(|name| until(name)).unwrap_or(token.expires_at);
        }
        disk::replace_private(&directory.join(FILE), &serde_json::to_vec(&facts).unwrap_or_default())
    }

    /// Reads those of a run, where nobody else can have written them.
    fn load(directory: &Path) -> Option<Self> {
        run_folder::name_of(directory).filter(|_| disk::is_private_folder(directory))?;
        let bytes = disk::read(&directory.join(FILE)).ok()??;
        serde_json::from_slice(&bytes).ok().filter(|facts: &Self| facts.version == VERSION)
    }
}

/// The runs of a job that still hold, earliest first: the latest at `directory`, and those that it knows.
pub fn of_job(directory: &Path) -> Vec<(PathBuf, Facts)> {
    let Some(latest) = Facts::load(directory) else { return Vec::new() };
    let beside = |name: &String| {
        // Not a path that leads elsewhere.
        let is_name = run_folder::name_of(Path::new(name)) == Some(name.as_str());
        let folder = directory.parent().filter(|_| is_name)?.join(name);
        Some((folder.clone(), Facts::load(&folder)?))
    };
    let mut runs: Vec<_> = latest.earlier.iter().filter_map(beside).collect();
    runs.push((directory.to_path_buf(), latest));
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_runs_of_this_user_that_lie_beside_are_believed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |number: usize| folder.path().join(format!("ado-entra-auth-{number:016x}"));
        let save = |number: usize, earlier: &[&str]| {
            let facts = Facts { earlier: earlier.iter().map(ToString::to_string).collect(), ..Facts::new(&[]) };
            disk::create_private_folder(&at(number)).unwrap();
            facts.save(&at(number)).unwrap();
        };
        let name = |number: usize| run_folder::name_of(&at(number)).unwrap().to_owned();
        save(1, &[]);
        save(2, &[&format!("../{}", name(1)), &name(1), at(1).to_str().unwrap(), &name(7), ""]);
        let folders: Vec<PathBuf> = of_job(&at(2)).into_iter().map(|(folder, _)| folder).collect();
        assert_eq!(folders, [at(1), at(2)]);
        disk::open_to_others(&at(1));
        assert_eq!(of_job(&at(2)).len(), 1);
        disk::open_to_others(&at(2));
        assert!(of_job(&at(2)).is_empty());
    }
}
