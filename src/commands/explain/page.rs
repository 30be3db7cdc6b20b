//! The whole table as a page: TROUBLESHOOTING.md.

use std::fmt::Write;

use crate::diagnosis::causes::{self, Cause, Kind, Stage};

const INTRODUCTION: &str = "# Troubleshooting

Everything that is known to go wrong between a job and a working feed: what the error means, why it happens, what to do, and who can
do it. An error of the task ends with `troubleshooting:` and the name to look up here. On your machine,

```
ado-entra-auth explain AADSTS700213
ado-entra-auth explain failed-step.log logs.zip
ado-entra-auth explain - < failed-step.log
```

answers the same for a code, an error's text, whole logs, or the zip of a run's logs, of this task or of another. When a build answers 401,
run these in a later step of its job:

```
ado-entra-auth status       # what the job has set up, and until when
ado-entra-auth check        # who may read and publish what, and why not
```

This page is made from the program's own table, by `ado-entra-auth explain --list`. Codes and texts of the services change; an
`AADSTS` code that is not here is at `https://login.microsoftonline.com/error?code=` and its number.

- [By what you see](#by-what-you-see): the words of a client, a service or this task
- [By code](#by-code): `AADSTS…`, `TF…`, `VS…`
";

/// What is shown of a row's words: the most telling.
const MOST_SEEN: usize = 2;

/// The page. Its headings are the names, so that a link can end with `#` and a name in small letters.
pub fn whole() -> String {
    let mut page = INTRODUCTION.to_owned();
    for stage in Stage::ALL {
        let title = stage.title();
        let anchor = title.to_ascii_lowercase().replace(' ', "-").replace([',', '\''], "");
        _ = writeln!(page, "- [{title}](#{anchor})");
    }
    page += "\n## By what you see\n";
    // What people meet most stands first: their clients' words.
    for stage in Stage::ALL.into_iter().rev() {
        _ = writeln!(page, "\n**{}**\n", stage.title());
        for cause in of(stage) {
            let link = link(cause);
            _ = match seen(cause) {
                seen if seen.is_empty() => writeln!(page, "- {link}: {}", cause.headline),
                seen => writeln!(page, "- {link}: {}; as `{}`", cause.headline, seen.join("`, `")),
            };
        }
    }
    page += "\n## By code\n\n";
    let mut codes: Vec<(&str, &Cause)> =
        causes::all().flat_map(|cause| cause.codes().map(move |code| (code, cause))).collect();
    let order = |code: &str| (code.trim_end_matches(|c: char| c.is_ascii_digit()).len(), code.len(), code.to_owned());
    while let Some(next) = (0..codes.len()).min_by_key(|number| order(codes[*number].0)) {
        let (code, cause) = codes.swap_remove(next);
        let name = if code == cause.name { String::new() } else { format!("{code}: ") };
        _ = writeln!(page, "- {name}{}", link(cause));
    }
    for stage in Stage::ALL {
        _ = writeln!(page, "\n## {}", stage.title());
        for cause in of(stage) {
            entry(&mut page, cause);
        }
    }
    page
}

fn of(stage: Stage) -> impl Iterator<Item = &'static Cause> {
    causes::all().filter(move |cause| cause.stage == stage)
}

fn link(cause: &Cause) -> String {
    format!("[{}](#{})", cause.name, cause.name.to_ascii_lowercase())
}

/// Words of others by which one knows a row: the longest of its first signs.
fn seen(cause: &Cause) -> Vec<&'static str> {
    let is_text = |word: &&str| !word.starts_with(['=', '@', '!']) && !word.contains('`');
    let longest =
        |(_, words): (Kind, std::str::Split<'static, char>)| words.filter(is_text).max_by_key(|word| word.len());
    let mut seen: Vec<&str> = Vec::new();
    for word in cause.signs().filter_map(longest).filter(|word| word.contains(' ')) {
        if seen.len() < MOST_SEEN && !seen.contains(&word) {
            seen.push(word);
        }
    }
    seen
}

fn entry(page: &mut String, cause: &Cause) {
    _ = writeln!(page, "\n### {}\n\n**{}.** {}\n", cause.name, capitalized(cause.headline), cause.meaning());
    let others: Vec<&str> = cause.codes().filter(|code| *code != cause.name).collect();
    if !others.is_empty() {
        _ = writeln!(page, "- Also: {}", others.join(", "));
    }
    if !cause.ours().is_empty() {
        _ = writeln!(page, "- Where AdoEntraAuth says it: {}", cause.ours());
    }
    _ = writeln!(page, "- What to do: {}.", cause.remedy);
    if cause.elsewhere() != cause.remedy {
        _ = writeln!(page, "- Where another program says it: {}.", cause.elsewhere());
    }
    _ = writeln!(page, "- Who can: {}.", cause.owner.title());
    _ = writeln!(page, "- Running again helps: {}.", cause.again.title());
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
