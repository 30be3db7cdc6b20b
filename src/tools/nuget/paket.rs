//! Sources of `paket.dependencies`.
//!
//! Paket asks credential providers for whatever source has no user name and password in its line, each source by itself.
//! Sources: <https://fsprojects.github.io/Paket/nuget-dependencies.html>; fsprojects/Paket, `src/Paket.Core/Versioning/PackageSources.fs`,
//! `src/Paket.Core/Versioning/AuthService.fs`.

use super::config::{NamedSource, NuGetFile};
use super::values::{self, Value};
use std::collections::BTreeSet;

use crate::azure_devops::feed::Feed;
use crate::host::Host;
use crate::plan::draft::Draft;
use crate::reach::ServedFeed;
use crate::tools::reading::{Receiver, SourceFile, Sources, is_one_of};

/// More than any project has; a bound on what a hostile file costs. Further ones are not served.
const MOST_SOURCES: usize = 1000;

/// Whether Paket finds a file of this name.
pub fn is_dependencies(file_name: &str) -> bool {
    is_one_of(file_name, &["paket.dependencies"])
}

/// Takes a file apart.
pub fn parse(file: &SourceFile, host: &Host) -> NuGetFile {
    let mut found = NuGetFile { is_pakets: true, ..NuGetFile::default() };
    // .NET reads encodings that are none here, with a nothing between their letters; and it ends lines where others do not.
    let text = file.text.body.replace('\0', "");
    for (index, line) in text.split(['\n', '\r']).enumerate() {
        let plain = plain_source(line).filter(|(url, _)| values::is_remote(url));
        let Some((url, words)) = plain else {
            // Paket may find an address in it all the same.
            if line.to_ascii_lowercase().contains(PASSWORD) {
                found.sends.push((Receiver::Url(String::new()), line.to_owned()));
            }
            continue;
        };
        if !words.is_empty() {
            found.sends.push((Receiver::Url(url.to_owned()), words.to_owned()));
        }
        if found.sources.len() < MOST_SOURCES {
            if has_password(words, host) {
                found.with_password.push((found.sources.len(), index + 1));
            }
            found.sources.push(NamedSource { name: None, url: Value { text: url.to_owned(), open: None } });
        }
    }
    found
}

/// The address in a line that names a source and what stands behind it, where Paket can take the line in one way only: it looks for words
/// and quotes anywhere in it.
fn plain_source(line: &str) -> Option<(&str, &str)> {
    let (word, rest) = line.trim_matches([' ', '\t']).split_at_checked("source".len())?;
    let behind = rest.strip_prefix(' ')?;
    let quoted = rest.trim_start_matches(' ').strip_prefix('"');
    let (url, words) = match quoted {
        Some(quoted) => quoted.split_once('"')?,
        None => behind.split_once(' ').unwrap_or((behind, "")),
    };
    let words = words.trim_matches(' ');
    // The first address in quotes behind such a word goes before one without.
    let may_be_another = quoted.is_none() && words.contains('"') && words.to_ascii_lowercase().contains("source");
    let is_clear = !words.contains('"') || with_pairs_only(words).is_some();
    let is_plain =
        is_clear && !may_be_another && !url.contains('"') && !line.chars().any(|one| one != '\t' && one.is_control());
    // Paket drops a slash at the end as well.
    (is_plain && word.eq_ignore_ascii_case("source")).then(|| (url.trim().trim_end_matches('/'), words))
}

const USER: &str = "username";
const PASSWORD: &str = "password";

/// The values of a user name and a password, where nothing but these stands there, and perhaps the kind of authentication.
fn with_pairs_only(words: &str) -> Option<(&str, &str)> {
    let (mut user, mut password) = (None, None);
    let mut rest = words;
    while !rest.is_empty() {
        let (name, behind) = rest.split_once(':')?;
        let (value, behind) = behind.trim_start_matches(' ').strip_prefix('"')?.split_once('"')?;
        match name {
            USER if user.is_none() => user = Some(value),
            PASSWORD if password.is_none() => password = Some(value),
            "authtype" => {}
            _ => return None,
        }
        rest = behind.trim_start_matches(' ');
    }
    user.zip(password)
}

/// Whether Paket takes a user name and a password from a line. It asks where both are empty, or both variables that nobody has set.
fn has_password(words: &str, host: &Host) -> bool {
    let is_unset = |value: &str| {
        let variable = value.strip_prefix('%').and_then(|rest| rest.strip_suffix('%'));
        variable.is_some_and(|name| host.variable(name).unwrap_or_default().is_empty())
    };
    let are_none =
        |(user, password): (&str, &str)| user.is_empty() && password.is_empty() || is_unset(user) && is_unset(password);
    with_pairs_only(words).is_some_and(|pair| !are_none(pair))
}

/// Warns of the lines with a password of their own for feeds that are served: Paket does not ask for these.
pub fn warn(served: &[ServedFeed], sources: Sources<'_>, draft: &mut Draft<'_>) {
    let urls: BTreeSet<&str> = served.iter().map(|one| one.feed.url.as_str()).collect();
    for (place, feed) in own_passwords(sources).filter(|(_, feed)| urls.contains(feed.url.as_str())) {
        draft.warn(format!(
            "Paket does not ask for {feed}: {place} has a user name and a password of its own; remove them from the line"
        ));
    }
}

/// The feeds for which Paket never asks: each line that names them has a password of its own.
pub fn never_asked_for(sources: Sources<'_>) -> BTreeSet<String> {
    let lines = |with_password: bool| {
        let files = sources.of::<NuGetFile>().filter(|(_, parsed)| parsed.is_pakets);
        files.flat_map(move |(_, parsed)| {
            let numbers: BTreeSet<usize> = parsed.with_password.iter().map(|(number, _)| *number).collect();
            let sources = parsed.sources.iter().enumerate();
            let sources = sources.filter(move |(number, _)| numbers.contains(number) == with_password);
            sources.filter_map(|(_, source)| Some(Feed::parse(&source.url.text)?.url.as_str().to_owned()))
        })
    };
    let asked: BTreeSet<String> = lines(false).collect();
    lines(true).filter(|url| !asked.contains(url)).collect()
}

/// Where a password of its own stands for a feed, and for which.
fn own_passwords(sources: Sources<'_>) -> impl Iterator<Item = (String, Feed)> {
    let files = sources.of::<NuGetFile>().filter(|(_, parsed)| parsed.is_pakets);
    files.flat_map(|(file, parsed)| {
        let shown = &file.source.shown;
        let place = move |(number, line): &(usize, usize)| {
            Some((format!("{shown}, line {line}"), Feed::parse(&parsed.sources.get(*number)?.url.text)?))
        };
        parsed.with_password.iter().filter_map(place)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::testing::{file, host};

    fn parsed(text: &str) -> NuGetFile {
        parse(&file("/agent/1/s/paket.dependencies", text), &host(&[("USED", "x")]))
    }

    #[test]
    fn sources_are_found_in_every_plain_form() {
        let text = "version 5.257.0\nsource https://a/v3/index.json\n  SOURCE \"https://b/a b\" username: \"u\" password: \"%USED%\"\n\
                    // source https://c/\n# source https://c/\nsource ./packages\nsource //share\ngroup Build\n\
                    source https://d/nuget/v2/ // the old source\rsource   \"https://h/\"\nsource https://i/ username:  \"\" password:\"\"\nnuget Source https://e/\ngit https://f/\nsource\nsources https://g/\n";
        let found = parsed(text);
        let urls: Vec<&str> = found.sources.iter().map(|source| source.url.text.as_str()).collect();
        assert_eq!(urls, ["https://a/v3/index.json", "https://b/a b", "https://d/nuget/v2", "https://h", "https://i"]);
        assert!(found.sources.iter().all(|source| source.name.is_none()));
        assert_eq!(found.with_password, [(1, 3)]);
    }

    /// Paket looks for words and quotes anywhere in the line, and may find another address in such a one.
    #[test]
    fn a_line_that_may_be_read_otherwise_names_no_source_and_may_send_anywhere() {
        let with = "username: \"u\" password: \"%USED%\"";
        for line in [
            format!("source https://a/ source \"https://evil/\" {with}"),
            format!("source https://a/ {with} source\"https://evil/\""),
            format!("source\thttps://a/ https://evil/ {with}"),
            format!("source  https://evil/ {with}"),
            "source https://a/ username: \"source\" password: \"%USED%\"".to_owned(),
            format!("source https://a/ {with} password: \"x\""),
            "source https://a/ Username: \"u\" password: \"%USED%\"".to_owned(),
            format!("source https://a/ {with} other: \"x\""),
            "source \"https://a/ password: %USED%".to_owned(),
            format!("source https://a\"/ {with}"),
            format!("sources https://a/ {with}"),
            format!("so\u{ad}urce https://a/ {with}"),
            format!("source https:\\\\a/ {with}"),
            format!("// x\rSource\thttps://a/ {with}"),
            format!("source https://a/ {with}").chars().flat_map(|letter| [letter, '\0']).collect(),
        ] {
            let found = parsed(&line);
            let [(Receiver::Url(to), text)] = &found.sends[..] else { panic!("{line}: {:?}", found.sends) };
            let goes_to_one = line.contains('\0') && to == "https://a";
            assert!((to.is_empty() && found.sources.is_empty() || goes_to_one) && text.contains("%USED%"), "{line}");
        }
    }

    #[test]
    fn what_goes_to_a_source_is_told() {
        let found = parsed("source https://a/ username: \"u\" password: \"%USED%\"\r\nsource https://b/\r\n");
        let [(Receiver::Url(to), text)] = &found.sends[..] else { panic!("{:?}", found.sends) };
        assert!(to == "https://a" && text.contains("%USED%"), "{text}");
    }

    /// What they send is told of all.
    #[test]
    fn of_too_many_sources_the_first_are_served() {
        let line = "source https://a/ username: \"u\" password: \"p\"\n";
        let found = parsed(&line.repeat(MOST_SOURCES + 1));
        assert_eq!((found.sources.len(), found.sends.len(), found.doubts.len()), (MOST_SOURCES, MOST_SOURCES + 1, 0));
    }
}
