//! `ado-entra-auth check`: who may read and publish what, asked with the credentials of this job.

use std::time::Duration;

use serde_json::Value;

use ado_entra_auth_emulator::agent::{Job, JobOptions};
use ado_entra_auth_emulator::faults::{DevOpsError, TokenFault};
use ado_entra_auth_emulator::log::Authorization;
use ado_entra_auth_emulator::message::Answer;
use ado_entra_auth_emulator::world::{CLIENT, FABRIKAM_CONNECTION, OBJECT};
use ado_entra_auth_emulator::{Effect, Emulator, Endpoint, Fault, World};

use crate::later_token::refused;
use crate::status::of_both;
use crate::support::{
    BINARY, assert_refused, bare_step, emulator, emulator_with_repositories, finish, job, named, run, script, step,
    tool, with_token, write,
};
use crate::tenants::{assert_each_its_own, npmrc, of_two_tenants};
use crate::undo::fill_checkout;
use crate::wrapper::unpack;

const PKGS: &str = "pkgs.dev.azure.com";

fn text(job: &mut Job<'_>) -> String {
    let sources = job.sources();
    script(job, &sources, "ado-entra-auth check").raw
}

fn checks(job: &mut Job<'_>) -> Vec<Value> {
    let sources = job.sources();
    let outcome = job.run_script("ado-entra-auth check --format json 2> said", &sources).unwrap();
    let said: Value = serde_json::from_str(&outcome.raw).unwrap_or_else(|_| panic!("{}", outcome.raw));
    assert_eq!(said["version"], 1);
    said["checks"].as_array().unwrap().clone()
}

fn only_readers_publish_to(emulator: &Emulator, feed: &str, publishers: &[&str]) {
    emulator.change(|world| {
        let feeds = world.organizations.iter_mut().find(|of| of.name == "contoso").map(|of| &mut of.feeds).unwrap();
        let feed = feeds.iter_mut().find(|found| found.name == feed).unwrap();
        feed.publishers = Some(publishers.iter().map(ToString::to_string).collect());
    });
}

/// Each feed is asked in the form of its own client, and nobody beside the services.
#[test]
fn the_unpacked_tasks_program_asks_each_feed_of_each_protocol() {
    let Some(node) = tool("node") else { return };
    let emulator = emulator_with_repositories();
    only_readers_publish_to(&emulator, "feed1", &["nobody"]);
    only_readers_publish_to(&emulator, "teamfeed", &[OBJECT]);
    let mut job = job(&emulator);
    fill_checkout(&job);
    let team = "@team:registry=https://pkgs.dev.azure.com/contoso/Shop/_packaging/teamfeed/npm/registry/\n";
    let view = "@view:registry=https://pkgs.dev.azure.com/contoso/_packaging/feed2@Release/npm/registry/\n";
    write(&job, "web/.npmrc", format!("{}{team}{view}", npmrc(&["contoso"])));
    let step = unpack(&job, &node.display().to_string());
    run(&emulator, &mut job, &step);
    emulator.clear_requests();
    let said = text(&mut job);
    for line in [
        "npm:      contoso/feed1 (.npmrc): contoso-feeds-reader reads, and may not publish",
        "npm:      contoso/Shop/teamfeed (web/.npmrc): contoso-feeds-reader reads and publishes",
        "npm:      contoso/feed2@Release (web/.npmrc): contoso-feeds-reader reads",
        "git:      repositories of contoso (the service connection): contoso-feeds-reader reads 7 repositories",
    ] {
        assert!(said.lines().any(|said| said == line), "'{line}' is missing in:\n{said}");
    }
    for tool in ["maven:", "nuget:", "cargo:"] {
        assert!(
            said.lines().any(|line| line.starts_with(tool) && line.contains("reads, and may not")),
            "{tool} {said}"
        );
    }
    assert!(!said.contains("eyJ"), "{said}");
    let asked = emulator.requests_to(PKGS);
    for (path, is_basic) in
        [("/npm/registry/", false), ("/index.json", true), ("/maven/v1", true), ("config.json", false)]
    {
        let of_path: Vec<_> = asked.iter().filter(|request| request.path.contains(path)).collect();
        let form = |request: &&ado_entra_auth_emulator::log::LoggedRequest| {
            matches!(request.authorization, Authorization::Basic { .. }) == is_basic
        };
        assert!(!of_path.is_empty() && of_path.iter().all(form), "{path}: {of_path:?}");
    }
    assert_eq!(with_token(&asked).len(), asked.len(), "{asked:?}");
    // One list for an organization, and one for a project.
    assert_eq!(emulator.requests_to("feeds.dev.azure.com").len(), 2);
    finish(&mut job);
    refused(&mut job, &format!("{BINARY} check"), 1, &["no step AdoEntraAuth@1 has set up anything here"]);
}

#[test]
fn each_organization_is_asked_with_the_token_of_its_tenant() {
    let emulator = emulator_with_repositories();
    let mut job = job(&emulator);
    write(&job, ".npmrc", npmrc(&["contoso", "fabrikam"]));
    run(&emulator, &mut job, &of_two_tenants("clientSecret").input("organizations", "fabrikam"));
    emulator.clear_requests();
    let checks = checks(&mut job);
    assert!(checks.len() == 4 && checks.iter().all(|check| check["reads"] == true), "{checks:?}");
    let repositories: Vec<&Value> =
        checks.iter().map(|check| &check["repositories"]).filter(|of| of.is_u64()).collect();
    assert_eq!(repositories, [&Value::from(7), &Value::from(1)]);
    assert_each_its_own(&emulator, "check");
}

/// What an earlier step keeps is asked with its token.
#[test]
fn each_tool_is_asked_for_with_its_own_steps_token() {
    let emulator = of_both();
    let mut job = job(&emulator);
    write(&job, ".npmrc", npmrc(&["contoso"]));
    run(&emulator, &mut job, &step().input("tools", "npm"));
    run(
        &emulator,
        &mut job,
        &named(&bare_step().connection("azureDevOpsServiceConnection", FABRIKAM_CONNECTION), "two"),
    );
    // The second step's identity has no right on the feed.
    emulator.change(|world| world.organizations[0].feeds[0].readers = Some(vec![OBJECT.into()]));
    let checks = checks(&mut job);
    let npm = checks.iter().find(|check| check["tool"] == "npm").unwrap();
    assert_eq!((&npm["reads"], &npm["clientId"]), (&true.into(), &CLIENT.into()), "{npm}");
}

#[test]
fn each_refusal_is_explained() {
    let emulator = emulator_with_repositories();
    let mut job = job(&emulator);
    write(&job, ".npmrc", feeds_of_contoso(&["feed1", "forbidden", "missing"]));
    run(&emulator, &mut job, &step());
    let said = refused(
        &mut job,
        "ado-entra-auth check",
        1,
        &[
            "error: 2 of 4 do not let the identity in",
            "npm:      contoso/forbidden (.npmrc): the feed contoso/forbidden does not accept the identity: the identity may \
             not read the feed (HTTP 403)",
            "remedy: add the identity as Feed Reader",
            "troubleshooting: feed-read-packages",
            "the feed contoso/missing does not accept the identity: the feed does not exist",
            "troubleshooting: feed-not-found",
            &format!("object id {OBJECT}"),
            "contoso-feeds-reader reads and publishes",
        ],
    );
    assert!(!said.raw.contains("##"), "{}", said.raw);
    let checks = checks(&mut job);
    let causes: Vec<&Value> = checks.iter().map(|check| &check["cause"]).filter(|cause| !cause.is_null()).collect();
    assert_eq!(causes, ["feed-read-packages", "feed-not-found"]);
    assert!(checks.iter().all(|check| check["error"].is_null() == (check["reads"] == true)), "{checks:?}");

    // Whoever is removed from the organization while the job runs.
    emulator.change(|world| world.organizations[0].members.clear());
    refused(
        &mut job,
        "ado-entra-auth check",
        1,
        &["error: 4 of 4 do not", "TF401444", "remedy: add the identity under"],
    );
}

#[test]
fn services_that_say_something_else_are_explained() {
    let cases: [(Fault, &[&str]); 5] = [
        (
            Fault::new(Endpoint::Artifacts, Effect::answer(Answer::status(401))),
            &["the feed contoso/feed1 does not accept", "HTTP 401"],
        ),
        (
            Fault::new(Endpoint::Artifacts, Effect::answer(Answer::status(403))),
            &["contoso/feed1", "troubleshooting: feed-read-packages"],
        ),
        (Fault::new(Endpoint::Artifacts, Effect::SignInRedirect), &["organization-sign-in-page"]),
        (
            Fault::new(Endpoint::Artifacts, Effect::DevOps(DevOpsError::new(403, "X", "VS403463: policy"))),
            &["troubleshooting: VS403463"],
        ),
        (
            Fault::new(Endpoint::Repositories, Effect::answer(Answer::status(404))),
            &["there is no organization contoso"],
        ),
    ];
    for (fault, words) in cases {
        let emulator = emulator_with_repositories();
        let mut job = job(&emulator);
        write(&job, ".npmrc", npmrc(&["contoso"]));
        run(&emulator, &mut job, &step());
        emulator.fault(fault);
        refused(&mut job, "ado-entra-auth check", 1, &[words, &["error: 1 of 2 do not", "remedy: "]].concat());
    }
    // Who may publish is only said where it is known.
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, ".npmrc", npmrc(&["contoso"]));
    run(&emulator, &mut job, &step());
    emulator.fault(Fault::new(Endpoint::Feeds, Effect::answer(Answer::status(403))));
    assert!(text(&mut job).contains("contoso-feeds-reader reads\n"));
}

#[test]
fn an_ended_token_is_said_of_each() {
    let emulator = emulator();
    let mut job = job(&emulator);
    emulator.fault(Fault::new(Endpoint::Token, Effect::Token(TokenFault::Life(2))));
    run(&emulator, &mut job, &step().input("keepFresh", "false"));
    std::thread::sleep(Duration::from_secs(3));
    emulator.clear_requests();
    let words = ["git:", "the access token for contoso has expired", "remedy: run AdoEntraAuth@1 again"];
    refused(&mut job, "ado-entra-auth check", 1, &words);
    assert!(emulator.requests().is_empty());
}

/// A script has the agent's proxy and authority, and of its secrets only what its `env:` maps.
#[test]
fn the_agents_proxy_and_authority_are_enough() {
    for credentials in [None, Some(("builder".to_owned(), "pass word%".to_owned()))] {
        let emulator = Emulator::start(World { proxy_credentials: credentials.clone(), ..World::sample() }).unwrap();
        let mut job = Job::new(&emulator, JobOptions { client_settings: false, ..JobOptions::default() }).unwrap();
        run(&emulator, &mut job, &step());
        let sources = job.sources();
        let mut env: &[(&str, &str)] = &[];
        if credentials.is_some() {
            refused(&mut job, "ado-entra-auth check", 1, &["proxy", "remedy: ", "error: 1 of 1"]);
            env = &[("AGENT_PROXYPASSWORD", "$(Agent.ProxyPassword)")];
        }
        let outcome = job.run_script_with_env("ado-entra-auth check", &sources, env).unwrap();
        assert!(outcome.succeeded() && outcome.raw.contains("contoso-feeds-reader reads"), "{}", outcome.raw);
    }
}

fn feeds_of_contoso(names: &[&str]) -> String {
    let line =
        |name: &&str| format!("@{name}:registry=https://pkgs.dev.azure.com/contoso/_packaging/{name}/npm/registry/\n");
    names.iter().map(line).collect()
}

/// `verify: feeds` ends the step where a feed refuses, before anything is written.
#[test]
fn the_step_asks_the_feeds_first_where_it_is_told_to() {
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, ".npmrc", feeds_of_contoso(&["feed1", "forbidden", "missing"]));
    let verified = step().input("verify", "feeds");
    let words = [
        "the feed contoso/forbidden does not accept the identity: the identity may not read the feed (HTTP 403)",
        "also      the feed contoso/missing does not accept the identity: the feed does not exist",
        "remedy: add the identity as Feed Reader",
        "troubleshooting: feed-read-packages",
    ];
    assert_refused(&emulator, &mut job, &verified, &words);

    emulator.clear_requests();
    run(&emulator, &mut job, &named(&step().input("verify", "true"), "two"));
    assert!(with_token(&emulator.requests_to(PKGS)).is_empty(), "only where it is told to");

    write(&job, ".npmrc", feeds_of_contoso(&["feed1", "feed2"]));
    run(&emulator, &mut job, &named(&step().input("verify", "Feeds"), "three"));
    let mut asked: Vec<String> =
        with_token(&emulator.requests_to(PKGS)).iter().map(|request| request.path.clone()).collect();
    asked.sort();
    assert_eq!(asked, ["feed1", "feed2"].map(|feed| format!("/contoso/_packaging/{feed}/npm/registry/")));
    // Nobody asks who may publish.
    assert!(emulator.requests_to("feeds.dev.azure.com").is_empty());
}

/// A feed that an earlier step serves is not asked with another identity's token.
#[test]
fn the_step_asks_only_the_feeds_that_its_token_serves() {
    let emulator = of_both();
    emulator.change(|world| world.organizations[0].feeds[0].readers = Some(vec![OBJECT.into()]));
    let mut job = job(&emulator);
    write(&job, ".npmrc", npmrc(&["contoso"]));
    let other = bare_step().connection("azureDevOpsServiceConnection", FABRIKAM_CONNECTION).input("verify", "feeds");
    assert_refused(&emulator, &mut job, &named(&other, "one"), &["the feed contoso/feed1 does not accept"]);
    run(&emulator, &mut job, &step());
    run(&emulator, &mut job, &named(&other, "two"));
}
