//! Leaving behind the process that renews what a step has set up.

use super::renew::READY;
use crate::agent::job::Job;
use crate::apply::record::EarlierRun;
use crate::apply::{Run, resident};
use crate::helper::vault::Key;
use crate::identity::claims;
use crate::identity::session::SignedIn;
use crate::kernel::environment;
use crate::plan::{Deposit, FileReference, Plan};
use crate::process::{self, Waiting};
use crate::reach::Grant;
use crate::renewal::{By, Handover, Held, expires_at};

/// A run that is set up.
#[derive(Clone, Copy)]
pub struct SetUp<'s> {
    /// The run.
    pub run: &'s Run,
    /// The job's runs before it.
    pub earlier: &'s [EarlierRun],
    /// Its tokens.
    pub signed_in: &'s SignedIn,
    /// What was done.
    pub plan: &'s Plan,
}

/// Starts it early, so that nobody waits for its start. Says why there is none.
pub fn begin() -> Result<Waiting, String> {
    let program = environment::program().ok_or("the system does not say where this program is")?;
    Waiting::start(&program, resident::COMMAND, environment::for_left_behind()).map_err(|error| error.to_string())
}

/// Hands it all that it needs, once the files are written: it begins while the rest is done. It takes the place of that of an earlier
/// attempt of the step. Says why there is none.
pub fn hand_over(waiting: Waiting, job: &Job, set_up: SetUp<'_>, key: &Key) -> Result<Waiting, String> {
    if let Some(stayed) = set_up.run.earlier_attempt.as_deref().and_then(resident::end) {
        return Err(stayed);
    }
    let handover =
        Handover { folder: set_up.run.directory(), ancestors: process::ancestors(), tokens: set_up.tokens(job) };
    let variables = job.for_signing_in().collect::<Vec<_>>();
    let input = handover.to_text(key, &variables);
    waiting.hand_over(input.as_bytes()).map_err(|error| error.to_string())
}

/// Leaves it behind. Says why there is none.
pub fn leave_behind(waiting: Waiting) -> Result<(), String> {
    match waiting.leave_behind().map_err(|error| error.to_string())?.as_str() {
        READY => Ok(()),
        "" => Err("the process ended at once".to_owned()),
        reason => Err(reason.to_owned()),
    }
}

impl SetUp<'_> {
    /// The tokens that its tools use.
    fn tokens(&self, job: &Job) -> Vec<Held> {
        let mut tokens = Vec::new();
        for (tenant, issued) in self.signed_in.issued() {
            let by = By::Own(tenant.to_owned());
            let mut held =
                Held { by, organizations: Vec::new(), expires_at: expires_at(issued), references: Vec::new() };
            for Deposit { organization, .. } in &self.plan.deposits {
                let is_its = self.signed_in.issued_for(organization).token.reveal() == issued.token.reveal();
                if is_its && !held.serves(organization.name()) {
                    held.organizations.push(organization.name().to_owned());
                }
            }
            tokens.push(held);
        }
        for FileReference { file, spelled, organization, variable } in self.plan.file_references() {
            let is_named = |grant: &Grant| grant.reference.as_ref() == Some(&variable);
            let (place, own) = ((file, spelled), self.plan.grants.iter().any(is_named));
            if own {
                tokens
                    .iter_mut()
                    .filter(|held| held.serves(&organization))
                    .for_each(|held| held.references.push(place.clone()));
            } else if let Some(run) = self.earlier.iter().find(|run| run.grants().iter().any(is_named)) {
                // What stands in the variable, which the file refers to.
                let claims = job.variable(&variable).and_then(claims::read);
                tokens.push(Held {
                    by: By::Earlier(run.directory.clone()),
                    organizations: vec![organization],
                    expires_at: claims.and_then(|claims| claims.exp).unwrap_or_default(),
                    references: vec![place],
                });
            }
        }
        tokens
    }
}
