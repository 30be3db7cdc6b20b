//! What can happen to any answer on its way, at every place that is asked: an error with a name within the step's limit, or no harm.

use std::path::Path;
use std::time::{Duration, Instant};

use ado_entra_auth_emulator::agent::{Job, JobOptions};
use ado_entra_auth_emulator::message::Answer;
use ado_entra_auth_emulator::world::{MACHINE_IDENTITY, TenantHeader};
use ado_entra_auth_emulator::{Effect, Endpoint, Fault, Machine, RunningMachine, Target};

use super::case::{Asked, asked, assert_explained};
use super::kind::Kind;
use crate::support::{LIMIT, assert_refused, emulator, run, side_by_side, write};

/// Where something happens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    Assertion,
    /// The question for an organization's tenant, where the identity has one of its own.
    Tenant,
    /// The same, where it has none.
    OnlyTenant,
    Token,
    Organization,
    Imds,
    AppService,
    ArcChallenge,
    ServiceFabric,
}

const PLACES: [Place; 9] = [
    Place::Assertion,
    Place::Tenant,
    Place::OnlyTenant,
    Place::Token,
    Place::Organization,
    Place::Imds,
    Place::AppService,
    Place::ArcChallenge,
    Place::ServiceFabric,
];

/// What happens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Trouble {
    Stall,
    Trickle,
    Throttle,
    Half,
    HalfAText,
    Huge,
    Page,
    Empty,
    Reset,
    /// The right answer under the name of a page.
    Mislabelled,
}

/// Those that take longest first.
const TROUBLES: [Trouble; 10] = [
    Trouble::Stall,
    Trouble::Trickle,
    Trouble::Throttle,
    Trouble::Half,
    Trouble::HalfAText,
    Trouble::Huge,
    Trouble::Page,
    Trouble::Empty,
    Trouble::Reset,
    Trouble::Mislabelled,
];

impl Place {
    fn kind(self) -> Kind {
        fn imds(_: &Path) -> Machine {
            Machine::imds().identity(MACHINE_IDENTITY)
        }
        fn app_service(_: &Path) -> Machine {
            Machine::app_service().identity(MACHINE_IDENTITY)
        }
        fn arc(folder: &Path) -> Machine {
            Machine::arc().identity(MACHINE_IDENTITY).writing_keys_to(folder)
        }
        fn service_fabric(_: &Path) -> Machine {
            Machine::service_fabric().identity(MACHINE_IDENTITY)
        }
        match self {
            Self::Assertion | Self::Tenant | Self::Token | Self::Organization => Kind::Connection,
            Self::OnlyTenant => Kind::Federated,
            Self::Imds => Kind::Machine(imds),
            Self::AppService => Kind::Machine(app_service),
            Self::ArcChallenge => Kind::Machine(arc),
            Self::ServiceFabric => Kind::Machine(service_fabric),
        }
    }

    fn endpoint(self) -> Option<Endpoint> {
        match self {
            Self::Assertion => Some(Endpoint::Oidc),
            Self::Tenant | Self::OnlyTenant => Some(Endpoint::Organization),
            Self::Token => Some(Endpoint::Token),
            Self::Organization => Some(Endpoint::ConnectionData),
            Self::Imds | Self::AppService | Self::ArcChallenge | Self::ServiceFabric => None,
        }
    }

    /// What the error is called; nothing where the step succeeds.
    fn outcome(self, trouble: Trouble) -> Option<&'static str> {
        let not_json = || match self {
            Self::Assertion => "oidc-not-an-assertion",
            Self::Token => "entra-not-json",
            Self::Organization => "organization-not-json",
            _ => "managed-identity-not-a-token",
        };
        match (self, trouble) {
            // The proof of the connection says its own tenant.
            (Self::Tenant, _) | (_, Trouble::Mislabelled) => None,
            (Self::OnlyTenant, _) => Some("AADSTS50194"),
            (Self::Imds, Trouble::Stall | Trouble::Trickle) => Some("imds-unreachable"),
            (Self::Assertion, Trouble::Throttle) => Some("oidc-busy"),
            (Self::Token, Trouble::Throttle) => Some("entra-throttled"),
            (Self::Organization, Trouble::Throttle) => Some("TF400733"),
            (Self::Imds, Trouble::Throttle) => Some("imds-throttled"),
            (Self::AppService | Self::ServiceFabric, Trouble::Throttle) => Some("managed-identity-refused"),
            (Self::ArcChallenge, Trouble::Throttle | Trouble::Page | Trouble::Empty | Trouble::HalfAText) => {
                Some("arc-no-challenge")
            }
            (_, Trouble::Page | Trouble::Empty | Trouble::HalfAText) => Some(not_json()),
            (Self::Imds | Self::AppService | Self::ArcChallenge | Self::ServiceFabric, _) => {
                Some("managed-identity-unanswered")
            }
            (_, Trouble::Stall | Trouble::Trickle) => Some("network-timed-out"),
            (_, Trouble::Half | Trouble::Reset) => Some("network-broken-off"),
            (_, Trouble::Huge) => Some("answer-too-large"),
        }
    }
}

impl Trouble {
    fn effect(self) -> Effect {
        match self {
            Self::Stall => Effect::Delay(Duration::from_mins(10)),
            Self::Trickle => Effect::Trickle(Duration::from_secs(1)),
            Self::Throttle => Effect::TooManyRequests(Some(1)),
            Self::Half => Effect::Truncated,
            Self::HalfAText => Effect::answer(Answer::with_body(200, "application/json", "{\"access_token\": \"ey")),
            Self::Huge => Effect::HugeBody(10_000_000),
            Self::Page => Effect::Html,
            Self::Empty => Effect::answer(Answer::status(200)),
            Self::Reset => Effect::Reset,
            Self::Mislabelled => Effect::ContentType("text/html".into()),
        }
    }

    /// What the error must say beside its name.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Stall | Self::Trickle => &["did not answer within"],
            Self::Throttle => &["429"],
            Self::Half | Self::Reset => &["broke off"],
            Self::Huge => &["more than a mebibyte"],
            Self::HalfAText | Self::Page | Self::Empty => &["200"],
            Self::Mislabelled => &[],
        }
    }
}

#[test]
fn whatever_happens_to_an_answer_ends_in_time_and_has_a_name() {
    let both = |trouble| PLACES.map(|place| (place, trouble));
    // Only a machine of Azure Arc has the key that its right challenge names.
    let rows: Vec<(Place, Trouble)> =
        TROUBLES.into_iter().flat_map(both).filter(|row| *row != (Place::ArcChallenge, Trouble::Mislabelled)).collect();
    side_by_side(18, &rows, |(place, trouble)| check(*place, *trouble));
}

fn check(place: Place, trouble: Trouble) {
    let what = format!("{trouble:?} at {place:?}");
    let emulator = emulator();
    // The answer to HEAD has no body that could break off.
    emulator.change(|world| world.tenant_header = TenantHeader::GetOnly);
    let folder = tempfile::tempdir().unwrap();
    let machine = place.kind().machine(folder.path()).map(|machine| emulator.machine(machine).unwrap());
    let machine_environment = machine.as_ref().map(RunningMachine::environment).unwrap_or_default();
    let mut job = Job::new(&emulator, JobOptions { machine_environment, ..JobOptions::default() }).unwrap();
    write(&job, ".npmrc", "@contoso:registry=https://pkgs.dev.azure.com/contoso/_packaging/feed1/npm/registry/\n");
    match (place.endpoint(), &machine) {
        (Some(endpoint), _) => emulator.fault(Fault::new(endpoint, trouble.effect())),
        (None, Some(machine)) => machine.fault(Fault::new(Target::Everything, trouble.effect())),
        (None, None) => unreachable!("a place is a service or a machine"),
    };
    let step = place.kind().step();
    let started = Instant::now();
    let Some(name) = place.outcome(trouble) else {
        run(&emulator, &mut job, &step);
        assert!(started.elapsed() < LIMIT, "{what}: {:?}", started.elapsed());
        return;
    };
    let words = if place == Place::OnlyTenant { &["nothing says in which tenant"] } else { trouble.words() };
    let outcome = assert_refused(&emulator, &mut job, &step, words);
    assert!(started.elapsed() < LIMIT, "{what}: {:?}", started.elapsed());
    let error = &outcome.errors[0];
    assert!(error.ends_with(&format!("\ntroubleshooting: {name}")), "{what}: {error}");
    assert_explained(error, name, &what);
    let Asked { assertion, entra, organization, machine } = asked(&emulator.requests(), machine.as_ref());
    assert!([assertion, entra, organization, machine].into_iter().all(|asked| asked <= 4), "{what}: {error}");
}
