//! Prints an access token, or writes it into a private file: for an agent's registration, a script, a REST call.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::given::set_inputs;
use super::later::{SetUps, listed};
use super::stop::{Stop, block_on, stop};
use super::{json, print, warn};
use crate::agent::inputs::{self, Verify};
use crate::agent::job::Job;
use crate::agent::logging::AgentLog;
use crate::apply::forms_to_mask;
use crate::cli::{Format, Token};
use crate::disk;
use crate::http::{Deadline, Http};
use crate::identity::claims::{self, Claims};
use crate::identity::session::{NETWORK_LIMIT, Session, SignedIn};
use crate::identity::tokens::{KeepSecret, Surroundings, Tokens};
use crate::kernel::clock::rfc3339;
use crate::kernel::organization::Organization;
use crate::kernel::secret::AccessToken;
use crate::reach::main_organization;

/// The version of the JSON form; it goes up when a field changes or goes.
const JSON_VERSION: u32 = 1;

/// The user names that programs put beside a token which they send as a password: tfx's and the agent's registration.
const BASIC_USERS: [&str; 2] = ["OAuth", "VstsAgent"];

/// A token, and what is said of it.
struct Found {
    token: AccessToken,
    expires_at: u64,
    claims: Claims,
    organization: Option<Organization>,
}

/// Runs the command.
pub fn run(arguments: &Token) -> anyhow::Result<()> {
    let mut job = Job::from_environment();
    set_inputs(&mut job, &arguments.inputs)?;
    // The agent hears of a secret before it could be printed; on stderr, which it reads for commands too: stdout is the caller's.
    let mut log = job.is_in_pipeline().then(AgentLog::on_stderr);
    let users = BASIC_USERS.map(str::to_owned);
    let mut keep_secret = |secret: &str| {
        if let Some(log) = &mut log {
            for form in forms_to_mask(secret, &users) {
                log.mask(&form);
            }
        }
    };
    let given = arguments.inputs.inputs.len() + arguments.inputs.input_files.len() > 0;
    let by_inputs = arguments.organization.is_none() && (given || inputs::name_an_identity(&job));
    let found = if by_inputs {
        signed_in(&job, &mut keep_secret)?
    } else {
        of_the_job(&job, arguments.organization.as_ref(), &mut keep_secret)?
    };
    let text = match arguments.format {
        Format::Text => format!("{}\n", found.token.reveal()),
        Format::Json => json(&as_json(&found)),
    };
    match &arguments.output {
        None => print(&text),
        Some(file) => write(file, &text)?,
    }
    Ok(())
}

/// The token that a step of this job has got.
fn of_the_job(job: &Job, organization: Option<&Organization>, keep_secret: KeepSecret<'_>) -> Result<Found, Stop> {
    let runs = SetUps::find(job)?;
    let known = runs.organizations();
    let only = || known.first().filter(|_| known.len() == 1);
    let Some(organization) = organization.or_else(only) else {
        let headline = format!("this job has tokens for {}", listed(&known));
        return Err(stop(&headline, "choose one by --organization NAME"));
    };
    let issued = runs.token(organization)?;
    keep_secret(issued.token.reveal());
    let claims = claims::read(issued.token.reveal()).unwrap_or_default();
    Ok(Found { token: issued.token, expires_at: issued.expires_at, claims, organization: Some(issued.organization) })
}

/// The token of the identity that the inputs name.
fn signed_in(job: &Job, keep_secret: KeepSecret<'_>) -> Result<Found, Stop> {
    let identity = inputs::identity_in_a_script(job)?;
    let settings = inputs::settings(job)?;
    let (network, warnings) = job.network();
    for warning in warnings {
        warn(&warning);
    }
    let http = Arc::new(Http::new(&network, Deadline::after(NETWORK_LIMIT))?);
    let tokens =
        Tokens::new(Arc::new(identity), Surroundings { http, pipeline: job.pipeline(), machine: job.machine() });
    let organization = main_organization(&settings.permitted);
    let SignedIn { main, warnings, .. } = block_on(async {
        let mut session = Session::begin(tokens, organization, settings.propagation, keep_secret).await?;
        if let Some(organization) = organization.filter(|_| settings.verify != Verify::Nobody) {
            session.verify(organization).await?;
        }
        Ok(session.end())
    })?;
    for warning in &warnings {
        warn(&warning.to_string());
    }
    Ok(Found {
        token: main.token,
        expires_at: main.expires_at,
        claims: main.claims,
        organization: organization.cloned(),
    })
}

fn as_json(Found { token, expires_at, claims, organization }: &Found) -> serde_json::Value {
    json!({
        "version": JSON_VERSION,
        "accessToken": token.reveal(),
        "tokenType": "Bearer",
        "expiresOn": rfc3339(*expires_at),
        "tenantId": claims.tid,
        "clientId": claims.appid.as_ref().or(claims.azp.as_ref()),
        "objectId": claims.oid,
        "organization": organization.as_ref().map(Organization::name),
    })
}

/// Writes the file so that nobody else could read it at any time. An earlier one, whoever could read it, gives way.
fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    disk::replace_private(file, text.as_bytes()).map_err(|error| {
        anyhow::anyhow!(
            "{} cannot be written: {error}\nremedy: name a file in a folder that you may write to",
            file.display()
        )
    })
}
