//! The assertion that a certificate signs and that is really sent, looked at with openssl.

use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

use ado_entra_auth_emulator::faults::{BodyForm, Unavailable};
use ado_entra_auth_emulator::vault::SecretKind;
use ado_entra_auth_emulator::world::{
    ARM_CERTIFICATE_CONNECTION, CERTIFICATE, CERTIFICATE_CLIENT, ClientCertificate, MULTITENANT_CLIENT,
    NAMED_CERTIFICATE, NAMED_CERTIFICATE_CLIENT, OTHER_TENANT, RegisteredCertificate, TENANT,
};
use ado_entra_auth_emulator::{Effect, Emulator, Endpoint, Fault};

use crate::certificates::step;
use crate::identities::of;
use crate::support::{emulator, in_parallel, job, run, tool};

/// Runs openssl in a folder, and gives what it prints.
pub fn openssl(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "openssl {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// The assertions that were sent, in order, one a request.
pub fn sent(emulator: &Emulator) -> Vec<String> {
    let all = emulator.issued().into_iter();
    all.filter(|issued| issued.kind == SecretKind::ClientAssertion).map(|issued| issued.value).collect()
}

fn part(assertion: &str, number: usize) -> Value {
    let text = assertion.split('.').nth(number).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

/// What holds of every assertion: signature, header, claims.
pub fn assert_right(assertion: &str, certificate: &ClientCertificate, client: &str, tenant: &str) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    std::fs::write(at("signed"), signed).unwrap();
    std::fs::write(at("signature"), URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    std::fs::write(at("certificate.pem"), certificate.certificate_pem).unwrap();
    std::fs::write(at("public.pem"), openssl(folder.path(), &["x509", "-in", "certificate.pem", "-noout", "-pubkey"]))
        .unwrap();
    let verified = openssl(
        folder.path(),
        &[
            "dgst",
            "-sha256",
            "-sigopt",
            "rsa_padding_mode:pss",
            "-sigopt",
            "rsa_pss_saltlen:32",
            "-verify",
            "public.pem",
            "-signature",
            "signature",
            "signed",
        ],
    );
    assert_eq!(verified.trim(), "Verified OK");

    let header = part(assertion, 0);
    assert_eq!((&header["alg"], &header["typ"]), (&"PS256".into(), &"JWT".into()), "{header}");
    let named = URL_SAFE_NO_PAD.decode(header["x5t#S256"].as_str().unwrap()).unwrap();
    let named: Vec<String> = named.iter().map(|byte| format!("{byte:02X}")).collect();
    let shown = openssl(folder.path(), &["x509", "-in", "certificate.pem", "-noout", "-fingerprint", "-sha256"]);
    assert_eq!(shown.trim().rsplit('=').next().unwrap(), named.join(":"));

    let claims = part(assertion, 1);
    assert_eq!((&claims["iss"], &claims["sub"]), (&client.into(), &client.into()), "{claims}");
    assert_eq!(claims["aud"], format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"));
    let seconds = |name: &str| claims[name].as_u64().unwrap();
    assert_eq!(seconds("exp") - seconds("nbf"), 300);
    assert_eq!(seconds("iat"), seconds("nbf"));
    let id = claims["jti"].as_str().unwrap();
    assert_eq!(id.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{id}");
}

/// All different, and so all ids are.
fn assert_all_differ(assertions: &[String]) {
    let mut ids: Vec<String> = assertions.iter().map(|one| part(one, 1)["jti"].to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), assertions.len());
}

#[test]
fn the_assertion_is_as_documented() {
    if tool("openssl").is_none() {
        return;
    }
    let emulator = emulator();
    for _ in 0..2 {
        run(&emulator, &mut job(&emulator), &step(&CERTIFICATE.pem()));
    }
    let arm = of("azureRM").connection("connectedServiceNameARM", ARM_CERTIFICATE_CONNECTION);
    run(&emulator, &mut job(&emulator), &arm);
    let all = sent(&emulator);
    assert_eq!(all.len(), 3);
    for assertion in &all {
        assert_right(assertion, &CERTIFICATE, CERTIFICATE_CLIENT, TENANT);
        assert_eq!(part(assertion, 0)["x5c"], Value::Null, "no certificate comes along unasked");
    }
    assert_all_differ(&all);
}

/// The certificate and those of its issuers, the leaf first, where that is asked for.
#[test]
fn the_chain_is_sent_where_asked_with_the_leaf_first() {
    if tool("openssl").is_none() {
        return;
    }
    let issuer = ado_entra_auth_emulator::world::NAME_AUTHORITY_PEM;
    let der = |pem: &str| {
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        Value::from(STANDARD.encode(STANDARD.decode(body).unwrap()))
    };
    let (leaf, authority) = (der(NAMED_CERTIFICATE.certificate_pem), der(issuer));
    let orders = [
        format!("{}{}{issuer}", NAMED_CERTIFICATE.key_pem, NAMED_CERTIFICATE.certificate_pem),
        format!("{issuer}{}{}", NAMED_CERTIFICATE.certificate_pem, NAMED_CERTIFICATE.key_pem),
    ];
    in_parallel(&orders, |pem| {
        let emulator = emulator();
        let step = step(pem).input("clientId", NAMED_CERTIFICATE_CLIENT).input("sendCertificateChain", "true");
        run(&emulator, &mut job(&emulator), &step);
        let all = sent(&emulator);
        assert_right(&all[0], &NAMED_CERTIFICATE, NAMED_CERTIFICATE_CLIENT, TENANT);
        assert_eq!(part(&all[0], 0)["x5c"], Value::from(vec![leaf.clone(), authority.clone()]));
    });
}

/// Two tenants are shown an assertion each, for its own endpoint; none is shown twice, after trouble either.
#[test]
fn no_assertion_is_shown_twice() {
    if tool("openssl").is_none() {
        return;
    }
    let busy = Unavailable { status: 503, retry_after: Some(1), form: BodyForm::Empty };
    let faults = [
        Fault::new(Endpoint::Token, Effect::Unavailable(busy)).times(1),
        Fault::new(Endpoint::Token, Effect::Reset).times(1),
        Fault::new(Endpoint::Token, Effect::entra(700_016)).times(1),
        Fault::new(Endpoint::Token, Effect::entra(700_024)).times(1),
    ];
    in_parallel(&faults, |fault| {
        let emulator = emulator();
        emulator.change(|world| {
            let application = world.application_mut(MULTITENANT_CLIENT).unwrap();
            application.certificates.push(RegisteredCertificate::Exact(CERTIFICATE.der()));
        });
        emulator.fault(fault.clone());
        let step = step(&CERTIFICATE.pem()).input("clientId", MULTITENANT_CLIENT).input("organizations", "fabrikam");
        run(&emulator, &mut job(&emulator), &step);
        let (all, requests) = (sent(&emulator), emulator.requests_to("login.microsoftonline.com"));
        assert_eq!((all.len(), requests.len()), (3, 3), "{fault:?}: an assertion a request");
        assert_all_differ(&all);
        for (assertion, request) in all.iter().zip(&requests) {
            let tenant = if request.path.contains(OTHER_TENANT) { OTHER_TENANT } else { TENANT };
            assert_right(assertion, &CERTIFICATE, MULTITENANT_CLIENT, tenant);
        }
    });
}
