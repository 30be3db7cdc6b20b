//! What later steps of a job met, for the post-job part of the step: small files in the run's private folder.

use std::path::{Path, PathBuf};

use crate::diagnosis::causes::{self, Cause, clients};
use crate::disk;
use crate::kernel::clock::now;
use crate::kernel::dialect::Dialect;
use crate::kernel::organization::Organization;

use super::{Question, Reply, wanted};

/// How the files' names begin; a row's name follows, or the client's.
const MET: &str = "met-";
const ASKED: &str = "asked-";
/// How the names of files begin in which the times of refusals stand; the client's and the organization's follow.
const REFUSED: &str = "refused-";
/// After so many within so many seconds there is no answer.
const MOST_REFUSALS: usize = 3;
const WITHIN_SECONDS: u64 = 30;

/// What an answer says of the client's trouble; nothing where it has none, or asks for what is no business of this job.
pub fn cause(question: &Question, reply: &Reply) -> Option<&'static Cause> {
    match reply {
        Reply::Trouble(explanation) => explanation.cause,
        Reply::NotOurs if wanted(question).is_some() => Some(&clients::NOT_PERMITTED),
        Reply::NotOurs | Reply::Token(_) => None,
    }
}

/// Notes what a client met. The folder is known to be the run's. Where nothing can be noted, nothing is said.
pub fn note(folder: &Path, client: Dialect, cause: &Cause) {
    write(folder, MET, cause.name, client.name());
}

/// Notes that a client asked.
pub fn note_question(folder: &Path, client: Dialect) {
    write(folder, ASKED, client.name(), "");
}

fn write(folder: &Path, kind: &str, name: &str, content: &str) {
    let path = folder.join(format!("{kind}{name}"));
    if !disk::exists(&path) {
        _ = disk::write_private(&path, content.as_bytes());
    }
}

/// Notes that a server has refused a client the token of an organization.
pub fn note_refusal(folder: &Path, client: Dialect, organization: &Organization) {
    let mut times = refusals(folder, client, organization);
    times.push(now());
    let last: Vec<String> = times.iter().rev().take(MOST_REFUSALS).map(u64::to_string).collect();
    _ = disk::replace_private(&refusals_file(folder, client, organization), last.join("\n").as_bytes());
}

/// Whether servers have just refused it so often that another answer would be refused too.
pub fn is_refused_again(folder: &Path, client: Dialect, organization: &Organization) -> bool {
    refusals(folder, client, organization).len() >= MOST_REFUSALS
}

fn refusals_file(folder: &Path, client: Dialect, organization: &Organization) -> PathBuf {
    folder.join(format!("{REFUSED}{}-{organization}", client.name()))
}

/// When servers have refused it lately.
fn refusals(folder: &Path, client: Dialect, organization: &Organization) -> Vec<u64> {
    let text = disk::read_within(&refusals_file(folder, client, organization), 256).ok().flatten();
    let text = String::from_utf8(text.unwrap_or_default()).unwrap_or_default();
    let is_recent = |time: &u64| now().abs_diff(*time) < WITHIN_SECONDS;
    text.lines().filter_map(|time| time.parse().ok()).filter(is_recent).collect()
}

/// Whether a client has asked.
pub fn has_asked(folder: &Path, client: Dialect) -> bool {
    disk::exists(&folder.join(format!("{ASKED}{}", client.name())))
}

/// What clients met, each with the client that met it first.
pub fn all(folder: &Path) -> Vec<(&'static Cause, String)> {
    // Looked up, not listed: any step can fill the folder with names.
    let met = |cause: &'static Cause| {
        let client = disk::read_within(&folder.join(format!("{MET}{}", cause.name)), 64).ok()??;
        Some((cause, Dialect::of_name(std::str::from_utf8(&client).ok()?)?.name().to_owned()))
    };
    causes::all().filter_map(met).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_a_moment_count_for_their_organization_only() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let [contoso, fabrikam] = ["contoso", "fabrikam"].map(|name| Organization::parse(name).unwrap());
        for number in 0..5 {
            assert_eq!(is_refused_again(folder, Dialect::Git, &contoso), number >= MOST_REFUSALS);
            note_refusal(folder, Dialect::Git, &contoso);
        }
        assert!(
            !is_refused_again(folder, Dialect::Git, &fabrikam) && !is_refused_again(folder, Dialect::NuGet, &contoso)
        );
        let old = now() - WITHIN_SECONDS;
        for text in [format!("{old}\n{old}\n{old}\n"), "x\n".repeat(3), now().to_string().repeat(3)] {
            disk::replace_private(&folder.join("refused-git-contoso"), text.as_bytes()).unwrap();
            assert!(!is_refused_again(folder, Dialect::Git, &contoso), "{text}");
        }
    }

    #[test]
    fn a_folder_full_of_names_and_unknown_clients_tells_each_cause_once() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        note(folder, Dialect::Git, &clients::GIT_REFUSED);
        let name = clients::GIT_REFUSED.name;
        write(folder, MET, &name.to_ascii_uppercase(), "git");
        for number in 0..50 {
            write(folder, MET, &format!("{name}{number}"), "git");
        }
        write(folder, MET, clients::NOT_PERMITTED.name, "##vso[x]");
        let told: Vec<_> = all(folder).into_iter().map(|(cause, client)| (cause.name, client)).collect();
        assert_eq!(told, [(name, "git".to_owned())]);
    }
}
