//! Maven in later steps.

use std::path::Path;

use ado_entra_auth_emulator::agent::{Job, Variable};

use crate::modes::{mode, set_mode};
use crate::support::{
    EVIL, Snapshot, assert_nothing_sent_to, emulator, finish, in_parallel, job, program, read, run, script, step,
    step_with_env, tool, variable, warned, with_token, write, write_file,
};
use crate::undo::SETTINGS;

/// A build that fetches a dependency, all of it from one repository: the id `central` keeps the public one out.
pub fn pom(id: &str, url: &str) -> String {
    format!(
        "<project><modelVersion>4.0.0</modelVersion><groupId>app</groupId><artifactId>app</artifactId><version>1</version>\
         <packaging>pom</packaging><properties><feed>{url}</feed></properties>\
         <repositories><repository><id>{id}</id><url>{url}</url></repository>{central}</repositories>\
         <pluginRepositories><pluginRepository><id>{id}</id><url>{url}</url></pluginRepository>{plugins}</pluginRepositories>\
         <dependencies><dependency><groupId>com.contoso</groupId><artifactId>hello</artifactId><version>1.0.0</version>\
         </dependency></dependencies><build><plugins><plugin><groupId>com.contoso</groupId>\
         <artifactId>fetch-maven-plugin</artifactId><version>1.0.0</version><executions><execution><goals><goal>fetch</goal>\
         </goals></execution></executions></plugin></plugins></build></project>",
        central = if id == "central" { String::new() } else { disabled("repository") },
        plugins = if id == "central" { String::new() } else { disabled("pluginRepository") },
    )
}

/// A project that `mvn deploy` publishes to a repository. The plugins for it are Debian's, in files.
pub fn published(id: &str, url: &str) -> String {
    let debian = concat!("file://", env!("CARGO_MANIFEST_DIR"), "/target/tools/maven39/usr/share/maven-repo");
    let repository =
        format!("<id>central</id><url>{debian}</url><releases><checksumPolicy>ignore</checksumPolicy></releases>");
    format!(
        "<project><modelVersion>4.0.0</modelVersion><groupId>com.contoso</groupId><artifactId>fresh</artifactId><version>3.1.0</version>\
         <packaging>pom</packaging><distributionManagement><repository><id>{id}</id><url>{url}</url></repository>\
         </distributionManagement><repositories><repository>{repository}</repository></repositories><pluginRepositories>\
         <pluginRepository>{repository}</pluginRepository></pluginRepositories><build><plugins>\
         <plugin><artifactId>maven-deploy-plugin</artifactId><version>3.1.4</version></plugin>\
         <plugin><artifactId>maven-install-plugin</artifactId><version>3.1.4</version></plugin></plugins></build></project>"
    )
}

fn disabled(element: &str) -> String {
    format!(
        "<{element}><id>central</id><url>https://repo.example.com/</url><releases><enabled>false</enabled></releases>\
         <snapshots><enabled>false</enabled></snapshots></{element}>"
    )
}

const FEED: &str = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/maven/v1";

fn fetched(job: &Job<'_>) -> bool {
    job.home().join(".m2/repository/com/contoso/hello/1.0.0/hello-1.0.0.jar").is_file()
}

fn build(job: &mut Job<'_>) {
    let sources = job.sources();
    script(job, &sources, "mvn -B -q verify");
    assert!(fetched(job));
}

#[test]
fn builds_work_beside_any_settings_and_the_settings_come_back() {
    if tool("mvn").is_none() {
        return;
    }
    let full = "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<!-- company -->\r\n\
        <settings xmlns=\"http://maven.apache.org/SETTINGS/1.0.0\">\r\n  <mirrors>\r\n    <mirror><id>m</id><mirrorOf>nothing</mirrorOf>\
        <url>https://registry.example.com/maven?a=1&amp;b</url></mirror>\r\n  </mirrors>\r\n  <proxies><proxy><active>false</active>\
        <host>proxy.example.com</host></proxy></proxies>\r\n</settings>\r\n";
    let rows = [
        ("none", None),
        ("servers of others", Some(SETTINGS)),
        ("mark, CRLF, mirrors, proxies", Some(full)),
        ("empty", Some("<settings/>")),
        ("empty servers", Some("<settings><servers/></settings>")),
        ("no line break", Some("<settings>\n\t<offline>false</offline>\n</settings>")),
    ];
    in_parallel(&rows, |(name, settings)| {
        let emulator = emulator();
        let mut job = job(&emulator);
        let file = job.home().join(".m2/settings.xml");
        if let Some(settings) = settings {
            write_file(&file, settings);
            set_mode(&file, 0o640);
        }
        write(&job, "pom.xml", pom("feed1", FEED));
        let outcome = run(&emulator, &mut job, &step());
        assert!(outcome.warnings.is_empty(), "{name}: {:?}", outcome.warnings);
        build(&mut job);
        assert!(!with_token(&emulator.requests_to("pkgs.dev.azure.com")).is_empty(), "{name}");
        finish(&mut job);
        assert_eq!(file.exists(), settings.is_some(), "{name}");
        assert_eq!(read(&file), settings.unwrap_or_default(), "{name}");
        if settings.is_some() {
            assert_eq!(mode(&file), 0o640);
        }
        assert!(!job.home().join(".ado-entra-auth").exists());
    });
}

#[test]
fn project_feeds_views_and_the_older_host_work() {
    if tool("mvn").is_none() {
        return;
    }
    let rows = [
        "https://pkgs.dev.azure.com/contoso/Shop/_packaging/teamfeed/maven/v1",
        "https://pkgs.dev.azure.com/contoso/_packaging/feed1@Local/maven/v1",
        "https://contoso.pkgs.visualstudio.com/_packaging/feed1/maven/v1",
        "https://PKGS.dev.azure.com/Contoso/_packaging/Feed1/maven/v1/",
    ];
    in_parallel(&rows, |url| {
        let emulator = emulator();
        let mut job = job(&emulator);
        write(
            &job,
            "service/pom.xml",
            pom("contoso-feed", "${feed}").replace("<feed>${feed}", &format!("<feed>{url}")),
        );
        run(&emulator, &mut job, &step());
        let folder = job.sources().join("service");
        script(&mut job, &folder, "mvn -B -q verify");
        assert!(fetched(&job), "{url}");
        finish(&mut job);
    });
}

/// The Maven of the system has its credential by the file at home.
#[test]
fn deploy_publishes_by_the_id_of_distribution_management() {
    if tool("mvn").is_none() || tool("mvn39").is_none() {
        return;
    }
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, "pom.xml", published("upload", FEED));
    let sources = job.sources();
    let refused = job.run_script("mvn -B -q deploy", &sources).unwrap();
    assert!(!refused.succeeded() && refused.raw.contains("401"), "{}", refused.raw);
    run(&emulator, &mut job, &step());
    emulator.clear_requests();
    script(&mut job, &sources, "mvn -B -q deploy");
    let arrived = |file: &str| {
        let puts =
            emulator.requests().into_iter().filter(|request| request.method == "PUT" && request.path.ends_with(file));
        puts.map(|put| put.status == 202 && put.authorization.is_token()).next_back() == Some(true)
    };
    assert!(arrived("/fresh-3.1.0.pom") && arrived("/maven-metadata.xml"), "{:?}", emulator.requests());
    finish(&mut job);
}

/// Maven 3.9 takes arguments from the environment, so that nothing in the home folder changes. A stand-in has its files; the
/// real Maven of the machine reads what was made for it.
const SHOWN_DIRECTORY: &str = "<private-directory>";

/// A dry run with the job's own `MAVEN_ARGS`, home folder and checkout.
fn dry_run(job: &Job<'_>, path: &str) -> String {
    let mut command = program();
    command.args(["dry-run", "--input", "organizations=contoso", "--working-directory"]).arg(job.sources()).env_clear();
    command.env("HOME", job.home()).env("PATH", path).env("MAVEN_ARGS", variable(job, "MAVEN_ARGS"));
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[test]
fn maven_with_arguments_in_the_environment_leaves_the_home_folder_alone() {
    if tool("mvn").is_none() {
        return;
    }
    for own in ["", "-Dmaven.wagon.http.retryHandler.count=1"] {
        let emulator = emulator();
        let mut job = job(&emulator);
        let maven = job.root().join("maven");
        write_file(&maven.join("lib/maven-core-3.9.9.jar"), "");
        write_file(&maven.join("conf/settings.xml"), "<settings>\n  <!-- the machine's -->\n</settings>\n");
        write_file(&maven.join("bin/mvn"), "#!/bin/sh\nexit 1\n");
        set_mode(&maven.join("bin/mvn"), 0o755);
        write_file(&job.home().join(".m2/settings.xml"), SETTINGS);
        if !own.is_empty() {
            job.set_variable(Variable::public("MAVEN_ARGS", own));
        }
        write(&job, "pom.xml", pom("feed1", FEED));
        let before = Snapshot::of(&job);
        let home = Snapshot::below(job.home());
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", maven.join("bin").display());
        let shown = dry_run(&job, &path);
        let shown_ends = format!("-gs {SHOWN_DIRECTORY}/maven-global-settings.xml");
        assert!(shown.contains("MAVEN_ARGS = ") && shown.contains(&shown_ends) && !shown.contains(".m2"), "{shown}");
        let step = step_with_env(&[&format!("PATH={path}")]);
        run(&emulator, &mut job, &step);
        home.assert_same(&Snapshot::below(job.home()), "the home folder after the step");
        let arguments = variable(&job, "MAVEN_ARGS");
        assert!(arguments.starts_with(own), "{arguments}");
        let file = arguments.rsplit_once("-gs ").unwrap().1;
        let settings = read(file);
        assert!(settings.contains("<!-- the machine's -->") && settings.contains("<id>feed1</id>"), "{settings}");
        assert!(settings.contains("${env.ADO_ENTRA_AUTH_") && !settings.contains("_MAVEN_CONTOSO}"), "{settings}");
        assert_eq!(mode(file), 0o600);
        let sources = job.sources();
        script(&mut job, &sources, "mvn $MAVEN_ARGS -B -q verify");
        assert!(fetched(&job));
        std::fs::remove_dir_all(job.home().join(".m2/repository")).unwrap();
        assert!(!Path::new(&job.home().join(".ado-entra-auth")).exists());
        finish(&mut job);
        before.assert_same(&Snapshot::of(&job), "after the job");
    }
}

/// Maven goes by the id: under one id that stands for two addresses the credential would go to either.
#[test]
fn an_id_that_stands_for_a_foreign_address_too_gets_nothing() {
    if tool("mvn").is_none() {
        return;
    }
    let evil = format!("https://{EVIL}/maven");
    for (name, other) in [
        ("other/pom.xml", pom("feed1", &evil)),
        ("other/pom.xml", pom("feed1", "https://pkgs.dev.azure.com/fabrikam/_packaging/feed1/maven/v1")),
        (
            "other/pom.xml",
            format!(
                "<project><profiles><profile><repositories><repository><id>feed1</id><url>{evil}</url></repository></repositories></profile></profiles></project>"
            ),
        ),
        (
            "other/pom.xml",
            format!(
                "<project><distributionManagement><repository><id>feed1</id><url>{evil}</url></repository></distributionManagement></project>"
            ),
        ),
    ] {
        let emulator = emulator();
        let mut job = job(&emulator);
        write(&job, "pom.xml", pom("feed1", FEED));
        write(&job, name, &other);
        let home = Snapshot::below(job.home());
        let outcome = run(&emulator, &mut job, &step());
        assert!(warned(&outcome, &["feed1", "pom.xml", name, "no token"]), "{:?}", outcome.warnings);
        home.assert_same(&Snapshot::below(job.home()), "nothing is written");
        if other.contains("<dependencies>") {
            let folder = job.sources().join("other");
            job.run_script("mvn -B -q verify", &folder).unwrap();
            assert_nothing_sent_to(&emulator, EVIL);
        }
    }
}

/// The id may mean something else on this machine: another checkout's repository, which would be sent our token.
#[test]
fn a_server_of_the_users_under_the_same_id_stays_and_is_named() {
    let own = "<settings><servers><server><id>feed1</id><username>old</username><password>old</password>\
        <!-- mine --></server></servers></settings>";
    let emulator = emulator();
    let mut job = job(&emulator);
    let file = job.home().join(".m2/settings.xml");
    write_file(&file, own);
    write(&job, "pom.xml", pom("feed1", FEED));
    let outcome = run(&emulator, &mut job, &step());
    assert!(warned(&outcome, &["'feed1'", "settings.xml", "of your own", "use another id"]), "{:?}", outcome.warnings);
    assert_eq!(read(&file), own);
    finish(&mut job);
}
