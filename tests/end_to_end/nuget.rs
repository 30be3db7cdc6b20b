//! NuGet in later steps.

use ado_entra_auth_emulator::agent::{Job, Variable};

use crate::support::{
    EVIL, Snapshot, assert_nothing_sent_to, emulator, finish, in_parallel, job, run, step, tool, variable, warned,
    with_token, write, write_file,
};

const FEED: &str = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/nuget/v3/index.json";

fn config(sources: &[(&str, &str)]) -> String {
    let add = |(name, url): &(&str, &str)| format!("    <add key=\"{name}\" value=\"{url}\" />\n");
    let adds = sources.iter().map(add).collect::<Vec<_>>().concat();
    format!("<configuration>\n  <packageSources>\n    <clear />\n{adds}  </packageSources>\n</configuration>\n")
}

const PACKAGES: &str =
    r#"<packages><package id="Contoso.Hello" version="1.0.0" targetFramework="net472" /></packages>"#;

fn restore(job: &mut Job<'_>) -> bool {
    let Some(nuget) = tool("nuget") else { return false };
    let command =
        format!("'{}' restore packages.config -PackagesDirectory packages -NonInteractive -NoCache", nuget.display());
    let sources = job.sources();
    let outcome = job.run_script(&command, &sources).unwrap();
    let restored = sources.join("packages/Contoso.Hello.1.0.0/content/hello.txt").is_file();
    assert!(!restored || outcome.succeeded(), "{}", outcome.raw);
    restored
}

#[test]
fn sources_of_any_name_are_restored_from() {
    if tool("nuget").is_none() || tool("mono").is_none() {
        return;
    }
    let project = "https://pkgs.dev.azure.com/contoso/Shop/_packaging/teamfeed/nuget/v3/index.json";
    let older = "https://contoso.pkgs.visualstudio.com/_packaging/feed1/nuget/v3/index.json";
    let rows = [("feed1", FEED), ("My Feed", FEED), ("a.b", project), ("a-b", older), ("1st/ü", FEED)];
    in_parallel(&rows, |(name, url)| {
        let emulator = emulator();
        let mut job = job(&emulator);
        write(&job, "nuget.config", config(&[(name, url)]));
        write(&job, "packages.config", PACKAGES);
        run(&emulator, &mut job, &step());
        assert!(restore(&mut job), "{name}: {:?}", emulator.requests());
        assert!(!with_token(&emulator.requests()).is_empty());
        finish(&mut job);
        assert!(
            !job.root().join("_work/1/nuget.config").exists() && !job.root().join("_work/1/.ado-entra-auth").exists()
        );
    });
}

/// A file of the workspace's parent folder and one of the user's: both stay in force, and come back.
#[test]
fn other_configuration_stays_in_force() {
    if tool("nuget").is_none() || tool("mono").is_none() {
        return;
    }
    let emulator = emulator();
    let mut job = job(&emulator);
    let parent = "\u{feff}<?xml version=\"1.0\"?>\r\n<configuration>\r\n  <packageSources>\r\n    <add key=\"feed1\" value=\"URL\" />\r\n\
                  \x20 </packageSources>\r\n  <!-- mine -->\r\n</configuration>";
    write_file(&job.root().join("_work/1/nuget.config"), parent.replace("URL", FEED));
    write_file(
        &job.home().join(".config/NuGet/NuGet.Config"),
        config(&[("elsewhere", &format!("https://{EVIL}/nuget/v3/index.json"))]),
    );
    write(&job, "packages.config", PACKAGES);
    let before = Snapshot::of(&job);
    run(&emulator, &mut job, &step().input("tools", "nuget"));
    assert!(restore(&mut job), "{:?}", emulator.requests());
    assert!(!with_token(&emulator.requests_to("pkgs.dev.azure.com")).is_empty());
    assert_nothing_sent_to(&emulator, EVIL);
    std::fs::remove_dir_all(job.sources().join("packages")).unwrap();
    finish(&mut job);
    let state = [".local", ".cache", ".nuget", ".config"];
    let only_ours = |snapshot: Snapshot| {
        let kept = job.home().join(".config/NuGet");
        state.iter().fold(snapshot, |snapshot, folder| snapshot.without_but(&job.home().join(folder), &kept))
    };
    only_ours(before).assert_same(&only_ours(Snapshot::of(&job)), "after the job");
}

#[test]
fn a_name_that_stands_for_a_foreign_address_too_gets_nothing() {
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, "nuget.config", config(&[("Feed1", FEED)]));
    write(&job, "other/NuGet.Config", config(&[("feed1", &format!("https://{EVIL}/nuget/v3/index.json"))]));
    let before = Snapshot::files_of(&job);
    let outcome = run(&emulator, &mut job, &step());
    assert!(warned(&outcome, &["nuget.config", "other/NuGet.Config", "no token"]), "{:?}", outcome.warnings);
    assert!(outcome.variables_set.iter().all(|variable| !variable.name.to_lowercase().contains("nuget")));
    before.assert_same(&Snapshot::files_of(&job).without(&job.temp()), "nothing is written");
}

/// Microsoft's provider reads its variables only for sources that have no name, and only where it is installed.
#[test]
fn endpoints_of_the_users_are_kept_and_given_back() {
    let emulator = emulator();
    let mut job = job(&emulator);
    let own = r#"{"endpointCredentials":[{"endpoint":"https://registry.example.com/v3/index.json","username":"u","password":"p"}]}"#;
    job.set_variable(Variable::public("VSS_NUGET_EXTERNAL_FEED_ENDPOINTS", own));
    write(&job, "nuget.config", config(&[("feed1", FEED)]));
    run(&emulator, &mut job, &step());
    assert_eq!(variable(&job, "VSS_NUGET_EXTERNAL_FEED_ENDPOINTS"), own, "the named source needs no variable");
    finish(&mut job);

    let mut job = crate::support::job(&emulator);
    job.set_variable(Variable::public("VSS_NUGET_EXTERNAL_FEED_ENDPOINTS", own));
    let project = format!("<Project><PropertyGroup><RestoreSources>{FEED}</RestoreSources></PropertyGroup></Project>");
    write(&job, "app.csproj", project);
    write_file(&job.home().join(".nuget/plugins/netcore/CredentialProvider.Microsoft/x.dll"), "");
    run(&emulator, &mut job, &step());
    let set: serde_json::Value = serde_json::from_str(&variable(&job, "VSS_NUGET_EXTERNAL_FEED_ENDPOINTS")).unwrap();
    let endpoints = set["endpointCredentials"].as_array().unwrap();
    assert_eq!((endpoints[0]["endpoint"].as_str(), endpoints.len()), (Some(FEED), 2));
    assert_eq!(endpoints[0]["password"].as_str(), Some(variable(&job, "ADO_ENTRA_TOKEN").as_str()));
    assert_eq!(endpoints[1]["password"].as_str(), Some("p"));
    finish(&mut job);
    assert_eq!(variable(&job, "VSS_NUGET_EXTERNAL_FEED_ENDPOINTS"), own);
}
