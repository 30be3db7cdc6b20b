//! Who sees a credential: the registry that it is for, and nobody beside it.

use ado_entra_auth_emulator::log::{Authorization, Held, LoggedRequest};
use ado_entra_auth_emulator::vault::SecretKind;
use ado_entra_auth_emulator::world::{Challenge, OTHER_TENANT, TENANT};
use ado_entra_auth_emulator::{Emulator, World};

use super::subjects::{Other, Subject, in_project};
use crate::support::{EVIL, carried, finish, job, run, warned, with_token};
use crate::tenants::of_two_tenants;

/// The world with a foreign host that asks for a credential.
pub fn that_asks(mut world: World) -> World {
    world.foreign_host_mut(EVIL).unwrap().challenge = Challenge::Basic;
    world
}

/// The requests to paths of fabrikam, which is another organization than the feed's.
fn of_fabrikam(requests: &[LoggedRequest]) -> Vec<&LoggedRequest> {
    requests.iter().filter(|request| request.path.starts_with("/fabrikam")).collect()
}

pub fn a_foreign_registry_beside_the_feed_sees_no_token(subject: &Subject) {
    let emulator = Emulator::start(that_asks(subject.world())).unwrap();
    let mut job = job(&emulator);
    subject.set_up(&mut job, Some(Other::Foreign));
    run(&emulator, &mut job, &subject.step());
    emulator.clear_requests();
    let said = subject.ask(&mut job, Other::Foreign);
    let asked = emulator.requests_to(EVIL);
    assert!(
        asked.iter().any(|request| request.status == 401),
        "it was asked, and challenged: {said}\n{:?}",
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

pub fn a_foreign_registry_sees_the_credential_that_the_user_has_for_it(subject: &Subject) {
    let emulator = Emulator::start(that_asks(subject.world())).unwrap();
    let mut job = job(&emulator);
    subject.set_up(&mut job, Some(Other::Foreign));
    subject.add_users_own(&job);
    run(&emulator, &mut job, &subject.step());
    emulator.clear_requests();
    let said = subject.ask(&mut job, Other::Foreign);
    let users = |request: &&LoggedRequest| {
        matches!(
            request.authorization,
            Authorization::Basic { password: Held::Unknown, .. } | Authorization::Bearer { credential: Held::Unknown }
        )
    };
    let (theirs, ours) = (emulator.requests_to(EVIL), with_token(&emulator.requests()).len());
    assert!(theirs.iter().any(|request| users(&request) && request.status != 401), "{said}\n{theirs:?}");
    assert!(!emulator.secret_was_sent_to(EVIL), "{theirs:?}");
    let strayed: Vec<_> =
        emulator.requests().into_iter().filter(|request| users(&request) && request.host != EVIL).collect();
    assert!(strayed.is_empty(), "the user's goes nowhere else: {strayed:?}");
    assert!(ours > 0, "the feed beside it was reached");
    finish(&mut job);
    for (path, content) in (subject.users_own)() {
        assert_eq!(std::fs::read(job.root().join(path)).unwrap(), content, "{path}");
    }
}

pub fn an_organization_that_is_not_permitted_sees_no_token(subject: &Subject) {
    let emulator = Emulator::start(subject.world()).unwrap();
    let mut job = job(&emulator);
    subject.set_up(&mut job, Some(Other::Unpermitted));
    let outcome = run(&emulator, &mut job, &subject.step());
    // git's own addresses stand in no file here.
    let said = warned(&outcome, &["app/", "fabrikam/feed1", "'organizations'"]);
    assert!(said || subject.tool == "git", "{:?}", outcome.warnings);
    emulator.clear_requests();
    let said = subject.ask(&mut job, Other::Unpermitted);
    let requests = emulator.requests();
    let theirs = of_fabrikam(&requests);
    let shown = theirs.iter().any(|request| !request.secrets.is_empty());
    assert!(!theirs.is_empty() && shown == subject.limits.mixes_organizations, "{said}\n{theirs:?}");
    assert!(!with_token(&requests).is_empty(), "contoso was reached");
}

/// By a command that names an address no file has. It lies on the host of the feed.
pub fn an_organization_that_is_asked_directly_sees_no_token(subject: &Subject) {
    let emulator = Emulator::start(subject.world()).unwrap();
    let mut job = job(&emulator);
    subject.set_up(&mut job, None);
    run(&emulator, &mut job, &subject.step());
    emulator.clear_requests();
    let said = subject.ask_directly(&mut job, Other::Unpermitted);
    let requests = emulator.requests();
    let theirs = of_fabrikam(&requests);
    assert!(!theirs.is_empty(), "{said}\n{requests:?}");
    let shown = theirs.iter().any(|request| !request.secrets.is_empty());
    assert_eq!(shown, subject.limits.shows_whole_host, "{said}\n{theirs:?}");
}

pub fn each_organization_sees_the_token_of_its_own_tenant(subject: &Subject) {
    let emulator = Emulator::start(subject.world()).unwrap();
    let mut job = job(&emulator);
    subject.set_up(&mut job, Some(Other::Permitted));
    let step = of_two_tenants("clientSecret").input("organizations", "fabrikam").input("tools", subject.tool);
    let outcome = run(&emulator, &mut job, &step);
    assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
    emulator.clear_requests();
    let said = subject.ask(&mut job, Other::Permitted);
    for proof in [subject.proof, subject.proof_of_other] {
        assert!(in_project(&mut job, proof).0, "{proof}\n{said}\n{:?}", emulator.requests());
    }
    let mut mixed = false;
    for request in emulator.requests() {
        let own = if request.path.starts_with("/fabrikam/") { OTHER_TENANT } else { TENANT };
        let tokens = carried(&emulator, &request, &SecretKind::AccessToken);
        mixed |= tokens.iter().any(|claims| claims["tid"] != own);
    }
    assert_eq!(mixed, subject.limits.mixes_organizations, "{:?}", emulator.requests());
}
