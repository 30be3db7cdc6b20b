//! What Maven itself calls `central`.
//!
//! Every project inherits a repository and a plugin repository of that id from Maven's own super POM. Where one of the two is not
//! replaced, the id stands for a public host beside what the files call by it.

use super::files::{Content, MavenFile};
use super::mentions::Models;
use super::mirrors;
use super::references::Projects;
use crate::reach::{Binding, Role};
use crate::tools::reading::{Mention, Origin, Place, Sources};

const CENTRAL: &str = "central";

/// The mention of Maven's own `central`, unless every project replaces both, or a mirror of the user's stands before it.
pub fn mention(models: &Models<'_>, projects: &Projects<'_>, sources: Sources<'_>) -> Option<Mention> {
    if is_mirrored(models) {
        return None;
    }
    let kept = kept_by(models, projects, sources)?;
    Some(Mention {
        name: Some(CENTRAL.to_owned()),
        url: "Maven's own".to_owned(),
        doubt: Some(kept),
        role: Role::Source,
        bound: Binding::Name,
        place: Place::BuiltIn("Maven itself"),
    })
}

/// Whether a mirror covers it in settings of the user's, and in whatever settings the repository may have Maven take instead.
fn is_mirrored(models: &Models<'_>) -> bool {
    let of_users =
        models.settings.iter().any(|(file, _, own)| file.source.origin == Origin::User && own.mirrors(CENTRAL));
    let others = models.settings.iter().filter(|(file, _, _)| file.source.origin != Origin::User);
    of_users && others.into_iter().all(|(_, _, own)| own.mirrors(CENTRAL))
}

/// Where it stays what it is, and what to do; nothing where it does nowhere.
fn kept_by(models: &Models<'_>, projects: &Projects<'_>, sources: Sources<'_>) -> Option<String> {
    let extensions = sources.of::<MavenFile>().find(|(_, parsed)| matches!(parsed.content, Content::Extensions));
    if let Some((file, _)) = extensions {
        return Some(format!("Maven fetches the extensions of {} from there. Use another id", file.source.shown));
    }
    let mut builds = 0;
    for (index, (file, model)) in models.projects.iter().enumerate().filter(|(_, (_, model))| model.is_built()) {
        builds += 1;
        let mut replaced = model.replaces_central;
        for &ancestor in projects.ancestors(index).iter() {
            let above = models.projects[ancestor].1.replaces_central;
            replaced = [replaced[0] || above[0], replaced[1] || above[1]];
        }
        let left = match replaced {
            [true, true] => continue,
            [true, false] => "its <pluginRepositories>",
            [false, true] => "its <repositories>",
            [false, false] => "its <repositories> and <pluginRepositories>",
        };
        return Some(format!(
            "{} keeps Maven's own 'central' in {left}. Put the feed there under that id too, or use another id",
            file.source.shown
        ));
    }
    (builds == 0).then(|| "no project replaces it. Use another id".to_owned())
}

impl super::settings::SettingsFile {
    fn mirrors(&self, id: &str) -> bool {
        self.mirrors_of().any(|of| mirrors::covers(of, id))
    }
}
