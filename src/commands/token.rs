//! Prints an access token, or writes it into a private file: for an agent's registration, a script, a REST call.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::given::set_inputs;
use super::stop::{Stop, block_on};
use super::{print, warn};
use crate::agent::inputs;
use crate::agent::job::Job;
use crate::agent::logging::AgentLog;
use crate::apply::forms_to_mask;
use crate::cli::{Format, Token};
use crate::disk;
use crate::http::{Deadline, Http};
use crate::identity::session::{NETWORK_LIMIT, Session, SignedIn, main_organization};
use crate::identity::tokens::{Surroundings, Tokens};
use crate::kernel::clock::rfc3339;
use crate::kernel::organization::Organization;

/// The version of the JSON form; it goes up when a field changes or goes.
const JSON_VERSION: u32 = 1;

/// The user names that programs put beside a token which they send as a password: tfx's and the agent's registration.
const BASIC_USERS: [&str; 2] = ["OAuth", "VstsAgent"];

/// Runs the command.
pub fn run(arguments: &Token) -> anyhow::Result<()> {
    let mut job = Job::from_environment();
    set_inputs(&mut job, &arguments.inputs)?;
    let (signed_in, organization) = signed_in(&job).map_err(|stop| match stop {
        Stop::Explained(explanation) => anyhow::anyhow!("{explanation}"),
        Stop::Cancelled => anyhow::anyhow!("cancelled"),
    })?;
    for warning in &signed_in.warnings {
        warn(&warning.to_string());
    }
    let text = match arguments.format {
        Format::Text => format!("{}\n", signed_in.main.token.reveal()),
        // An escape for JSON's readers, and no command for an agent's: a token's claims are not ours.
        Format::Json => format!("{:#}\n", as_json(&signed_in, organization.as_ref())).replace('#', "\\u0023"),
    };
    match &arguments.output {
        None => print(&text),
        Some(file) => write(file, &text)?,
    }
    Ok(())
}

fn signed_in(job: &Job) -> Result<(SignedIn, Option<Organization>), Stop> {
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
    let signed_in = block_on(async {
        let mut session = Session::begin(tokens, organization, settings.propagation, &mut keep_secret).await?;
        if let Some(organization) = organization.filter(|_| settings.verify) {
            session.verify(organization).await?;
        }
        Ok(session.end())
    })?;
    Ok((signed_in, organization.cloned()))
}

fn as_json(signed_in: &SignedIn, organization: Option<&Organization>) -> serde_json::Value {
    let issued = &signed_in.main;
    json!({
        "version": JSON_VERSION,
        "accessToken": issued.token.reveal(),
        "tokenType": "Bearer",
        "expiresOn": rfc3339(issued.expires_at),
        "tenantId": issued.claims.tid,
        "clientId": issued.claims.appid.as_ref().or(issued.claims.azp.as_ref()),
        "objectId": issued.claims.oid,
        "organization": organization.map(Organization::name),
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
