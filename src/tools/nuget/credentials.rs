//! Credentials of `nuget.config`.

use super::names::{decoded, encoded};
use super::places::Place;
use crate::edit::xml::list::{Item, List, NewElement, Second, add};
use crate::edit::xml::{Document, Node, NotWellFormed};
use crate::plan::{Entry, KeyedEdit, Plan};
use crate::tools::{Request, USER_NAME};

/// nuget.exe 5.8 reads the first and takes no notice of a second.
const CREDENTIALS: List = List { root: "configuration", name: "packageSourceCredentials", second: Second::Ignored };

/// Plans the edits after which a configuration file has credentials for every entry.
pub fn revise(text: Option<&str>, entries: &[Entry]) -> Result<Vec<KeyedEdit>, NotWellFormed> {
    let credentials: Vec<Credential<'_>> = entries.iter().map(Credential).collect();
    let edits = add(text, &credentials, CREDENTIALS)?;
    Ok(edits.into_iter().map(|(key, edit)| KeyedEdit { key, edit }).collect())
}

struct Credential<'e>(&'e Entry);

impl Credential<'_> {
    /// What must stand there. NuGet replaces `%NAME%` with the variable's value on every system: the file never holds the token.
    fn values(&self) -> [(&'static str, String); 3] {
        [
            ("Username", USER_NAME.to_owned()),
            ("ClearTextPassword", format!("%{}%", self.0.variable)),
            ("ValidAuthenticationTypes", "basic".to_owned()),
        ]
    }
}

impl Item for Credential<'_> {
    fn key(&self) -> &str {
        &self.0.key
    }

    fn is_named(&self, element: Node<'_>) -> bool {
        decoded(element.name()) == self.0.key
    }

    fn is_met(&self, element: Node<'_>) -> bool {
        let values = self.values();
        let stands = |(key, value): &(&str, String)| {
            element
                .children_named("add")
                .any(|add| add.attribute("key") == Some(key) && add.attribute("value") == Some(value))
        };
        values.iter().all(stands) && element.children().count() == values.len()
    }

    fn element(&self) -> NewElement {
        let add = |(key, value): (&str, String)| NewElement {
            name: "add".to_owned(),
            attributes: vec![("key", key.to_owned()), ("value", value)],
            ..NewElement::default()
        };
        let children = self.values().into_iter().map(add).collect();
        NewElement { name: encoded(&self.0.key), children, ..NewElement::default() }
    }
}

/// Says which files have other credentials for a source and go before ours: the nearest file wins (measured with nuget.exe 5.8).
pub fn warn(request: &Request<'_>, entries: &[Entry], places: &[Place], plan: &mut Plan) {
    for file in request.files {
        if places.iter().any(|place| place.file == file.path) {
            continue;
        }
        let nearer = |place: &Place| !place.above_checkout || file.path.starts_with(&place.folder);
        if !file.in_workspace && !places.iter().any(nearer) {
            continue;
        }
        let Ok(document) = Document::parse(&file.text.body) else { continue };
        let credentials = document.root().descend(&["packageSourceCredentials"]);
        for entry in entries.iter().map(Credential) {
            let elements = credentials.iter().flat_map(|list| list.children());
            let mut others = elements.filter(|element| entry.is_named(*element) && !entry.is_met(*element));
            if others.next().is_some() {
                plan.warnings.push(format!(
                    "{} has credentials for the NuGet source '{}' of its own, which go before this task's; remove them there",
                    file.shown,
                    entry.key()
                ));
            }
        }
    }
}
