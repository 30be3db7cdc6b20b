//! The real clients against the emulator, each with a home of its own and an empty cache.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use ado_entra_auth_emulator::agent::{Job, JobOptions};
use ado_entra_auth_emulator::world::Downloads;
use ado_entra_auth_emulator::{Effect, Emulator, Fault, Target, World};
use base64::{Engine, engine::general_purpose::STANDARD};
use common::{has, token};
use std::fs;

#[test]
fn npm_installs_and_publishes() {
    if !has("npm") {
        return;
    }
    for downloads in [Downloads::Direct, Downloads::Redirect(302)] {
        let emulator = Emulator::start(World { downloads, ..World::sample() }).unwrap();
        let token = token(&emulator);
        let mut job = Job::new(&emulator, JobOptions::default()).unwrap();
        let project = job.sources();
        let registry = "pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/";
        fs::write(project.join(".npmrc"), format!("registry=https://{registry}\n//{registry}:_authToken={token}\n"))
            .unwrap();
        fs::write(
            project.join("package.json"),
            r#"{"name":"app","version":"1.0.0","dependencies":{"@contoso/hello":"1.0.0"}}"#,
        )
        .unwrap();
        let outcome = job.run_script("npm install --no-audit", &project).unwrap();
        assert!(outcome.succeeded(), "{}", outcome.raw);
        assert!(project.join("node_modules/@contoso/hello/index.js").is_file());
        assert!(project.join("node_modules/hello-contoso/package.json").is_file());
        let blobs = emulator.requests_to("contoso.blob.core.windows.net");
        assert_eq!(blobs.is_empty(), downloads == Downloads::Direct);
        assert!(blobs.iter().all(|r| r.status == 200 && r.secrets.is_empty()), "{blobs:?}");

        let library = job.sources().join("library");
        fs::create_dir(&library).unwrap();
        fs::copy(project.join(".npmrc"), library.join(".npmrc")).unwrap();
        fs::write(library.join("package.json"), r#"{"name":"@contoso/fresh","version":"0.1.0"}"#).unwrap();
        let outcome = job.run_script("npm publish", &library).unwrap();
        assert!(outcome.succeeded(), "{}", outcome.raw);
        let outcome = job.run_script("npm view @contoso/fresh version", &library).unwrap();
        assert!(outcome.raw.contains("0.1.0"), "{}", outcome.raw);
    }
}

#[test]
fn maven_resolves_and_is_refused() {
    if !has("mvn") {
        return;
    }
    let emulator = Emulator::start(World::sample()).unwrap();
    let token = token(&emulator);
    let mut job = Job::new(&emulator, JobOptions::default()).unwrap();
    let project = job.sources();
    let pom = r"<project><modelVersion>4.0.0</modelVersion><groupId>app</groupId><artifactId>app</artifactId><version>1</version>
        <packaging>pom</packaging>
        <repositories><repository><id>central</id><url>URL</url></repository></repositories>
        <pluginRepositories><pluginRepository><id>central</id><url>URL</url></pluginRepository></pluginRepositories>
        <dependencies><dependency><groupId>com.contoso</groupId><artifactId>hello</artifactId><version>1.0.0</version></dependency></dependencies>
        <build><plugins><plugin><groupId>com.contoso</groupId><artifactId>fetch-maven-plugin</artifactId><version>1.0.0</version>
        <executions><execution><goals><goal>fetch</goal></goals></execution></executions></plugin></plugins></build></project>"
        .replace("URL", "https://pkgs.dev.azure.com/contoso/_packaging/feed1/maven/v1");
    fs::write(project.join("pom.xml"), pom).unwrap();
    let settings = job.home().join(".m2/settings.xml");
    fs::create_dir_all(settings.parent().unwrap()).unwrap();
    let with = |password: &str| {
        format!(
            "<settings><servers><server><id>central</id><username>any</username><password>{password}</password></server></servers></settings>"
        )
    };
    fs::write(&settings, with("wrong")).unwrap();
    let outcome = job.run_script("mvn -B -q verify", &project).unwrap();
    assert!(!outcome.succeeded() && outcome.raw.contains("401"), "{}", outcome.raw);
    fs::remove_dir_all(job.home().join(".m2/repository")).unwrap();
    fs::write(&settings, with(&token)).unwrap();
    let outcome = job.run_script("mvn -B verify", &project).unwrap();
    assert!(outcome.succeeded(), "{}", outcome.raw);
    assert!(job.home().join(".m2/repository/com/contoso/hello/1.0.0/hello-1.0.0.jar").is_file());
    let asked = emulator.requests_to("pkgs.dev.azure.com");
    assert!(asked.iter().any(|r| r.authorization.is_token() && r.path.ends_with("hello-1.0.0.jar") && r.status == 200));
    assert!(asked.iter().any(|r| r.status == 401), "Maven asks without a credential first");
}

#[test]
fn nuget_restores() {
    if !has("nuget") {
        return;
    }
    let emulator = Emulator::start(World::sample()).unwrap();
    let token = token(&emulator);
    let mut job = Job::new(&emulator, JobOptions::default()).unwrap();
    let project = job.sources();
    let config = r#"<configuration><packageSources><clear /><add key="feed1" value="https://pkgs.dev.azure.com/contoso/_packaging/feed1/nuget/v3/index.json" /></packageSources>
        <packageSourceCredentials><feed1><add key="Username" value="any" /><add key="ClearTextPassword" value="PASSWORD" /></feed1></packageSourceCredentials></configuration>"#;
    fs::write(project.join("nuget.config"), config.replace("PASSWORD", &token)).unwrap();
    fs::write(
        project.join("packages.config"),
        r#"<packages><package id="Contoso.Hello" version="1.0.0" targetFramework="net472" /></packages>"#,
    )
    .unwrap();
    let restore = "nuget restore packages.config -PackagesDirectory packages -NonInteractive -NoCache";
    let outcome = job.run_script(restore, &project).unwrap();
    assert!(outcome.succeeded(), "{}", outcome.raw);
    assert!(project.join("packages/Contoso.Hello.1.0.0/content/hello.txt").is_file(), "{}", outcome.raw);
    let install = "nuget install Contoso.Hello -OutputDirectory other -NonInteractive -NoCache";
    let outcome = job.run_script(install, &project).unwrap();
    assert!(outcome.succeeded(), "{}", outcome.raw);
    fs::write(project.join("nuget.config"), config.replace("PASSWORD", "wrong")).unwrap();
    fs::remove_dir_all(project.join("packages")).unwrap();
    let outcome = job.run_script(restore, &project).unwrap();
    assert!(!outcome.succeeded(), "{}", outcome.raw);
}

#[test]
fn git_clones_with_each_form_and_lfs() {
    if !has("git") {
        return;
    }
    let emulator = Emulator::start(World::sample_with_repositories()).unwrap();
    let token = token(&emulator);
    let mut job = Job::new(&emulator, JobOptions::default()).unwrap();
    let place = job.sources();
    let bearer = format!("Authorization: Bearer {token}");
    let basic = format!("Authorization: Basic {}", STANDARD.encode(format!("any:{token}")));
    for (number, (header, url)) in [
        (&bearer, "https://dev.azure.com/contoso/Shop/_git/hello"),
        (&basic, "https://contoso.visualstudio.com/Shop/_git/hello"),
        (&basic, "https://dev.azure.com/CONTOSO/My%20Project/_git/blank"),
    ]
    .into_iter()
    .enumerate()
    {
        let outcome =
            job.run_script(&format!("git -c http.extraheader='{header}' clone {url} c{number}"), &place).unwrap();
        assert!(outcome.succeeded(), "{}", outcome.raw);
        assert!(place.join(format!("c{number}/README.md")).is_file());
    }
    let outcome = job
        .run_script("GIT_TERMINAL_PROMPT=0 git clone https://dev.azure.com/contoso/Shop/_git/hello no", &place)
        .unwrap();
    assert!(!outcome.succeeded());
    let recursive = format!("git -c http.https://dev.azure.com.extraheader='{bearer}' clone --recurse-submodules");
    let script = format!("{recursive} https://dev.azure.com/contoso/Shop/_git/with-submodule sub");
    let outcome = job.run_script(&script, &place).unwrap();
    assert!(outcome.succeeded() && place.join("sub/library/README.md").is_file(), "{}", outcome.raw);
    let script = format!("{recursive} https://dev.azure.com/contoso/Shop/_git/hostile-submodule hostile");
    let outcome = job.run_script(&script, &place).unwrap();
    assert!(outcome.succeeded() && place.join("hostile/library/README.md").is_file(), "{}", outcome.raw);
    assert!(!emulator.requests_to("evil.example").is_empty() && !emulator.secret_was_sent_to("evil.example"));

    let push = format!(
        "git -c http.extraheader='{bearer}' clone -q https://dev.azure.com/contoso/Shop/_git/REPO w-REPO && cd w-REPO && \
         git -c user.name=a -c user.email=a@b commit -q --allow-empty -m second && git -c http.extraheader='{bearer}' push"
    );
    assert!(job.run_script(&push.replace("REPO", "writable"), &place).unwrap().succeeded());
    assert!(!job.run_script(&push.replace("REPO", "hello"), &place).unwrap().succeeded());

    if has("git-lfs") {
        let lfs = format!(
            "git lfs install && git -c http.https://dev.azure.com.extraheader='{bearer}' clone \
             https://dev.azure.com/contoso/Shop/_git/with-lfs big"
        );
        let outcome = job.run_script(&lfs, &place).unwrap();
        assert!(outcome.succeeded(), "{}", outcome.raw);
        assert!(fs::read_to_string(place.join("big/big.bin")).unwrap().starts_with("large file"));
    }
}

#[test]
fn a_checkout_of_the_agent_uses_the_job_token() {
    if !has("git") {
        return;
    }
    let emulator = Emulator::start(World::sample_with_repositories()).unwrap();
    let mut job = Job::new(&emulator, JobOptions::default()).unwrap();
    let (folder, outcome) = job.checkout("Shop/hello").unwrap();
    assert!(outcome.succeeded() && folder.join("README.md").is_file(), "{}", outcome.raw);
    assert!(emulator.requests_to("dev.azure.com").iter().any(|r| r.authorization.is_job_token() && r.status == 200));
    let (_, outcome) = job.checkout("My Project/blank").unwrap();
    assert!(outcome.succeeded(), "{}", outcome.raw);
}

#[test]
fn clients_get_through_a_proxy_that_wants_a_password() {
    let proxy_credentials = Some(("user".to_owned(), "word".to_owned()));
    let emulator = Emulator::start(World { proxy_credentials, ..World::sample_with_repositories() }).unwrap();
    let token = token(&emulator);
    let mut job = Job::new(&emulator, JobOptions::default()).unwrap();
    let place = job.sources();
    assert!(job.script_environment()["HTTPS_PROXY"].contains("user:word@"));
    if has("git") {
        let script = format!(
            "git -c http.extraheader='Authorization: Bearer {token}' clone https://dev.azure.com/contoso/Shop/_git/hello"
        );
        let outcome = job.run_script(&script, &place).unwrap();
        assert!(outcome.succeeded(), "{}", outcome.raw);
    }
    if has("npm") {
        let outcome = job.run_script("npm ping --registry https://registry.example.com/npm/", &place).unwrap();
        assert!(outcome.succeeded(), "{}", outcome.raw);
    }
    if has("mvn") {
        let folder = place.join("java");
        fs::create_dir(&folder).unwrap();
        fs::write(
            folder.join("pom.xml"),
            "<project><modelVersion>4.0.0</modelVersion><parent><groupId>com.contoso</groupId><artifactId>hello</artifactId>\
             <version>1.0.0</version><relativePath/></parent><artifactId>app</artifactId><packaging>pom</packaging><repositories>\
             <repository><id>central</id><url>https://registry.example.com/maven</url></repository></repositories></project>",
        )
        .unwrap();
        // Maven takes the password of a proxy from its settings only.
        let (host, port) = emulator
            .proxy_url()
            .replace("http://", "")
            .split_once(':')
            .map(|(h, p)| (h.to_owned(), p.to_owned()))
            .unwrap();
        let settings = format!(
            "<settings><proxies><proxy><protocol>https</protocol><host>{host}</host><port>{port}</port><username>user</username>\
             <password>word</password></proxy></proxies></settings>"
        );
        fs::write(folder.join("settings.xml"), settings).unwrap();
        let outcome = job.run_script("mvn -B -s settings.xml validate", &folder).unwrap();
        assert!(
            emulator.requests_to("registry.example.com").iter().any(|r| r.path.ends_with("hello-1.0.0.pom")),
            "{}",
            outcome.raw
        );
    }
    if has("nuget") {
        let source = "https://registry.example.com/nuget/v3/index.json";
        let script = format!("nuget install Left.Behind -Source {source} -OutputDirectory n -NonInteractive -NoCache");
        let outcome = job.run_script(&script, &place).unwrap();
        assert!(outcome.succeeded(), "{}", outcome.raw);
    }
}

#[test]
fn nuget_pushes_and_maven_deploys() {
    let emulator = Emulator::start(World::sample()).unwrap();
    let token = token(&emulator);
    let mut job = Job::new(&emulator, JobOptions::default()).unwrap();
    let place = job.sources();
    if has("nuget") {
        let config = r#"<configuration><packageSources><clear /><add key="feed2" value="https://pkgs.dev.azure.com/contoso/_packaging/feed2/nuget/v3/index.json" /></packageSources>
            <packageSourceCredentials><feed2><add key="Username" value="any" /><add key="ClearTextPassword" value="PASSWORD" /></feed2></packageSourceCredentials></configuration>"#;
        fs::write(place.join("nuget.config"), config.replace("PASSWORD", &token)).unwrap();
        let package = ado_entra_auth_emulator::world::Package::nuget("Contoso.Fresh", "3.1.0", &[]);
        fs::write(place.join("fresh.nupkg"), &package.files[0].content).unwrap();
        let push = "nuget push fresh.nupkg -Source feed2 -ApiKey az -NonInteractive";
        let outcome = job.run_script(push, &place).unwrap();
        assert!(outcome.succeeded(), "{}", outcome.raw);
        let stored = emulator.world().organizations[0].feed(None, "feed2").unwrap().packages.clone();
        assert!(stored.iter().any(|p| p.name == "Contoso.Fresh" && p.version == "3.1.0"));
    }
    let put = format!(
        "curl -sf -u any:{token} -T nuget.config https://pkgs.dev.azure.com/contoso/_packaging/feed2/maven/v1/com/contoso/fresh/1/fresh-1.jar"
    );
    fs::write(place.join("nuget.config"), "x").unwrap();
    assert!(job.run_script(&put, &place).unwrap().succeeded());
    let get = put.replace("-T nuget.config", "");
    assert_eq!(job.run_script(&get, &place).unwrap().raw, "x\n");
}

#[test]
fn a_redirect_to_a_foreign_host_shows_what_git_sends_there() {
    if !has("git") {
        return;
    }
    let emulator = Emulator::start(World::sample_with_repositories()).unwrap();
    let token = token(&emulator);
    let mut job = Job::new(&emulator, JobOptions::default()).unwrap();
    let target = Target::Path("dev.azure.com".into(), "/contoso/Shop/_git/hello/info/refs".into());
    emulator.fault(Fault::new(target, Effect::Redirect(302, "evil.example".into())));
    let place = job.sources();
    let scoped = format!("git -c http.https://dev.azure.com.extraheader='Authorization: Bearer {token}'");
    let clone = "clone https://dev.azure.com/contoso/Shop/_git/hello";
    let outcome = job.run_script(&format!("{scoped} {clone} a"), &place).unwrap();
    assert!(outcome.succeeded(), "{}", outcome.raw);
    let leaks: Vec<String> = emulator
        .requests_to("evil.example")
        .iter()
        .filter(|r| r.authorization.is_token())
        .map(|r| r.method.clone())
        .collect();
    assert!(
        !leaks.is_empty() && leaks.iter().all(|method| method == "POST"),
        "git sends a scoped header on the POST after a redirect: {leaks:?}"
    );
    emulator.clear_requests();
    let outcome = job
        .run_script(&format!("{scoped} -c http.https://dev.azure.com.followRedirects=false {clone} b"), &place)
        .unwrap();
    assert!(!outcome.succeeded() && emulator.requests_to("evil.example").is_empty());
}
