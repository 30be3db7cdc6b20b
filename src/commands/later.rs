//! What the steps of a job tell later ones, and what a command finds of it there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::stop::{Stop, stop};
use crate::agent::job::Job;
use crate::apply::RUNS_VARIABLE;
use crate::apply::facts::{self, Facts, ServedFacts, TokenFacts};
use crate::apply::record::{EarlierRun, RunRecord, earlier_runs};
use crate::diagnosis::Explanation;
use crate::helper::vault::{self, Issued};
use crate::helper::{Question, Reply, reply};
use crate::identity::session::SignedIn;
use crate::kernel::dialect::Dialect;
use crate::kernel::environment;
use crate::kernel::organization::Organization;
use crate::kernel::run_folder;
use crate::plan::{Plan, Served};
use crate::reach::{Grant, Reach, Standing};

/// What a step tells later ones of itself.
pub fn tell(earlier: &[EarlierRun], reach: &Reach, signed_in: &SignedIn, plan: &Plan) -> Facts {
    let mut facts = Facts::new(earlier);
    for (_, issued) in signed_in.issued() {
        let asked = plan.deposits.iter().filter(|deposit| deposit.client == Dialect::Script);
        let organizations: Vec<&Organization> = asked
            .map(|deposit| &deposit.organization)
            .filter(|organization| signed_in.issued_for(organization).token.reveal() == issued.token.reveal())
            .collect();
        let claims = &issued.claims;
        facts.tokens.push(TokenFacts {
            name: organizations.iter().find_map(|of| signed_in.member_of(of)).map(|member| member.name.clone()),
            client: claims.appid.clone().or_else(|| claims.azp.clone()),
            tenant: claims.tid.clone(),
            object: claims.oid.clone(),
            expires_at: issued.expires_at,
            organizations: organizations.into_iter().map(|of| (of.name().to_owned(), reach.standing(of))).collect(),
        });
    }
    facts.served = plan.served.iter().map(served).collect();
    let unserved = signed_in.unserved.iter();
    facts.left_out = unserved.map(|(organization, reason)| (organization.name().to_owned(), reason.clone())).collect();
    facts.warnings = signed_in.warnings.iter().map(Explanation::to_string).chain(plan.warnings.sentences()).collect();
    facts
}

fn served(served: &Served) -> ServedFacts {
    ServedFacts {
        tool: served.tool.to_owned(),
        organization: served.organization.name().to_owned(),
        target: served.target.clone(),
        url: served.feed.as_ref().map(|feed| feed.url.to_string()),
        named_in: served.named_in.clone(),
        source: [served.source.name().to_owned(), served.source.to_string()],
    }
}

/// A run of the step in this job.
pub struct SetUp {
    folder: PathBuf,
    /// What it tells.
    pub facts: Facts,
    grants: Vec<Grant>,
}

/// The job's runs, earliest first; at least one.
pub struct SetUps(pub Vec<SetUp>);

impl SetUps {
    /// Those that this process's job knows: by the run's folder of programs that this one lies in, else by the job's variable.
    pub fn find(job: &Job) -> Result<Self, Stop> {
        let latest = || earlier_runs(job.variable(RUNS_VARIABLE)).pop().map(|run| run.directory);
        let latest = environment::program().and_then(|path| run_folder::of_program(&path)).or_else(latest);
        let runs = latest.map(|folder| facts::of_job(&folder)).unwrap_or_default();
        let grants = |folder: &Path| RunRecord::load(folder).map_or(Vec::new(), |record| record.grants);
        let runs = runs.into_iter().map(|(folder, facts)| SetUp { grants: grants(&folder), folder, facts });
        let runs: Vec<SetUp> = runs.collect();
        if runs.is_empty() {
            return Err(stop(
                "no step AdoEntraAuth@1 has set up anything here",
                "run this in a later step of the job, as `ado-entra-auth`, after AdoEntraAuth@1. Elsewhere, `ado-entra-auth dry-run` \
                 shows what a step would set up, and `ado-entra-auth token --input connectionType=…` signs in by itself",
            ));
        }
        Ok(Self(runs))
    }

    /// The organizations that the job has a token for.
    pub fn organizations(&self) -> BTreeSet<Organization> {
        self.0.iter().flat_map(SetUp::organizations).filter_map(|(name, _)| Organization::parse(name).ok()).collect()
    }

    /// The token for an organization: of the step whose service connection belongs to it, else of the latest.
    pub fn token(&self, organization: &Organization) -> Result<Issued, Stop> {
        let standing =
            |run: &&SetUp| run.organizations().find(|(name, _)| *name == organization.name()).map(|of| *of.1);
        let runs = self.0.iter().filter(|run| standing(run).is_some());
        runs.max_by_key(standing).ok_or_else(|| self.none_for(organization))?.token(organization)
    }

    fn none_for(&self, organization: &Organization) -> Stop {
        let known = listed(&self.organizations());
        stop(
            &format!("no step of this job has a token for {organization}; there are tokens for {known}"),
            "choose one of these by --organization, or add the organization to the input 'organizations' of AdoEntraAuth@1",
        )
    }

    /// What the tools reach, each once: as the latest run has it that set it up, with the run whose token serves it.
    pub fn served(&self) -> Vec<(&ServedFacts, &SetUp)> {
        let mut latest = BTreeMap::new();
        for (number, run) in self.0.iter().enumerate() {
            for served in &run.facts.served {
                latest.insert((&served.tool, &served.target, &served.url), (served, number));
            }
        }
        let with_run = |(served, number)| Some((served, self.serving(served, number)?));
        latest.into_values().filter_map(with_run).collect()
    }

    /// The run whose token serves what this one has set up: its own, or what an earlier one keeps.
    fn serving(&self, served: &ServedFacts, number: usize) -> Option<&SetUp> {
        let standing = |run: &&SetUp| run.standing(served);
        let own = Some(&self.0[number]).filter(|run| standing(run).is_some());
        own.or_else(|| self.0[..number].iter().filter(|run| standing(run).is_some()).max_by_key(standing))
    }
}

/// Organizations in a sentence.
pub fn listed(organizations: &BTreeSet<Organization>) -> String {
    let names: Vec<&str> = organizations.iter().map(Organization::name).collect();
    if names.is_empty() { "no organization".to_owned() } else { names.join(", ") }
}

impl SetUp {
    fn organizations(&self) -> impl Iterator<Item = (&String, &Standing)> {
        self.facts.tokens.iter().flat_map(|token| &token.organizations)
    }

    /// How it comes to serve this with a token of its own, where it does.
    fn standing(&self, served: &ServedFacts) -> Option<Standing> {
        let is_for = |grant: &&Grant| grant.tool == served.tool && grant.organization == served.organization;
        self.grants.iter().find(is_for).map(|grant| grant.standing)
    }

    /// What is told of its token for an organization.
    pub fn identity(&self, organization: &str) -> Option<&TokenFacts> {
        self.facts.tokens.iter().find(|token| token.organizations.contains_key(organization))
    }

    /// Its token for an organization.
    pub fn token(&self, organization: &Organization) -> Result<Issued, Stop> {
        let question = Question { client: Dialect::Script, url: organization.url() };
        match reply(&question, &vault::open(&self.folder, &environment::variable)) {
            Reply::Token(issued) => Ok(issued),
            Reply::Trouble(explanation) => Err(Stop::Explained(explanation)),
            Reply::NotOurs => Err(stop(
                &format!("the step that had a token for {organization} has ended its work"),
                "run AdoEntraAuth@1 again before this step",
            )),
        }
    }
}
