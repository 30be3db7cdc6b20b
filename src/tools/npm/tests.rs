//! What npm's files name, and what is planned for them.

use super::*;
use crate::tools::reading::Hidden;
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

/// The user configuration of a plan.
fn npmrc(plan: &crate::plan::Plan) -> String {
    let file = |change: &crate::plan::Change| match change {
        crate::plan::Change::PrivateFile(file) if file.name == "npmrc" => Some(file.bytes(Template::shown)),
        _ => None,
    };
    String::from_utf8(plan.changes.iter().find_map(file).unwrap()).unwrap()
}

#[test]
fn the_keys_that_end_the_look_up_are_for_each_host_of_feeds_and_give_way_to_the_users_own() {
    let own_host = "https://contoso.pkgs.visualstudio.com/_packaging/f/npm/registry/";
    let keys = "//pkgs.dev.azure.com/:certfile=a\n//pkgs.dev.azure.com/:keyfile=b\n";
    for (url, own, expected) in
        [(FEED, "", 1), (own_host, "", 1), (FEED, keys, 1), (FEED, "//pkgs.dev.azure.com/:certfile=a\n", 2)]
    {
        let own_file = file("/home/build/.npmrc", own);
        let text = npmrc(&planned(&Npm, &[feed(url)], &[own_file], &host(&[]), &Disk::default()).unwrap());
        assert_eq!(text.matches("/:certfile=").count(), expected, "{text}");
    }
}

#[test]
fn a_private_file_refers_to_a_variable_behind_the_users_own_lines() {
    let own = file("/home/build/.npmrc", "fund=false\n[section]\n");
    let plan = planned(&Npm, &[feed(FEED)], &[own], &host(&[]), &Disk::default()).unwrap();
    let text = npmrc(&plan);
    let expected = "fund=false\n\
        //pkgs.dev.azure.com/contoso/_packaging/f/npm/:_authToken=${ADO_ENTRA_AUTH_X_CONTOSO}\n\
        //pkgs.dev.azure.com/contoso/_packaging/f/npm/registry/:_authToken=${ADO_ENTRA_AUTH_X_CONTOSO}\n\
        //pkgs.dev.azure.com/:certfile=\"/run/nothing.pem\"\n\
        //pkgs.dev.azure.com/:keyfile=\"/run/nothing.pem\"\n[section]\n";
    assert_eq!(text.replace("\\\\", "/"), expected);
    let shown = shown(&plan);
    assert_eq!(shown[..2], ["ADO_ENTRA_AUTH_X_CONTOSO=***", "nothing.pem: "]);
    assert_eq!(shown[3].replace('\\', "/"), "NPM_CONFIG_USERCONFIG=/run/npmrc");
}

/// A file, variables, and what is set.
type OfRush<'r> = (&'r str, &'r [(&'r str, &'r str)], &'r str);

/// Rush keeps the variable from its clients in the usual letters. One that the job has stays as it is called.
#[test]
fn the_variable_is_in_small_letters_where_rush_has_its_file() {
    let rows: [OfRush<'_>; 4] = [
        ("/agent/1/s/.npmrc", &[], "NPM_CONFIG_USERCONFIG=/run/npmrc"),
        ("/agent/1/s/app/common/config/rush/.npmrc", &[], "npm_config_userconfig=/run/npmrc"),
        ("/agent/1/s/common/config/rush/.npmrc-publish", &[], "npm_config_userconfig=/run/npmrc"),
        (
            "/agent/1/s/common/config/rush/.npmrc",
            &[("NPM_CONFIG_USERCONFIG", "/own")],
            "NPM_CONFIG_USERCONFIG=/run/npmrc",
        ),
    ];
    for (path, variables, expected) in rows {
        let file = file(path, &format!("registry={FEED}\n"));
        let plan = planned(&Npm, &[feed(FEED)], &[file], &host(variables), &Disk::default()).unwrap();
        let shown: Vec<_> = shown(&plan).iter().map(|line| line.replace('\\', "/")).collect();
        assert!(shown.iter().any(|line| line == expected), "{path}: {shown:?}");
    }
}

#[test]
fn what_npm_cannot_read_is_not_carried_over() {
    let file = file_of_bytes("/home/build/.npmrc", &utf16("fund=false\n"));
    assert!(mentioned(&Npm, std::slice::from_ref(&file), &host(&[]))[0].contains("UTF-16"));
    let plan = planned(&Npm, &[feed(FEED)], &[file], &host(&[]), &Disk::default()).unwrap();
    assert!(npmrc(&plan).starts_with("//pkgs.dev.azure.com/"));
}

/// npm takes every file for UTF-8, so a mark hides nothing from it.
#[test]
fn a_mark_of_utf16_hides_no_setting() {
    let mut bytes = vec![0xff, 0xfe];
    bytes.extend(b"\nhttps-proxy=http://evil.example:8099/\n\n");
    let file = file_of_bytes("/agent/1/s/.npmrc", &bytes);
    assert!(file.text.is_utf16());
    let reading = reading(&Npm, &[file], &host(&[]));
    assert_eq!((reading.perils.len(), reading.doubts.len()), (1, 1));
}

/// Each setting takes a hundred times its length in memory. A variable may name a file of the repository as the user's.
#[test]
fn a_file_of_too_many_settings_is_not_read() {
    let text = "a=\n".repeat(200_000) + &format!("registry={FEED}\n");
    for (path, sign) in [
        ("/agent/1/s/.npmrc", "="),
        ("/home/build/.npmrc", "="),
        ("/agent/1/s/.yarnrc", " x"),
        ("/agent/1/s/pnpm-workspace.yaml", ": "),
    ] {
        let reading = reading(&Npm, &[file(path, &text.replace('=', sign))], &host(&[]));
        assert!(reading.doubts.iter().any(|doubt| doubt.hides == Hidden::Names), "{path}");
    }
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

const LOCK: &str = "# THIS IS AN AUTOGENERATED FILE. DO NOT EDIT THIS FILE DIRECTLY.\n# yarn lockfile v1\n\n\n";

/// yarn 1 would ask for packages without a scope and send nothing.
#[test]
fn yarn_1_is_told_to_send_the_token_for_every_package_of_the_feed() {
    let newer = "# This file is generated by running \"yarn install\"\n\n__metadata:\n  version: 8\n";
    let registry = format!("registry={FEED}\n");
    let set = format!("{registry}always-auth=true\n");
    let of_registry = format!("{registry}{}:always-auth=true\n", FEED.trim_start_matches("https:"));
    for (rc, lock, settings, is_told) in [
        (&registry, LOCK, false, true),
        (&registry, newer, false, false),
        (&registry, LOCK, true, false),
        (&set, LOCK, false, false),
        (&of_registry, LOCK, false, false),
    ] {
        let files = [file("/agent/1/s/a/.npmrc", rc), file("/agent/1/s/a/yarn.lock", lock)];
        let disk = Disk::default();
        let disk = if settings { disk.with("/agent/1/s/a/.yarnrc.yml", "nodeLinker: pnp") } else { disk };
        let plan = planned(&Npm, &[feed(FEED)], &files, &host(&[]), &disk).unwrap();
        let line = format!("{}:always-auth=true", FEED.trim_start_matches("https:"));
        let shown = shown(&plan).join("\n");
        assert_eq!(shown.contains(&line), is_told, "{rc} {shown}");
        assert_eq!(shown.matches("always-auth").count(), usize::from(is_told), "{shown}");
    }
}

/// A repository decides neither how long that takes nor what it holds.
#[test]
fn a_hostile_lock_file_costs_no_more_than_its_size() {
    let (long, many) = ("x".repeat(1_000_000), "\"@a/x\",".repeat(300_000));
    let line = |n: usize| format!("  resolved \"https://h{n}.example/\"\n");
    let resolved = |most: usize| (0..most).map(line).collect::<Vec<_>>().concat();
    for text in [
        format!("\"@{long}/x@1\":\n{}", resolved(2_000)),
        format!("{many}:\n{}", resolved(2_000)),
        format!("x@1:\n{}", resolved(20_000)),
        format!("x@1:\n  resolved \"https://{long}/\"\n"),
    ] {
        let found = classic::fetched(&(LOCK.to_owned() + &text)).unwrap();
        assert!(found.len() <= 1000 && found.iter().all(|pair| pair.len() < 600), "{text:.40}");
    }
    for text in ["//".repeat(1_000_000), "//a.example/ ".repeat(200_000), "//h/".repeat(10) + &long] {
        assert!(classic::named(&text).len() <= 1000, "{text:.40}");
    }
}

/// Only a package of a feed's from where a file signs in, too: the foreign registry's own packages stay where they are.
#[test]
fn a_package_of_a_feed_that_yarn_1_takes_from_another_registry_is_a_detour() {
    let entry =
        |name: &str, url: &str| format!("\"{name}@^1.0.0\", {name}@1:\n  version \"1.0.0\"\n  resolved \"{url}\"\n\n");
    let away = "https://r.example/npm/x/-/x-1.tgz#0";
    let own = format!("{FEED}x/-/x-1.tgz#0");
    let rc = format!("registry={FEED}\n@left:registry=https://r.example/npm/\n");
    let signed = format!("{rc}//r.example/npm/:_authToken=own\n");
    let odd = entry("x", &away.replace("r.example", "\\u0072.example"));
    let json = |url: &str| format!("{{\"dependencies\": {{\"x\": \"{url}\"}}}}");
    let rows = [
        ("the feed's own", &signed, "yarn.lock", LOCK.to_owned() + &entry("x", &own), false),
        ("from elsewhere", &signed, "yarn.lock", LOCK.to_owned() + &entry("x", away), true),
        ("of a scope of the feed's", &signed, "yarn.lock", LOCK.to_owned() + &entry("@c/x", away), true),
        ("of the other's scope", &signed, "yarn.lock", LOCK.to_owned() + &entry("@left/x", away), false),
        ("by another name", &signed, "yarn.lock", LOCK.to_owned() + &entry("@left/x@npm:y", away), true),
        ("in odd letters", &signed, "yarn.lock", LOCK.to_owned() + &odd, true),
        ("where nobody signs in", &rc, "yarn.lock", LOCK.to_owned() + &entry("x", away), false),
        (
            "in a manifest",
            &format!("{signed}always-auth=true\n"),
            "package.json",
            json("https:\\/\\/r.example/x.tgz"),
            true,
        ),
        ("in a manifest that is not yarn's", &signed, "package.json", json(away), false),
    ];
    for (what, rc, path, text, is_detour) in rows {
        let files = [file("/agent/1/s/a/.npmrc", rc), file(&format!("/agent/1/s/a/{path}"), &text)];
        let detours = reading(&Npm, &files, &host(&[])).detours;
        assert_eq!(!detours.is_empty(), is_detour, "{what}: {detours:?}");
        // Beside another project's file.
        let files = [file("/agent/1/s/b/.npmrc", rc), file(&format!("/agent/1/s/a/{path}"), &text)];
        assert!(reading(&Npm, &files, &host(&[])).detours.is_empty(), "{what}");
    }
}
