//! Feeds of Azure Artifacts.

use super::Package;
use crate::guid;

/// A feed of Azure Artifacts.
#[derive(Clone, Debug)]
pub struct Feed {
    /// Name.
    pub name: String,
    /// Its GUID, which may stand for the name in URLs.
    pub id: String,
    /// Name of the project for a project-scoped feed.
    pub project: Option<String>,
    /// Views such as `Release`, without the `@`.
    pub views: Vec<String>,
    /// Object ids that may read; `None` is every user of the organization.
    pub readers: Option<Vec<String>>,
    /// Object ids that may publish; `None` is every reader.
    pub publishers: Option<Vec<String>>,
    /// Packages of all protocols.
    pub packages: Vec<Package>,
    /// Where its cargo index sends clients.
    pub cargo_hosts: CargoHosts,
}

/// Hosts that the index of a cargo registry names, each instead of the feed's own: whoever can change a feed's index can send cargo,
/// and the token with it, anywhere.
#[derive(Clone, Debug, Default)]
pub struct CargoHosts {
    /// Where crates are said to lie (`dl`).
    pub downloads: Option<String>,
    /// Where crates are said to be published (`api`).
    pub api: Option<String>,
}

/// How a feed hands out files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Downloads {
    /// In the answer itself.
    #[default]
    Direct,
    /// By a redirect with this status (302 or 303) to a blob host that refuses an Authorization header.
    Redirect(u16),
}

impl Feed {
    /// An empty feed of the organization that all its users may read and publish to.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            id: guid::random(),
            project: None,
            views: vec!["Local".to_owned(), "Prerelease".to_owned(), "Release".to_owned()],
            readers: None,
            publishers: None,
            packages: Vec::new(),
            cargo_hosts: CargoHosts::default(),
        }
    }

    /// The same feed, owned by a project.
    #[must_use]
    pub fn in_project(mut self, project: &str) -> Self {
        self.project = Some(project.to_owned());
        self
    }

    /// The same feed with these packages.
    #[must_use]
    pub fn with(mut self, packages: impl IntoIterator<Item = Package>) -> Self {
        self.packages.extend(packages);
        self
    }
}
