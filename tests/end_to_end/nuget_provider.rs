//! This program as a credential provider of the older kind, asked by a real `nuget.exe`, and in the words of Paket.

use std::path::Path;

use ado_entra_auth_emulator::agent::{Job, ScriptOutcome, TaskStep};
use ado_entra_auth_emulator::faults::TokenFault;
use ado_entra_auth_emulator::log::{Authorization, Held};
use ado_entra_auth_emulator::world::{CLIENT, FABRIKAM_CLIENT, FABRIKAM_CONNECTION, SECOND_CONNECTION};
use ado_entra_auth_emulator::{Effect, Emulator, Endpoint, Fault};
use serde_json::Value;

use crate::modes::set_mode;
use crate::nuget_clients::{
    Client, FEED, NAMED, OWN_HOST, THEIRS, assert_sent_to_feeds_only, bash, challenged_by, clients, config,
};
use crate::support::{
    EVIL, assert_refused, bare_step, claims, emulator, finish, job, named, run, step, tool, variable, warned,
    with_token, write, write_file,
};

const VARIABLE: &str = "NUGET_CREDENTIALPROVIDERS_PATH";

fn is_here() -> bool {
    clients().contains(&Client::NuGet)
}

fn restores(job: &mut Job<'_>, sources: &str) -> bool {
    let folder = job.sources();
    Client::NuGet.restores(job, &folder, &format!("-Source {sources}"), &[])
}

/// A job whose step has signed in for a feed with a name.
fn signed_in<'e>(emulator: &'e Emulator, step: &TaskStep) -> Job<'e> {
    let mut job = job(emulator);
    write(&job, "nuget.config", config(&[("team", NAMED)]));
    run(emulator, &mut job, step);
    job
}

#[test]
fn nuget_exe_reaches_a_feed_by_its_address_and_no_variable_holds_the_token() {
    if !is_here() {
        return;
    }
    let emulator = emulator();
    let mut job = signed_in(&emulator, &step());
    let folder = job.sources();
    let environment = bash(&mut job, &folder, "env", &[]).raw;
    let mut holding = environment.lines().filter(|line| !emulator.leaks_in(line.as_bytes()).is_empty());
    assert!(holding.all(|line| line.starts_with("ADO_ENTRA_AUTH_")), "only what the named source refers to");
    for source in [FEED, OWN_HOST] {
        emulator.clear_requests();
        assert!(restores(&mut job, source), "{source}: {:?}", emulator.requests());
        assert!(!with_token(&emulator.requests()).is_empty());
    }
    finish(&mut job);
    assert!(variable(&job, VARIABLE).is_empty() && !restores(&mut job, FEED), "after the job");
}

/// What nuget.exe says as it restores from the feed.
fn restore(job: &mut Job<'_>) -> ScriptOutcome {
    write(job, "packages.config", "<packages><package id=\"Contoso.Hello\" version=\"1.0.0\" /></packages>");
    let nuget = tool("nuget").unwrap();
    let options = "-PackagesDirectory packages -NonInteractive -NoCache";
    let restore = format!("bash '{}' restore packages.config {options} -Source {FEED}", nuget.display());
    let sources = job.sources();
    bash(job, &sources, &restore, &[])
}

#[test]
fn a_token_that_is_refused_is_explained_by_nuget_exe() {
    if !is_here() {
        return;
    }
    let emulator = emulator();
    let mut job = signed_in(&emulator, &step());
    emulator.change(|world| world.organizations.iter_mut().for_each(|organization| organization.members.clear()));
    emulator.clear_requests();
    let outcome = restore(&mut job);
    let line = "CredentialProvider-AdoEntraAuth: error: Azure DevOps refuses the access token for contoso\n";
    assert!(!outcome.succeeded() && outcome.raw.contains(line), "{}", outcome.raw);
    assert!((2..6).contains(&with_token(&emulator.requests()).len()), "{:?}", emulator.requests());
    finish(&mut job);
}

#[test]
fn a_token_that_has_ended_is_explained_by_nuget_exe() {
    if !is_here() {
        return;
    }
    let emulator = emulator();
    emulator.fault(Fault::new(Endpoint::Token, Effect::Token(TokenFault::Life(3))));
    let mut job = signed_in(&emulator, &step().input("keepFresh", "false"));
    std::thread::sleep(std::time::Duration::from_secs(4));
    let folder = own_folder(&job);
    let (said, code) = ask(&mut job, &folder, &format!("-uri {FEED}"));
    assert_eq!((said["Password"].as_str(), code), (Some(""), 2), "{said}");
    let outcome = restore(&mut job);
    let lines =
        ["error: the access token for contoso has expired", "remedy: run AdoEntraAuth@1 again before this step"];
    let shown = lines.iter().all(|line| outcome.raw.contains(&format!("CredentialProvider-AdoEntraAuth: {line}\n")));
    assert!(!outcome.succeeded() && shown, "{}", outcome.raw);
    finish(&mut job);
}

#[test]
fn foreign_sources_and_organizations_that_are_not_permitted_get_nothing() {
    if !is_here() {
        return;
    }
    let emulator = emulator();
    challenged_by(&emulator, EVIL);
    let mut job = signed_in(&emulator, &step());
    let foreign = format!("https://{EVIL}/contoso/_packaging/feed1/nuget/v3/index.json");
    for source in [&foreign, THEIRS] {
        emulator.clear_requests();
        restores(&mut job, source);
        assert!(!emulator.requests().is_empty() && with_token(&emulator.requests()).is_empty(), "{source}");
    }
    emulator.clear_requests();
    restores(&mut job, &format!("{foreign} -Source {FEED}"));
    assert!(!emulator.requests_to(EVIL).is_empty());
    assert_sent_to_feeds_only(&emulator);
    finish(&mut job);
}

/// Another provider of the user's stays, and answers for what is not ours.
#[test]
fn a_provider_of_the_users_stands_beside_and_the_variable_comes_back() {
    if !is_here() {
        return;
    }
    let emulator = emulator();
    challenged_by(&emulator, EVIL);
    let mut job = job(&emulator);
    let own = job.home().join("providers");
    let program = own.join("CredentialProvider.Own.exe");
    let answers = "#!/bin/sh\necho asked >>\"$HOME/asked\"\ncase $2 in\n*EVIL*) echo '{\"Username\":\"me\",\"Password\":\"own\"}';;\n*) exit 1;;\nesac\n";
    write_file(&program, answers.replace("EVIL", EVIL));
    set_mode(&program, 0o755);
    let own = own.display().to_string();
    job.set_variable(ado_entra_auth_emulator::agent::Variable::public(VARIABLE, &own));
    write(&job, "nuget.config", config(&[("team", NAMED)]));
    let outcome = run(&emulator, &mut job, &step());
    emulator.clear_requests();
    assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
    assert!(variable(&job, VARIABLE).ends_with(&format!(";{own}")));
    assert!(restores(&mut job, FEED));
    restores(&mut job, &format!("https://{EVIL}/nuget/v3/index.json"));
    let shown = emulator.requests_to(EVIL);
    let own_credential = Authorization::Basic { user: "me".into(), password: Held::Unknown };
    assert!(shown.iter().any(|request| request.authorization == own_credential), "{shown:?}");
    assert!(job.home().join("asked").exists());
    assert_sent_to_feeds_only(&emulator);
    finish(&mut job);
    assert_eq!(variable(&job, VARIABLE), own);
}

/// Asks as Paket does. The answer, and the exit code.
fn ask(job: &mut Job<'_>, folder: &str, arguments: &str) -> (Value, i32) {
    let sources = job.sources();
    let script = format!("'{folder}/CredentialProvider-AdoEntraAuth.exe' {arguments}; echo \"= $?\"");
    let ScriptOutcome { raw, .. } = bash(job, &sources, &script, &[]);
    let line = |begin: &str| raw.lines().find(|line| line.starts_with(begin));
    let code = line("= ").unwrap()[2..].parse().unwrap();
    (serde_json::from_str(line("{").unwrap_or("null")).unwrap(), code)
}

fn own_folder(job: &Job<'_>) -> String {
    variable(job, VARIABLE).split(';').next().unwrap().to_owned()
}

#[test]
fn paket_is_answered_for_each_of_its_sources() {
    let emulator = emulator();
    let mut job = job(&emulator);
    let foreign = format!("https://{EVIL}/nuget/v3/index.json");
    let v2 = THEIRS.replace("v3/index.json", "v2");
    let file = format!("source {FEED}\nsource {foreign}\ngroup Build\n  source \"{v2}\"\n");
    write(&job, "paket.dependencies", file);
    run(&emulator, &mut job, &named(&step(), "one"));
    let second = bare_step().connection("azureDevOpsServiceConnection", FABRIKAM_CONNECTION);
    run(&emulator, &mut job, &named(&second, "two"));
    let folder = own_folder(&job);
    for (url, client) in [(FEED, Some(CLIENT)), (&v2, Some(FABRIKAM_CLIENT)), (&foreign, None)] {
        let (said, code) = ask(&mut job, &folder, &format!("-uri {url} -nonInteractive"));
        assert_eq!(code, i32::from(client.is_none()), "{url}: {said}");
        let appid = &claims(said["Password"].as_str().unwrap())["appid"];
        assert_eq!(appid.as_str(), client, "{url}");
        assert_eq!(said["AuthTypes"][0], "basic");
        assert_eq!(said["Username"].as_str().unwrap().is_empty(), client.is_none());
    }
    for arguments in ["", "-uri", "-Uri"] {
        let (said, _) = ask(&mut job, &folder, arguments);
        assert_eq!(said, Value::Null, "{arguments}");
    }
    finish(&mut job);
    assert!(!Path::new(&folder).exists());
}

#[test]
fn only_the_last_steps_provider_answers() {
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, "paket.dependencies", format!("source {FEED}\n"));
    let second = bare_step().connection("azureDevOpsServiceConnection", SECOND_CONNECTION);
    let folders = [named(&step(), "one"), named(&second, "two")].map(|step| {
        run(&emulator, &mut job, &step);
        own_folder(&job)
    });
    assert_eq!(variable(&job, VARIABLE), folders[1], "that of the first is not named any more");
    for (folder, expected) in folders.iter().zip([1, 0]) {
        assert_eq!(ask(&mut job, folder, &format!("-uri {FEED} -isRetry")).1, expected);
    }
    finish(&mut job);
}

#[test]
fn a_password_in_the_line_is_warned_of() {
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, "paket.dependencies", format!("source {FEED} username: \"me\" password: \"own\"\n"));
    let outcome = run(&emulator, &mut job, &step());
    assert!(warned(&outcome, &["Paket does not ask", "paket.dependencies, line 1"]), "{:?}", outcome.warnings);
    finish(&mut job);
}

/// In a plain line, and in those in which Paket would find another address than is seen first.
#[test]
fn a_line_that_would_send_the_token_stops_the_step() {
    let with = "username: \"me\" password: \"%ADO_ENTRA_TOKEN%\"";
    for (line, receiver) in [
        (format!("source https://{EVIL}/ {with}"), EVIL),
        (format!("source {FEED} source \"https://{EVIL}/\" {with}"), ""),
        (format!("source\t{FEED} https://{EVIL}/ {with}"), ""),
        (format!("// x\rsource https://{EVIL}/ {with}"), EVIL),
        (format!("so\u{ad}urce https://{EVIL}/ {with}"), ""),
    ] {
        let emulator = emulator();
        let mut job = job(&emulator);
        // What one line may send does not count for another.
        write(&job, "paket.dependencies", format!("source {FEED} {with}\n{line}\n"));
        assert_refused(&emulator, &mut job, &step(), &["paket.dependencies", "ADO_ENTRA_TOKEN", receiver]);
    }
}

/// A step's silence is not filled by what another one has set up, whichever comes first and whatever its identity.
#[test]
fn an_earlier_step_does_not_answer_where_a_later_one_is_silent() {
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, "a/nuget.config", config(&[("feed1", FEED)]));
    let in_folder = |step: &TaskStep, name: &str| {
        named(&step.clone().input("workingDirectory", name).input("tools", "nuget"), name)
    };
    let second = bare_step().connection("azureDevOpsServiceConnection", FABRIKAM_CONNECTION);
    run(&emulator, &mut job, &in_folder(&step(), "a"));
    let folder = own_folder(&job);
    assert_eq!(ask(&mut job, &folder, &format!("-uri {FEED}")).1, 0);
    let both = "b/ci.config";
    write(&job, both, config(&[("feed1", FEED), ("theirs", THEIRS)]));
    run(&emulator, &mut job, &in_folder(&second.input("organizations", "contoso"), "b"));
    let folder = own_folder(&job);
    let answers =
        |job: &mut Job<'_>, folder: &str| [FEED, OWN_HOST].map(|url| ask(job, folder, &format!("-uri {url}")).1);
    assert_eq!(answers(&mut job, &folder), [1, 0]);
    std::fs::remove_file(job.sources().join(both)).unwrap();
    run(&emulator, &mut job, &named(&in_folder(&step(), "a"), "c"));
    let folder = own_folder(&job);
    assert_eq!(answers(&mut job, &folder), [1, 0]);
    finish(&mut job);
}

/// One of them is not permitted. NuGet would show it the other's token, since both are at one host.
#[test]
fn a_file_of_two_organizations_that_nuget_exe_is_given_brings_no_token_to_the_other() {
    if !is_here() {
        return;
    }
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, "ci.config", config(&[("feed1", FEED), ("theirs", THEIRS)]));
    let outcome = run(&emulator, &mut job, &step());
    assert!(outcome.log.contains("credential provider is silent at pkgs.dev.azure.com"), "{}", outcome.log);
    emulator.clear_requests();
    let folder = job.sources();
    Client::NuGet.restores(&mut job, &folder, "-ConfigFile ../ci.config", &[]);
    let requests = emulator.requests();
    assert!(requests.iter().any(|request| request.path.starts_with("/fabrikam/")), "{requests:?}");
    assert!(with_token(&requests).is_empty(), "{requests:?}");
    finish(&mut job);
}
