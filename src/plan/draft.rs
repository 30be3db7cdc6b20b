//! All that a tool can write to while it plans.
//!
//! What was there before, what holds the token, and for whom it is held are known in here, once.

use std::path::PathBuf;

use super::names::{RunNames, shared_reference};
use super::{
    Change, Deposit, Part, Plan, PrivateFile, Served, SharedFile, Template, TokenSource, Variable, Visibility,
};
use crate::azure_devops::first_look::Statement;
use crate::host::{Host, Look};
use crate::kernel::dialect::Dialect;
use crate::kernel::organization::Organization;
use crate::reach::{Grant, PermittedOrganization, Reach, ServedFeed};

/// A tool's part of a plan, as it grows.
pub struct Draft<'p> {
    tool: &'static str,
    /// The machine and the job.
    pub host: &'p Host,
    /// A look at the disk.
    pub look: &'p dyn Look,
    /// Where the run's own files lie.
    pub names: &'p RunNames,
    /// Whether the user names the tool.
    pub is_named: bool,
    /// Whether a file may name to the tool what this task does not see.
    pub is_blinded: bool,
    reach: &'p Reach,
    plan: &'p mut Plan,
}

/// What every tool's planning goes by.
#[derive(Clone, Copy)]
pub struct Surroundings<'p> {
    /// The machine and the job.
    pub host: &'p Host,
    /// A look at the disk.
    pub look: &'p dyn Look,
    /// Where the run's own files lie, and what its variables are called.
    pub names: &'p RunNames,
    /// Who may see which token.
    pub reach: &'p Reach,
    /// Whether the user names the tool.
    pub is_named: bool,
    /// Whether a file may name to the tool what this task does not see.
    pub is_blinded: bool,
}

impl<'p> Draft<'p> {
    /// The draft of a tool, by its name in the input `tools`.
    pub fn new(tool: &'static str, surroundings: Surroundings<'p>, plan: &'p mut Plan) -> Self {
        let Surroundings { host, look, names, reach, is_named, is_blinded } = surroundings;
        Self { tool, host, look, names, is_named, is_blinded, reach, plan }
    }

    /// The permitted organizations, for a tool that goes by organization.
    pub fn organizations(&self) -> &'p [PermittedOrganization] {
        &self.reach.permitted
    }

    /// Whether this step's token serves an organization, rather than that of an earlier step which goes before it.
    pub fn serves(&self, organization: &Organization) -> bool {
        self.reach.kept_by_earlier(self.tool, organization).is_none()
    }

    /// The variable that a configuration of the run's own may name, set on first use. Where an earlier step keeps the
    /// organization, it is the one which that step has set.
    pub fn reference(&mut self, organization: &Organization) -> String {
        let earlier = self.reach.kept_by_earlier(self.tool, organization).and_then(|grant| grant.reference.clone());
        let own = earlier.is_none();
        let name = earlier.unwrap_or_else(|| self.names.reference(organization));
        if self.plan.references.iter().all(|(known, _)| *known != name) {
            self.plan.references.push((name.clone(), organization.clone()));
        }
        if !own {
            return name;
        }
        self.set_reference(name.clone(), organization);
        name
    }

    /// The variable that a file which jobs share may name; set where this step serves the organization.
    pub fn shared_reference(&mut self, organization: &Organization) -> String {
        let name = shared_reference(self.tool, organization);
        if self.serves(organization) {
            self.set_reference(name.clone(), organization);
        }
        name
    }

    fn set_reference(&mut self, name: String, organization: &Organization) {
        if self.plan.variables().all(|variable| variable.name != name) {
            let variable = Variable::new(name.clone(), Template::token_for(organization));
            self.plan.changes.push(Change::Variable(variable));
        }
        self.grant(organization, Some(name));
    }

    /// The token itself, for a client that takes nothing else; nothing where an earlier step keeps the organization.
    pub fn token(&mut self, organization: &Organization) -> Option<Part> {
        let part = self.serves(organization).then(|| Part::TokenFor(organization.clone()))?;
        self.grant(organization, None);
        Some(part)
    }

    /// Lets a client ask for an organization's token at run time: for whatever the organization has, or only for these feeds.
    pub fn deposit(&mut self, client: Dialect, organization: &Organization, feeds: Option<Vec<String>>) {
        if self.serves(organization) {
            let deposit = Deposit { client, organization: organization.clone(), feeds };
            // Several tools may have one client.
            if !self.plan.deposits.contains(&deposit) {
                self.plan.deposits.push(deposit);
            }
            self.grant(organization, None);
        }
    }

    /// Has a client get nothing at the host that organizations share, neither from this run nor from an earlier one.
    pub fn silence(&mut self, client: Dialect) {
        self.plan.silenced.insert(client);
    }

    fn grant(&mut self, organization: &Organization, reference: Option<String>) {
        let known = self.plan.grants.iter_mut();
        let mut known = known.filter(|grant| grant.tool == self.tool && grant.organization == organization.name());
        if let Some(grant) = known.next() {
            grant.reference = grant.reference.take().or(reference);
            return;
        }
        self.plan.grants.push(Grant {
            tool: self.tool.to_owned(),
            organization: organization.name().to_owned(),
            standing: self.reach.standing(organization),
            reference,
        });
    }

    /// Sets a variable of the user's or of the client's, once for all tools that have it in common. It gets back after the job what it
    /// holds now.
    pub fn set(&mut self, variable: Variable) {
        if self.plan.variables().any(|known| known.name == variable.name && known.value == variable.value) {
            return;
        }
        let former = self.host.environment.filled(&variable.name).map(str::to_owned).or(variable.former.clone());
        self.plan.changes.push(Change::Variable(variable.with_former(former)));
    }

    /// Adds a file to the run's private directory, unless another tool has. Gives its path.
    pub fn private_file(&mut self, file: PrivateFile) -> PathBuf {
        let path = self.names.file(&file.name);
        let is_known = |change: &Change| matches!(change, Change::PrivateFile(known) if known.name == file.name);
        if !self.plan.changes.iter().any(is_known) {
            self.plan.changes.push(Change::PrivateFile(file));
        }
        path
    }

    /// Changes a file that is not ours alone, under a journal.
    pub fn share(&mut self, file: SharedFile) {
        self.plan.changes.push(Change::SharedFile(file));
    }

    /// Puts this program into the run's folder on PATH, under a name by which a client starts it.
    pub fn program(&mut self, name: &'static str) {
        if !self.plan.changes.iter().any(|change| matches!(change, Change::Program(known) if *known == name)) {
            self.plan.changes.push(Change::Program(name));
        }
    }

    /// Says that a feed will be reached, and how.
    pub fn serve(&mut self, feed: &ServedFeed, source: TokenSource) {
        self.plan.served.push(Served {
            tool: self.tool,
            organization: feed.feed.organization.clone(),
            target: feed.feed.to_string(),
            feed: Some(feed.feed.clone()),
            named_in: feed.named_in.clone(),
            source,
        });
    }

    /// Has the step look at a feed before a client is let in: what the feed itself says decides where the client sends the token.
    pub fn look_first(&mut self, feed: &ServedFeed, statement: &'static Statement) {
        if self.serves(&feed.feed.organization) {
            self.plan.look_first.push((feed.feed.clone(), statement));
        }
    }

    /// Says that something of an organization will be reached, such as its repositories, and how.
    pub fn serve_organization(&mut self, permitted: &PermittedOrganization, what: &str, source: TokenSource) {
        self.plan.served.push(Served {
            tool: self.tool,
            organization: permitted.organization.clone(),
            target: format!("{what} of {}", permitted.organization),
            feed: None,
            named_in: permitted.named_in(),
            source,
        });
    }

    /// The variable that carries the token, for what users are told of it.
    pub fn token_variable(&self) -> Option<&str> {
        let carries = |variable: &&Variable| variable.visibility == Visibility::Secret && variable.value.holds_token();
        self.plan.variables().find(carries).map(|variable| variable.name.as_str())
    }

    /// Says what may go wrong, in one sentence.
    pub fn warn(&mut self, sentence: impl Into<String>) {
        self.plan.warnings.add(self.tool, sentence.into());
    }

    /// Says what is as it should be and may still surprise, in one line.
    pub fn note(&mut self, line: impl Into<String>) {
        self.plan.notes.push(line.into());
    }
}
