//! Certificates in every form that files and variables give them; nothing of the key anywhere.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use ado_entra_auth_emulator::Emulator;
use ado_entra_auth_emulator::agent::{Job, TaskStep, Variable};
use ado_entra_auth_emulator::world::{
    CERTIFICATE, CERTIFICATE_CLIENT, CLIENT, ClientCertificate, ELLIPTIC_CERTIFICATE, EXPIRED_CERTIFICATE,
    NAMED_CERTIFICATE, NAMED_CERTIFICATE_CLIENT, TENANT, UNREGISTERED_CERTIFICATE, WEAK_CERTIFICATE,
};

use crate::certificate_assertions::{assert_right, openssl, sent};
use crate::identities::of;
use crate::support::{
    assert_refused, emulator, finish, in_parallel, job, leaks_below, run, script, tool, variable, write_file,
};

/// A password as people choose them.
const PASSWORD: &str = " it's \"50 %\" $HOME \\ ü;# ";

pub fn step(given: &str) -> TaskStep {
    of("clientCertificate")
        .input("clientId", CERTIFICATE_CLIENT)
        .input("tenantId", TENANT)
        .input("clientCertificate", given)
}

/// Every form of PEM that secrets and variables make of it.
#[test]
fn a_pem_that_went_through_a_variable_serves() {
    let pem = CERTIFICATE.pem();
    let forms = [
        pem.clone(),
        pem.replace('\n', "\\n"),
        pem.replace('\n', "\\r\\n"),
        pem.replace('\n', "\r"),
        pem.replace('\n', "\r\n"),
        pem.replace('\n', " "),
        format!("\"{}\"", pem.replace('\n', "\\n")),
        STANDARD.encode(&pem),
        format!("{}{}", CERTIFICATE.certificate_pem, CERTIFICATE.key_pem),
    ];
    in_parallel(&forms, |form| {
        let emulator = emulator();
        watch_key(&emulator);
        run(&emulator, &mut job(&emulator), &step(form));
        // A secret variable of one line, as the service keeps it.
        if !form.contains(['\n', '\r']) {
            let mut job = job(&emulator);
            job.set_variable(Variable::secret("theCertificate", form));
            run(&emulator, &mut job, &step("$(theCertificate)"));
            assert_nothing_of_the_key(&emulator, &mut job);
        }
    });
}

/// A line of the key: whoever has a part has too much.
fn watch_key(emulator: &Emulator) {
    for (number, line) in CERTIFICATE.key_pem.lines().filter(|line| line.len() == 64).enumerate() {
        emulator.watch(&format!("line {number} of the key"), line);
    }
}

/// Nothing of key or password in the agent's files, its home folder, or what a later step sees.
fn assert_nothing_of_the_key(emulator: &Emulator, job: &mut Job<'_>) {
    let root = job.root().to_path_buf();
    assert_eq!(leaks_below(emulator, &root), Vec::<String>::new());
    let watched = |leak: &String| leak.starts_with("Watched") || leak.starts_with("ClientAssertion");
    for variable in job.variables().iter().filter(|variable| variable.name != "theCertificate") {
        let leaks = emulator.leaks_in(variable.value.as_bytes());
        assert!(!leaks.iter().any(watched), "{}: {leaks:?}", variable.name);
    }
    let sources = job.sources();
    let seen = script(job, &sources, "env; cat $NPM_CONFIG_USERCONFIG; git config --list");
    assert!(!emulator.leaks_in(seen.raw.as_bytes()).iter().any(watched));
    finish(job);
    assert_eq!(leaks_below(emulator, &root), Vec::<String>::new());
}

/// Writes the archive of a key and a certificate as openssl makes it.
fn archive(folder: &Path, password: &str, certificate: &ClientCertificate, options: &[&str]) -> Vec<u8> {
    write_file(&folder.join("all.pem"), certificate.pem());
    let password = format!("pass:{password}");
    let common = ["pkcs12", "-export", "-in", "all.pem", "-out", "all.pfx", "-passout", &password];
    openssl(folder, &[&common[..], options].concat());
    std::fs::read(folder.join("all.pfx")).unwrap()
}

/// Files with and without a password, where agents and secure files put them; the command line and files hold nothing of it.
#[test]
fn a_pfx_file_serves() {
    let (Some(_), Some(strace)) = (tool("openssl"), tool("strace")) else { return };
    let rows: [(&str, &[&str]); 4] = [
        (PASSWORD, &[]),
        ("", &[]),
        ("plain", &["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"]),
        ("plain", &["-keypbe", "NONE", "-certpbe", "NONE"]),
    ];
    in_parallel(&rows, |(password, options)| {
        let place = tempfile::tempdir().unwrap();
        let pfx = archive(place.path(), password, &CERTIFICATE, options);
        let emulator = emulator();
        watch_key(&emulator);
        emulator.watch("content of the archive", &STANDARD.encode(&pfx)[..120]);
        let mut job = job(&emulator);
        // As a secure file comes, and below the sources; the second is the user's own file, which stays.
        let secure = place.path().join("d2c0 ffee/contoso certificate.pfx");
        write_file(&secure, &pfx);
        if !password.is_empty() {
            emulator.watch("password", password);
            job.set_variable(Variable::secret("thePassword", password));
        }
        let given = |path: &str| {
            let step = step(path);
            if password.is_empty() { step } else { step.input("clientCertificatePassword", "$(thePassword)") }
        };
        // strace waits for all whom it follows.
        let mut step = given(&secure.display().to_string());
        step.inputs.push(("keepFresh".to_owned(), "false".to_owned()));
        let record = place.path().join("execs");
        let trace = ["-f", "-qq", "-s", "100000", "-e", "trace=execve", "-o"].map(std::ffi::OsString::from);
        let mut command = vec![strace.clone().into_os_string()];
        command.extend(trace);
        command.push(record.clone().into_os_string());
        command.append(&mut step.command);
        step.command = command;
        run(&emulator, &mut job, &step);
        let execs = std::fs::read(&record).unwrap();
        assert!(!execs.is_empty());
        assert_eq!(emulator.leaks_in(&execs), Vec::<String>::new());
        assert_right(&sent(&emulator)[0], &CERTIFICATE, CERTIFICATE_CLIENT, TENANT);
        if !password.is_empty() {
            assert!(!variable(&job, "ADO_ENTRA_TOKEN").is_empty());
        }
        write_file(&job.sources().join("below/all.pfx"), &pfx);
        run(&emulator, &mut job, &given("below/all.pfx"));
        std::fs::remove_file(job.sources().join("below/all.pfx")).unwrap();
        let before = job.variables().get("thePassword").map(|variable| variable.value.clone());
        assert_eq!(before.unwrap_or_default(), *password);
        job.set_variable(Variable::secret("thePassword", ""));
        assert_nothing_of_the_key(&emulator, &mut job);
    });
}

/// What cannot serve is named, and nobody is asked in vain.
#[test]
fn what_is_no_usable_certificate_is_named() {
    if tool("openssl").is_none() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let pfx = archive(place.path(), "right", &CERTIFICATE, &[]);
    let file = place.path().join("all.pfx").display().to_string();
    let with = |given: &str, password: &str| step(given).input("clientCertificatePassword", password);
    let missing = place.path().join("none.pem").display().to_string();
    let rows: Vec<(TaskStep, Vec<&str>)> = vec![
        (with(&file, "wrong"), vec!["the password of the client certificate is wrong"]),
        (step(&file), vec!["encrypted, and no password is set"]),
        (step(&EXPIRED_CERTIFICATE.pem()), vec!["has expired on 20", "thumbprint"]),
        (step(&ELLIPTIC_CERTIFICATE.pem()), vec!["Entra takes only RSA keys"]),
        (step(&WEAK_CERTIFICATE.pem()), vec!["1024 bits", "2048"]),
        (step(CERTIFICATE.certificate_pem), vec!["without its private key"]),
        (step(CERTIFICATE.key_pem), vec!["without its certificate"]),
        (
            step(&format!("{}{}", CERTIFICATE.key_pem, UNREGISTERED_CERTIFICATE.certificate_pem)),
            vec!["belongs to none of the certificates"],
        ),
        (step("$(missing)"), vec!["clientCertificate", "$(missing)", "no variable of that name"]),
        (with(&file, "$(missing)"), vec!["clientCertificatePassword", "$(missing)", "no variable of that name"]),
        (step("***"), vec!["'***'", "as logs show it"]),
        (step("-----BEGIN PRIVATE KEY-----***-----END PRIVATE KEY-----"), vec!["'***'"]),
        (step(&missing), vec!["none.pem", "there is no such file"]),
        (step(""), vec!["the input 'clientCertificate' is missing"]),
        (step(&CERTIFICATE.pem()[..900]), vec!["the PEM text ends before"]),
    ];
    assert!(!pfx.is_empty());
    in_parallel(&rows, |(step, words)| {
        let emulator = emulator();
        watch_key(&emulator);
        assert_refused(&emulator, &mut job(&emulator), step, words);
        assert!(
            sent(&emulator).is_empty() && emulator.requests_to("login.microsoftonline.com").is_empty(),
            "{words:?}"
        );
    });
}

/// What Entra does not know, it refuses, and the error tells which certificate was shown.
#[test]
fn a_certificate_that_entra_does_not_know_is_explained() {
    let thumbprint = "thumbprint";
    let rows = [
        (UNREGISTERED_CERTIFICATE, CERTIFICATE_CLIENT, ["AADSTS700027", thumbprint, "certificate"]),
        (CERTIFICATE, CLIENT, ["AADSTS700027", thumbprint, "certificate"]),
        (NAMED_CERTIFICATE, NAMED_CERTIFICATE_CLIENT, ["AADSTS700027", thumbprint, "sendCertificateChain"]),
    ];
    in_parallel(&rows, |(certificate, client, words)| {
        let emulator = emulator();
        let step = step(&certificate.pem()).input("clientId", client);
        assert_refused(&emulator, &mut job(&emulator), &step, words);
        assert_eq!(sent(&emulator).len(), 1, "asked once");
    });
}
