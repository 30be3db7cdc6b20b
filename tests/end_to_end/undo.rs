//! After the job everything is as before: files, modes, links, variables.

use ado_entra_auth_emulator::Emulator;
use ado_entra_auth_emulator::agent::{Job, JobOptions, Variable};
use ado_entra_auth_emulator::world::SECOND_CONNECTION;

use crate::modes::{link, mode, set_mode};
use crate::support::{
    Snapshot, assert_succeeded, bare_step, emulator, finish, is_program, job, named, next_job, read, run, script, step,
    step_with_env, variable, warned, write, write_file,
};

pub const NPMRC: &str = "@contoso:registry=https://pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/\n";
pub const NUGET: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<configuration><packageSources><clear /><add key="feed1" value="https://pkgs.dev.azure.com/contoso/_packaging/feed1/nuget/v3/index.json" /></packageSources></configuration>
"#;
pub const POM: &str = r"<project><modelVersion>4.0.0</modelVersion><groupId>shop</groupId><artifactId>shop</artifactId><version>1</version>
<packaging>pom</packaging><repositories><repository><id>feed1</id>
<url>https://pkgs.dev.azure.com/contoso/_packaging/feed1/maven/v1</url></repository></repositories></project>
";
pub const CARGO: &str =
    "[registries]\nfeed1 = { index = \"sparse+https://pkgs.dev.azure.com/contoso/_packaging/feed1/Cargo/index/\" }\n";
pub const SETTINGS: &str = "<?xml version=\"1.0\"?>\r\n<!-- mine -->\r\n<settings>\r\n  <servers>\r\n    <server><id>other</id>\
    <password>{abc=}</password></server>\r\n  </servers>\r\n</settings>";

/// A checkout that names a feed for every tool.
pub fn fill_checkout(job: &Job<'_>) {
    write(job, ".npmrc", NPMRC);
    write(job, "package.json", r#"{"name":"shop","version":"1.0.0"}"#);
    write(job, "app/nuget.config", NUGET);
    write(job, "pom.xml", POM);
    write(job, ".cargo/config.toml", CARGO);
}

/// A home folder and a workspace in which the user keeps files of each tool.
pub fn fill_home(job: &Job<'_>) {
    write_file(&job.home().join(".npmrc"), "; mine\nfund=false");
    write_file(&job.home().join(".m2/settings.xml"), SETTINGS);
    set_mode(&job.home().join(".m2/settings.xml"), 0o640);
    write_file(&job.home().join(".gitconfig"), "[user]\n\tname = me\n");
    write_file(&job.root().join("_work/1/nuget.config"), "\u{feff}<configuration>\r\n</configuration>");
}

/// A job whose checkout and home hold what the step reads and changes.
fn filled_job(emulator: &Emulator) -> Job<'_> {
    let job = job(emulator);
    fill_checkout(&job);
    fill_home(&job);
    job
}

#[test]
fn everything_is_as_before_after_the_job() {
    for (filled, mode) in [(false, "helper"), (true, "helper"), (true, "extraHeader")] {
        let emulator = emulator();
        let mut job = job(&emulator);
        fill_checkout(&job);
        if filled {
            fill_home(&job);
            job.set_variable(Variable::public("GIT_CONFIG_COUNT", "1"));
            job.set_variable(Variable::public("GIT_CONFIG_KEY_0", "user.email"));
            job.set_variable(Variable::public("GIT_CONFIG_VALUE_0", "me@contoso.example"));
            job.set_variable(Variable::public(
                "NPM_CONFIG_USERCONFIG",
                &job.home().join(".npmrc").display().to_string(),
            ));
            let endpoints = r#"{"endpointCredentials":[{"endpoint":"https://registry.example.com/","password":"x"}]}"#;
            job.set_variable(Variable::public("VSS_NUGET_EXTERNAL_FEED_ENDPOINTS", endpoints));
            job.set_variable(Variable::public("MAVEN_ARGS", "-B"));
        }
        let sources = job.sources();
        script(
            &mut job,
            &sources,
            "git init -q && git add -A && git -c user.name=a -c user.email=a@b commit -qm first",
        );
        let before = Snapshot::of(&job);
        let sources_before = Snapshot::below(&sources);
        let outcome = run(&emulator, &mut job, &step().input("gitCredential", mode));
        assert!(outcome.variables_set.len() > 8, "{}", outcome.log);
        for tool in ["npm:", "maven:", "nuget:", "cargo:", "git:"] {
            assert!(outcome.log.contains(tool), "{}", outcome.log);
        }
        // The checkout is never touched.
        sources_before.assert_same(&Snapshot::below(&sources), "the checkout after the step");
        assert_eq!(script(&mut job, &sources, "git status --porcelain").raw, "");
        finish(&mut job);
        before.assert_same(&Snapshot::of(&job), &format!("after the job, filled {filled}, {mode}"));
    }
}

#[test]
fn a_linked_settings_file_stays_a_link_and_modes_stay() {
    let emulator = emulator();
    let mut job = job(&emulator);
    fill_checkout(&job);
    let real = job.home().join("dotfiles/maven.xml");
    write_file(&real, SETTINGS);
    set_mode(&real, 0o604);
    std::fs::create_dir_all(job.home().join(".m2")).unwrap();
    link("../dotfiles/maven.xml", job.home().join(".m2/settings.xml")).unwrap();
    let before = Snapshot::of(&job);
    run(&emulator, &mut job, &step());
    assert!(job.home().join(".m2/settings.xml").is_symlink());
    assert!(read(&real).contains("<id>feed1</id>"), "{}", read(&real));
    assert_eq!(mode(&real), 0o604);
    finish(&mut job);
    before.assert_same(&Snapshot::of(&job), "after the job");
}

#[test]
fn several_steps_are_undone_in_either_order() {
    for (first, second) in [(false, true), (true, false), (false, false)] {
        let emulator = emulator();
        let mut job = filled_job(&emulator);
        let before = Snapshot::of(&job);
        let with = |other: bool| {
            if other { bare_step().connection("azureDevOpsServiceConnection", SECOND_CONNECTION) } else { step() }
        };
        let (one, two) = (named(&with(first), "one"), named(&with(second), "two"));
        run(&emulator, &mut job, &one);
        run(&emulator, &mut job, &two);
        finish(&mut job);
        before.assert_same(&Snapshot::of(&job), "last in, first out");

        // The order that the agent does not use today: each post-job part as a job step of its own.
        let mut job = next_job(&emulator, job.root());
        let before = Snapshot::of(&job);
        run(&emulator, &mut job, &one);
        run(&emulator, &mut job, &two);
        for step in [&one, &two] {
            let mut post = step.clone();
            post.command = post.post_command.take().unwrap();
            assert_succeeded(&job.run_task(&post).unwrap());
        }
        before.assert_same(&Snapshot::of(&job), "first in, first out");
    }
}

#[test]
fn the_post_job_part_alone_does_nothing() {
    let emulator = emulator();
    let mut job = filled_job(&emulator);
    let before = Snapshot::of(&job);
    job.skip_task(&step());
    finish(&mut job);
    before.assert_same(&Snapshot::of(&job), "the step was skipped");
}

/// What a hostile step could write into the post-job part's task variable, it cannot: but a wrong value must harm nothing.
#[test]
fn the_post_job_part_touches_only_runs_of_this_agent() {
    let emulator = emulator();
    let mut job = job(&emulator);
    let victim = job.root().join("ado-entra-auth-0123456789abcdef");
    write_file(&victim.join("keep"), "x");
    set_mode(&victim, 0o700);
    let planted = job.temp().join("ado-entra-auth-fedcba9876543210");
    link(&victim, &planted).unwrap();
    for value in
        [victim.clone(), planted, job.home().to_path_buf(), "/".into(), "ado-entra-auth-0123456789abcdef".into()]
    {
        let mut step = step_with_env(&[&format!("VSTS_TASKVARIABLE_ADO_ENTRA_AUTH_RUN={}", value.display())]);
        *step.command.last_mut().unwrap() = "post".into();
        let outcome = job.run_task(&step).unwrap();
        assert_succeeded(&outcome);
        assert_eq!(read(victim.join("keep")), "x", "{}", value.display());
    }
}

#[test]
fn a_failed_step_can_be_tried_again() {
    let emulator = emulator();
    let mut job = filled_job(&emulator);
    let before = Snapshot::of(&job);
    let fault = ado_entra_auth_emulator::Fault::new(
        ado_entra_auth_emulator::Endpoint::Token,
        ado_entra_auth_emulator::Effect::entra(7_000_112),
    );
    emulator.fault(fault);
    crate::support::assert_refused(&emulator, &mut job, &step(), &["AADSTS7000112"]);
    emulator.end_faults();
    run(&emulator, &mut job, &step());
    finish(&mut job);
    before.assert_same(&Snapshot::of(&job), "failure, then success");
}

#[test]
fn what_the_user_changes_meanwhile_stays() {
    let emulator = emulator();
    let mut job = filled_job(&emulator);
    run(&emulator, &mut job, &step());
    let settings = job.home().join(".m2/settings.xml");
    let edited = read(&settings).replace("</settings>", "<offline>true</offline></settings>");
    std::fs::write(&settings, edited).unwrap();
    job.set_variable(Variable::public("NPM_CONFIG_USERCONFIG", "/the/users/own"));
    finish(&mut job);
    assert_eq!(read(&settings), SETTINGS.replace("</settings>", "<offline>true</offline></settings>"));
    assert_eq!(variable(&job, "NPM_CONFIG_USERCONFIG"), "/the/users/own");
    assert!(!job.home().join(".ado-entra-auth").exists());

    // Deleted, it stays deleted.
    let mut job = next_job(&emulator, job.root());
    run(&emulator, &mut job, &step());
    std::fs::remove_file(&settings).unwrap();
    finish(&mut job);
    assert!(!settings.exists() && !job.home().join(".ado-entra-auth").exists());
}

#[test]
fn what_the_user_did_to_our_entry_is_left_and_said() {
    let emulator = emulator();
    let mut job = filled_job(&emulator);
    run(&emulator, &mut job, &step());
    let settings = job.home().join(".m2/settings.xml");
    let edited = read(&settings).replace("<id>feed1</id>", "<id>feed1</id><!-- mine now -->");
    assert_ne!(edited, read(&settings));
    std::fs::write(&settings, &edited).unwrap();
    let outcomes = job.finish().unwrap();
    assert_eq!(read(&settings), edited);
    assert!(
        outcomes[0].warnings.iter().any(|w| w.contains("settings.xml") && w.contains("feed1")),
        "{:?}",
        outcomes[0].warnings
    );
}

#[test]
fn a_file_that_a_folder_has_replaced_is_a_warning() {
    let emulator = emulator();
    let mut job = filled_job(&emulator);
    run(&emulator, &mut job, &step());
    let settings = job.home().join(".m2/settings.xml");
    std::fs::remove_file(&settings).unwrap();
    std::fs::create_dir(&settings).unwrap();
    let outcomes = job.finish().unwrap();
    outcomes.iter().for_each(assert_succeeded);
    assert!(outcomes.iter().any(|outcome| warned(outcome, &["settings.xml"])), "{outcomes:?}");
    assert!(settings.is_dir());
}

/// `umask 000` gives away whatever is made without a mode.
#[test]
fn private_files_are_private_from_the_start() {
    let emulator = emulator();
    let mut job = job(&emulator);
    fill_checkout(&job);
    let before = Snapshot::below(job.root());
    let mut step = step();
    step.command =
        crate::support::words(&["bash", "-c", &format!("umask 000; exec '{}' task", crate::support::BINARY)]);
    run(&emulator, &mut job, &step);
    let new = before.new_in(&Snapshot::below(job.root()));
    assert!(new.len() > 3 && new.iter().any(|(path, _)| path.ends_with(".m2")), "{new:?}");
    for (path, mode) in new {
        // The program is no secret, and the task's own file by another name.
        assert!(mode.trailing_zeros() >= 6 || is_program(&path), "{}: {mode:o}", path.display());
    }
    finish(&mut job);
}

/// Names in the temporary folder that somebody else took are not followed or removed.
#[test]
fn links_planted_in_the_temporary_folder_are_not_followed() {
    let emulator = emulator();
    let mut job = Job::new(&emulator, JobOptions::default()).unwrap();
    let victim = job.root().join("victim");
    write_file(&victim.join("keep"), "x");
    link(&victim, job.temp().join("ado-entra-auth-00112233445566aa")).unwrap();
    std::fs::create_dir(job.temp().join("ado-entra-auth-00112233445566bb")).unwrap();
    run(&emulator, &mut job, &step());
    assert_eq!(read(victim.join("keep")), "x");
    assert!(job.temp().join("ado-entra-auth-00112233445566aa").is_symlink());
    finish(&mut job);
}

/// Whatever a settings file is encoded in, as long as what we look for is ASCII there.
#[test]
fn a_settings_file_in_latin_1_comes_back() {
    let emulator = emulator();
    let mut job = job(&emulator);
    fill_checkout(&job);
    let latin = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<settings><!-- M\xfcller -->\n</settings>".to_vec();
    let settings = job.home().join(".m2/settings.xml");
    write_file(&settings, &latin);
    run(&emulator, &mut job, &step());
    let written = std::fs::read(&settings).unwrap();
    assert!(written.len() > latin.len() && written.windows(8).any(|bytes| bytes == b"M\xfcller -"), "kept as it was");
    finish(&mut job);
    assert_eq!(std::fs::read(&settings).unwrap(), latin);
}

/// As in a container that is given one file of its host's: nothing can take the file's place.
#[test]
fn a_settings_file_that_is_mounted_by_itself_is_put_back() {
    if !crate::namespaces::available() {
        return;
    }
    let emulator = emulator();
    let mut job = filled_job(&emulator);
    let before = Snapshot::of(&job);
    let settings = job.home().join(".m2/settings.xml");
    let step = crate::namespaces::wholly_mounted(step(), "mount --bind \"$0\" \"$0\"", &settings);
    run(&emulator, &mut job, &step);
    assert!(read(&settings).contains("<id>feed1</id>"), "{}", read(&settings));
    finish(&mut job);
    before.assert_same(&Snapshot::of(&job), "after the job");
}

#[test]
fn a_settings_file_with_a_second_name_stays_one_file() {
    let emulator = emulator();
    let mut job = filled_job(&emulator);
    let settings = job.home().join(".m2/settings.xml");
    let second = job.home().join("dotfiles.xml");
    std::fs::hard_link(&settings, &second).unwrap();
    let before = Snapshot::of(&job);
    run(&emulator, &mut job, &step());
    assert!(read(&second).contains("<id>feed1</id>"));
    finish(&mut job);
    before.assert_same(&Snapshot::of(&job), "after the job");
    std::fs::write(&settings, "one file").unwrap();
    assert_eq!(read(&second), "one file");
}

/// Whatever became of it, the post-job part says it once, and no later job fails for it.
#[test]
fn a_damaged_entry_of_the_journal_is_said_once_and_stops_nobody() {
    for at_post in [true, false] {
        for damage in ["", "garbage", "flipped"] {
            let emulator = emulator();
            let mut job = filled_job(&emulator);
            let settings = job.home().join(".m2/settings.xml");
            run(&emulator, &mut job, &step());
            let journal = job.home().join(".ado-entra-auth");
            let entries = std::fs::read_dir(&journal).unwrap().map(|entry| entry.unwrap().path());
            let entry = entries.into_iter().find(|path| path.extension().is_some_and(|kind| kind == "json")).unwrap();
            let mut bytes = std::fs::read(&entry).unwrap();
            match damage {
                "flipped" => bytes[100] ^= 1,
                other => bytes = other.as_bytes().to_vec(),
            }
            std::fs::write(&entry, bytes).unwrap();
            let warnings = if at_post {
                job.finish().unwrap().remove(0).warnings
            } else {
                job.abandon();
                let mut next = next_job(&emulator, job.root());
                let warnings = run(&emulator, &mut next, &step().input("tools", "git")).warnings;
                finish(&mut next);
                warnings
            };
            let said: Vec<_> = warnings.iter().filter(|warning| warning.contains("damaged")).collect();
            assert_eq!((said.len(), warnings.len()), (1, 1), "{warnings:?}");
            assert!(said[0].contains("settings.xml is as it was before"), "{said:?}");
            assert_eq!(read(&settings), SETTINGS);
            let mut next = next_job(&emulator, job.root());
            assert_eq!(run(&emulator, &mut next, &step()).warnings, Vec::<String>::new());
            assert!(read(&settings).contains("<id>feed1</id>"));
            finish(&mut next);
            assert_eq!(read(&settings), SETTINGS);
        }
    }
}
