//! Which source a machine has, and what it is asked.

use std::time::Duration;

use super::*;

fn machine(change: impl Fn(&mut Machine)) -> Machine {
    let mut machine = Machine { arc_program: PathBuf::from("/there/is/no/himds"), ..Machine::default() };
    change(&mut machine);
    machine
}

fn set(field: &mut Option<String>, text: &str) {
    *field = Some(text.to_owned());
}

fn set_secret(field: &mut Option<MachineSecret>) {
    *field = Some(MachineSecret::new("s"));
}

/// A change of a machine, and the source that it then has.
type Row<'a> = (&'a dyn Fn(&mut Machine), Source);

#[test]
fn the_environment_tells_the_source() {
    let app_service = |machine: &mut Machine| {
        set(&mut machine.identity_endpoint, "http://localhost:1/msi/token");
        set_secret(&mut machine.identity_header);
    };
    let rows: [Row<'_>; 8] = [
        (&|_| {}, Source::Imds),
        (&app_service, Source::AppService),
        (
            &|machine| {
                app_service(machine);
                set(&mut machine.identity_server_thumbprint, "0");
                set(&mut machine.msi_endpoint, "http://localhost:2");
            },
            Source::ServiceFabric,
        ),
        (&|machine| set(&mut machine.identity_endpoint, "http://localhost:1"), Source::Imds),
        (
            &|machine| {
                set(&mut machine.identity_endpoint, "http://localhost:1");
                set(&mut machine.imds_endpoint, "http://localhost:1");
            },
            Source::Arc,
        ),
        (&|machine| machine.arc_program = PathBuf::from("/"), Source::Arc),
        (&|machine| set(&mut machine.msi_endpoint, "http://localhost:2"), Source::CloudShell),
        (
            &|machine| {
                set(&mut machine.msi_endpoint, "http://localhost:2");
                set_secret(&mut machine.msi_secret);
            },
            Source::MachineLearning,
        ),
    ];
    for (change, expected) in rows {
        assert_eq!(machine(change).source(), expected);
    }
}

#[test]
fn sources_with_one_identity_cannot_be_asked_for_another() {
    let other = Selector::ClientId("22222222-aaaa-4bbb-8ccc-000000000002".to_owned());
    let machine = machine(|machine| set(&mut machine.msi_endpoint, "http://localhost:2"));
    for question in [cloud_shell::question, service_fabric::question] {
        let answer = question(&machine, AZURE_DEVOPS, &other);
        assert!(matches!(answer, Err(ManagedIdentityError::NothingToSelect { .. })));
    }
}

#[test]
fn the_metadata_service_is_asked_again_as_its_documentation_says() {
    let question = imds::question(&machine(|_| {}), AZURE_DEVOPS, &Selector::Default).unwrap();
    let expected = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=";
    assert_eq!(question.url.as_str(), format!("{expected}{AZURE_DEVOPS}"));
    let answer = |status| Ok(crate::http::Answer { status, headers: HeaderMap::new(), body: String::new(), tries: 1 });
    let wait = |status, count| match (question.again)(&answer(status), Tries { count, elapsed: Duration::ZERO }) {
        Again::After(wait) => Some(wait.as_secs()),
        Again::Never | Again::AsWished(_) => None,
    };
    for status in [404, 408, 429, 500, 503] {
        assert_eq!([1, 2, 3, 4].map(|count| wait(status, count)), [Some(1), Some(2), Some(4), None], "{status}");
    }
    assert_eq!([1, 7, 8].map(|count| wait(410, count)), [Some(10), Some(10), None]);
    assert_eq!([200, 400, 401, 403].map(|status| wait(status, 1)), [None; 4]);
}
