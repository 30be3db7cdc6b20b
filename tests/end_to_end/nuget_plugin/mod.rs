//! This program as NuGet's plugin, asked by a real client: that of the SDK 3.1, through a shim that starts programs as NuGet 6.13 does.

pub mod shim;

use ado_entra_auth_emulator::Emulator;
use ado_entra_auth_emulator::agent::Job;
use ado_entra_auth_emulator::vault::SecretKind;
use ado_entra_auth_emulator::world::{CLIENT, FABRIKAM_CLIENT, FABRIKAM_CONNECTION, Package, SECOND_CONNECTION};

use crate::modes::link;
use crate::nuget_clients::{
    Client, FEED, NAMED, OWN_HOST, THEIRS, assert_sent_to_feeds_only, bash, challenged_by, config, sdk_project,
};
use crate::support::{
    EVIL, bare_step, carried, emulator, finish, job, named, only_brought, run, script, step, tool, with_token, write,
};

const THEIR_OWN_HOST: &str = "https://fabrikam.pkgs.visualstudio.com/_packaging/feed1/nuget/v3/index.json";

/// Puts the shim where clients look for plugins.
fn install(job: &Job<'_>) -> bool {
    if !shim::is_made() {
        return false;
    }
    let Some(shim) = only_brought("nuget-plugin/shim") else { return false };
    let folder = job.home().join(".nuget/plugins/netcore");
    std::fs::create_dir_all(&folder).unwrap();
    link(shim, folder.join("CredentialProvider.Shim")).unwrap();
    true
}

fn restores(job: &mut Job<'_>, source: &str) -> bool {
    let folder = job.sources();
    Client::Dotnet.restores(job, &folder, &format!("--source {source}"), &[])
}

#[test]
fn a_feed_is_reached_by_its_address_and_no_variable_holds_the_token() {
    let emulator = emulator();
    let mut job = job(&emulator);
    if !install(&job) {
        return;
    }
    write(&job, "nuget.config", config(&[("team", NAMED)]));
    run(&emulator, &mut job, &step());
    let folder = job.sources();
    let environment = script(&mut job, &folder, "env").raw;
    let holding: Vec<&str> =
        environment.lines().filter(|line| !emulator.leaks_in(line.as_bytes()).is_empty()).collect();
    assert!(holding.iter().all(|line| line.starts_with("ADO_ENTRA_AUTH_")), "{holding:?}");
    // The second time as long as NuGet waits by itself.
    let unset = "unset NUGET_PLUGIN_HANDSHAKE_TIMEOUT_IN_SECONDS NUGET_PLUGIN_REQUEST_TIMEOUT_IN_SECONDS;";
    for (first, source) in [("", FEED), (unset, OWN_HOST)] {
        emulator.clear_requests();
        let restored = Client::Dotnet.restores_after(first, &mut job, &folder, &format!("--source {source}"), &[]);
        assert!(restored, "{source}: {:?}", emulator.requests());
        assert!(!with_token(&emulator.requests()).is_empty());
    }
    finish(&mut job);
    assert!(!restores(&mut job, FEED), "after the job");
}

/// A project of both organizations' packages.
fn with_both(properties: &str) -> String {
    let plant = "<PackageReference Include=\"Fabrikam.Plant\" Version=\"1.0.0\" /></ItemGroup>";
    sdk_project(properties).replace("</ItemGroup>", plant)
}

/// Whose token the requests for an organization carried, each once in a row.
fn shown_to(emulator: &Emulator, organization: &str) -> Vec<String> {
    let requests = emulator.requests();
    let theirs =
        |path: &str, host: &str| path.starts_with(&format!("/{organization}/")) || host.starts_with(organization);
    let theirs = requests.iter().filter(|request| theirs(&request.path, &request.host));
    let carried = theirs.flat_map(|request| carried(emulator, request, &SecretKind::AccessToken));
    let mut clients: Vec<String> = carried.map(|claims| claims["appid"].as_str().unwrap().to_owned()).collect();
    clients.dedup();
    clients
}

/// A job whose steps have signed in to both organizations; nothing where there is no client.
fn job_of_both(emulator: &Emulator) -> Option<Job<'_>> {
    let mut job = job(emulator);
    install(&job).then_some(())?;
    write(&job, "nuget.config", config(&[("team", NAMED), ("plants", THEIR_OWN_HOST)]));
    run(emulator, &mut job, &named(&step(), "one"));
    let second = bare_step().connection("azureDevOpsServiceConnection", FABRIKAM_CONNECTION);
    run(emulator, &mut job, &named(&second, "two"));
    write(&job, "project/app.csproj", with_both(""));
    emulator.clear_requests();
    Some(job)
}

#[test]
fn each_organization_at_a_host_of_its_own_sees_its_own_token_only() {
    let emulator = emulator();
    let Some(mut job) = job_of_both(&emulator) else { return };
    assert!(restores(&mut job, &format!("{OWN_HOST} --source {THEIRS}")), "{:?}", emulator.requests());
    assert_eq!(shown_to(&emulator, "contoso"), [CLIENT]);
    assert_eq!(shown_to(&emulator, "fabrikam"), [FABRIKAM_CLIENT]);
    finish(&mut job);
}

/// NuGet keeps one answer of a plugin for a host, as limits say. The plugin is asked again, with the right address.
#[test]
fn two_organizations_that_a_command_names_at_one_host_are_both_reached() {
    let emulator = emulator();
    let Some(mut job) = job_of_both(&emulator) else { return };
    assert!(restores(&mut job, &format!("{FEED} --source {THEIRS}")), "{:?}", emulator.requests());
    let shown = [shown_to(&emulator, "contoso"), shown_to(&emulator, "fabrikam")].concat();
    assert!(shown.len() > 2, "a limit that is none any more: {shown:?}");
    finish(&mut job);
}

/// Where files tell that NuGet would mix them up, it gets no token at all.
#[test]
fn organizations_that_files_name_at_one_host_are_not_mixed_up() {
    let emulator = emulator();
    let mut job = job(&emulator);
    if !install(&job) {
        return;
    }
    let sources = format!("<RestoreSources>{FEED};{THEIRS}</RestoreSources>");
    write(&job, "project/app.csproj", with_both(&sources));
    let outcome = run(&emulator, &mut job, &step());
    assert!(outcome.log.contains("one organization's token to the other"), "{}", outcome.log);
    emulator.clear_requests();
    let folder = job.sources();
    assert!(!Client::Dotnet.restores(&mut job, &folder, "", &[]));
    assert!(!emulator.requests().is_empty() && with_token(&emulator.requests()).is_empty());
    finish(&mut job);
}

#[test]
fn foreign_sources_and_organizations_that_are_not_permitted_get_nothing() {
    let emulator = emulator();
    challenged_by(&emulator, EVIL);
    let mut job = job(&emulator);
    if !install(&job) {
        return;
    }
    write(&job, "nuget.config", config(&[("team", NAMED)]));
    run(&emulator, &mut job, &step());
    let foreign = format!("https://{EVIL}/contoso/_packaging/feed1/nuget/v3/index.json");
    for source in [&foreign, THEIRS] {
        emulator.clear_requests();
        restores(&mut job, source);
        assert!(!emulator.requests().is_empty() && with_token(&emulator.requests()).is_empty(), "{source}");
    }
    emulator.clear_requests();
    // NuGet asks both side by side, and stops at the first refusal.
    let asks_both = |_| {
        restores(&mut job, &format!("{foreign} --source {FEED}"));
        !emulator.requests_to(EVIL).is_empty() && !with_token(&emulator.requests()).is_empty()
    };
    assert!((0..5).any(asks_both));
    assert_sent_to_feeds_only(&emulator);
    finish(&mut job);
}

/// The first that answers is taken, whichever NuGet asks first.
#[test]
fn microsofts_provider_may_stand_beside() {
    let emulator = emulator();
    let mut job = job(&emulator);
    let provider = "credential-provider31/artifacts_keyring/plugins/plugins/netcore/CredentialProvider.Microsoft";
    let Some(provider) = only_brought(provider).filter(|_| install(&job)) else { return };
    write(&job, "nuget.config", config(&[("team", NAMED)]));
    run(&emulator, &mut job, &step());
    for name in ["CredentialProvider.Microsoft", "AProvider/CredentialProvider.Microsoft"] {
        let at = job.home().join(".nuget/plugins/netcore").join(name);
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        link(&provider, &at).unwrap();
    }
    assert!(restores(&mut job, FEED), "{:?}", emulator.requests());
    finish(&mut job);
}

#[test]
fn packages_are_pushed_by_an_address() {
    let emulator = emulator();
    let mut job = job(&emulator);
    let Some(dotnet) = tool("dotnet31").filter(|_| install(&job)) else { return };
    write(&job, "nuget.config", config(&[("team", NAMED)]));
    write(&job, "fresh.nupkg", &Package::nuget("Contoso.Fresh", "3.1.0", &[]).files[0].content[..]);
    run(&emulator, &mut job, &step());
    emulator.clear_requests();
    let folder = job.sources();
    let push = format!("'{}' nuget push fresh.nupkg --source {FEED} --api-key az", dotnet.display());
    let outcome = bash(&mut job, &folder, &push, &[]);
    assert!(outcome.succeeded(), "{}", outcome.raw);
    let requests = emulator.requests();
    assert!(with_token(&requests).iter().any(|request| request.method == "PUT" && request.status == 202));
}

/// What a feed refuses is not given again, and NuGet's log says whose matter it is.
#[test]
fn a_token_that_is_refused_is_explained() {
    let emulator = emulator();
    let mut job = job(&emulator);
    if !install(&job) {
        return;
    }
    write(&job, "nuget.config", config(&[("team", NAMED)]));
    run(&emulator, &mut job, &step());
    emulator.change(|world| world.organizations.iter_mut().for_each(|organization| organization.members.clear()));
    emulator.clear_requests();
    let folder = job.sources();
    write(&job, "project/app.csproj", sdk_project(""));
    let restore = format!("'{}' restore app.csproj --source {FEED}", tool("dotnet31").unwrap().display());
    let outcome = bash(&mut job, &folder.join("project"), &restore, &[]);
    assert!(!outcome.succeeded());
    assert!(outcome.raw.contains("Azure DevOps refuses the access token for contoso (remedy: "), "{}", outcome.raw);
    assert!((1..4).contains(&with_token(&emulator.requests()).len()), "{:?}", emulator.requests());
}

/// NuGet asks each plugin on PATH: that of an earlier step does not answer with its own identity where the later one's was refused.
#[test]
fn only_the_last_steps_plugin_answers() {
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, "nuget.config", config(&[("feed1", FEED)]));
    let second = bare_step().connection("azureDevOpsServiceConnection", SECOND_CONNECTION);
    let folders = [named(&step(), "one"), named(&second, "two")].map(|step| {
        let outcome = run(&emulator, &mut job, &step);
        outcome.paths_prepended[0].clone()
    });
    let payload = format!("{{\"Uri\":\"{FEED}\",\"IsRetry\":true}}");
    let request = format!(
        "{{\"RequestId\":\"1\",\"Type\":\"Request\",\"Method\":\"GetAuthenticationCredentials\",\"Payload\":{payload}}}"
    );
    let sources = job.sources();
    for (folder, answers) in folders.iter().zip([false, true]) {
        let ask = format!("echo '{request}' | '{folder}/nuget-plugin-ado-entra-auth' -Plugin");
        let said = script(&mut job, &sources, &ask).raw;
        assert_eq!((said.contains("\"Success\""), said.contains("\"Error\"")), (answers, !answers), "{said}");
    }
    finish(&mut job);
}
