//! The one decision, with a vault on the disk, and what the tests of the dialects ask.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::vault::{Deposit, Key, Vault, VaultError, key_variable, open, write};
use super::{Question, Reply, reply};
use crate::disk;
use crate::kernel::clock::now;
use crate::kernel::dialect::Dialect;
use crate::kernel::organization::Organization;
use crate::kernel::secret::AccessToken;

/// What a test's vaults hold for an organization.
pub fn token_of(organization: &str) -> String {
    format!("e30.{organization}-token.c2ln")
}

/// The runs of a job, and the variables of its later steps.
pub struct Runs {
    temp: tempfile::TempDir,
    variables: BTreeMap<String, String>,
}

impl Runs {
    pub fn new() -> Self {
        Self { temp: tempfile::tempdir().unwrap(), variables: BTreeMap::new() }
    }

    pub fn folder(&self, number: usize) -> PathBuf {
        self.temp.path().join(format!("ado-entra-auth-{number:016x}"))
    }

    /// A run that hands `(organization, client, feeds)` out until `expires_at`. Gives the variable of its key.
    pub fn run(
        &mut self,
        number: usize,
        grants: &[(&str, Dialect, Option<&[&str]>)],
        earlier: &[usize],
        expires_at: u64,
    ) -> String {
        let (key, variable) = (Key::generate().unwrap(), key_variable().unwrap());
        let tokens: Vec<AccessToken> = grants.iter().map(|grant| AccessToken::new(token_of(grant.0))).collect();
        let deposits: Vec<Deposit<'_>> = grants
            .iter()
            .zip(&tokens)
            .map(|((organization, client, feeds), token)| Deposit {
                organization: Organization::parse(organization).unwrap(),
                client: *client,
                feeds: feeds.map(|feeds| feeds.iter().map(|feed| (*feed).to_owned()).collect()),
                token,
                expires_at,
            })
            .collect();
        let earlier: Vec<PathBuf> = earlier.iter().map(|number| self.folder(*number)).collect();
        disk::create_private_folder(&self.folder(number)).unwrap();
        write(&self.folder(number), &variable, &key, &deposits, &BTreeSet::new(), &earlier).unwrap();
        self.variables.insert(variable.clone(), key.to_text().to_string());
        variable
    }

    pub fn forget(&mut self, variable: &str) {
        self.variables.remove(variable);
    }

    pub fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    /// What a client is told by a run.
    pub fn reply(&self, number: usize, client: Dialect, url: &str) -> Reply {
        self.reply_from(&self.folder(number), &Question { client, url: url.to_owned() })
    }

    pub fn reply_from(&self, folder: &Path, question: &Question) -> Reply {
        let look = |name: &str| self.variable(name);
        let vault: Result<Vault<'_>, VaultError> = open(folder, &look);
        reply(question, &vault)
    }
}

/// A run that serves contoso to both clients, for an hour.
pub fn contoso() -> Runs {
    let mut runs = Runs::new();
    let grants = [("contoso", Dialect::Git, None), ("contoso", Dialect::Cargo, None)];
    runs.run(1, &grants, &[], now() + 3600);
    runs
}

fn said(reply: Reply) -> Result<String, String> {
    match reply {
        Reply::Token(issued) => Ok(issued.token.reveal().to_owned()),
        Reply::NotOurs => Err("not ours".to_owned()),
        Reply::Trouble(explanation) => Err(explanation.to_string()),
    }
}

const GIT: &str = "https://dev.azure.com/contoso/Shop/_git/hello";
const CARGO: &str = "sparse+https://pkgs.dev.azure.com/contoso/_packaging/f/Cargo/index/";

#[test]
fn each_client_is_given_the_token_for_its_own_services() {
    let runs = contoso();
    for url in [GIT, "https://contoso.visualstudio.com/Shop/_git/hello", "https://dev.azure.com:443/CONTOSO/x"] {
        assert_eq!(said(runs.reply(1, Dialect::Git, url)), Ok(token_of("contoso")), "{url}");
        assert_eq!(said(runs.reply(1, Dialect::Cargo, url)), Err("not ours".to_owned()), "{url}");
    }
    for url in [
        CARGO,
        "sparse+https://pkgs.dev.azure.com/contoso/_packaging/f/Cargo/index",
        "sparse+https://PKGS.dev.azure.com/Contoso/My%20Project/_packaging/f@Release/cargo/Index/",
        "sparse+https://contoso.pkgs.visualstudio.com/_packaging/f/Cargo/index/",
        "sparse+https://contoso.pkgs.visualstudio.com/DefaultCollection/_packaging/f/Cargo/index/",
    ] {
        assert_eq!(said(runs.reply(1, Dialect::Cargo, url)), Ok(token_of("contoso")), "{url}");
        assert_eq!(said(runs.reply(1, Dialect::Git, url)), Err("not ours".to_owned()), "{url}");
    }
}

#[test]
fn what_is_near_is_not_ours() {
    let runs = contoso();
    for url in [
        "https://dev.azure.com/contosob/x",
        "https://dev.azure.com/fabrikam/x",
        "https://dev.azure.com/contoso/../fabrikam/x",
        "https://dev.azure.com/",
        "http://dev.azure.com/contoso/x",
        "https://dev.azure.com:444/contoso/x",
        "https://dev.azure.com.evil.example/contoso/x",
        "https://fabrikam.visualstudio.com/contoso",
        "https://pkgs.dev.azure.com/contoso/x",
        "https://feeds.dev.azure.com/contoso/x",
        "https://contoso.vssps.visualstudio.com/x",
        "",
    ] {
        assert_eq!(said(runs.reply(1, Dialect::Git, url)), Err("not ours".to_owned()), "{url}");
    }
    for url in [
        "sparse+https://pkgs.dev.azure.com/fabrikam/_packaging/f/Cargo/index/",
        "sparse+https://pkgs.dev.azure.com/contoso/_packaging/f/npm/registry/",
        "sparse+https://pkgs.dev.azure.com/contoso/_packaging/f/Cargo/",
        "sparse+https://pkgs.dev.azure.com/contoso/_packaging/f/Cargo/index/x",
        "sparse+https://pkgs.dev.azure.com/contoso/_packaging/f/Cargo/index//",
        "sparse+https://pkgs.dev.azure.com/contoso/_packaging/f/x/Cargo/index/",
        "sparse+https://contoso.visualstudio.com/_packaging/f/Cargo/index/",
        "sparse+https://contoso.feeds.visualstudio.com/_packaging/f/Cargo/index/",
        "sparse+https://fabrikam.pkgs.visualstudio.com/contoso/_packaging/f/Cargo/index/",
        "sparse+https://dev.azure.com/contoso/_packaging/f/Cargo/index/",
        "sparse+http://pkgs.dev.azure.com/contoso/_packaging/f/Cargo/index/",
        "sparse+https://pkgs.dev.azure.com:8443/contoso/_packaging/f/Cargo/index/",
        "sparse+https://pkgs.dev.azure.com@evil.example/contoso/_packaging/f/Cargo/index/",
        "sparse+https://evil.example/pkgs.dev.azure.com/contoso/_packaging/f/Cargo/index/",
        "sparse+https://registry.example.com/index/",
        "sparse+",
        "",
    ] {
        assert_eq!(said(runs.reply(1, Dialect::Cargo, url)), Err("not ours".to_owned()), "{url}");
    }
}

#[test]
fn a_token_that_has_ended_is_not_given_and_the_remedy_is() {
    let mut runs = Runs::new();
    for (number, expires_at, lives) in [(1, now() + 60, true), (2, now(), false), (3, 0, false)] {
        runs.run(number, &[("contoso", Dialect::Git, None)], &[], expires_at);
        let told = said(runs.reply(number, Dialect::Git, GIT));
        let expected =
            "the access token for contoso has expired\nremedy: run AdoEntraAuth@1 again before this step\ntroubleshooting: token-ended".to_owned();
        assert_eq!(told, if lives { Ok(token_of("contoso")) } else { Err(expected) });
    }
}

/// Somebody may have copied our settings into a file that outlives the job.
#[test]
fn a_run_that_is_over_says_nothing() {
    let runs = contoso();
    disk::remove_private_folder(&runs.folder(1)).unwrap();
    assert_eq!(said(runs.reply(1, Dialect::Git, GIT)), Err("not ours".to_owned()));
}

#[test]
fn a_vault_in_trouble_is_told_for_azure_devops_and_for_nobody_else() {
    let mut runs = Runs::new();
    let variable = runs.run(1, &[("contoso", Dialect::Git, None)], &[], now() + 60);
    runs.forget(&variable);
    let told = said(runs.reply(1, Dialect::Git, GIT)).unwrap_err();
    assert!(told.contains(&variable) && told.contains("remedy: pass the variable"), "{told}");
    for url in ["https://dev.azure.com/fabrikam/x", "https://registry.example.com/contoso/x"] {
        assert_eq!(said(runs.reply(1, Dialect::Git, url)), Err("not ours".to_owned()), "{url}");
    }
    disk::replace_private(&runs.folder(1).join("vault.json"), b"{}").unwrap();
    assert!(said(runs.reply(1, Dialect::Git, GIT)).unwrap_err().contains("is damaged"));
    assert_eq!(said(runs.reply(1, Dialect::Git, "https://registry.example.com/")), Err("not ours".to_owned()));
}

#[test]
fn the_folders_name_is_the_one_that_apply_makes() {
    let run = crate::apply::Run::new(PathBuf::from("/t"), String::new()).unwrap();
    assert!(crate::kernel::run_folder::name_of(&run.directory()).is_some());
    assert_eq!(crate::kernel::run_folder::PREFIX, crate::apply::DIRECTORY_PREFIX);
}
