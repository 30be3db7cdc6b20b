//! What npm's files name, and what is planned for them.

use super::*;
use crate::tools::testing::{Disk, file, file_of_bytes, host, mentioned, planned, reading, shown, utf16};

const FEED: &str = "https://pkgs.dev.azure.com/contoso/_packaging/f/npm/registry/";

fn feed(url: &str) -> ServedFeed {
    crate::tools::testing::feed(None, url, ".npmrc")
}

#[test]
fn key_prefixes_are_those_that_npm_looks_up() {
    for (registry, expected) in [
        (
            "https://PKGS.DEV.AZURE.COM/Org/_packaging/Feed/npm/registry",
            vec![
                "//pkgs.dev.azure.com/Org/_packaging/Feed/npm/",
                "//pkgs.dev.azure.com/Org/_packaging/Feed/npm/registry/",
            ],
        ),
        (
            "https://o.pkgs.visualstudio.com/My%20Project/_packaging/f@Local/npm/",
            vec![
                "//o.pkgs.visualstudio.com/My%20Project/_packaging/f@Local/npm/",
                "//o.pkgs.visualstudio.com/My%20Project/_packaging/f@Local/npm/registry/",
            ],
        ),
        (
            "https://u:p@pkgs.dev.azure.com/o/My Project/_packaging/f/NPM/registry/?x=1#y",
            vec![
                "//pkgs.dev.azure.com/o/My%20Project/_packaging/f/NPM/registry/",
                "//pkgs.dev.azure.com/o/My%20Project/_packaging/f/npm/",
                "//pkgs.dev.azure.com/o/My%20Project/_packaging/f/npm/registry/",
            ],
        ),
        (
            "https://pkgs.dev.azure.com:443/o/_packaging/f/npm/registry/",
            vec![
                "//pkgs.dev.azure.com/o/_packaging/f/npm/",
                "//pkgs.dev.azure.com/o/_packaging/f/npm/registry/",
                "//pkgs.dev.azure.com:443/o/_packaging/f/npm/",
                "//pkgs.dev.azure.com:443/o/_packaging/f/npm/registry/",
            ],
        ),
    ] {
        assert_eq!(key_prefixes(&feed(registry)).into_iter().collect::<Vec<_>>(), expected, "{registry}");
    }
}

#[test]
fn a_private_file_refers_to_a_variable_behind_the_users_own_lines() {
    let own = file("/home/build/.npmrc", "fund=false\n[section]\n");
    let plan = planned(&Npm, &[feed(FEED)], &[own], &host(&[]), &Disk::default()).unwrap();
    let crate::plan::Change::PrivateFile(npmrc) = &plan.changes[1] else { panic!("{:?}", shown(&plan)) };
    let text = String::from_utf8(npmrc.bytes(Template::shown)).unwrap();
    let expected = "fund=false\n\
        //pkgs.dev.azure.com/contoso/_packaging/f/npm/:_authToken=${ADO_ENTRA_AUTH_X_CONTOSO}\n\
        //pkgs.dev.azure.com/contoso/_packaging/f/npm/registry/:_authToken=${ADO_ENTRA_AUTH_X_CONTOSO}\n[section]\n";
    assert_eq!(text, expected);
    assert_eq!(shown(&plan)[0], "ADO_ENTRA_AUTH_X_CONTOSO=***");
    assert_eq!(shown(&plan)[2], "NPM_CONFIG_USERCONFIG=/run/npmrc");
}

#[test]
fn what_npm_cannot_read_is_not_carried_over() {
    let file = file_of_bytes("/home/build/.npmrc", &utf16("fund=false\n"));
    assert!(mentioned(&Npm, std::slice::from_ref(&file), &host(&[]))[0].contains("UTF-16"));
    let plan = planned(&Npm, &[feed(FEED)], &[file], &host(&[]), &Disk::default()).unwrap();
    let crate::plan::Change::PrivateFile(npmrc) = &plan.changes[1] else { panic!() };
    assert!(String::from_utf8(npmrc.bytes(Template::shown)).unwrap().starts_with("//pkgs.dev.azure.com/"));
}

#[test]
fn feeds_are_found_wherever_npm_pnpm_and_yarn_find_them() {
    let files = [
        file("/agent/1/s/.npmrc", "registry=https://r.example/\n"),
        file("/agent/1/s/.pipelines/release.npmrc", &format!("@c:registry={FEED}\n")),
        file("/agent/1/s/common/.npmrc-publish", "registry=${WHERE}\n"),
        file("/agent/1/s/.yarnrc", "registry \"https://y.example/\"\n"),
        file("/agent/1/s/pnpm-workspace.yaml", "registries:\n  default: https://p.example/\n"),
        file("/agent/1/s/package.json", &format!("{{\"dependencies\":{{\"demo\":\"{FEED}demo/-/demo-1.0.0.tgz\"}}}}")),
    ];
    let host = host(&[("npm_config_registry", "https://v.example/")]);
    assert_eq!(
        mentioned(&Npm, &files, &host),
        [
            format!(" {FEED} package.json"),
            " https://r.example/ .npmrc".to_owned(),
            format!(" {FEED} .pipelines/release.npmrc"),
            " ${WHERE} common/.npmrc-publish".to_owned(),
            " https://y.example/ .yarnrc".to_owned(),
            " https://p.example/ pnpm-workspace.yaml".to_owned(),
            " https://v.example/ the variable npm_config_registry".to_owned(),
        ]
    );
    let doubts: Vec<bool> =
        reading(&Npm, &files, &host).mentions.iter().map(|mention| mention.doubt.is_some()).collect();
    assert_eq!(doubts, [false, false, false, true, false, false, false]);
}

#[test]
fn another_rc_file_is_followed() {
    let files = [file("/agent/1/s/.npmrc", "globalconfig=./conf/x.txt\nprefix=./p\n")];
    let host = host(&[]);
    let read = crate::tools::testing::taken_apart(&Npm, &files, &host);
    let found = Npm.further(Sources { files: &read, host: &host });
    assert_eq!(found, ["/agent/1/s/./conf/x.txt", "/agent/1/s/./p/etc/npmrc"].map(PathBuf::from));
}

#[test]
fn only_a_credential_that_goes_before_ours_is_warned_of() {
    let base = "//pkgs.dev.azure.com/contoso/_packaging/f/npm";
    for (line, words) in [
        (format!("{base}/registry/:_authToken=old"), Some("remove the line")),
        (format!("{base}/registry/:_auth=b2xkOnN0YWxl"), Some("pnpm prefers")),
        (format!("{base}/:_authToken=old"), None),
        ("//pkgs.dev.azure.com/:_authToken=old".to_owned(), None),
    ] {
        let files = [file("/agent/1/s/.npmrc", &format!("registry={FEED}\n{line}\n"))];
        let plan = planned(&Npm, &[feed(FEED)], &files, &host(&[]), &Disk::default()).unwrap();
        let said = plan.warnings.sentences();
        match words {
            Some(words) => {
                assert!(said.len() == 1 && said[0].contains(words) && said[0].contains(".npmrc line 2"), "{said:?}");
            }
            None => assert!(said.is_empty(), "{line}: {said:?}"),
        }
    }
}
