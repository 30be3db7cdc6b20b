//! Where the token goes, and where it does not.

use ado_entra_auth_emulator::log::{Authorization, Held};
use ado_entra_auth_emulator::world::Challenge;
use ado_entra_auth_emulator::{Effect, Emulator, Fault, Target, World};

use super::subjects::{Away, Other, Subject, in_project};
use crate::support::{
    EVIL, Snapshot, emulator_with_repositories, finish, job, leaks_below, run, script, warned, with_token,
};

pub fn fetches_in_a_later_step_and_not_after_the_job(subject: &Subject) {
    let emulator = emulator_with_repositories();
    let mut job = job(&emulator);
    subject.set_up(&mut job, None);
    let checkout = Snapshot::below(&job.sources());
    let outcome = run(&emulator, &mut job, &subject.step());
    assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
    checkout.assert_same(&Snapshot::below(&job.sources()), "the checkout");
    emulator.clear_requests();
    let (fetched, said) = subject.fetches(&mut job);
    assert!(fetched, "{said}\n{:?}", emulator.requests());
    assert!(!with_token(&emulator.requests()).is_empty());
    assert!(emulator.requests_astray().is_empty(), "{:?}", emulator.requests_astray());
    finish(&mut job);
    emulator.clear_requests();
    let (fetched, said) = subject.fetches(&mut job);
    assert!(!fetched && !emulator.requests().is_empty(), "after the job: {said}");
    assert!(with_token(&emulator.requests()).is_empty(), "after the job");
}

pub fn publishes_where_it_can(subject: &Subject) {
    let Some(publish) = subject.publish else { return };
    let emulator = emulator_with_repositories();
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

pub fn a_foreign_registry_beside_the_feed_sees_no_token(subject: &Subject) {
    let mut world = World::sample_with_repositories();
    world.foreign_host_mut(EVIL).unwrap().challenge = Challenge::Basic;
    let emulator = Emulator::start(world).unwrap();
    let mut job = job(&emulator);
    subject.set_up(&mut job, Some(Other::Foreign));
    run(&emulator, &mut job, &subject.step());
    emulator.clear_requests();
    subject.ask(&mut job, Other::Foreign);
    let asked = emulator.requests_to(EVIL);
    assert!(
        asked.iter().any(|request| request.status == 401),
        "it was asked, and challenged: {:?}",
        emulator.requests()
    );
    // NuGet itself answers a challenge with an empty name and an empty password.
    let nothing = |sent: &Authorization| {
        matches!(sent, Authorization::None | Authorization::Basic { password: Held::Nothing, .. })
    };
    assert!(asked.iter().all(|request| request.secrets.is_empty() && nothing(&request.authorization)), "{asked:?}");
    assert!(!emulator.secret_was_sent_to(EVIL));
    assert!(!with_token(&emulator.requests()).is_empty(), "the feed beside it was reached");
}

pub fn an_organization_that_is_not_permitted_sees_no_token(subject: &Subject) {
    let emulator = emulator_with_repositories();
    let mut job = job(&emulator);
    subject.set_up(&mut job, Some(Other::Unpermitted));
    let outcome = run(&emulator, &mut job, &subject.step());
    // git's own addresses stand in no file here.
    let said = warned(&outcome, &["app/", "fabrikam/feed1", "'organizations'"]);
    assert!(said || subject.tool == "git", "{:?}", outcome.warnings);
    emulator.clear_requests();
    subject.ask(&mut job, Other::Unpermitted);
    let requests = emulator.requests();
    let theirs: Vec<_> = requests.iter().filter(|request| request.path.starts_with("/fabrikam")).collect();
    assert!(!theirs.is_empty() && theirs.iter().all(|request| request.secrets.is_empty()), "{theirs:?}");
    assert!(!with_token(&requests).is_empty(), "contoso was reached");
}

/// Not what we do, but what each client does by itself: a promise where nothing is listed, else a limit that README says.
pub fn a_redirect_of_the_service_takes_the_token_no_further_than_is_said(subject: &Subject) {
    let ways = [
        (Away::Http, Effect::RedirectToHttp(302)),
        (Away::Port, Effect::RedirectToPort(302, 444)),
        (Away::Stranger, Effect::Redirect(302, EVIL.into())),
    ];
    let keeps_on: Vec<Away> = ways
        .into_iter()
        .filter_map(|(away, effect)| {
            let mut world = World::sample_with_repositories();
            world.foreign_host_mut(EVIL).unwrap().challenge = Challenge::Basic;
            let emulator = Emulator::start(world).unwrap();
            let mut job = job(&emulator);
            subject.set_up(&mut job, None);
            run(&emulator, &mut job, &subject.step());
            emulator.clear_requests();
            let host = if subject.tool == "git" { "dev.azure.com" } else { "pkgs.dev.azure.com" };
            let fault = emulator.fault(Fault::new(Target::Host(host.into()), effect));
            let (_, said) = subject.fetches(&mut job);
            assert!(emulator.fired(fault) > 0, "{away:?}: {said}");
            let followed = emulator.requests_astray().into_iter().chain(emulator.requests_to(EVIL));
            (!with_token(&followed.collect::<Vec<_>>()).is_empty()).then_some(away)
        })
        .collect();
    assert_eq!(keeps_on, subject.keeps_on);
}

pub fn the_token_is_in_no_file_and_in_no_variable_that_has_a_name(subject: &Subject) {
    let emulator = emulator_with_repositories();
    let mut job = job(&emulator);
    subject.set_up(&mut job, None);
    run(&emulator, &mut job, &subject.step());
    let sources = job.sources();
    let environment = script(&mut job, &sources, "env").raw;
    let holding: Vec<&str> =
        environment.lines().filter(|line| !emulator.leaks_in(line.as_bytes()).is_empty()).collect();
    if subject.asks_a_helper {
        assert_eq!(holding, Vec::<&str>::new());
    }
    // What a client must be pointed to.
    assert!(holding.iter().all(|line| line.starts_with("ADO_ENTRA_AUTH_")) && holding.len() < 2, "{holding:?}");
    assert_eq!(leaks_below(&emulator, job.root()), Vec::<String>::new());
    let (fetched, said) = subject.fetches(&mut job);
    assert!(fetched, "{said}");
    assert_eq!(leaks_below(&emulator, job.root()), Vec::<String>::new(), "after a fetch");
    finish(&mut job);
}
