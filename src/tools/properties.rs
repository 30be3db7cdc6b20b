//! Files of properties, as Java and Maven 4 read them: with escapes, lines that go on, and a colon or a blank in place of a sign.

use std::iter::Peekable;
use std::str::Chars;

/// Which lines are comments.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Comments {
    /// Those where no line before goes on: `java.util.Properties`.
    BeginLines,
    /// All that look like one, blank lines too: Maven 4, read in its `MavenProperties`.
    StandAnywhere,
}

/// The properties of a file, each with its line, key and value.
pub fn properties(text: &str, comments: Comments) -> impl Iterator<Item = (usize, String, String)> {
    logical_lines(text, comments).into_iter().map(|(number, line)| {
        let mut rest = line.chars().peekable();
        let key = unescaped(&mut rest, |c| is_blank(c) || matches!(c, '=' | ':'));
        while rest.next_if(|c| is_blank(*c)).is_some() {}
        if rest.next_if(|c| matches!(c, '=' | ':')).is_some() {
            while rest.next_if(|c| is_blank(*c)).is_some() {}
        }
        (number, key, unescaped(&mut rest, |_| false))
    })
}

/// Lines joined where a backslash ends one, without comments and what is blank at their beginnings.
fn logical_lines(text: &str, comments: Comments) -> Vec<(usize, String)> {
    let text = text.replace("\r\n", "\n");
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (number, line) in text.split(['\n', '\r']).enumerate() {
        let line = line.trim_start_matches(is_blank);
        if (!goes_on || comments == Comments::StandAnywhere) && (line.is_empty() || line.starts_with(['#', '!'])) {
            continue;
        }
        let joins = line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
        let part = &line[..line.len() - usize::from(joins)];
        match lines.last_mut().filter(|_| goes_on) {
            Some((_, before)) => before.push_str(part),
            None => lines.push((number + 1, part.to_owned())),
        }
        goes_on = joins;
    }
    lines
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\x0c')
}

/// Takes characters up to one without a backslash that ends them.
fn unescaped(rest: &mut Peekable<Chars<'_>>, ends: impl Fn(char) -> bool) -> String {
    let mut taken = String::new();
    while let Some(character) = rest.next_if(|c| !ends(*c)) {
        let escaped = if character == '\\' { rest.next() } else { None };
        taken.push(match escaped {
            None => character,
            Some('t') => '\t',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('f') => '\x0c',
            // Where it is no number, Java and Gradle stop.
            Some('u') => {
                let code: String = rest.by_ref().take(4).collect();
                u32::from_str_radix(&code, 16).ok().and_then(char::from_u32).unwrap_or('?')
            }
            Some(other) => other,
        });
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_among_lines_that_go_on_part_java_and_maven() {
        let text = "a.\\\n# c\n\n!\\\nb : x\\u0079\\\n \t\\ z\nc d\n#e\\\nf";
        let found = |comments| {
            let all = properties(text, comments).map(|(line, key, value)| format!("{line} {key}={value}"));
            all.collect::<Vec<_>>()
        };
        assert_eq!(found(Comments::BeginLines), ["1 a.#=c", "5 b=xy z", "7 c=d", "9 f="]);
        assert_eq!(found(Comments::StandAnywhere), ["1 a.b=xy z", "7 c=d", "9 f="]);
    }
}
