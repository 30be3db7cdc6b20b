//! Files of requirements, as pip and uv read them.

use std::path::Path;

use super::files::{Found, Spot, UNCHECKED, may_be_azure};
use crate::host::Host;
use crate::reach::Role;
use crate::tools::reading::{SourceFile, Unparsable};

/// Lines of requirements as pip joins them, without comments, each with the number of its first.
fn logical_lines(body: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (number, line) in body.lines().enumerate() {
        let is_comment = line.trim_start().starts_with('#');
        let (words, joined) = match line.strip_suffix('\\').filter(|_| !is_comment) {
            Some(words) => (words, true),
            None => (line, false),
        };
        let words = if is_comment { "" } else { words };
        match lines.last_mut().filter(|_| goes_on) {
            Some((_, whole)) => whole.push_str(words),
            None => lines.push((number + 1, words.to_owned())),
        }
        goes_on = joined;
    }
    lines
}

/// Whether one of the first two lines declares an encoding in which the rest reads otherwise (PEP 263).
fn is_of_another_encoding(body: &str) -> bool {
    body.lines().take(2).filter(|line| line.trim_start().starts_with('#')).any(|line| {
        let declared = line.split_once("coding").and_then(|(_, rest)| rest.strip_prefix([':', '=']));
        let name = declared
            .map(|rest| rest.trim_start().split(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c)).next());
        let name = name.flatten().unwrap_or_default().to_ascii_lowercase().replace('_', "-");
        !["", "utf-8", "utf8", "ascii", "us-ascii", "latin-1", "iso-8859-1"].contains(&name.as_str())
    })
}

/// Reads a file of requirements. Options stand on lines of their own. pip takes them abbreviated as well.
pub fn read(file: &SourceFile, host: &Host, found: &mut Found) {
    let folder = file.source.path.parent().unwrap_or(Path::new(""));
    let mut doubt = |reason: &str| found.unread = Some(Unparsable::hides_names(&file.source, reason));
    if is_of_another_encoding(&file.text.body) {
        doubt("it declares another encoding than UTF-8");
    }
    let mut further = Vec::new();
    let mut named = Vec::new();
    let mut trusting = Vec::new();
    for (number, line) in
        logical_lines(&file.text.body).into_iter().filter(|(_, line)| line.trim_start().starts_with('-'))
    {
        let mut option: Option<&str> = None;
        for word in line.split_whitespace().take_while(|word| !word.starts_with('#')) {
            let (name, value) = match word.split_once('=').filter(|_| word.starts_with("--")) {
                Some((name, value)) => (Some(name), Some(value)),
                None if word.starts_with("--") => (Some(word), None),
                None if word.starts_with('-') && word.is_char_boundary(2) => {
                    (word.get(..2), word.get(2..).filter(|rest| !rest.is_empty()))
                }
                None => (option, Some(word)),
            };
            option = name;
            let (Some(name), Some(value)) = (name, value) else { continue };
            let value = value.trim_matches(['"', '\'']);
            if word.contains('\\') || value.contains(['"', '\'']) {
                doubt("it has quotes or backslashes within an option; write it without");
            }
            let is = |short: &str, long: &str| name == short || name.len() > 2 && long.starts_with(name);
            if is("-i", "--index-url") || is("-i", "--extra-index-url") || is("-f", "--find-links") {
                named.push((expanded(value, host), number));
            } else if is("-r", "--requirement") || is("-c", "--constraint") {
                if value.contains("://") {
                    doubt("it takes further requirements from an address");
                }
                further.push(folder.join(value));
            } else if is("", "--trusted-host") && may_be_azure(value) {
                trusting.push((number, UNCHECKED));
            }
        }
    }
    found.further = further;
    found.perils.extend(trusting);
    for (url, number) in named.into_iter().filter(|(url, _)| url.contains("://")) {
        found.add(None, (url, number), Role::Source, Spot::Requirements);
    }
}

/// With the variables that later steps have in place of `${NAME}`.
fn expanded(text: &str, host: &Host) -> String {
    let mut whole = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, tail)) = after.split_once('}') else { break };
        whole.push_str(before);
        let written = &rest[before.len()..rest.len() - tail.len()];
        whole.push_str(host.variable(name).unwrap_or(written));
        rest = tail;
    }
    whole + rest
}
