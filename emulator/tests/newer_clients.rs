//! Clients that `scripts/clients` brings where they are to be had: Maven 3.9, the .NET SDK, Microsoft's credential provider.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use ado_entra_auth_emulator::agent::{Job, JobOptions};
use ado_entra_auth_emulator::{Emulator, World};
use common::{has, token};
use std::fs;

const FEED: &str = "https://pkgs.dev.azure.com/contoso/_packaging/feed1";

#[test]
fn maven_takes_arguments_from_a_variable() {
    if !has("mvn39") {
        return;
    }
    let emulator = Emulator::start(World::sample()).unwrap();
    let token = token(&emulator);
    let mut job = Job::new(&emulator, JobOptions::default()).unwrap();
    let place = job.sources();
    let pom = format!(
        "<project><modelVersion>4.0.0</modelVersion><parent><groupId>com.contoso</groupId><artifactId>hello</artifactId>\
         <version>1.0.0</version><relativePath/></parent><artifactId>app</artifactId><packaging>pom</packaging>\
         <repositories><repository><id>feed1</id><url>{FEED}/maven/v1</url></repository></repositories></project>"
    );
    fs::write(place.join("pom.xml"), pom).unwrap();
    let settings = format!(
        "<settings><servers><server><id>feed1</id><username>any</username><password>{token}</password></server></servers></settings>"
    );
    let file = job.temp().join("settings.xml");
    fs::write(&file, settings).unwrap();
    let outcome = job.run_script("mvn39 -B validate", &place).unwrap();
    assert!(!outcome.succeeded() && outcome.raw.contains("401"), "{}", outcome.raw);
    fs::remove_dir_all(job.home().join(".m2/repository")).unwrap();
    let arguments = format!("-gs {}", file.display());
    let outcome = job.run_script_with_env("mvn39 -B validate", &place, &[("MAVEN_ARGS", &arguments)]).unwrap();
    assert!(outcome.raw.contains("Downloaded from feed1"), "{}", outcome.raw);
    assert!(emulator.requests().iter().any(|r| r.authorization.is_token() && r.status == 200));
}

#[test]
fn dotnet_restores_and_pushes() {
    if !has("dotnet31") {
        return;
    }
    let emulator = Emulator::start(World::sample()).unwrap();
    let token = token(&emulator);
    let mut job = Job::new(&emulator, JobOptions::default()).unwrap();
    let place = job.sources();
    let config = format!(
        r#"<configuration><packageSources><clear /><add key="feed1" value="{FEED}/nuget/v3/index.json" /></packageSources></configuration>"#
    );
    fs::write(place.join("nuget.config"), config).unwrap();
    let project = r#"<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>netcoreapp3.1</TargetFramework>
        <UseAppHost>false</UseAppHost></PropertyGroup><ItemGroup><PackageReference Include="Contoso.Hello" Version="1.0.0" />
        </ItemGroup></Project>"#;
    fs::write(place.join("app.csproj"), project).unwrap();
    let outcome = job.run_script("dotnet31 restore", &place).unwrap();
    assert!(!outcome.succeeded() && outcome.raw.contains("401"), "{}", outcome.raw);
    let credentials = format!("Username=any;Password={token}");
    let env = [("NuGetPackageSourceCredentials_feed1", credentials.as_str())];
    let outcome = job.run_script_with_env("dotnet31 restore", &place, &env).unwrap();
    assert!(outcome.succeeded(), "{}", outcome.raw);
    assert!(job.home().join(".nuget/packages/contoso.hello/1.0.0").is_dir(), "{}", outcome.raw);
    let package = ado_entra_auth_emulator::world::Package::nuget("Contoso.Fresh", "3.1.0", &[]);
    fs::write(place.join("fresh.nupkg"), &package.files[0].content).unwrap();
    let push = "dotnet31 nuget push fresh.nupkg --source feed1 --api-key az";
    let outcome = job.run_script_with_env(push, &place, &env).unwrap();
    assert!(outcome.succeeded(), "{}", outcome.raw);
    let stored = emulator.world().organizations[0].feed(None, "feed1").unwrap().packages.clone();
    assert!(stored.iter().any(|p| p.name == "Contoso.Fresh" && p.version == "3.1.0"));
}

#[test]
fn microsofts_credential_provider_reads_its_variable() {
    if !has("credential-provider") {
        return;
    }
    let emulator = Emulator::start(World::sample()).unwrap();
    let token = token(&emulator);
    emulator.clear_requests();
    let mut job = Job::new(&emulator, JobOptions::default()).unwrap();
    let place = job.sources();
    let feed = format!("{FEED}/nuget/v3/index.json");
    let endpoints =
        format!(r#"{{"endpointCredentials":[{{"endpoint":"{feed}","username":"any","password":"{token}"}}]}}"#);
    let env = [("VSS_NUGET_EXTERNAL_FEED_ENDPOINTS", endpoints.as_str())];
    let ask = |job: &mut Job<'_>, feed: &str| {
        job.run_script_with_env(&format!("credential-provider -N -F Json -U {feed}"), &place, &env).unwrap().raw
    };
    let answer = ask(&mut job, &feed);
    assert!(answer.contains(r#""Username":"any""#) && answer.contains(&token), "{answer}");
    let other = ask(&mut job, "https://evil.example/nuget/v3/index.json");
    assert!(!other.contains(&token), "{other}");
    assert!(emulator.requests().iter().all(|r| r.secrets.is_empty()), "it only reads");
}
