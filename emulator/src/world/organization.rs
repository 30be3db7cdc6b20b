//! Organizations of Azure DevOps, with their projects and repositories.

use super::Feed;

/// An organization of Azure DevOps.
#[derive(Clone, Debug)]
pub struct Organization {
    /// Name as in its URLs.
    pub name: String,
    /// Its GUID (`instanceId` of connectionData).
    pub id: String,
    /// The tenant that backs it, or [`NO_TENANT`](super::NO_TENANT).
    pub tenant: String,
    /// Projects.
    pub projects: Vec<Project>,
    /// Object ids of the identities that are users here.
    pub members: Vec<String>,
    /// Feeds, of the organization and of its projects.
    pub feeds: Vec<Feed>,
    /// Git repositories.
    pub repositories: Vec<Repository>,
}

/// A project.
#[derive(Clone, Debug)]
pub struct Project {
    /// Name; may hold blanks.
    pub name: String,
    /// Its GUID.
    pub id: String,
}

/// A git repository of Azure Repos or of a foreign host.
#[derive(Clone, Debug, Default)]
pub struct Repository {
    /// Project; empty on a foreign host.
    pub project: String,
    /// Name.
    pub name: String,
    /// Files of the only commit on `main`.
    pub files: Vec<(String, String)>,
    /// Submodules: path, and URL as written in `.gitmodules`. The last part of the URL names the repository whose commit is
    /// pinned, of the organization or foreign host that the URL names, else of the same owner.
    pub submodules: Vec<(String, String)>,
    /// Files that git-lfs keeps outside the repository.
    pub lfs_files: Vec<(String, String)>,
    /// Whether a push is taken.
    pub allow_push: bool,
    /// Object ids that may read; `None` is every user of the organization.
    pub readers: Option<Vec<String>>,
    /// Base URL that LFS objects are said to lie at; `None` is the repository's own host.
    pub lfs_storage: Option<String>,
}

impl Organization {
    /// The project of this name or GUID.
    pub fn project(&self, name: &str) -> Option<&Project> {
        self.projects.iter().find(|p| p.name.eq_ignore_ascii_case(name) || p.id.eq_ignore_ascii_case(name))
    }

    /// The feed of this name or GUID; `project` is a name or GUID for a project-scoped feed.
    pub fn feed(&self, project: Option<&str>, feed: &str) -> Option<&Feed> {
        let project = match project {
            Some(given) => Some(self.project(given)?.name.as_str()),
            None => None,
        };
        self.feeds.iter().find(|f| {
            f.project.as_deref() == project && (f.name.eq_ignore_ascii_case(feed) || f.id.eq_ignore_ascii_case(feed))
        })
    }

    /// The repository of this name in this project.
    pub fn repository(&self, project: &str, name: &str) -> Option<&Repository> {
        let project = self.project(project)?.name.as_str();
        self.repositories.iter().find(|r| r.project == project && r.name.eq_ignore_ascii_case(name))
    }
}

impl Repository {
    /// A repository with one file.
    pub fn new(project: &str, name: &str) -> Self {
        Self {
            project: project.to_owned(),
            name: name.to_owned(),
            files: vec![("README.md".to_owned(), format!("# {name}\n"))],
            ..Self::default()
        }
    }
}
