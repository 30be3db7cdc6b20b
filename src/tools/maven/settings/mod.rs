//! What settings files say, and what is written into them.

mod servers;

use super::arguments::Arguments;
use super::configuration;
use super::files::{Content, MavenFile, is_settings};
use super::mirrors;
use crate::edit::xml::Node;
use crate::plan::Entry;
use crate::plan::draft::Draft;
use crate::tools::USER_NAME;
use crate::tools::reading::{Origin, ReadFile, Sources};

pub use servers::{can_be_id, revise};

/// What a settings file says about servers and mirrors.
#[derive(Debug)]
pub struct SettingsFile {
    /// The root element's prefix, with its colon.
    prefix: String,
    /// Whether the root element is Maven's.
    is_settings: bool,
    servers: Vec<OwnServer>,
    mirrors: Vec<Mirror>,
    /// Every text of a server, with the server's id.
    pub texts: Vec<(String, String)>,
}

#[derive(Debug)]
struct OwnServer {
    id: String,
    is_of_ours: Option<String>,
}

#[derive(Debug)]
struct Mirror {
    id: Option<String>,
    of: String,
}

impl SettingsFile {
    /// Takes it apart.
    pub fn of(root: Node<'_>) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let mut servers = Vec::new();
        let mut texts = Vec::new();
        for server in root.descend(&["servers", "server"]) {
            let id = server.child_content("id").unwrap_or_default().to_owned();
            let found = server.descendants().map(Node::content).filter(|text| !text.is_empty());
            texts.extend(found.map(|text| (id.clone(), text.to_owned())));
            let ours = server.child_content("username") == Some(USER_NAME) && server.children().count() == 3;
            servers.push(OwnServer { is_of_ours: owned(server.child_content("password").filter(|_| ours)), id });
        }
        let mirror = |mirror: Node<'_>| {
            Some(Mirror { id: owned(mirror.child_content("id")), of: mirror.child_content("mirrorOf")?.to_owned() })
        };
        let mirrors = root.descend(&["mirrors", "mirror"]).into_iter().filter_map(mirror).collect();
        let is_settings = root.name() == "settings";
        Self { prefix: root.prefix().to_owned(), is_settings, servers, mirrors, texts }
    }

    /// What its mirrors stand for.
    pub fn mirrors_of(&self) -> impl Iterator<Item = &str> {
        self.mirrors.iter().map(|mirror| mirror.of.as_str())
    }
}

/// A server that a file of the user's or the machine's has under an id.
#[derive(Debug)]
pub enum UsersServer {
    /// The user's own.
    Theirs {
        /// The file.
        file: String,
    },
    /// Ours, which a job under the same account has put there.
    Ours,
}

/// The server that a settings file outside the workspace has under an id: the user's own goes before ours.
pub fn server_of_users(sources: Sources<'_>, id: &str) -> Option<UsersServer> {
    let of_users = settings_files(sources).filter(|(file, _)| file.source.origin == Origin::User);
    let mut found = None;
    for (file, own) in of_users {
        for server in own.servers.iter().filter(|server| server.id == id) {
            let ours = server.is_of_ours.as_ref().is_some_and(|password| password.starts_with(OUR_PASSWORD));
            if !ours {
                return Some(UsersServer::Theirs { file: file.source.shown.clone() });
            }
            found = Some(UsersServer::Ours);
        }
    }
    found
}

/// What every password of ours begins with.
const OUR_PASSWORD: &str = "${env.ADO_ENTRA_AUTH_";

/// The settings files among the sources that a Maven of this job may read.
fn settings_files(sources: Sources<'_>) -> impl Iterator<Item = (&ReadFile, &SettingsFile)> {
    let of_maven = sources.of::<MavenFile>().filter_map(|(file, parsed)| match &parsed.content {
        Content::Settings(_, own) if own.is_settings => Some((file, own)),
        _ => None,
    });
    of_maven.filter(|(file, _)| file.source.origin != Origin::Beside)
}

/// Says what in other settings files keeps our servers from being asked for.
pub fn warn(sources: Sources<'_>, entries: &[Entry], draft: &mut Draft<'_>) {
    for (file, own) in settings_files(sources) {
        let shown = &file.source.shown;
        if !own.prefix.is_empty() {
            // Measured with 3.8.7: "Expected root element 'settings' but found 'm:settings'".
            draft.warn(format!(
                "Maven 3 ignores {shown}, since its root element has the prefix '{}', and with it the servers of this task there",
                own.prefix.trim_end_matches(':')
            ));
        }
        for entry in entries {
            let (id, password) = (&entry.key, servers::password(entry));
            let server = own.servers.iter().find(|server| server.id == *id);
            let other = server.is_some_and(|server| server.is_of_ours.as_ref() != Some(&password));
            if file.source.origin == Origin::Workspace && other {
                draft.warn(format!(
                    "{shown} has a server '{id}' of its own: where Maven is given that file with -s, it takes that \
                     credential and not this task's. Remove that server there"
                ));
            }
            let mirror = own.mirrors.iter().find(|mirror| mirrors::covers(&mirror.of, id));
            let mirror = mirror.and_then(|mirror| mirror.id.as_deref()).filter(|mirror| mirror != id);
            let unserved = |mirror: &&str| !entries.iter().any(|entry| entry.key == *mirror);
            if let Some(mirror) = mirror.filter(unserved) {
                draft.warn(format!(
                    "{shown} sends Maven's repository '{id}' to the mirror '{mirror}', which gets no credential from \
                     this task: add !{id} to its mirrorOf"
                ));
            }
        }
    }
}

/// Says which settings files hide the one in the home folder.
pub fn warn_of_other_settings(sources: Sources<'_>, arguments: &Arguments, draft: &mut Draft<'_>) {
    if let Some(file) = arguments.settings() {
        draft.warn(format!(
            "MAVEN_ARGS names {}: a Maven that takes it does not read the settings in the home folder, where this \
             task puts its servers",
            file.display()
        ));
    }
    let given = configuration::settings(sources);
    for (arguments, file) in &given {
        draft.warn(format!(
            "{arguments} has Maven read {file} in place of the settings in the home folder, where this task puts its servers, so \
             it finds none of them. Use Maven 3.9 or newer without a wrapper, or remove that argument"
        ));
    }
    for (file, _) in settings_files(sources).filter(|(file, _)| file.source.origin == Origin::Workspace) {
        let (path, shown) = (&file.source.path, &file.source.shown);
        if is_settings(file.source.name()) && !given.iter().any(|(_, given)| path.ends_with(given)) {
            draft.warn(format!(
                "where Maven is given {shown} with -s, it does not read the settings in the home folder, where this task puts \
                 its servers. Use Maven 3.9 or newer without a wrapper for that"
            ));
        }
    }
}
