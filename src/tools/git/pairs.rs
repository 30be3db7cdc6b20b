//! `GIT_CONFIG_COUNT` and its pairs.

use crate::host::Host;
use crate::plan::draft::Draft;
use crate::plan::{Template, Variable};
use crate::tools::PlanError;

const COUNT: &str = "GIT_CONFIG_COUNT";
/// What the private configuration is called, in the run's folder.
pub const FILE: &str = "gitconfig";

/// The pairs of the job, and ours behind them.
pub struct Pairs {
    /// The user's, or an earlier step's.
    pub standing: Vec<(String, String)>,
    added: Vec<(String, Template)>,
}

impl Pairs {
    /// Those that the job has already.
    pub fn standing(host: &Host) -> Result<Self, PlanError> {
        let mut pairs = Self { standing: Vec::new(), added: Vec::new() };
        let Some(count) = host.variable(COUNT) else { return Ok(pairs) };
        let wrong = |reason: String| PlanError::NoPlace { tool: super::ID.name, reason };
        let count: usize = count.parse().ok().filter(|count| *count < 10_000).ok_or_else(|| {
            wrong(format!("the variable {COUNT} holds '{count}', which is not a number that git takes"))
        })?;
        for index in 0..count {
            let name = format!("GIT_CONFIG_KEY_{index}");
            let key = host.environment.get(&name).map(str::to_owned);
            let key = key.ok_or_else(|| wrong(format!("{COUNT} is {count}, but {name} is not set")))?;
            // Some systems know no blank variables.
            let value = host.environment.get(&format!("GIT_CONFIG_VALUE_{index}")).unwrap_or_default().to_owned();
            pairs.standing.push((key, value));
        }
        Ok(pairs)
    }

    /// Adds one of ours.
    pub fn add(&mut self, key: String, value: Template) {
        self.added.push((key, value));
    }

    /// Sets the variables.
    pub fn set(self, draft: &mut Draft<'_>) {
        if self.added.is_empty() {
            return;
        }
        let count = self.standing.len() + self.added.len();
        for (index, (key, value)) in (self.standing.len()..).zip(self.added) {
            // A key without text would stop git wherever somebody has raised the count since.
            draft.set(Variable::new(format!("GIT_CONFIG_KEY_{index}"), Template::text(key)).only_with(COUNT));
            draft.set(Variable::new(format!("GIT_CONFIG_VALUE_{index}"), value));
        }
        // Last, since git refuses a count whose pairs are not there.
        draft.set(Variable::new(COUNT, Template::text(count.to_string())));
    }
}
