//! Leaving behind the process that renews what a step has set up.

use std::collections::BTreeSet;

use super::renew::READY;
use crate::agent::job::Job;
use crate::apply::{Run, resident};
use crate::helper::vault::Key;
use crate::identity::session::SignedIn;
use crate::kernel::environment;
use crate::kernel::organization::Organization;
use crate::plan::Plan;
use crate::process;
use crate::renewal::{Handover, Held, expires_at};

/// Leaves it behind, in the place of that of an earlier attempt of the step. Says why there is none.
pub fn fresh(job: &Job, run: &Run, key: &Key, signed_in: &SignedIn, plan: &Plan) -> Result<(), String> {
    if let Some(stayed) = run.earlier_attempt.as_deref().and_then(resident::end) {
        return Err(stayed);
    }
    let organizations: BTreeSet<&Organization> = plan.deposits.iter().map(|deposit| &deposit.organization).collect();
    let held = signed_in.issued().map(|(tenant, issued)| {
        let is_its = |of: &&&Organization| signed_in.issued_for(of).token.reveal() == issued.token.reveal();
        let organizations = organizations.iter().filter(is_its).map(|of| of.name().to_owned());
        let organizations = organizations.collect();
        Held { tenant: tenant.to_owned(), organizations, expires_at: expires_at(issued) }
    });
    let handover = Handover {
        folder: run.directory(),
        worker: process::worker(),
        tokens: held.collect(),
        references: plan.references(),
    };
    let variables = job.for_signing_in().collect::<Vec<_>>();
    let input = handover.to_bytes(key, &variables.into_iter());
    let program = environment::program().ok_or("the system does not say where this program is")?;
    let answer = process::leave_behind(&program, "renew", environment::for_left_behind(), &input);
    match answer.map_err(|error| error.to_string())?.as_str() {
        READY => Ok(()),
        "" => Err("the process ended at once".to_owned()),
        reason => Err(reason.to_owned()),
    }
}
