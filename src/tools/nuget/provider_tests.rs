//! Who asks this program for a credential, for which feeds, and where nobody does.

use super::tests::{FEED, PLUGIN, feed, planned, provided, shown};
use super::*;
use crate::plan::Plan;
use crate::tools::testing::{Disk, file, host};

/// A machine whose SDKs are these.
fn with_sdks(disk: Disk, sdks: &[&str]) -> Disk {
    let disk = disk.with("/dotnet/bin/dotnet", "");
    sdks.iter().fold(disk, |disk, sdk| disk.with(&format!("/dotnet/bin/sdk/{sdk}"), ""))
}

fn deposits(plan: &Plan) -> Vec<String> {
    assert!(plan.deposits.iter().all(|deposit| deposit.client == Dialect::NuGet && deposit.feeds.is_none()));
    plan.deposits.iter().map(|deposit| deposit.organization.to_string()).collect()
}

#[test]
fn this_program_is_put_where_nuget_looks_for_plugins() {
    let url = |organization: &str| FEED.replace("contoso", organization);
    let feeds = [feed(Some("f"), FEED), feed(Some("g"), &url("fabrikam")), feed(Some("h"), &url("earlier"))];
    let plan = planned(&feeds, &[], &host(&[]), &Disk::default());
    let all: Vec<String> = crate::tools::testing::shown(&plan).iter().map(|line| line.replace('\\', "/")).collect();
    assert!(PLUGIN.iter().all(|line| all.iter().any(|shown| shown == line)), "{all:?}");
    assert_eq!(deposits(&plan), ["contoso", "fabrikam"], "an earlier step has its own");
    let plan = planned(&feeds, &[], &host(&[("NUGET_PLUGINS_CACHE_PATH", "/own")]), &Disk::default());
    assert!(plan.variables().all(|variable| variable.name != "NUGET_PLUGINS_CACHE_PATH"), "the user's own stays");
}

#[test]
fn no_variable_holds_the_token_where_every_client_asks() {
    for (sdks, is_new) in [
        (&["9.0.200"][..], true),
        (&["9.0.300", "10.0.100-rc.1.25451.107"], true),
        (&["9.0.199"], false),
        (&["8.0.404", "9.0.200"], false),
        (&["NuGetFallbackFolder"], false),
        (&[], false),
    ] {
        let plan = planned(&[feed(None, FEED)], &[], &host(&[]), &with_sdks(provided(), sdks));
        let expected = if is_new { TokenSource::Helper(Dialect::NuGet) } else { TokenSource::Variable };
        assert_eq!((plan.served.len(), plan.served[0].source), (1, expected), "{sdks:?}");
        assert_eq!((shown(&plan).is_empty(), deposits(&plan).len()), (is_new, 1), "{sdks:?}");
        // Without Microsoft's provider an older client gets nothing.
        let plan = planned(&[feed(None, FEED)], &[], &host(&[]), &with_sdks(Disk::default(), sdks));
        let said = plan.warnings.sentences().join("");
        assert_eq!((said.is_empty(), said.contains("before NuGet 6.13 need")), (is_new, !is_new), "{said}");
        assert_eq!(plan.served[0].source, TokenSource::Helper(Dialect::NuGet));
    }
    // Beside nuget.exe there may be Visual Studio's MSBuild.
    let disk = with_sdks(provided(), &["9.0.200"]).with("/x/bin/nuget", "");
    assert_eq!(planned(&[feed(None, FEED)], &[], &host(&[]), &disk).served[0].source, TokenSource::Variable);
}

#[test]
fn folders_of_other_providers_stay_and_those_of_earlier_runs_go() {
    for (former, expected) in [
        ("/own/a;/own/b", "/run/bin;/own/a;/own/b"),
        (";;", "/run/bin"),
        ("/t/ado-entra-auth-0123456789abcdef/bin;/own", "/run/bin;/own"),
        ("/t/ado-entra-auth/bin", "/run/bin;/t/ado-entra-auth/bin"),
    ] {
        let plan = planned(&[], &[], &host(&[("NUGET_CREDENTIALPROVIDERS_PATH", former)]), &Disk::default());
        let lines = crate::tools::testing::shown(&plan).join("\n").replace('\\', "/");
        let expected = format!("NUGET_CREDENTIALPROVIDERS_PATH={expected}\n");
        assert!(lines.contains(&expected), "{former}: {lines}");
    }
}

fn paket(lines: &str) -> SourceFile {
    file("/agent/1/s/paket.dependencies", lines)
}

/// Paket keeps each answer for its source.
#[test]
fn paket_asks_for_its_sources_of_any_organization() {
    let theirs = FEED.replace("contoso", "fabrikam");
    let file = paket(&format!("source {FEED}\nsource {theirs}\n"));
    let feeds = [feed(None, FEED), feed(None, &theirs)];
    let plan = planned(&feeds, std::slice::from_ref(&file), &host(&[]), &Disk::default());
    assert_eq!(answered_for(&plan), ["contoso", "fabrikam"]);
    assert!(plan.served.len() == 2 && plan.warnings.sentences().is_empty() && plan.notes.is_empty());
    assert!(plan.served.iter().all(|served| served.source == TokenSource::Helper(Dialect::NuGet)));
    // Where another client's file names one of them too, or an input, that client needs what it needs without Paket.
    let project = "<Project><RestoreSources>URL</RestoreSources></Project>".replace("URL", FEED);
    let files = [paket(&format!("source {FEED}\n")), self::file("/agent/1/s/a.csproj", &project)];
    let by_input = [ServedFeed { by_input: true, ..feed(None, FEED) }];
    for (feeds, files) in [(&feeds[..1], &files[..]), (&by_input, &files[..1])] {
        let plan = planned(feeds, files, &host(&[]), &Disk::default());
        assert!(plan.warnings.sentences()[0].contains("before NuGet 6.13 need"), "{:?}", plan.warnings.sentences());
        let plan = planned(feeds, files, &host(&[]), &provided());
        assert_eq!(plan.served[0].source, TokenSource::Variable);
    }
    // NuGet's plugins may lie elsewhere: Paket asks all the same.
    let plan = planned(&feeds, &[file], &host(&[("NUGET_PLUGIN_PATHS", "/x.dll")]), &Disk::default());
    assert_eq!((plan.served.len(), plan.warnings.sentences().len()), (2, 0));
}

#[test]
fn a_password_of_its_own_keeps_paket_from_asking() {
    let with_password = format!("source {FEED} username: \"u\" password: \"p\"\n");
    let plan = planned(&[feed(None, FEED)], &[paket(&with_password)], &host(&[]), &Disk::default());
    let said = plan.warnings.sentences();
    assert!(plan.served.is_empty() && said[0].contains("paket.dependencies, line 1 has a user name"), "{said:?}");
    // Another group asks.
    let both = format!("{with_password}group B\nsource {FEED}/\n");
    let plan = planned(&[feed(None, FEED)], &[paket(&both)], &host(&[]), &Disk::default());
    assert_eq!((plan.served.len(), plan.warnings.sentences().len()), (1, 1));
    // Both of its values are empty as long as nobody sets the variables.
    let unset = format!("source {FEED} username: \"%U%\" password: \"%P%\"\n");
    let half = unset.replace("%P%", "");
    let plan = planned(&[feed(None, FEED)], &[paket(&half)], &host(&[]), &Disk::default());
    assert!(plan.served.is_empty(), "Paket takes both as they are");
    for (environment, served) in [(&[][..], 1), (&[("P", "x")], 0)] {
        let plan = planned(&[feed(None, FEED)], &[paket(&unset)], &host(environment), &Disk::default());
        assert_eq!((plan.served.len(), plan.warnings.sentences().len()), (served, 1 - served));
    }
    // A source of NuGet's under that address is served by its name, and the line is warned of.
    let plan = planned(&[feed(Some("f"), FEED)], &[paket(&with_password)], &host(&[]), &Disk::default());
    assert_eq!((plan.served.len(), plan.warnings.sentences().len()), (1, 1));
}

/// It starts by Mono whatever is called `.exe`, and fails with ours.
#[test]
#[cfg(not(windows))]
fn a_paket_that_mono_runs_finds_no_provider() {
    let file = paket(&format!("source {FEED}\n"));
    for program in ["paket.exe", "paket.bootstrapper.exe"] {
        let disk = Disk::default().with(&format!("/agent/1/s/.paket/{program}"), "");
        let plan = planned(&[feed(None, FEED)], std::slice::from_ref(&file), &host(&[]), &disk);
        assert!(plan.variables().all(|variable| variable.name != plugin::FOLDERS_VARIABLE));
        assert!(plan.served.is_empty() && plan.notes[0].contains("Mono"), "{:?}", plan.notes);
        // What an earlier step has set would have it fail.
        let earlier = [(plugin::FOLDERS_VARIABLE, "/t/ado-entra-auth-0123456789abcdef/bin;/own")];
        let plan = planned(&[feed(None, FEED)], std::slice::from_ref(&file), &host(&earlier), &disk);
        let lines = crate::tools::testing::shown(&plan);
        assert!(lines.contains(&"NUGET_CREDENTIALPROVIDERS_PATH=/own".to_owned()), "{lines:?}");
        // nuget.exe does not find it either.
        let plan = planned(
            &[feed(None, FEED)],
            &[],
            &host(&[]),
            &Disk::default().with(&format!("/agent/1/.paket/{program}"), ""),
        );
        assert!(plan.warnings.sentences()[0].contains(". NuGet before 6.13 needs"), "{:?}", plan.warnings.sentences());
    }
}

#[test]
fn where_plugins_are_pointed_to_path_is_not_looked_at() {
    for name in plugin::POINTERS {
        let disk = with_sdks(Disk::default(), &["9.0.200"]);
        let plan = planned(&[feed(None, FEED)], &[], &host(&[(name, "/x/y.dll")]), &disk);
        assert!(plan.notes.len() == 1 && plan.notes[0].contains(name), "{:?}", plan.notes);
        assert_eq!(plan.served[0].source, TokenSource::Helper(Dialect::NuGet), "nuget.exe asks");
        assert!(plan.warnings.sentences()[0].contains(". dotnet and MSBuild need Microsoft's"), "{name}");
        // Beside a Paket that Mono runs nobody finds it.
        #[cfg(not(windows))]
        {
            let disk = disk.with("/agent/1/.paket/paket.exe", "");
            let plan = planned(&[feed(None, FEED)], &[], &host(&[(name, "/x/y.dll")]), &disk);
            assert!(plan.served.is_empty() && plan.warnings.sentences()[0].contains(". NuGet needs"), "{name}");
        }
    }
}

/// The organizations that are answered for at the host that they share.
fn answered_for(plan: &Plan) -> Vec<String> {
    if plan.silenced.contains(&Dialect::NuGet) { Vec::new() } else { deposits(plan) }
}

/// Names do not keep sources apart: once a credential is refused NuGet asks.
#[test]
fn no_organization_is_answered_for_beside_another_at_their_host() {
    let theirs = FEED.replace("contoso", "fabrikam");
    let feeds = [feed(Some("f0"), FEED), feed(Some("f1"), &theirs)];
    let strange = |address: &str| FEED.replace("https://pkgs.dev.azure.com/contoso/", address);
    let (alone, none) = (&["contoso"][..], &[][..]);
    for (url, served, expected) in [
        (theirs.clone(), &feeds[..], none),
        (FEED.replace("contoso", "others"), &feeds[..1], none),
        (strange("https://pkgs.dev.azure.com/x/../others/"), &feeds[..1], none),
        (strange("https://pkgs.dev.azure.com\\others\\"), &feeds[..1], none),
        (strange("https://pkgs.dev.azure.com/others/a/b/"), &feeds[..1], none),
        (strange("https://PKGS.dev.azure.com:443/others/a/b/"), &feeds[..1], none),
        (strange("https://%HOST%/"), &feeds[..1], none),
        (strange("https://pkgs.dev.azure.com/%ORG%/"), &feeds[..1], none),
        (strange("https://others.pkgs.visualstudio.com/"), &feeds[..1], alone),
        (strange("https://registry.example.com/"), &feeds[..1], alone),
        (FEED.replace("/f/", "/g/"), &feeds[..1], alone),
    ] {
        for name in ["nuget.config", "ci.config"] {
            let text = format!(
                "<configuration><packageSources><add key='f0' value='{FEED}'/><add key='f1' value='{url}'/>\
                 </packageSources></configuration>"
            );
            let files = [file(&format!("/agent/1/s/{name}"), &text)];
            let plan = planned(served, &files, &host(&[]), &Disk::default());
            assert_eq!(answered_for(&plan), expected, "{name} {url}");
            assert_eq!(deposits(&plan).len(), served.len(), "at their own hosts they are answered for");
            let is_told = plan.notes.iter().any(|note| note.contains("is silent at pkgs.dev.azure.com"));
            assert_eq!(is_told, expected.is_empty() && name == "ci.config", "{name} {url}: {:?}", plan.notes);
        }
    }
}

/// A property that no file here has may lead anywhere, as may an address with a variable. That counts for whoever is answered there.
#[test]
fn nobody_is_answered_for_beside_what_cannot_be_told() {
    let project = |list: &str| {
        let text =
            format!("<Project><A>https://registry.example.com/</A><RestoreSources>{list}</RestoreSources></Project>");
        file("/agent/1/s/a.csproj", &text)
    };
    let variables = "<configuration><packageSources><add key='a' value='%A%'/></packageSources></configuration>";
    for (file, is_silent) in [
        (project(&format!("{FEED};$(Other)")), true),
        (project(&format!("{FEED};https://$(Host)/others/_packaging/f/nuget/v3/index.json")), true),
        (project(&format!("$(RestoreSources);{FEED};$(A);$(MSBuildProjectDirectory)/packages")), false),
        (file("/agent/1/s/nuget.config", variables), true),
    ] {
        let own_host = FEED.replace("pkgs.dev.azure.com/contoso", "contoso.pkgs.visualstudio.com");
        for served in [FEED, &own_host] {
            let plan = planned(&[feed(None, served)], std::slice::from_ref(&file), &host(&[]), &Disk::default());
            assert_eq!(answered_for(&plan).is_empty(), is_silent, "{} {served}", file.text.body);
        }
    }
}

/// NuGet has one answer of a plugin for a host.
#[test]
fn organizations_that_would_be_mixed_up_are_not_answered_for() {
    let theirs = FEED.replace("contoso", "fabrikam");
    let own_host = FEED.replace("pkgs.dev.azure.com/contoso", "contoso.pkgs.visualstudio.com");
    let named = |url: &str| {
        let text =
            format!("<configuration><packageSources><add key='g' value='{url}'/></packageSources></configuration>");
        [file("/agent/1/s/nuget.config", &text)]
    };
    let foreign = FEED.replace("contoso", "others");
    for (feeds, files, expected) in [
        (vec![feed(None, FEED), feed(None, &theirs)], vec![], &[][..]),
        (vec![feed(None, FEED)], named(&foreign).to_vec(), &[]),
        (vec![feed(None, FEED), feed(Some("g"), &theirs)], named(&theirs).to_vec(), &[]),
        (vec![feed(Some("f"), FEED), feed(Some("g"), &theirs)], vec![], &[]),
        (vec![feed(None, &own_host), feed(None, &theirs)], vec![], &["contoso", "fabrikam"]),
        (vec![feed(None, &own_host)], named(&foreign).to_vec(), &["contoso"]),
        (vec![feed(None, FEED)], vec![paket(&format!("source {foreign}\n"))], &["contoso"]),
    ] {
        let plan = planned(&feeds, &files, &host(&[]), &with_sdks(provided(), &["9.0.200"]));
        assert_eq!(answered_for(&plan), expected, "{feeds:?}");
        let is_told = plan.notes.iter().any(|note| note.contains("one organization's token to the other"));
        let is_by_name = feeds.iter().all(|feed| feed.name.is_some());
        assert_eq!(is_told, expected.is_empty() && !is_by_name);
        let helped = plan.served.iter().any(|served| served.source == TokenSource::Helper(Dialect::NuGet));
        assert!(!(expected.is_empty() && helped), "{:?}", plan.served);
    }
}
