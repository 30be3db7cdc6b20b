//! Which names Maven has for itself, before any file defines one.
//!
//! Maven looks a reference up in this order (`AbstractStringBasedModelInterpolator` of 3.8.7 and 3.9.9): the base folder and the
//! time, `project.` and `pom.` in the project's elements, `-D`, properties, the system and `env.`, the environment, and last the
//! elements by their bare names. What a file says of a name is all that there is to it only where nothing else can be asked first.

/// Where Maven may look a name up beside files.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Known {
    /// Before any file, in what is not seen here: nobody can tell its value.
    First,
    /// Before any property, in this element of the project.
    Element,
    /// After properties, in the system, the environment or an element: a property hides it for certain only where the project
    /// itself has it, outside profiles.
    Last,
    /// Nowhere.
    Nowhere,
}

/// First parts of a name that are elements of a project (the getters of Maven's `Model`), and what Java has in every object.
const ELEMENTS: [&str; 38] = [
    "artifactid",
    "build",
    "childprojecturlinheritappendpath",
    "cimanagement",
    "class",
    "contributors",
    "dependencies",
    "dependencymanagement",
    "description",
    "developers",
    "distributionmanagement",
    "groupid",
    "id",
    "inceptionyear",
    "issuemanagement",
    "licenses",
    "mailinglists",
    "modelencoding",
    "modelversion",
    "modules",
    "name",
    "organization",
    "packaging",
    "parent",
    "pluginrepositories",
    "pomfile",
    "prerequisites",
    "profiles",
    "projectdirectory",
    "properties",
    "reporting",
    "reports",
    "repositories",
    "root",
    "scm",
    "subprojects",
    "url",
    "version",
];

/// What goes before everything else.
const FIRST: [&str; 5] = ["basedir", "baseuri", "rootdirectory", "maven.build.timestamp", "build.timestamp"];

/// Beginnings of what Java and Maven's start script define.
const SYSTEM: [&str; 17] = [
    "java.",
    "javax.",
    "jdk.",
    "sun.",
    "os.",
    "user.",
    "file.",
    "path.",
    "line.",
    "native.",
    "stdout.",
    "stderr.",
    "awt.",
    "session.",
    "classworlds.",
    "library.",
    "jansi.",
];
/// Such names that stand among those of users.
const SYSTEM_NAMES: [&str; 5] =
    ["maven.home", "maven.conf", "maven.version", "maven.build.version", "maven.multiModuleProjectDirectory"];

/// Where Maven may look `name` up.
pub fn known(name: &str) -> Known {
    // Maven drops a leading dot, and follows `[0]` and `(key)` into elements.
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if !name.chars().all(plain) || name.starts_with('.') {
        return Known::First;
    }
    let of_project = ["project.", "pom."].iter().find_map(|prefix| name.strip_prefix(prefix));
    let rest = of_project.unwrap_or(name).to_ascii_lowercase();
    let first_part = rest.split('.').next().unwrap_or_default();
    if FIRST.contains(&rest.as_str()) || FIRST[..3].contains(&first_part) {
        return Known::First;
    }
    match (ELEMENTS.contains(&first_part), of_project) {
        (true, Some(_)) => Known::Element,
        (true, None) => Known::Last,
        (false, _) if name.starts_with("env.") || SYSTEM_NAMES.contains(&name) => Known::Last,
        (false, _) if SYSTEM.iter().any(|beginning| name.starts_with(beginning)) => Known::Last,
        (false, _) => Known::Nowhere,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_mavens_own_are_told_from_those_of_users() {
        for name in ["basedir", "project.basedir", "pom.baseUri", "maven.build.timestamp", ".feed", "a[0]", "a${b", ""]
        {
            let expected = if name.is_empty() { Known::Nowhere } else { Known::First };
            assert_eq!(known(name), expected, "{name}");
        }
        for name in ["project.groupId", "pom.scm.url", "project.InceptionYear", "project.organization.name"] {
            assert_eq!(known(name), Known::Element, "{name}");
        }
        for name in
            ["env.FEED", "url", "scm.tag", "os.name", "java.version", "maven.home", "user.name", "parent.version"]
        {
            assert_eq!(known(name), Known::Last, "{name}");
        }
        for name in ["feed.url", "feedUrl", "maven.feed.url", "project.feed.url", "urls", "environment"] {
            assert_eq!(known(name), Known::Nowhere, "{name}");
        }
    }
}
