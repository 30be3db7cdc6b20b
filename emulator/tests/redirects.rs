//! Where a redirect of the feed leads, and what the real clients send there.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use Sent::{Nothing, Request, Token};
use ado_entra_auth_emulator::agent::{Job, JobOptions};
use ado_entra_auth_emulator::log::LoggedRequest;
use ado_entra_auth_emulator::world::{self, Challenge};
use ado_entra_auth_emulator::{Effect, Emulator, Fault, Target, World};
use common::{curl, has};
use std::fs;

const BASE: &str = "https://pkgs.dev.azure.com/contoso/_packaging/feed1";
const EVIL: &str = "evil.example";

#[test]
fn a_redirect_leads_out_of_https_once() {
    let emulator = Emulator::start(World::sample()).unwrap();
    let url = format!("{BASE}/npm/registry/hello-contoso");
    let location = |effect: Effect| {
        emulator.fault(Fault::new(Target::Host("pkgs.dev.azure.com".into()), effect));
        let reply = curl(&emulator, &[&url]);
        let target = reply.header("Location").join(" ");
        let there = curl(&emulator, &[&target]).status;
        emulator.end_faults();
        (reply.status, target, there)
    };
    for status in [301, 302, 303, 307, 308] {
        assert_eq!(location(Effect::RedirectToHttp(status)), (status, url.replace("https", "http"), 401));
        let port = url.replace(".com/", ".com:444/");
        assert_eq!(location(Effect::RedirectToPort(status, 444)), (status, port, 401));
        let foreign = url.replace("pkgs.dev.azure.com", EVIL);
        assert_eq!(location(Effect::Redirect(status, EVIL.into())), (status, foreign, 200));
    }
    emulator.change(|world| world.foreign_host_mut(EVIL).unwrap().challenge = Challenge::Basic);
    assert_eq!(location(Effect::Redirect(302, EVIL.into())).2, 401);
}

/// What a client sends to where a redirect leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Nothing,
    Request,
    Token,
}

/// Runs a client whose files hold the token in place of TOKEN, and demands that it sends this much over plain HTTP, to another port,
/// and to a foreign host that asks for a password. The emulator must be able to show each, so it is told here what each does.
fn sends(program: &str, script: &str, files: &[(&str, String)], expected: [Sent; 3]) {
    if !has(program) {
        return;
    }
    let effects = [Effect::RedirectToHttp(302), Effect::RedirectToPort(307, 444), Effect::Redirect(302, EVIL.into())];
    for (effect, expected) in effects.into_iter().zip(expected) {
        let emulator = Emulator::start(World::sample()).unwrap();
        emulator.change(|world| world.foreign_host_mut(EVIL).unwrap().challenge = Challenge::Basic);
        let token = emulator.access_token(world::CLIENT).unwrap();
        let mut job = Job::new(&emulator, JobOptions::default()).unwrap();
        let place = job.sources();
        for (name, text) in files {
            fs::create_dir_all(place.join(name).parent().unwrap()).unwrap();
            fs::write(place.join(name), text.replace("TOKEN", &token)).unwrap();
        }
        emulator.fault(Fault::new(Target::Host("pkgs.dev.azure.com".into()), effect.clone()));
        let outcome = job.run_script(script, &place).unwrap();
        let there = |r: &LoggedRequest| !r.is_https() || r.host == EVIL;
        let there: Vec<LoggedRequest> = emulator.requests().into_iter().filter(there).collect();
        let sent = match there.iter().any(|r| r.authorization.is_token()) {
            true => Token,
            false if there.is_empty() => Nothing,
            false => Request,
        };
        assert_eq!(sent, expected, "{program} {effect:?} {there:?} {}", outcome.raw);
    }
}

#[test]
fn npm_after_a_redirect() {
    let registry = "pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/";
    let npmrc = format!("registry=https://{registry}\n//{registry}:_authToken=TOKEN\n");
    let script = "npm view hello-contoso version --fetch-retries=0";
    sends("npm", script, &[(".npmrc", npmrc)], [Token, Token, Request]);
}

#[test]
fn maven_after_a_redirect() {
    let pom = format!(
        "<project><modelVersion>4.0.0</modelVersion><parent><groupId>com.contoso</groupId><artifactId>hello</artifactId>\
         <version>1.0.0</version><relativePath/></parent><artifactId>app</artifactId><packaging>pom</packaging>\
         <repositories><repository><id>feed1</id><url>{BASE}/maven/v1</url></repository></repositories></project>"
    );
    let settings = "<settings><servers><server><id>feed1</id><username>any</username><password>TOKEN</password></server></servers></settings>";
    let files = [("pom.xml", pom), ("settings.xml", settings.to_owned())];
    for program in ["mvn", "mvn39"] {
        sends(program, &format!("{program} -B -s settings.xml validate"), &files, [Token, Token, Request]);
    }
}

#[test]
fn nuget_after_a_redirect() {
    let config = format!(
        "<configuration><packageSources><clear /><add key=\"feed1\" value=\"{BASE}/nuget/v3/index.json\" /></packageSources>\
         <packageSourceCredentials><feed1><add key=\"Username\" value=\"any\" /><add key=\"ClearTextPassword\" value=\"TOKEN\" />\
         </feed1></packageSourceCredentials></configuration>"
    );
    let script = "nuget install Contoso.Hello -OutputDirectory n -NonInteractive -NoCache";
    sends("nuget", script, &[("nuget.config", config.clone())], [Nothing, Token, Token]);
    let project = r#"<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>netcoreapp3.1</TargetFramework>
        <UseAppHost>false</UseAppHost></PropertyGroup><ItemGroup><PackageReference Include="Contoso.Hello" Version="1.0.0" />
        </ItemGroup></Project>"#;
    let files = [("nuget.config", config), ("app.csproj", project.to_owned())];
    sends("dotnet31", "dotnet31 restore", &files, [Nothing, Token, Token]);
}

#[test]
fn cargo_after_a_redirect() {
    let config = format!(
        "[registries.contoso]\nindex = \"sparse+{BASE}/Cargo/index/\"\ntoken = \"Bearer TOKEN\"\n\
         credential-provider = \"cargo:token\"\n"
    );
    let manifest = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\n\
                    contoso-hello = { version = \"1\", registry = \"contoso\" }\n";
    let files = [(".cargo/config.toml", config), ("Cargo.toml", manifest.to_owned()), ("src/lib.rs", String::new())];
    sends("cargo", "cargo fetch", &files, [Request, Request, Request]);
}
