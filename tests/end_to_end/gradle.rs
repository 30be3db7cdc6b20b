//! Gradle in later steps: each place of a build that names repositories, what is not to be given the token, and a script that is left.

use std::path::Path;

use ado_entra_auth_emulator::agent::{Job, StepResult, Variable};
use ado_entra_auth_emulator::log::{Authorization, Held, LoggedRequest};
use ado_entra_auth_emulator::{Emulator, World};

use crate::peers::{cases, text, vectors, write_files};
use crate::peers_asked::is_answered;
use crate::promises::apart::that_asks;
use crate::promises::subjects::{GRADLE, USERS_OWN};
use crate::support::{
    EVIL, Snapshot, assert_nothing_sent_to, emulator, finish, job, next_job, read, run, script, step, variable, warned,
    with_token, write, write_file,
};

const SCRIPT: &str = ".gradle/init.d/ado-entra-auth.init.gradle";

/// Runs Gradle in the checkout, whatever comes of it. Gives what it says, in which no secret is to be seen.
fn gradle(emulator: &Emulator, job: &mut Job<'_>, arguments: &str) -> String {
    let sources = job.sources();
    let outcome = job.run_script(&format!("gradle {arguments}"), &sources).unwrap();
    assert_eq!(emulator.leaks_in(outcome.log.as_bytes()), Vec::<String>::new(), "{arguments}");
    outcome.raw
}

/// The requests below a path.
fn below<'r>(requests: &'r [LoggedRequest], path: &str) -> Vec<&'r LoggedRequest> {
    requests.iter().filter(|request| format!("{}{}", request.host, request.path).starts_with(path)).collect()
}

/// A build that names repositories in every place that it may, each place with a spelling of its own for the feed, in Groovy.
fn write_build(job: &Job<'_>) {
    write(
        job,
        "settings.gradle",
        "pluginManagement { repositories { maven { url 'https://pkgs.dev.azure.com/contoso/_packaging/feed1@plugins/maven/v1' } } }\n\
         includeBuild 'included'\n\
         include 'blanks', 'unnamed', 'detached', 'own', 'mirrored', 'aside', 'plain', 'publishing'\n",
    );
    write(job, "gradle.properties", "org=contoso\nfeed=feed1\n");
    let of_view = |view: &str| {
        format!(
            "repositories {{ maven {{ url 'https://pkgs.dev.azure.com/contoso/_packaging/feed1@{view}/maven/v1' }} }}\n"
        )
    };
    let with_classpath = |view: &str| {
        format!("buildscript {{ {}dependencies {{ classpath 'com.contoso:hello:1.0.0' }} }}\n", of_view(view))
    };
    write(job, "included/settings.gradle", "rootProject.name = 'included'\n");
    write(job, "included/build.gradle", with_classpath("included"));
    write(job, "buildSrc/build.gradle", of_view("buildsrc") + "dependencies { runtime 'com.contoso:hello:1.0.0' }\n");
    let tried = "task tried { doLast {\n\
        subprojects.each { p -> p.configurations.libs.resolvedConfiguration.lenientConfiguration.files.each { println \"FETCHED ${p.name} ${it.name}\" } }\n\
        def found = project(':detached').configurations.detachedConfiguration(dependencies.create('com.contoso:hello:1.0.0')).files\n\
        found.each { println \"DETACHED ${it.name}\" }\n\
        println \"PUBLISHES ${project(':publishing').publishing.repositories.pub.credentials.password != null}\"\n\
        } }\n";
    write(
        job,
        "build.gradle",
        format!(
            "{}allprojects {{ configurations {{ libs }}; dependencies {{ libs 'com.contoso:hello:1.0.0' }} }}\n\
             allprojects {{ if (name == 'detached') {{ repositories {{ maven {{ \
             url 'https://pkgs.dev.azure.com/contoso/_packaging/feed1@allprojects/maven/v1' }} }} }} }}\n{tried}",
            with_classpath("buildscript")
        ),
    );
    for (project, content) in [
        (
            "blanks",
            "repositories { maven { name 'Company Azure Maven'; url \"https://pkgs.dev.azure.com/${org}/_packaging/${feed}/maven/v1\" } }",
        ),
        (
            "unnamed",
            "repositories { maven { url uri('https://contoso.pkgs.visualstudio.com/_packaging/feed1/maven/v1') } }",
        ),
        ("detached", ""),
        (
            "own",
            &format!(
                "repositories {{ maven {{ url 'https://pkgs.dev.azure.com/contoso/_packaging/feed1@own/maven/v1'; \
                 credentials {{ username 'me'; password '{USERS_OWN}' }} }} }}"
            ),
        ),
        (
            "mirrored",
            &format!(
                "repositories {{ maven {{ name 'm'; url 'https://pkgs.dev.azure.com/contoso/_packaging/feed1@m/maven/v1' }} }}\n\
                 try {{ configurations.detachedConfiguration(dependencies.create('com.contoso:none:1')).files }} catch (e) {{ }}\n\
                 repositories.all {{ url 'https://{EVIL}/contoso/_packaging/mirrored/maven/v1' }}"
            ),
        ),
        (
            "aside",
            &format!(
                "repositories {{ maven {{ url 'https://pkgs.dev.azure.com/contoso/_packaging/feed1@aside/maven/v1'; \
                 artifactUrls 'https://{EVIL}/contoso/_packaging/aside/maven/v1' }} }}"
            ),
        ),
        ("plain", "repositories { maven { url 'http://pkgs.dev.azure.com/contoso/_packaging/feed1@plain/maven/v1' } }"),
        (
            "publishing",
            "apply plugin: 'maven-publish'\napply plugin: 'base'\n\
             publishing { repositories { maven { name 'pub'; url 'https://pkgs.dev.azure.com/contoso/_packaging/feed1/maven/v1' } }\n\
             publications { p(MavenPublication) { groupId 'a'; artifactId 'b'; version '1' } } }",
        ),
    ] {
        write(job, &format!("{project}/build.gradle"), content);
    }
}

#[test]
fn every_place_that_names_a_repository_is_served_and_what_is_no_feed_is_not() {
    if !GRADLE.is_here() {
        return;
    }
    let mut world = that_asks(World::sample());
    let feed = world.organizations[0].feeds.iter_mut().find(|feed| feed.name == "feed1").unwrap();
    let views = ["plugins", "buildscript", "buildsrc", "included", "allprojects", "own", "m", "aside", "plain"];
    feed.views.extend(views.iter().map(|view| (*view).to_owned()));
    let emulator = Emulator::start(world).unwrap();
    let mut job = job(&emulator);
    write_build(&job);
    let checkout = Snapshot::below(&job.sources());
    let outcome = run(&emulator, &mut job, &step().input("tools", "gradle"));
    checkout.assert_same(&Snapshot::below(&job.sources()), "the checkout");
    assert!(warned(&outcome, &["http", "plain/build.gradle"]), "{:?}", outcome.warnings);
    emulator.clear_requests();
    let said = gradle(&emulator, &mut job, "-q --continue tried :publishing:publish");
    let requests = emulator.requests();
    let feed = "pkgs.dev.azure.com/contoso/_packaging/feed1";
    for path in [
        format!("{feed}@buildscript/"),
        format!("{feed}@buildsrc/"),
        format!("{feed}@included/"),
        format!("{feed}@allprojects/"),
        format!("{feed}@m/"),
        format!("{feed}/"),
        "contoso.pkgs.visualstudio.com/_packaging/feed1/".to_owned(),
    ] {
        let here: Vec<LoggedRequest> = below(&requests, &path).into_iter().cloned().collect();
        assert!(!with_token(&here).is_empty(), "{path}\n{said}\n{here:?}");
    }
    for line in [
        "FETCHED blanks hello-1.0.0.jar",
        "FETCHED unnamed hello-1.0.0.jar",
        "DETACHED hello-1.0.0.jar",
        "PUBLISHES true",
    ] {
        assert!(said.lines().any(|said| said == line), "{line}\n{said}");
    }
    let users = |request: &&LoggedRequest| {
        matches!(request.authorization, Authorization::Basic { password: Held::Unknown, .. })
    };
    let own = below(&requests, &format!("{feed}@own/"));
    assert!(own.iter().any(users) && own.iter().all(|request| request.secrets.is_empty()), "{own:?}");
    assert!(!emulator.secret_was_sent_to(EVIL), "{:?}", emulator.requests_to(EVIL));
    assert!(!below(&requests, &format!("{EVIL}/contoso/_packaging/mirrored/")).is_empty(), "{said}");
    for path in [format!("{feed}@aside/"), format!("{feed}@plain/")] {
        let here = below(&requests, &path);
        assert!(!here.is_empty() && here.iter().all(|request| request.secrets.is_empty()), "{path}: {here:?}\n{said}");
    }
    // What is asked of feeds is asked of those that files name.
    let sources = job.sources();
    let checked = script(&mut job, &sources, "ado-entra-auth check").raw;
    assert!(checked.contains("gradle:   contoso/feed1 (unnamed/build.gradle): "), "{checked}");
    // A plugin that no repository has stops the build, once it has been asked for.
    emulator.clear_requests();
    let build = read(job.sources().join("build.gradle"))
        .replace("allprojects { conf", "plugins { id 'com.contoso.none' version '1' }\nallprojects { conf");
    write(&job, "build.gradle", build);
    let said = gradle(&emulator, &mut job, "--debug tried");
    let requests = emulator.requests();
    let plugins: Vec<LoggedRequest> = below(&requests, &format!("{feed}@plugins/")).into_iter().cloned().collect();
    assert!(!with_token(&plugins).is_empty(), "{said}\n{requests:?}");
    finish(&mut job);
    assert!(!job.home().join(SCRIPT).exists());
}

/// A daemon lives on when its build is done.
#[test]
fn a_daemon_serves_builds_of_the_job_and_keeps_no_token_beyond_it() {
    if !GRADLE.is_here() {
        return;
    }
    let emulator = emulator();
    let mut job = job(&emulator);
    GRADLE.set_up(&mut job, None);
    run(&emulator, &mut job, &GRADLE.step());
    let fetch = "--daemon -Dorg.gradle.daemon.idletimeout=60000 -q -p app --refresh-dependencies fetch";
    for _ in 0..2 {
        emulator.clear_requests();
        let said = gradle(&emulator, &mut job, fetch);
        assert!(!with_token(&emulator.requests()).is_empty(), "{said}");
    }
    finish(&mut job);
    emulator.clear_requests();
    let said = gradle(&emulator, &mut job, fetch);
    assert!(said.contains("401") && with_token(&emulator.requests()).is_empty(), "{said}");
    let said = gradle(&emulator, &mut job, "--stop");
    assert!(said.contains("1 Daemon stopped"), "{said}");
}

/// The script of a killed job, and the variables and PATH of one that is over.
#[test]
fn a_script_that_is_left_does_nothing() {
    if !GRADLE.is_here() {
        return;
    }
    let emulator = emulator();
    let mut killed = job(&emulator);
    GRADLE.set_up(&mut killed, None);
    let outcome = run(&emulator, &mut killed, &GRADLE.step());
    let left = read(killed.home().join(SCRIPT));
    let paths = outcome.paths_prepended.clone();
    killed.abandon();
    let mut other = next_job(&emulator, killed.root());
    assert_eq!(read(other.home().join(SCRIPT)), left);
    let path = [paths, vec![std::env::var("PATH").unwrap()]].concat().join(":");
    other.set_variable(Variable::public("PATH", &path));
    let folder = other.sources();
    write_file(&folder.join("build.gradle"), "task t { doLast { println 'ran' } }\n");
    let said = script(&mut other, &folder, "gradle -q t").raw;
    assert!(said.lines().any(|line| line == "ran") && !said.contains("AdoEntraAuth"), "{said}");
}

#[test]
fn gradle_is_chosen_by_what_its_files_name() {
    let feed = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/maven/v1";
    for (file, text, chosen) in [
        ("build.gradle.kts", format!("repositories {{ maven(\"{feed}\") }}"), true),
        (
            "settings.gradle",
            "maven { url \"https://pkgs.dev.azure.com/${org}/_packaging/f/maven/v1\" }".to_owned(),
            true,
        ),
        ("gradle.properties", format!("feed={}", feed.replace(':', "\\:")), true),
        ("buildSrc/src/main/java/Feeds.java", format!("String FEED = \"{feed}\";"), true),
        ("build.gradle", "repositories { mavenCentral() }".to_owned(), false),
        ("build.gradle", format!("// {feed}"), false),
        ("notes.txt", feed.to_owned(), false),
    ] {
        let emulator = emulator();
        let mut job = job(&emulator);
        write(&job, file, &text);
        let before = Snapshot::below(job.home());
        let outcome = run(&emulator, &mut job, &step());
        assert!(outcome.warnings.is_empty(), "{file}: {:?}", outcome.warnings);
        assert_eq!(job.home().join(SCRIPT).is_file(), chosen, "{file}: {text}");
        assert_eq!(outcome.log.contains("gradle"), chosen, "{}", outcome.log);
        finish(&mut job);
        before.assert_same(&Snapshot::below(job.home()), file);
    }
}

/// Microsoft's recorded cases: where theirs has a plugin fetch a token, ours is asked for it, and all is as before after the job.
#[test]
fn feeds_are_answered_for_where_theirs_has_a_plugin_fetch_the_token() {
    let sequences = vectors()["sequences"].as_array().unwrap().clone();
    let sequences = sequences.into_iter().filter(|case| text(case, "id").starts_with("seq-gradle"));
    let rows: Vec<_> = cases("gradle-").into_iter().chain(sequences).collect();
    assert_eq!(rows.len(), 2);
    for case in rows {
        let emulator = emulator();
        let mut job = job(&emulator);
        write_files(&job, &case["files_before"]);
        let before = Snapshot::of(&job);
        run(&emulator, &mut job, &step());
        let feed = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/maven/v1";
        let asked = format!("echo '{feed}' | gradle-credential-ado-entra-auth --gradle");
        assert!(is_answered(&emulator, &mut job, &asked), "{}", text(&case, "id"));
        finish(&mut job);
        before.assert_same(&Snapshot::of(&job), text(&case, "id"));
        assert!(!is_answered(&emulator, &mut job, &asked), "after the job");
    }
}

#[test]
fn another_organizations_feed_is_warned_of() {
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, "app/build.gradle", "maven { url 'https://pkgs.dev.azure.com/fabrikam/_packaging/feed1/maven/v1' }");
    let outcome = run(&emulator, &mut job, &step());
    assert!(
        warned(&outcome, &["gradle", "app/build.gradle", "fabrikam/feed1", "'organizations'"]),
        "{:?}",
        outcome.warnings
    );
    assert!(!job.home().join(SCRIPT).exists());
    finish(&mut job);
}

#[test]
fn the_jobs_own_user_folder_is_honoured_and_comes_back() {
    for below_workspace in [true, false] {
        let emulator = emulator();
        let mut job = job(&emulator);
        let folder =
            if below_workspace { job.sources().parent().unwrap().join("g h") } else { job.root().join("cache/g") };
        if !below_workspace {
            std::fs::create_dir_all(&folder).unwrap();
        }
        job.set_variable(Variable::public("GRADLE_USER_HOME", folder.to_str().unwrap()));
        let before = Snapshot::of(&job);
        let outcome = run(&emulator, &mut job, &step().input("tools", "gradle"));
        assert!(outcome.log.contains("Maven feeds of contoso"), "{}", outcome.log);
        assert!(folder.join("init.d/ado-entra-auth.init.gradle").is_file() && !job.home().join(SCRIPT).exists());
        let sources = job.sources();
        let checked = script(&mut job, &sources, "ado-entra-auth check").raw;
        assert!(
            !checked.contains("gradle") && !checked.contains("repositor"),
            "no file names what could be asked: {checked}"
        );
        finish(&mut job);
        before.assert_same(&Snapshot::of(&job), "after the job");
    }
}

#[test]
fn a_folder_that_cannot_be_written_stops_the_step_with_what_to_set() {
    let emulator = emulator();
    let mut job = job(&emulator);
    job.set_variable(Variable::public("GRADLE_USER_HOME", "/proc/none/gradle"));
    let outcome = job.run_task(&step().input("tools", "gradle")).unwrap();
    assert_eq!(outcome.result, StepResult::Failed, "{}", outcome.log);
    assert!(outcome.errors[0].contains("set GRADLE_USER_HOME to a folder of the agent's"), "{:?}", outcome.errors);
    assert_eq!(variable(&job, "ADO_ENTRA_TOKEN"), "");
    assert!(Path::new(&job.home()).exists());
    assert_nothing_sent_to(&emulator, EVIL);
}

#[test]
fn settings_that_lead_traffic_elsewhere_leave_gradle_without_a_token() {
    if !GRADLE.is_here() {
        return;
    }
    for users in [false, true] {
        let emulator = emulator();
        let mut job = job(&emulator);
        GRADLE.set_up(&mut job, None);
        // Nobody listens there.
        let settings = "systemPro\\u0070.https.proxyHost=127.0.0.1\norg.gradle.jvmargs=-Dhttps.proxyPort=9\n";
        if users {
            write_file(&job.home().join(".gradle/gradle.properties"), settings);
        } else {
            write(&job, "app/gradle.properties", settings);
        }
        let outcome = run(&emulator, &mut job, &GRADLE.step());
        let words = ["app/gradle.properties line 1", "https.proxyHost", "gradle gets no token", "remove that setting"];
        assert_eq!(warned(&outcome, &words), !users, "{:?}", outcome.warnings);
        assert_eq!(job.home().join(SCRIPT).exists(), users);
        if !users {
            // Whoever has the traffic.
            write(&job, "app/gradle.properties", "");
            emulator.clear_requests();
            let said = gradle(&emulator, &mut job, "-q -p app fetch");
            assert!(said.contains("401") && with_token(&emulator.requests()).is_empty(), "{said}");
        }
        finish(&mut job);
    }
}
