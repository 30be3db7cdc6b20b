//! What a client sends where no secret may go: over plain HTTP, to other ports, to hosts that nobody has named.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use ado_entra_auth_emulator::agent::{Job, JobOptions};
use ado_entra_auth_emulator::message::Scheme;
use ado_entra_auth_emulator::world::{self, Challenge};
use ado_entra_auth_emulator::{Effect, Emulator, Fault, Target, World};
use common::{curl, has};
use std::fs;

const EVIL: &str = "evil.example";

#[test]
fn plain_http_and_other_ports_are_answered_and_logged() {
    let proxy_credentials = Some(("user".to_owned(), "word".to_owned()));
    let emulator = Emulator::start(World { proxy_credentials, ..World::sample() }).unwrap();
    emulator.watch("the proxy's password", "dXNlcjp3b3Jk");
    let token = emulator.access_token(world::CLIENT).unwrap();
    let bearer = format!("Authorization: Bearer {token}");
    let package = |origin: &str| format!("{origin}/contoso/_packaging/feed1/npm/registry/hello-contoso");
    for (flags, origin, scheme, port) in [
        (vec![], "http://pkgs.dev.azure.com", Scheme::Http, 80),
        (vec![], "http://pkgs.dev.azure.com:8080", Scheme::Http, 8080),
        (vec!["-p"], "http://pkgs.dev.azure.com", Scheme::Http, 80),
        (vec!["-p"], "http://pkgs.dev.azure.com:444", Scheme::Http, 444),
        (vec![], "https://pkgs.dev.azure.com:444", Scheme::Https, 444),
        (vec![], "https://pkgs.dev.azure.com:80", Scheme::Https, 80),
        (vec![], "https://pkgs.dev.azure.com", Scheme::Https, 443),
    ] {
        emulator.clear_requests();
        let url = package(origin);
        let ask = |more: &[&str]| curl(&emulator, &[flags.as_slice(), more, &[url.as_str()]].concat());
        let challenged = ask(&[]);
        assert_eq!((challenged.status, challenged.header("WWW-Authenticate").len()), (401, 3), "{origin}");
        assert!(emulator.requests().iter().all(|r| r.secrets.is_empty()), "{origin}");
        let served = ask(&["-H", &bearer]);
        assert_eq!(served.status, 200, "{origin} {served:?}");
        let tarball = served.json()["versions"]["1.0.0"]["dist"]["tarball"].as_str().unwrap().to_owned();
        assert_eq!(tarball, format!("{url}/-/hello-contoso-1.0.0.tgz"));
        let logged = emulator.requests_to("pkgs.dev.azure.com");
        let last = logged.last().unwrap();
        assert_eq!((last.scheme, last.port, last.is_https()), (scheme, port, port == 443), "{origin}");
        assert!(last.authorization.is_token() && !last.secrets.is_empty(), "{last:?}");
        assert_eq!(emulator.requests_astray().len(), if port == 443 { 0 } else { 2 }, "{origin}");
    }
    assert_eq!(curl(&emulator, &["http://evil.example/npm/hello-contoso"]).status, 200);
    assert!(emulator.requests_to(EVIL)[0].secrets.is_empty(), "the proxy keeps its own password to itself");
}

#[test]
fn several_plain_requests_go_to_their_own_hosts() {
    let emulator = Emulator::start(World::sample()).unwrap();
    let urls = ["http://evil.example/npm/hello-contoso", "http://pkgs.dev.azure.com/contoso", "http://dev.azure.com/"];
    curl(&emulator, &urls);
    let hosts: Vec<String> = emulator.requests().into_iter().map(|r| r.host).collect();
    assert_eq!(hosts, [EVIL, "pkgs.dev.azure.com", "dev.azure.com"]);
    emulator.fault(Fault::new(Target::Host(EVIL.into()), Effect::Reset).times(1));
    assert!(common::try_curl(&emulator, &urls[..1]).is_err());
    assert_eq!(curl(&emulator, &urls[..1]).status, 200);
}

#[test]
fn strangers_are_hosts_that_nobody_named() {
    let token = |emulator: &Emulator| emulator.access_token(world::CLIENT).unwrap();
    let emulator = Emulator::start(World::sample_with_strangers(Challenge::Basic)).unwrap();
    let credential = format!("any:{}", token(&emulator));
    for host in ["repository.of.defaults.example", "another.example"] {
        let url = format!("https://{host}/maven2/org/example/left-behind/1.0.0/left-behind-1.0.0.pom");
        let refused = curl(&emulator, &[&url]);
        assert_eq!(refused.header("WWW-Authenticate"), [format!("Basic realm=\"{host}\"")]);
        assert!(!emulator.secret_was_sent_to(host));
        assert_eq!(curl(&emulator, &["-u", &credential, &url]).status, 200);
        assert!(emulator.secret_was_sent_to(host));
    }
    assert_eq!(curl(&emulator, &["http://third.example/left-behind"]).status, 401);
    assert_eq!(curl(&emulator, &["http://169.254.169.254/metadata"]).status, 403, "a machine is no stranger");
    assert_eq!(curl(&emulator, &["https://registry.example.com/npm/left-behind"]).status, 200, "a host with a name");
    let hosts: Vec<String> = emulator.requests_to_strangers().into_iter().map(|r| r.host).collect();
    let asked =
        ["repository.of.defaults.example"; 2].into_iter().chain(["another.example"; 2]).chain(["third.example"]);
    assert_eq!(hosts, asked.collect::<Vec<_>>());

    let emulator = Emulator::start(World::sample_with_strangers(Challenge::None)).unwrap();
    for (path, status) in [
        ("left-behind", 200),
        ("maven2/org/example/left-behind/maven-metadata.xml", 200),
        ("v3/index.json", 200),
        ("nuget/v3/flat2/left.behind/index.json", 200),
        ("no-such-package", 404),
    ] {
        assert_eq!(curl(&emulator, &[&format!("https://some.example/{path}")]).status, status, "{path}");
    }
}

/// Maven and NuGet know a registry of their own, whose names stand in no file of ours.
#[test]
fn clients_ask_the_hosts_of_their_own_defaults() {
    let emulator = Emulator::start(World::sample_with_strangers(Challenge::Basic)).unwrap();
    let token = emulator.access_token(world::CLIENT).unwrap();
    let mut job = Job::new(&emulator, JobOptions::default()).unwrap();
    let place = job.sources();
    let strangers = |job: &mut Job<'_>, script: &str| {
        emulator.clear_requests();
        let outcome = job.run_script(script, &place).unwrap();
        let asked = emulator.requests_to_strangers();
        assert!(!asked.is_empty(), "{script}: {}", outcome.raw);
        asked.iter().any(|r| r.authorization.is_token())
    };
    if has("mvn") {
        let pom = "<project><modelVersion>4.0.0</modelVersion><parent><groupId>org.example</groupId><artifactId>left-behind</artifactId>\
                   <version>1.0.0</version><relativePath/></parent><artifactId>app</artifactId><packaging>pom</packaging></project>";
        fs::write(place.join("pom.xml"), pom).unwrap();
        let settings = |server: &str| {
            let text = format!(
                "<settings><servers><server><id>{server}</id><username>any</username><password>{token}</password></server></servers></settings>"
            );
            fs::write(place.join("settings.xml"), text).unwrap();
        };
        let script = "mvn -B -U -s settings.xml validate";
        settings("feed1");
        assert!(!strangers(&mut job, script), "a server of another name is not shown");
        settings("central");
        assert!(strangers(&mut job, script), "Maven answers the challenge of its own default");
    }
    if has("nuget") {
        let install = "nuget install Left.Behind -OutputDirectory n -NonInteractive -NoCache";
        let script = &format!("rm -rf n ~/.local/share/NuGet && {install}");
        assert!(!strangers(&mut job, script), "nobody has given NuGet a credential");
        // NuGet has written its default where users keep theirs; what it calls it is read there.
        let config = job.home().join(".config/NuGet/NuGet.Config");
        let text = fs::read_to_string(&config).unwrap();
        let name = text.split("<add key=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        let credentials = format!(
            "<packageSourceCredentials><{name}><add key=\"Username\" value=\"any\" /><add key=\"ClearTextPassword\" \
             value=\"{token}\" /></{name}></packageSourceCredentials></configuration>"
        );
        fs::write(&config, text.replace("</configuration>", &credentials)).unwrap();
        assert!(strangers(&mut job, script), "NuGet answers the challenge of its own default");
    }
}

/// npm's keys know no scheme: a dependency's own address decides.
#[test]
fn clients_of_npm_send_their_token_over_plain_http() {
    for (program, script) in [
        ("npm", "npm install --no-audit --fetch-retries=0"),
        ("pnpm", "pnpm install --fetch-retries=0"),
        ("yarn", "yarn install --non-interactive"),
    ] {
        if !has(program) {
            continue;
        }
        for (address, astray) in [("https://", false), ("http://", true)] {
            let emulator = Emulator::start(World::sample()).unwrap();
            let token = emulator.access_token(world::CLIENT).unwrap();
            let mut job = Job::new(&emulator, JobOptions::default()).unwrap();
            let place = job.sources();
            let feed = "pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/";
            let npmrc = format!("registry=https://{feed}\n//{feed}:_authToken={token}\nalways-auth=true\n");
            fs::write(place.join(".npmrc"), npmrc).unwrap();
            let wanted = format!("{address}{feed}hello-contoso/-/hello-contoso-1.0.0.tgz");
            let manifest = format!(
                r#"{{"name":"app","version":"1.0.0","license":"MIT","dependencies":{{"hello-contoso":"{wanted}"}}}}"#
            );
            fs::write(place.join("package.json"), manifest).unwrap();
            let outcome = job.run_script(script, &place).unwrap();
            assert!(outcome.succeeded(), "{program} {address} {}", outcome.raw);
            let sent = emulator.requests_astray().iter().any(|r| r.authorization.is_token());
            assert_eq!(sent, astray, "{program} {address} {}", outcome.raw);
        }
    }
}
