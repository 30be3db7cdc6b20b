//! The whole table as a page: TROUBLESHOOTING.md.

use std::fmt::Write;

use crate::diagnosis::causes::{self, Cause, Stage};

const INTRODUCTION: &str = "# Troubleshooting

Everything that is known to go wrong between a job and a working feed: what the error means, why it happens, what to do, and who can
do it. An error of the task ends with `troubleshooting:` and the name to look up here. On your machine,

```
ado-entra-auth explain AADSTS700213
ado-entra-auth explain - < failed-step.log
```

answers the same for a code, an error's text or a whole log, of this task or of another. When a build answers 401, run these in a later step
of its job:

```
ado-entra-auth status       # what the job has set up, and until when
ado-entra-auth check        # who may read and publish what, and why not
```

This page is made from the program's own table, by `ado-entra-auth explain --list`. Codes and texts of the services change; an
`AADSTS` code that is not here is at `https://login.microsoftonline.com/error?code=` and its number.
";

/// The page. Its headings are the names, so that a link can end with `#` and a name in small letters.
pub fn whole() -> String {
    let mut page = INTRODUCTION.to_owned();
    for stage in Stage::ALL {
        _ = writeln!(page, "\n**{}**\n", stage.title());
        for cause in of(stage) {
            _ = writeln!(page, "- [{}](#{}): {}", cause.name, cause.name.to_ascii_lowercase(), cause.headline);
        }
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

fn entry(page: &mut String, cause: &Cause) {
    _ = writeln!(page, "\n### {}\n\n**{}.** {}\n", cause.name, capitalized(cause.headline), cause.meaning());
    let others: Vec<&str> = cause.codes().filter(|code| *code != cause.name).collect();
    if !others.is_empty() {
        _ = writeln!(page, "- Also: {}", others.join(", "));
    }
    _ = writeln!(page, "- What to do: {}.", cause.remedy);
    _ = writeln!(page, "- Who can: {}.", cause.owner.title());
    _ = writeln!(page, "- Running again helps: {}.", cause.again.title());
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
