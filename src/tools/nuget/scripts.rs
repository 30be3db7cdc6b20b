//! Whether a pipeline gives its clients a configuration file as an argument.
//!
//! Then that file is the only one that the client reads (measured with nuget.exe 5.8 and the SDK 3.1): ours above the checkout is
//! out of its sight, and only a client that asks for credentials is served without more.

use std::collections::BTreeSet;

use super::config::{NuGetFile, is_found};
use crate::plan::draft::Draft;
use crate::reach::ServedFeed;
use crate::tools::reading::{Origin, RelPath, Sources};

/// Whether a file of this name may be a pipeline's.
pub fn is_pipeline(file_name: &str) -> bool {
    let end = file_name.rsplit_once('.').map_or("", |(_, end)| end);
    end.eq_ignore_ascii_case("yml") || end.eq_ignore_ascii_case("yaml")
}

/// Whether a file lies where pipelines are kept: `azure-pipelines*.yml`, and the folders that repositories have for their parts.
pub fn is_read(path: RelPath<'_>) -> bool {
    let begins = path.name().get(..15).is_some_and(|name| name.eq_ignore_ascii_case("azure-pipelines"));
    let folders = [".azure-pipelines", "azure-pipelines", ".pipelines", ".azuredevops"];
    is_pipeline(path.name()) && (begins || folders.iter().any(|folder| path.is_in(folder)))
}

/// Whether a pipeline's text has the option of nuget.exe or dotnet, or the input of Microsoft's tasks that becomes it.
pub fn gives_config(text: &str) -> bool {
    let option = |line: &str| {
        let line = line.to_ascii_lowercase();
        ["-configfile", "nugetconfigpath:", "/p:restoreconfigfile", "-p:restoreconfigfile"]
            .iter()
            .any(|word| line.contains(word))
    };
    text.lines().any(|line| !line.trim_start().starts_with('#') && option(line))
}

/// More sources than a log needs lines for.
const MOST_SOURCES: usize = 5;

/// Says what helps where a client is given a configuration file, if anything hints at that: a line for each source. `are_asked_for` where
/// clients that ask for credentials are given them.
pub fn note(served: &[ServedFeed], are_asked_for: bool, sources: Sources<'_>, draft: &mut Draft<'_>) {
    let mut places = BTreeSet::new();
    let mut names = BTreeSet::new();
    let of_repository = || sources.of::<NuGetFile>().filter(|(file, _)| file.source.origin == Origin::Workspace);
    for (file, parsed) in of_repository() {
        let is_served = |name: &&str| served.iter().any(|one| one.name.as_deref() == Some(name));
        let mut here = parsed.sources.iter().filter_map(|source| source.name.as_deref()).filter(is_served).peekable();
        let only_by_argument = !is_found(file.source.name()) && here.peek().is_some();
        if only_by_argument || parsed.gives_config {
            places.insert((!only_by_argument, file.source.shown.as_str()));
            names.extend(here);
        }
    }
    // The file itself says more than what refers to it.
    let is_file = places.first().is_some_and(|(refers, _)| !refers);
    places.retain(|(refers, _)| !(is_file && *refers));
    let Some((_, place)) = places.first() else { return };
    if names.is_empty() {
        names.extend(served.iter().filter_map(|one| one.name.as_deref()));
    }
    let further = if places.len() > 1 { " and others" } else { "" };
    let client = if are_asked_for { "dotnet or MSBuild before NuGet 6.13" } else { "a client" };
    let Some(token) = draft.token_variable().map(str::to_owned) else { return };
    for (number, name) in names.iter().take(MOST_SOURCES).enumerate() {
        let what = match number {
            0 => format!(
                "{client} that is given a configuration file ({place}{further}) reads no other, so it needs in its step"
            ),
            _ => format!("for the source '{name}' it needs as well"),
        };
        draft.note(format!(
            "nuget: {what} 'env: NuGetPackageSourceCredentials_{name}: Username=any;Password=$({token});\
             ValidAuthenticationTypes=Basic'"
        ));
    }
    if let Some(more) = names.len().checked_sub(MOST_SOURCES).filter(|more| *more > 0) {
        draft.note(format!("nuget: {more} more sources need a variable of the same form, each by its name"));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn pipelines_are_known_by_name_or_folder() {
        let read = |folder: &str, name: &str| is_read(RelPath::new(Path::new(folder), name));
        assert!(read("/s", "azure-pipelines.yml") && read("/s", "Azure-Pipelines-ci.YAML"));
        assert!(read("/s/.azure-pipelines", "build.yml") && !read("/s", "build.yml"));
        assert!(!read("/s", "azure-pipelines.md") && !read("/s", "azure-pipeliné.yml"));
    }

    #[test]
    fn the_option_is_found_in_any_form() {
        for line in [
            "- script: nuget restore -ConfigFile nuget.config",
            "  dotnet restore --configfile ../nuget.config",
            "    nugetConfigPath: nuget.config",
            "- script: dotnet build -p:RestoreConfigFile=x",
        ] {
            assert!(gives_config(&format!("steps:\n{line}\n")), "{line}");
        }
        assert!(!gives_config("# nuget restore -ConfigFile x\n- script: nuget restore # config file\n"));
    }
}
