//! Trouble of the network on the way to a token: tried again within bounds, told with a remedy, over in 45 seconds.

use std::time::{Duration, Instant};

use ado_entra_auth_emulator::agent::{Job, JobOptions, Variable};
use ado_entra_auth_emulator::message::Answer;
use ado_entra_auth_emulator::{Effect, Emulator, Endpoint, Fault, Target, World};

use crate::support::{
    EVIL, LIMIT, assert_nothing_sent_to, assert_refused, emulator, in_parallel, job, run, step, step_with_env, warned,
};

const AZURE: &str = "dev.azure.com";
const ENTRA: &str = "login.microsoftonline.com";

#[test]
fn no_redirect_is_followed() {
    let rows: Vec<(Endpoint, u16)> = [Endpoint::Oidc, Endpoint::Token, Endpoint::ConnectionData]
        .into_iter()
        .flat_map(|at| [301, 302, 303, 307, 308].map(|status| (at, status)))
        .collect();
    in_parallel(&rows, |(at, status)| {
        let emulator = emulator();
        let mut job = job(&emulator);
        let fault = emulator.fault(Fault::new(*at, Effect::Redirect(*status, EVIL.into())));
        assert_refused(&emulator, &mut job, &step(), &[&format!("HTTP {status}")]);
        assert_eq!(emulator.fired(fault), 1);
        assert!(!emulator.connects().iter().any(|connect| connect.host == EVIL));
        assert_nothing_sent_to(&emulator, EVIL);
    });
}

struct Row {
    at: Endpoint,
    effect: Effect,
    requests: u32,
    words: &'static [&'static str],
}

fn row(at: Endpoint, effect: Effect, requests: u32, words: &'static [&'static str]) -> Row {
    Row { at, effect, requests, words }
}

/// Every request ends the step when its trouble stays, with the right number of tries.
#[test]
fn trouble_that_stays_fails_the_step() {
    let status = |at, status: u16, requests, words| row(at, Effect::answer(Answer::status(status)), requests, words);
    let rows = [
        status(Endpoint::Oidc, 500, 4, &["HTTP 500"]),
        status(Endpoint::Oidc, 503, 4, &["HTTP 503"]),
        status(Endpoint::Oidc, 408, 4, &["HTTP 408"]),
        status(Endpoint::Token, 500, 4, &["Entra cannot serve", "tries     4", "run again later"]),
        status(Endpoint::Token, 504, 4, &["Entra cannot serve", "HTTP 504"]),
        status(Endpoint::ConnectionData, 502, 4, &["contoso", "HTTP 502"]),
        row(Endpoint::Oidc, Effect::Reset, 4, &["the connection to dev.azure.com broke off", "firewall", ".proxy"]),
        row(Endpoint::Token, Effect::Reset, 4, &["the connection to login.microsoftonline.com broke off"]),
        row(Endpoint::Token, Effect::Truncated, 4, &["the connection to login.microsoftonline.com broke off"]),
        row(Endpoint::Oidc, Effect::HugeBody(10_000_000), 1, &["more than a mebibyte", "proxy"]),
        row(Endpoint::Token, Effect::HugeBody(10_000_000), 1, &["more than a mebibyte", "proxy"]),
        row(Endpoint::ConnectionData, Effect::HugeBody(10_000_000), 1, &["contoso", "more than a mebibyte"]),
        // A wait beyond the step's limit is not begun.
        row(Endpoint::Oidc, Effect::TooManyRequests(Some(86_400)), 1, &["HTTP 429"]),
        row(Endpoint::Token, Effect::TooManyRequests(Some(86_400)), 1, &["throttling", "86400 seconds"]),
        row(Endpoint::Token, Effect::TooManyRequests(None), 4, &["throttling", "run again later"]),
        row(Endpoint::Token, Effect::entra(90_055), 4, &["AADSTS90055", "throttling"]),
    ];
    in_parallel(&rows, |row| {
        let emulator = emulator();
        let mut job = job(&emulator);
        let fault = emulator.fault(Fault::new(row.at, row.effect.clone()));
        let started = Instant::now();
        let outcome = assert_refused(&emulator, &mut job, &step(), row.words);
        let headline = outcome.errors[0].lines().next().unwrap();
        assert!(!headline.contains("://"), "a link that helps nobody: {headline}");
        assert!(started.elapsed() < LIMIT, "{:?}", started.elapsed());
        assert_eq!(emulator.fired(fault), row.requests, "{:?} at {:?}", row.effect, row.at);
    });
}

#[test]
fn trouble_that_passes_is_passed_over() {
    let answer = |status| Effect::answer(Answer::status(status));
    let rows = [
        (Endpoint::Oidc, answer(500), 3),
        (Endpoint::Oidc, Effect::Reset, 1),
        (Endpoint::Token, answer(503), 2),
        (Endpoint::Token, Effect::Truncated, 1),
        (Endpoint::Token, Effect::TooManyRequests(Some(1)), 2),
        (Endpoint::ConnectionData, answer(502), 1),
        (Endpoint::ConnectionData, Effect::Reset, 2),
    ];
    in_parallel(&rows, |(at, effect, times)| {
        let emulator = emulator();
        let mut job = job(&emulator);
        let fault = emulator.fault(Fault::new(*at, effect.clone()).times(*times));
        run(&emulator, &mut job, &step());
        assert_eq!(emulator.fired(fault), *times);
        assert_eq!(emulator.requests().len(), 4 + usize::try_from(*times).unwrap(), "{:?}", emulator.requests());
    });
}

/// Side by side, since each takes the whole time.
#[test]
fn a_server_that_stalls_or_trickles_ends_the_step_in_time() {
    let rows = [
        (Endpoint::Oidc, Effect::Delay(Duration::from_mins(10)), AZURE),
        (Endpoint::Token, Effect::Delay(Duration::from_mins(10)), ENTRA),
        (Endpoint::ConnectionData, Effect::Delay(Duration::from_mins(10)), AZURE),
        (Endpoint::Oidc, Effect::Trickle(Duration::from_secs(1)), AZURE),
        (Endpoint::Token, Effect::Trickle(Duration::from_secs(1)), ENTRA),
        (Endpoint::ConnectionData, Effect::Trickle(Duration::from_secs(1)), AZURE),
        (Endpoint::Token, Effect::TooManyRequests(Some(12)), ENTRA),
    ];
    in_parallel(&rows, |(at, effect, host)| {
        let emulator = emulator();
        let mut job = job(&emulator);
        emulator.fault(Fault::new(*at, effect.clone()));
        let started = Instant::now();
        let words: &[&str] = if matches!(effect, Effect::TooManyRequests(_)) {
            &["throttling"]
        } else {
            &[host, "did not answer within"]
        };
        assert_refused(&emulator, &mut job, &step(), words);
        assert!(started.elapsed() < LIMIT, "{effect:?} at {at:?}: {:?}", started.elapsed());
    });
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused() {
    for host in [AZURE, ENTRA] {
        let emulator = emulator();
        let mut job = job(&emulator);
        let fault = emulator.fault(Fault::new(Target::Host(host.into()), Effect::UnknownAuthority));
        assert_refused(&emulator, &mut job, &step(), &["the certificate of", host, "not trusted", "--sslcacert"]);
        // Azure DevOps is asked for two things at a time, and Entra's connection opens before it is needed.
        assert!((1..=2).contains(&emulator.fired(fault)), "an untrusted host is not tried again");
    }
    // The authority that the agent names is not there, so nothing vouches for the company's proxy.
    let emulator = emulator();
    let mut job = Job::new(&emulator, JobOptions { client_settings: false, ..JobOptions::default() }).unwrap();
    std::fs::remove_file(job.root().join("ca.pem")).unwrap();
    assert_refused(&emulator, &mut job, &step(), &["the certificate of dev.azure.com is not trusted", "--sslcacert"]);
    assert!(emulator.requests().is_empty());
}

#[test]
fn accepting_any_certificate_is_warned_of() {
    let emulator = emulator();
    let options =
        JobOptions { variables: vec![Variable::public("Agent.SkipCertValidation", "True")], ..JobOptions::default() };
    let mut job = Job::new(&emulator, options).unwrap();
    emulator.fault(Fault::new(Target::Everything, Effect::UnknownAuthority));
    let outcome = run(&emulator, &mut job, &step());
    assert!(warned(&outcome, &["--sslskipcertvalidation", "--sslcacert", "tokens"]), "{:?}", outcome.warnings);
}

#[test]
fn the_proxy_refuses() {
    let rows = [(ENTRA, 403), (AZURE, 407), (AZURE, 502), (ENTRA, 503)];
    in_parallel(&rows, |(host, status)| {
        let emulator = emulator();
        let mut job = job(&emulator);
        emulator.fault(Fault::new(Target::Host((*host).into()), Effect::ConnectRefused(*status)));
        assert_refused(&emulator, &mut job, &step(), &["proxy", host]);
    });
}

fn behind_a_password() -> Emulator {
    let credentials = Some(("build agent".to_owned(), "p@ss:w/örd %41".to_owned()));
    Emulator::start(World { proxy_credentials: credentials, ..World::sample() }).unwrap()
}

#[test]
fn a_proxy_with_user_and_password() {
    let emulator = behind_a_password();
    emulator.watch("proxy password", "p@ss:w/örd %41");
    let mut with = job(&emulator);
    run(&emulator, &mut with, &step());

    let options = JobOptions { agent_knows_proxy: false, ..JobOptions::default() };
    let mut without = Job::new(&emulator, options).unwrap();
    let authority = without.root().join("ca.pem");
    emulator.write_authority(&authority).unwrap();
    without.set_variable(Variable::public("Agent.ProxyUrl", &emulator.proxy_url()));
    without.set_variable(Variable::public("Agent.CAInfo", &authority.display().to_string()));
    assert_refused(&emulator, &mut without, &step(), &["proxy", "password"]);
}

#[test]
fn broken_expressions_of_the_bypass_list_harm_nothing() {
    for list in [r#"["(", "[", "(?<x>y)\\k<x>", "https://bypass\\.example\\.com"]"#, "not json", "{}"] {
        let emulator = emulator();
        let mut job = job(&emulator);
        run(&emulator, &mut job, &step_with_env(&[&format!("AGENT_PROXYBYPASSLIST={list}")]));
        assert!(emulator.connects().iter().all(|connect| connect.status == 200));
    }
}

#[test]
fn a_host_on_the_bypass_list_is_asked_without_the_proxy() {
    let emulator = emulator();
    let mut job = job(&emulator);
    // Nobody listens there, so that what is asked directly cannot be reached.
    let step = step_with_env(&[r#"AGENT_PROXYBYPASSLIST=["https://LOCALHOST/"]"#]);
    let step = step.input("authorityHost", "https://localhost");
    assert_refused(&emulator, &mut job, &step, &["localhost cannot be reached"]);
    assert!(!emulator.connects().iter().any(|connect| connect.host == "localhost"));
}

#[test]
fn a_certificate_file_that_is_not_used_is_named() {
    let emulator = emulator();
    let mut job = job(&emulator);
    let absent = job.temp().join("absent.pem");
    let step = step_with_env(&[&format!("AGENT_CLIENTCERT={}", absent.display())]);
    let outcome = run(&emulator, &mut job, &step);
    assert!(warned(&outcome, &["absent.pem", "there is no such file"]), "{:?}", outcome.warnings);
}
