//! Servers of `settings.xml`.

use super::arguments::Arguments;
use super::{is_settings, mirrors};
use crate::edit::xml::list::{Item, List, NewElement, Second, add};
use crate::edit::xml::{Document, Node, NotWellFormed, can_hold};
use crate::plan::{Entry, KeyedEdit, Plan};
use crate::tools::{Request, USER_NAME};

/// Maven refuses a file with two: "Duplicated tag".
const SERVERS: List = List { root: "settings", name: "servers", second: Second::Refused };

/// Plans the edits after which a settings file has a server for every entry.
///
/// The first of several servers with one id is the one that Maven takes.
pub fn revise(text: Option<&str>, entries: &[Entry]) -> Result<Vec<KeyedEdit>, NotWellFormed> {
    let servers: Vec<Server<'_>> = entries.iter().map(Server).collect();
    let edits = add(text, &servers, SERVERS)?;
    Ok(edits.into_iter().map(|(key, edit)| KeyedEdit { key, edit }).collect())
}

/// Whether a repository id can be a server's: Maven replaces `${…}` in settings, and drops blanks around.
pub fn can_be_id(id: &str) -> bool {
    can_hold(id) && id.trim() == id && !id.contains("${")
}

struct Server<'e>(&'e Entry);

impl Server<'_> {
    /// A reference to the token: the file never holds it.
    fn password(&self) -> String {
        format!("${{env.{}}}", self.0.variable)
    }
}

impl Item for Server<'_> {
    fn key(&self) -> &str {
        &self.0.key
    }

    fn is_named(&self, element: Node<'_>) -> bool {
        element.name() == "server" && element.child_content("id") == Some(self.key())
    }

    fn is_met(&self, element: Node<'_>) -> bool {
        element.child_content("username") == Some(USER_NAME)
            && element.child_content("password") == Some(&self.password())
            && element.children().count() == 3
    }

    fn element(&self) -> NewElement {
        let child = |name: &str, text: String| NewElement { name: name.to_owned(), text, ..NewElement::default() };
        let children = vec![
            child("id", self.0.key.clone()),
            child("username", USER_NAME.to_owned()),
            child("password", self.password()),
        ];
        NewElement { name: "server".to_owned(), children, ..NewElement::default() }
    }
}

/// The ids that a settings file has servers for.
pub fn server_ids(text: &str) -> Result<Vec<String>, NotWellFormed> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let document = Document::parse(text)?;
    let servers = document.root().descend(&["servers", "server"]);
    Ok(servers.into_iter().filter_map(|server| server.child_content("id").map(str::to_owned)).collect())
}

/// Says what in other settings files keeps our servers from being asked for.
pub fn warn(request: &Request<'_>, entries: &[Entry], plan: &mut Plan) {
    for file in request.files {
        let Ok(document) = Document::parse(&file.text.body) else { continue };
        let root = document.root();
        if root.name() != "settings" {
            continue;
        }
        let shown = &file.shown;
        for entry in entries {
            let server = Server(entry);
            let id = &entry.key;
            let servers = root.descend(&["servers", "server"]);
            let own = servers.into_iter().find(|element| server.is_named(*element));
            if file.in_workspace && own.is_some_and(|element| !server.is_met(element)) {
                plan.warnings.push(format!(
                    "{shown} has a server '{id}' of its own: where Maven is given that file with -s, it takes that credential and not this task's"
                ));
            }
            let mirror = root.descend(&["mirrors", "mirror"]).into_iter().find(|mirror| {
                mirror.child_content("mirrorOf").is_some_and(|mirror_of| mirrors::covers(mirror_of, id))
            });
            let mirror = mirror.and_then(|mirror| mirror.child_content("id")).filter(|mirror| mirror != id);
            let unserved = |mirror: &&str| !entries.iter().any(|entry| entry.key == *mirror);
            if let Some(mirror) = mirror.filter(unserved) {
                plan.warnings.push(format!(
                    "{shown} sends Maven's repository '{id}' to the mirror '{mirror}', which gets no credential from this task"
                ));
            }
        }
    }
}

/// Says which settings files hide the one in the home folder.
pub fn warn_of_other_settings(request: &Request<'_>, arguments: &Arguments, plan: &mut Plan) {
    if let Some(file) = arguments.settings() {
        plan.warnings.push(format!(
            "MAVEN_ARGS names {}: a Maven that takes it does not read the settings in the home folder, where this task puts its servers",
            file.display()
        ));
    }
    for file in request.files.iter().filter(|file| file.in_workspace) {
        let named = file.path.file_name().and_then(|name| name.to_str()).is_some_and(is_settings);
        if named && Document::parse(&file.text.body).is_ok_and(|document| document.root().name() == "settings") {
            plan.warnings.push(format!(
                "where Maven is given {} with -s, it does not read the settings in the home folder, where this task puts its servers",
                file.shown
            ));
        }
    }
}
