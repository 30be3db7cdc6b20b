//! Sources of `paket.dependencies`.
//!
//! Paket asks credential providers for whatever source has no user name and password in its line, each source by itself.
//! Sources: <https://fsprojects.github.io/Paket/nuget-dependencies.html>; fsprojects/Paket, `src/Paket.Core/Versioning/PackageSources.fs`,
//! `src/Paket.Core/Versioning/AuthService.fs`.

use super::config::{NamedSource, NuGetFile};
use super::values::{self, Value};
use crate::azure_devops::feed::Feed;
use crate::host::Host;
use crate::tools::reading::{Receiver, SourceFile, Sources, Unparsable, is_one_of};

/// More than any project has; a bound on what a hostile file costs.
const MOST_SOURCES: usize = 1000;

/// Whether Paket finds a file of this name.
pub fn is_dependencies(file_name: &str) -> bool {
    is_one_of(file_name, &["paket.dependencies"])
}

/// Takes a file apart.
pub fn parse(file: &SourceFile, host: &Host) -> NuGetFile {
    let mut found = NuGetFile { is_pakets: true, ..NuGetFile::default() };
    for (index, line) in file.text.body.lines().enumerate() {
        let Some((url, rest)) = source(line) else { continue };
        if found.sources.len() == MOST_SOURCES {
            let doubt = Unparsable::hides_names(&file.source, "it names too many sources");
            return NuGetFile { doubts: vec![doubt], is_pakets: true, ..NuGetFile::default() };
        }
        if rest.contains("username:") || rest.contains("password:") {
            found.with_password.push((url.to_owned(), index + 1));
            found.sends.push((Receiver::Url(url.to_owned()), format!("{rest} {}", values::expanded(rest, host))));
        }
        found.sources.push(NamedSource { name: None, url: Value { text: url.to_owned(), open: None } });
    }
    found
}

/// Where the password of its own stands for which Paket does not ask for a feed: in each line that names it.
pub fn own_password(feed: &Feed, sources: Sources<'_>) -> Option<String> {
    let is_feeds = |url: &str| Feed::parse(url).is_some_and(|named| named.url == feed.url);
    let mut first = None;
    for (file, parsed) in sources.of::<NuGetFile>().filter(|(_, parsed)| parsed.is_pakets) {
        let lines: Vec<usize> =
            parsed.with_password.iter().filter(|(url, _)| is_feeds(url)).map(|(_, line)| *line).collect();
        if lines.len() < parsed.sources.iter().filter(|source| is_feeds(&source.url.text)).count() {
            return None;
        }
        first = first.or_else(|| Some(format!("{}, line {}", file.source.shown, lines.first()?)));
    }
    first
}

/// The address in a line that names a source, and what stands behind it; nothing for a folder.
fn source(line: &str) -> Option<(&str, &str)> {
    let (word, rest) = line.trim_start().split_at_checked("source".len())?;
    if !word.eq_ignore_ascii_case("source") {
        return None;
    }
    let rest = rest.trim_start_matches([' ', '\t']);
    let (url, rest) = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
        None => rest.split_once([' ', '\t']).unwrap_or((rest, "")),
    };
    // Paket drops a slash at the end as well.
    let url = url.trim().trim_end_matches('/');
    values::is_remote(url).then_some((url, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::reading::Hidden;
    use crate::tools::testing::{file, host};

    fn parsed(text: &str) -> NuGetFile {
        parse(&file("/agent/1/s/paket.dependencies", text), &host(&[("USED", "x")]))
    }

    #[test]
    fn sources_are_found_in_every_form() {
        let text = "version 5.257.0\nsource https://a/v3/index.json\n  SOURCE \"https://b/a b\" username: \"u\" password: \"%P%\"\n\
                    // source https://c/\n# source https://c/\nsource ./packages\nsource\\\\share\ngroup Build\n\
                    \tsource\thttps://d/nuget/v2/\nnuget Source https://e/\ngit https://f/\nsource\n";
        let found = parsed(text);
        let urls: Vec<&str> = found.sources.iter().map(|source| source.url.text.as_str()).collect();
        assert_eq!(urls, ["https://a/v3/index.json", "https://b/a b", "https://d/nuget/v2"]);
        assert!(found.sources.iter().all(|source| source.name.is_none()));
        assert_eq!(found.with_password, [("https://b/a b".to_owned(), 3)]);
    }

    #[test]
    fn what_goes_to_a_source_is_told() {
        let found = parsed("source https://a/ username: \"u\" password: \"%USED%\"\r\nsource https://b/\r\n");
        let [(Receiver::Url(to), text)] = &found.sends[..] else { panic!("{:?}", found.sends) };
        assert!(to == "https://a" && text.contains("%USED%") && text.contains("\"x\""), "{text}");
    }

    #[test]
    fn too_many_sources_are_a_doubt() {
        let found = parsed(&"source https://a/\n".repeat(MOST_SOURCES + 1));
        assert!(found.doubts[0].hides == Hidden::Names && found.sources.is_empty());
        assert_eq!(parsed(&"source https://a/\n".repeat(MOST_SOURCES)).sources.len(), MOST_SOURCES);
    }
}
