//! What later steps of a job met, for the post-job part of the step: small files in the run's private folder.

use std::path::Path;

use crate::diagnosis::causes::{self, Cause, clients};
use crate::disk;
use crate::kernel::dialect::Dialect;

use super::{Question, Reply, wanted};

/// How the files' names begin; a row's name follows, or the client's.
const MET: &str = "met-";
const ASKED: &str = "asked-";

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
