//! What an organization tells of its tenant, and what it does not.

use std::time::{Duration, Instant};

use ado_entra_auth_emulator::agent::StepResult;
use ado_entra_auth_emulator::message::Answer;
use ado_entra_auth_emulator::world::{NO_TENANT, OTHER_TENANT, TENANT, TenantHeader};
use ado_entra_auth_emulator::{Effect, Emulator, Endpoint, Fault, Target, World};

use crate::support::{
    EVIL, assert_failed, assert_nothing_sent_to, assert_refused, emulator, in_parallel, job, run, script, step, write,
};
use crate::tenants::{exchanges, npmrc, of_two_tenants};

const HEADER: &str = "X-VSS-ResourceTenant";

fn with_header(header: TenantHeader) -> Emulator {
    Emulator::start(World { tenant_header: header, ..World::sample() }).unwrap()
}

/// Says of every organization what `answer` says, whoever asks without a credential.
fn told(emulator: &Emulator, answer: Answer) {
    emulator.fault(Fault::new(Endpoint::Organization, Effect::answer(answer)));
}

/// On HEAD, on GET, on both: the organization's tenant is found, and another one than the identity's own serves.
#[test]
fn the_tenant_is_found_on_either_request() {
    in_parallel(&[TenantHeader::Always, TenantHeader::HeadOnly, TenantHeader::GetOnly], |header| {
        let emulator = with_header(*header);
        let mut job = job(&emulator);
        write(&job, ".npmrc", npmrc(&["fabrikam"]));
        run(&emulator, &mut job, &of_two_tenants("clientSecret").input("organizations", "fabrikam"));
        assert_eq!(exchanges(&emulator), [OTHER_TENANT, TENANT]);
        let asked: Vec<String> = emulator
            .requests_to("dev.azure.com")
            .into_iter()
            .filter(|request| request.path == "/fabrikam")
            .map(|request| request.method)
            .collect();
        let expected: &[&str] = if *header == TenantHeader::GetOnly { &["HEAD", "GET"] } else { &["HEAD"] };
        assert_eq!(asked, expected);
        let sources = job.sources();
        script(&mut job, &sources, "npm view @fabrikam/plant version");
    });
}

/// Nobody says which tenant: the identity's own is asked, and nobody else's.
#[test]
fn the_identitys_own_tenant_is_asked_where_nobody_tells() {
    let answers = [
        None,
        Some(Answer::status(401)),
        Some(Answer::status(401).header(HEADER, "")),
        Some(Answer::status(401).header(HEADER, "common")),
        Some(Answer::status(401).header(HEADER, "../../evil")),
        Some(Answer::status(401).header(HEADER, format!("{OTHER_TENANT}/../x"))),
        Some(Answer::status(401).header(HEADER, format!("{{{OTHER_TENANT}}}"))),
        Some(
            Answer::status(401)
                .header("WWW-Authenticate", format!("Bearer authorization_uri=https://{EVIL}/{OTHER_TENANT}")),
        ),
        Some(Answer::status(500)),
        Some(Answer::html(200, "<html>portal</html>")),
    ];
    in_parallel(&answers, |answer| {
        let emulator = with_header(TenantHeader::Absent);
        if let Some(answer) = answer {
            told(&emulator, answer.clone());
        }
        let mut job = job(&emulator);
        run(&emulator, &mut job, &step());
        assert_eq!(exchanges(&emulator), [TENANT], "{answer:?}");
        assert_nothing_sent_to(&emulator, EVIL);
    });
    // An organization of another tenant then refuses a token that is not of its own, and the step says so.
    let emulator = with_header(TenantHeader::Absent);
    let step = of_two_tenants("clientSecret").input("organizations", "fabrikam");
    assert_refused(
        &emulator,
        &mut job(&emulator),
        &step,
        &["the organization fabrikam does not accept the identity", "TF401444"],
    );
}

/// Letters of the other case and blanks around it are the same tenant; a redirect tells it too, and is not followed.
#[test]
fn odd_answers_that_tell_the_tenant_serve() {
    let right = |status: u16| Answer::status(status).header(HEADER, OTHER_TENANT);
    let answers = [
        Answer::status(401).header(HEADER, format!(" {} ", OTHER_TENANT.to_uppercase())),
        right(200),
        right(403),
        right(302).header("Location", format!("https://{EVIL}/steal")),
        right(307).header("Location", format!("https://{EVIL}/steal")),
    ];
    in_parallel(&answers, |answer| {
        let emulator = emulator();
        let place = Target::Path("dev.azure.com".into(), "/fabrikam".into());
        emulator.fault(Fault::new(place, Effect::answer(answer.clone())).times(1));
        let mut job = job(&emulator);
        run(&emulator, &mut job, &of_two_tenants("clientSecret").input("organizations", "fabrikam"));
        assert_eq!(exchanges(&emulator), [OTHER_TENANT, TENANT], "{answer:?}");
        assert!(emulator.requests_to(EVIL).is_empty(), "{answer:?}");
    });
}

#[test]
fn an_organization_without_a_tenant_is_told() {
    let words = ["is not connected to Microsoft Entra", "Organization settings, Microsoft Entra"];
    let emulator = emulator();
    told(&emulator, Answer::status(401).header(HEADER, NO_TENANT));
    assert_refused(&emulator, &mut job(&emulator), &step(), &[&words[..], &["contoso"]].concat());
    assert_eq!(exchanges(&emulator), [""; 0], "no exchange in the tenant of zeros, or any other");
    emulator.end_faults();
    let step = step().input("organizations", "treyresearch");
    assert_refused(&emulator, &mut job(&emulator), &step, &[&words[..], &["treyresearch"]].concat());
    assert!(exchanges(&emulator).iter().all(|tenant| tenant == TENANT), "{:?}", exchanges(&emulator));
}

#[test]
fn an_organization_that_is_not_there_is_told() {
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, ".npmrc", npmrc(&["contoso", "nowhere"]));
    let words = ["nowhere", "there is no organization", "correct the organization"];
    assert_refused(&emulator, &mut job, &step().input("organizations", "nowhere"), &words);
}

/// Discovery that stalls or breaks off does not stop a step whose identity has a tenant of its own.
#[test]
fn discovery_that_does_not_come_back_stops_nothing_for_long() {
    let trickle = Effect::Trickle(Duration::from_secs(1));
    let effects = [Effect::Delay(Duration::from_mins(2)), trickle, Effect::Reset, Effect::HugeBody(3_000_000)];
    in_parallel(&effects, |effect| {
        let emulator = emulator();
        emulator.fault(Fault::new(Endpoint::Organization, effect.clone()));
        let mut job = job(&emulator);
        let began = Instant::now();
        let outcome = job.run_task(&step()).unwrap();
        let took = began.elapsed();
        assert!(took < Duration::from_secs(45), "{effect:?}: {took:?}");
        if outcome.result == StepResult::Succeeded {
            assert_eq!(exchanges(&emulator), [TENANT], "{effect:?}");
        } else {
            assert_failed(&emulator, &outcome, &["contoso"]);
        }
        assert!(matches!(effect, Effect::Delay(_)) || took < Duration::from_secs(30), "{effect:?}: {took:?}");
    });
}
