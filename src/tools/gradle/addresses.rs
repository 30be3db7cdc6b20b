//! Addresses of feeds in build files: they are searched, since only Gradle can run them.

use std::collections::BTreeMap;

use crate::azure_devops::feed::Feed;
use crate::kernel::organization::Organization;
use crate::tools::java::Setting;

/// What a build file says of feeds.
#[derive(Debug, Default, PartialEq)]
pub struct Addresses {
    /// The addresses that tell an organization, each once, and the line where it stands first.
    pub feeds: BTreeMap<String, usize>,
    /// The first line that names a host of feeds and leaves open which feed is meant.
    pub put_together: Option<usize>,
    /// What leads Gradle's traffic elsewhere.
    pub perils: Vec<Setting>,
}

/// Hosts of feeds: that of all organizations, and the end of each one's own.
const HOSTS: [&str; 2] = ["pkgs.dev.azure.com", ".pkgs.visualstudio.com"];
/// More than any build names; a bound on what a hostile one costs.
const MOST_ADDRESSES: usize = 1_000;
/// A longer line is none that anybody wrote.
const LONGEST_LINE_BYTES: usize = 16 * 1024;

impl Addresses {
    /// Searches a file. Lines that are comments do not count, nor what stands in blocks of Ivy's: Gradle asks for those without a token.
    pub fn of(text: &str) -> Self {
        let mut found = Self::default();
        let mut depth = 0;
        for (number, line) in text.lines().enumerate() {
            let line = line.trim_start();
            let is_comment = ["//", "/*", "*", "#"].iter().any(|start| line.starts_with(start));
            if is_comment || line.len() > LONGEST_LINE_BYTES {
                continue;
            }
            let line = before_ivy(line, &mut depth);
            if names_a_host(line) {
                found.look(line, number + 1);
            }
        }
        found
    }

    fn look(&mut self, line: &str, number: usize) {
        // As Java's properties escape it.
        let line = line.replace("\\:", ":");
        let mut names_one = false;
        let mut seen = 0;
        // One after the other, so that a long line costs no more than its length.
        while let Some(at) = line[seen..].find("://").map(|at| seen + at) {
            let scheme = line[seen..at].rsplit(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default().len();
            let end = end_of(&line, at);
            let url = &line[at - scheme..end];
            seen = end.max(at + 3);
            let lower = url.to_ascii_lowercase();
            if !lower.starts_with("http") || !names_a_host(url.split('/').nth(2).unwrap_or_default()) {
                continue;
            }
            let secured =
                lower.strip_prefix("http://").map_or(url.to_owned(), |_| format!("https{}", &url["http".len()..]));
            if Organization::of_url(&secured).is_some() && self.feeds.len() < MOST_ADDRESSES {
                self.feeds.entry(url.to_owned()).or_insert(number);
            }
            names_one |= Feed::parse(&secured).is_some();
        }
        if !names_one {
            self.put_together.get_or_insert(number);
        }
    }
}

/// What of a line stands before a block of Ivy's. `depth` counts the brackets of one that lines before have opened. Where a repository
/// of Maven's begins, it has ended: not every bracket is one.
fn before_ivy<'l>(line: &'l str, depth: &mut usize) -> &'l str {
    let opens = |(at, _): &(usize, &str)| {
        let is_word = !line[..*at].ends_with(|c: char| c.is_alphanumeric() || "_.'\"".contains(c));
        is_word && line[at + "ivy".len()..].trim_start().starts_with(['{', '('])
    };
    let goes_on = *depth > 0 && !line.starts_with("maven");
    let start = if goes_on { Some(0) } else { line.match_indices("ivy").find(opens).map(|(at, _)| at) };
    let (before, block) = line.split_at(start.unwrap_or(line.len()));
    *depth = block.chars().fold(if goes_on { *depth } else { 0 }, |depth, character| match character {
        '{' | '(' => depth + 1,
        '}' | ')' => depth.saturating_sub(1),
        _ => depth,
    });
    before
}

fn names_a_host(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    HOSTS.iter().any(|host| text.contains(host))
}

/// Where an address ends: at a quote, a blank or a bracket, but for those of `${…}` in it.
fn end_of(line: &str, from: usize) -> usize {
    let mut depth = 0;
    let mut before = ' ';
    for (at, character) in line[from..].char_indices() {
        match character {
            '{' if depth > 0 || before == '$' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            '"' | '\'' | '`' | ')' | ']' | '>' | ',' | ';' if depth == 0 => return from + at,
            blank if blank.is_whitespace() && depth == 0 => return from + at,
            _ => {}
        }
        before = character;
    }
    line.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> (Vec<String>, Option<usize>) {
        let found = Addresses::of(text);
        (found.feeds.into_iter().map(|(url, line)| format!("{line} {url}")).collect(), found.put_together)
    }

    #[test]
    fn addresses_are_found_in_both_languages() {
        let feed = "https://pkgs.dev.azure.com/contoso/_packaging/f/maven/v1";
        for line in [
            format!("maven {{ url '{feed}' }}"),
            format!("maven {{ url = uri(\"{feed}\") }}"),
            format!("  maven(\"{feed}\") {{ name = \"a b\" }}"),
            format!("feed={}", feed.replace(':', "\\:")),
            format!("feed = {feed}"),
            format!("maven {{ url {feed}; name 'x' }} // https://registry.example.com/"),
        ] {
            assert_eq!(found(&format!("\n{line}\n")), (vec![format!("2 {feed}")], None), "{line}");
        }
        let own = "https://contoso.pkgs.visualstudio.com/Shop/_packaging/f@Release/maven/v1";
        assert_eq!(found(&format!("a\nmaven(url = \"{own}\")")), (vec![format!("2 {own}")], None));
        let both = format!("x('{feed}', '{own}')");
        assert_eq!(found(&both).0.len(), 2);
        let inner = format!("url 'https://registry.example.com/{feed}'");
        assert_eq!(found(&inner), (vec![], Some(1)));
        assert_eq!(found(&format!("maven {{ url '{}' }}", feed.replace("https", "http"))).0.len(), 1);
    }

    #[test]
    fn what_is_put_together_is_left_to_gradle() {
        let reference = "https://pkgs.dev.azure.com/contoso/${project.property(\"p q\")}/_packaging/$feed/maven/v1";
        assert_eq!(found(&format!("url = uri(\"{reference}\")")), (vec![format!("1 {reference}")], None));
        for (line, named) in [
            ("url \"https://pkgs.dev.azure.com/${org}/_packaging/f/maven/v1\"", 0),
            ("url 'https://pkgs.dev.azure.com/' + org + '/_packaging/f/maven/v1'", 0),
            ("url 'https://pkgs.dev.azure.com/contoso/' + rest", 1),
            ("url \"https://${org}.pkgs.visualstudio.com/_packaging/f/maven/v1\"", 0),
            ("host = 'pkgs.dev.azure.com'", 0),
        ] {
            let (feeds, put_together) = found(line);
            assert_eq!((feeds.len(), put_together), (named, Some(1)), "{line}");
        }
    }

    #[test]
    fn what_ivy_reads_is_left_out() {
        let feed = "https://pkgs.dev.azure.com/contoso/_packaging/f/maven/v1";
        let maven = format!("maven {{ url '{feed}' }}");
        for ivy in [
            format!("ivy {{ url '{feed}' }}"),
            format!("ivy(\"{feed}\")"),
            format!("ivy {{\nurl = uri(\"{feed}\")\npatternLayout {{\nartifact('x')\n}}\nname = '{feed}'\n}}"),
            format!("ivy {{ // {{\nurl '{feed}'\n}}"),
        ] {
            assert_eq!(found(&format!("repositories {{\n{ivy}\n}}")), (vec![], None), "{ivy}");
            let line = ivy.lines().count() + 2;
            assert_eq!(found(&format!("repositories {{\n{ivy}\n{maven}\n}}")).0, [format!("{line} {feed}")], "{ivy}");
        }
        for line in [
            format!("{maven}; ivy {{ url '{feed}' }}"),
            format!("privy('{feed}')"),
            format!("apply plugin: 'ivy'; {maven}"),
        ] {
            assert_eq!(found(&line).0, [format!("1 {feed}")], "{line}");
        }
    }

    #[test]
    fn other_lines_say_nothing() {
        for line in [
            "// maven { url 'https://pkgs.dev.azure.com/contoso/_packaging/f/maven/v1' }",
            " * https://pkgs.dev.azure.com/contoso/_packaging/f/maven/v1",
            "# feed=https://pkgs.dev.azure.com/contoso/_packaging/f/maven/v1",
            "maven { url 'https://registry.example.com/maven' }",
            "",
        ] {
            assert_eq!(found(line), (vec![], None), "{line}");
        }
        let long = format!("{}https://pkgs.dev.azure.com/contoso/_packaging/f/maven/v1", " x".repeat(10_000));
        assert_eq!(found(&long), (vec![], None));
    }
}
