//! Leaving behind the process that renews what a step has set up.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::renew::READY;
use crate::agent::job::Job;
use crate::apply::record::EarlierRun;
use crate::apply::{Run, resident};
use crate::helper::vault::Key;
use crate::identity::claims;
use crate::identity::session::SignedIn;
use crate::kernel::environment;
use crate::kernel::organization::Organization;
use crate::plan::{FileReference, Plan};
use crate::process;
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

/// Leaves it behind, in the place of that of an earlier attempt of the step. Says why there is none.
pub fn fresh(job: &Job, set_up: SetUp<'_>, key: &Key) -> Result<(), String> {
    if let Some(stayed) = set_up.run.earlier_attempt.as_deref().and_then(resident::end) {
        return Err(stayed);
    }
    let handover = Handover {
        folder: set_up.run.directory(),
        ancestors: process::ancestors(),
        tokens: set_up.own().chain(set_up.of_earlier(job)).collect(),
    };
    let variables = job.for_signing_in().collect::<Vec<_>>();
    let input = handover.to_text(key, &variables);
    let program = environment::program().ok_or("the system does not say where this program is")?;
    let answer = process::leave_behind(&program, "renew", environment::for_left_behind(), input.as_bytes());
    match answer.map_err(|error| error.to_string())?.as_str() {
        READY => Ok(()),
        "" => Err("the process ended at once".to_owned()),
        reason => Err(reason.to_owned()),
    }
}

impl<'s> SetUp<'s> {
    /// The tokens of this run.
    fn own(self) -> impl Iterator<Item = Held> + 's {
        let Self { signed_in, plan, .. } = self;
        let organizations: BTreeSet<&Organization> =
            plan.deposits.iter().map(|deposit| &deposit.organization).collect();
        let own: BTreeSet<&String> = plan.grants.iter().filter_map(|grant| grant.reference.as_ref()).collect();
        signed_in.issued().map(move |(tenant, issued)| {
            let is_its = |of: &&&Organization| signed_in.issued_for(of).token.reveal() == issued.token.reveal();
            let organizations: Vec<String> =
                organizations.iter().filter(is_its).map(|of| of.name().to_owned()).collect();
            let refers = |to: &FileReference| own.contains(&to.variable) && organizations.contains(&to.organization);
            let references = plan.file_references().filter(refers).map(|to| (to.file, to.spelled)).collect();
            Held { by: By::Own(tenant.to_owned()), organizations, expires_at: expires_at(issued), references }
        })
    }

    /// What earlier runs keep serving, and files of this one refer to.
    fn of_earlier(self, job: &'s Job) -> impl Iterator<Item = Held> + 's {
        let names = |run: &EarlierRun| run.grants().into_iter().filter_map(|grant| grant.reference).collect();
        let runs = self.earlier.iter().map(|run| (run.directory.clone(), names(run)));
        let runs: Vec<(PathBuf, BTreeSet<String>)> = runs.collect();
        self.plan.file_references().filter_map(move |reference| {
            let (folder, _) = runs.iter().find(|(_, names)| names.contains(&reference.variable))?;
            let held = job.variable(&reference.variable).and_then(claims::read);
            Some(Held {
                by: By::Earlier(folder.clone()),
                organizations: vec![reference.organization.clone()],
                expires_at: held.and_then(|claims| claims.exp).unwrap_or_default(),
                references: vec![(reference.file, reference.spelled)],
            })
        })
    }
}
