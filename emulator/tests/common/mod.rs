//! What the tests of this crate share: curl as a client that is not ours.

#![allow(dead_code, clippy::unwrap_used, clippy::format_push_string, missing_docs)]

use ado_entra_auth_emulator::{Emulator, PipelineJob, world};
use std::process::Command;

/// An answer as curl saw it.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Reply {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Vec<String> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .filter(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_owned())
            .collect()
    }
}

/// Runs curl through the emulator's proxy; `Err` holds curl's exit code.
pub fn try_curl(emulator: &Emulator, arguments: &[&str]) -> Result<Reply, i32> {
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    emulator.write_authority(&authority).unwrap();
    let output = Command::new("curl")
        .args([
            "-q",
            "-s",
            "-i",
            "--suppress-connect-headers",
            "--max-time",
            "20",
            "--proxy",
            &emulator.proxy_url_with_password(),
        ])
        .arg("--cacert")
        .arg(&authority)
        .args(arguments)
        .env_remove("HTTPS_PROXY")
        .output()
        .unwrap();
    if !output.status.success() {
        return Err(output.status.code().unwrap_or(-1));
    }
    Ok(reply(&output.stdout))
}

/// Runs curl without any proxy, as a process asks its own machine; `Err` holds curl's exit code.
pub fn try_direct(arguments: &[&str]) -> Result<Reply, i32> {
    let output = Command::new("curl")
        .args(["-q", "-s", "-i", "--noproxy", "*", "--max-time", "20"])
        .args(arguments)
        .output()
        .unwrap();
    if output.status.success() { Ok(reply(&output.stdout)) } else { Err(output.status.code().unwrap_or(-1)) }
}

pub fn direct(arguments: &[&str]) -> Reply {
    try_direct(arguments).unwrap()
}

fn reply(output: &[u8]) -> Reply {
    let text = String::from_utf8_lossy(output).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    Reply { status, head: head.to_owned(), body: body.to_owned() }
}

pub fn curl(emulator: &Emulator, arguments: &[&str]) -> Reply {
    try_curl(emulator, arguments).unwrap()
}

/// A job of contoso that references the sample's connections.
pub fn job(emulator: &Emulator) -> PipelineJob {
    let job = emulator.new_job("contoso", "Shop");
    emulator.reference(&job, &[world::CONNECTION.to_owned(), world::FABRIKAM_CONNECTION.to_owned()]);
    job
}

/// The OIDC address of a job without its query.
pub fn oidc_address(job: &PipelineJob) -> String {
    format!(
        "https://dev.azure.com/contoso/Shop/_apis/distributedtask/hubs/build/plans/{}/jobs/{}/oidctoken",
        job.plan_id, job.job_id
    )
}

/// Asks for an assertion; `connection` may be empty.
pub fn ask_assertion(emulator: &Emulator, job: &PipelineJob, connection: &str) -> Reply {
    let mut address = format!("{}?api-version=7.1", oidc_address(job));
    if !connection.is_empty() {
        address += &format!("&serviceConnectionId={connection}");
    }
    let bearer = format!("Authorization: Bearer {}", job.token);
    curl(
        emulator,
        &["-X", "POST", "-H", &bearer, "-H", "Content-Length: 0", "-H", "X-TFS-FedAuthRedirect: Suppress", &address],
    )
}

/// Asks for an access token with these changes to the usual form.
pub fn ask_token(emulator: &Emulator, tenant: &str, client: &str, assertion: &str, changes: &[(&str, &str)]) -> Reply {
    let mut fields = vec![
        ("grant_type", "client_credentials"),
        ("client_id", client),
        ("scope", "499b84ac-1321-427f-aa17-267ca6975798/.default"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
    ];
    for (name, value) in changes {
        fields.retain(|(n, _)| n != name);
        if !value.is_empty() {
            fields.push((name, value));
        }
    }
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut arguments: Vec<&str> = Vec::new();
    for field in &fields {
        arguments.extend(["--data-urlencode", field]);
    }
    let address = format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token");
    arguments.push(&address);
    curl(emulator, &arguments)
}

/// A token by the whole way: OIDC, then Entra.
pub fn token(emulator: &Emulator) -> String {
    let job = job(emulator);
    let assertion = ask_assertion(emulator, &job, world::CONNECTION).json()["oidcToken"].as_str().unwrap().to_owned();
    let reply = ask_token(emulator, world::TENANT, world::CLIENT, &assertion, &[]);
    reply.json()["access_token"].as_str().unwrap().to_owned()
}

/// Whether a program can be started; a test of a client that is missing says so and passes.
pub fn has(program: &str) -> bool {
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .any(|folder| folder.join(program).is_file());
    if !found {
        eprintln!("skipped: {program} is not installed");
    }
    found
}
