//! Where the token is of use, and where it lies.

use ado_entra_auth_emulator::{Effect, Emulator, Fault, Target};

use super::apart::that_asks;
use super::subjects::{Away, Subject, in_project};
use crate::support::{EVIL, Snapshot, finish, job, leaks_below, run, script, with_token};

pub fn fetches_in_a_later_step_with_the_token_in_no_file_and_not_after_the_job(subject: &Subject) {
    let emulator = Emulator::start(subject.world()).unwrap();
    let mut job = job(&emulator);
    subject.set_up(&mut job, None);
    let checkout = Snapshot::below(&job.sources());
    let home = Snapshot::below(job.home());
    let outcome = run(&emulator, &mut job, &subject.step());
    assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
    checkout.assert_same(&Snapshot::below(&job.sources()), "the checkout");
    assert_eq!(home != Snapshot::below(job.home()), subject.changes_home);
    let names: Vec<&str> = outcome.variables_set.iter().map(|variable| variable.name.as_str()).collect();
    assert!(names.iter().any(|name| name.ends_with(subject.served_by)), "{names:?}");
    let sources = job.sources();
    let environment = script(&mut job, &sources, "env").raw;
    let holding: Vec<&str> =
        environment.lines().filter(|line| !emulator.leaks_in(line.as_bytes()).is_empty()).collect();
    // What a client must be pointed to.
    let is_said = |line: &&str| subject.held_in.is_some_and(|name| line.starts_with(name));
    assert!(holding.iter().all(is_said) && holding.len() == subject.holders(), "{holding:?}");
    assert_eq!(leaks_below(&emulator, job.root()), Vec::<String>::new());
    emulator.clear_requests();
    let (fetched, said) = subject.fetches(&mut job);
    assert!(fetched, "{said}\n{:?}", emulator.requests());
    assert!(!with_token(&emulator.requests()).is_empty());
    assert!(emulator.requests_astray().is_empty(), "{:?}", emulator.requests_astray());
    let below = |folder: &str| job.root().join(folder).display().to_string();
    let is_said = |leak: &String| subject.limits.writes_down_in.is_some_and(|folder| leak.starts_with(&below(folder)));
    let leaks = leaks_below(&emulator, job.root());
    assert!(leaks.iter().all(is_said), "after a fetch: {leaks:?}");
    assert_eq!(!leaks.is_empty(), subject.limits.writes_down_in.is_some(), "what docs/limits.md says is so no more");
    finish(&mut job);
    emulator.clear_requests();
    let (fetched, said) = subject.fetches(&mut job);
    assert!(!fetched && !emulator.requests().is_empty(), "after the job: {said}");
    assert!(with_token(&emulator.requests()).is_empty(), "after the job");
}

pub fn publishes_where_it_can(subject: &Subject) {
    let Some(publish) = subject.publish else { return };
    let emulator = Emulator::start(subject.world()).unwrap();
    let mut job = job(&emulator);
    subject.set_up(&mut job, None);
    run(&emulator, &mut job, &subject.step());
    emulator.clear_requests();
    let (published, said) = in_project(&mut job, publish);
    let requests = emulator.requests();
    let is_upload = |method: &str, path: &str| {
        method == "PUT" || path.ends_with("/git-receive-pack") || path.ends_with("/pypi/upload/")
    };
    let stored = |status: u16| (200..300).contains(&status);
    let mut uploads = requests.iter().filter(|request| is_upload(&request.method, &request.path));
    assert!(
        published && uploads.any(|request| stored(request.status) && request.authorization.is_token()),
        "{said}\n{requests:?}"
    );
}

/// Not what we do, but what each client does by itself: a promise where nothing is listed, else a limit that docs/limits.md says.
pub fn a_redirect_of_the_service_takes_the_token_no_further_than_is_said(subject: &Subject) {
    let ways = [
        (Away::Http, Effect::RedirectToHttp(302)),
        (Away::Port, Effect::RedirectToPort(302, 444)),
        (Away::Stranger, Effect::Redirect(302, EVIL.into())),
    ];
    let emulator = Emulator::start(that_asks(subject.world())).unwrap();
    let mut job = job(&emulator);
    subject.set_up(&mut job, None);
    run(&emulator, &mut job, &subject.step());
    let host = if subject.tool == "git" { "dev.azure.com" } else { "pkgs.dev.azure.com" };
    let keeps_on: Vec<Away> = ways
        .into_iter()
        .filter_map(|(away, effect)| {
            emulator.clear_requests();
            emulator.end_faults();
            let fault = emulator.fault(Fault::new(Target::Host(host.into()), effect));
            let (_, said) = subject.fetches(&mut job);
            assert!(emulator.fired(fault) > 0, "{away:?}: {said}");
            let followed = emulator.requests_astray().into_iter().chain(emulator.requests_to(EVIL));
            (!with_token(&followed.collect::<Vec<_>>()).is_empty()).then_some(away)
        })
        .collect();
    assert_eq!(keeps_on, subject.limits.keeps_on);
}
