//! The one table of what goes wrong on the way to a working credential: how it is recognised, why it happens, what mends it.
//!
//! A file of rows a [`Stage`]; a row stands once, as a static that code can name. Codes and texts of services change: whether to
//! try again is decided on statuses, the table only explains.
//!
//! Sources: Microsoft's "Microsoft Entra authentication and authorization error codes", "Troubleshoot an Azure Resource Manager
//! workload identity service connection", "Use service principals and managed identities in Azure DevOps", "Rate and usage limits";
//! the troubleshooting pages and tests of Azure's identity libraries; answers of the services captured in public threads.

mod recognition;

pub(crate) mod application;
pub(crate) mod clients;
pub(crate) mod content;
pub(crate) mod credential;
pub mod federation;
pub(crate) mod job;
pub(crate) mod managed_identity;
pub(crate) mod network;
pub(crate) mod oidc;
pub mod organization;
pub(crate) mod policy;
pub(crate) mod users;

pub use recognition::{Evidence, Mention, Named, Place, Reader, Reading, Stranger, find_in, named_in};

/// One thing that goes wrong.
#[derive(Debug, Eq, PartialEq)]
pub struct Cause {
    /// What messages end with and users look up: the service's code where there is one, else a short name in kebab case.
    pub name: &'static str,
    /// What is wrong: a sentence without the code, its first letter small.
    pub headline: &'static str,
    /// What to do, begun with a verb, without a full stop at its end.
    pub remedy: &'static str,
    /// The rest, in one text: a pointer for each part would weigh more than the part.
    more: &'static str,
    /// Where on the way it happens.
    pub stage: Stage,
    /// Who can mend it.
    pub owner: Owner,
    /// Whether running again helps.
    pub again: Again,
}

/// What a sign is taken from, and so how much it proves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A sentence of a service or of this task.
    Sentence,
    /// The words of a client, or a status.
    Client,
    /// Mere names, which count where nothing else does, all of them in one line.
    Name,
}

impl Cause {
    #[inline(never)]
    fn part(&self, number: usize) -> &'static str {
        self.more.split('\n').nth(number).unwrap_or_default()
    }

    /// Why it happens: a sentence or two.
    pub fn meaning(&self) -> &'static str {
        self.part(0)
    }

    /// What is true besides where this task speaks, and not where another program does: a sentence, or nothing.
    pub fn ours(&self) -> &'static str {
        self.part(1)
    }

    /// What to do where another program speaks.
    pub fn elsewhere(&self) -> &'static str {
        if self.part(2).is_empty() { self.remedy } else { self.part(2) }
    }

    /// Every code of a service that means this, as the services write them; an `x` stands for any digit.
    pub fn codes(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.part(3).split_terminator(' ')
    }

    /// Whether its name is a service's code.
    pub fn is_code(&self) -> bool {
        self.codes().any(|code| code == self.name)
    }

    /// The texts that mean this where no code is named: words that all stand near the first of them, each whole, in any case of
    /// letters. `=401` is a status, `@devops`, `@entra` or `@azure` a host to which the words must belong, with `?` one that need not
    /// be named, `!x` what must not be in the line.
    pub fn signs(&self) -> impl Iterator<Item = (Kind, std::str::Split<'static, char>)> + use<> {
        self.more.split('\n').skip(4).filter_map(|sign| {
            let (kind, words) = sign.split_once('\t')?;
            let kind = match kind {
                "s" => Kind::Sentence,
                "w" => Kind::Client,
                _ => Kind::Name,
            };
            Some((kind, words.split('\t')))
        })
    }
}

/// Where on the way to a credential something happens: the chapters of TROUBLESHOOTING.md.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stage {
    /// What the agent gives to the step.
    Job,
    /// Azure DevOps gives the job's assertion.
    Assertion,
    /// Entra compares the assertion with the identity's federated credentials.
    Federation,
    /// Entra looks for the application, the tenant and what is asked for.
    Application,
    /// Entra checks a client secret or a certificate.
    Credential,
    /// The tenant's policies, and Entra's own trouble.
    Policy,
    /// A user signs in in the place of an application.
    User,
    /// A machine's own identity gives a token.
    ManagedIdentity,
    /// The way between the agent and a service.
    Network,
    /// The organization accepts the identity.
    Organization,
    /// Feeds and repositories serve it.
    Content,
    /// A client says it in its own words.
    Client,
}

/// Who can mend something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Owner {
    /// Who writes the pipeline and its inputs.
    PipelineAuthor,
    /// Who administers the project and its service connections.
    ProjectAdministrator,
    /// Who owns the application or managed identity in Entra.
    IdentityOwner,
    /// Who administers the Entra tenant.
    TenantAdministrator,
    /// Who administers the Azure DevOps organization.
    OrganizationAdministrator,
    /// Who owns the feed.
    FeedOwner,
    /// Who looks after the agent's machine.
    AgentAdministrator,
    /// Who looks after the network, its proxy and its authorities.
    NetworkAdministrator,
    /// Whoever runs the service: wait.
    Service,
    /// This task: a mistake to report.
    ThisTask,
}

/// Whether running the job again helps.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Again {
    /// Not before something was changed.
    No,
    /// It may, at once.
    AtOnce,
    /// It may, after the service had time to recover.
    AfterAWhile,
    /// After some minutes, where what it needs was made or changed just now: it takes that long to reach every server.
    AfterMinutes,
}

impl Stage {
    /// All, in the order of a run.
    pub const ALL: [Self; 12] = [
        Self::Job,
        Self::Assertion,
        Self::Federation,
        Self::Application,
        Self::Credential,
        Self::Policy,
        Self::User,
        Self::ManagedIdentity,
        Self::Network,
        Self::Organization,
        Self::Content,
        Self::Client,
    ];

    /// As a heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Job => "The job and its agent",
            Self::Assertion => "Azure DevOps gives no assertion",
            Self::Federation => "Entra does not accept the assertion",
            Self::Application => "Entra does not find the application, the tenant or the resource",
            Self::Credential => "Entra does not accept the client secret or certificate",
            Self::Policy => "A policy blocks the identity, or Entra is in trouble",
            Self::User => "Entra refuses a user",
            Self::ManagedIdentity => "A managed identity gives no token",
            Self::Network => "A service cannot be reached",
            Self::Organization => "The organization does not accept the identity",
            Self::Content => "A feed or a repository refuses",
            Self::Client => "A client's own words",
        }
    }
}

impl Owner {
    /// As the subject of a sentence without its verb.
    pub fn title(self) -> &'static str {
        match self {
            Self::PipelineAuthor => "the pipeline's author",
            Self::ProjectAdministrator => "an administrator of the Azure DevOps project",
            Self::IdentityOwner => "the owner of the application or managed identity",
            Self::TenantAdministrator => "an administrator of the Entra tenant",
            Self::OrganizationAdministrator => "an administrator of the Azure DevOps organization",
            Self::FeedOwner => "the feed's owner",
            Self::AgentAdministrator => "whoever looks after the agent's machine",
            Self::NetworkAdministrator => "whoever looks after the network, its proxy and its authorities",
            Self::Service => "Microsoft",
            Self::ThisTask => "the authors of this task; please report it with the text of the error",
        }
    }
}

impl Again {
    /// As an answer.
    pub fn title(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::AtOnce => "yes, at once, or once what the remedy names is done",
            Self::AfterAWhile => "yes, after a while",
            Self::AfterMinutes => "after some minutes, if something was made or changed just now; else no",
        }
    }
}

/// The rows of every stage, in the order of a run.
pub fn all() -> impl Iterator<Item = &'static Cause> {
    let stages = [
        job::ROWS,
        oidc::ROWS,
        federation::ROWS,
        application::ROWS,
        credential::ROWS,
        policy::ROWS,
        users::ROWS,
        managed_identity::ROWS,
        network::ROWS,
        organization::ROWS,
        content::ROWS,
        clients::ROWS,
    ];
    stages.into_iter().flatten().copied()
}

/// The cause of an `AADSTS` number.
pub fn by_code(number: u64) -> Option<&'static Cause> {
    with_code(&format!("AADSTS{number}"))
}

/// The cause that has this name or this code, in any case of letters.
pub fn by_name(name: &str) -> Option<&'static Cause> {
    all().find(|cause| cause.name.eq_ignore_ascii_case(name)).or_else(|| with_code(name))
}

/// The cause of a code; one that names all its digits goes before a family.
fn with_code(code: &str) -> Option<&'static Cause> {
    let fits = |known: &str| {
        let same =
            |(known, given): (u8, u8)| known.eq_ignore_ascii_case(&given) || (known == b'x' && given.is_ascii_digit());
        known.len() == code.len() && known.bytes().zip(code.bytes()).all(same)
    };
    let exactly = |known: &str| known.eq_ignore_ascii_case(code);
    all().find(|cause| cause.codes().any(exactly)).or_else(|| all().find(|cause| cause.codes().any(fits)))
}

/// A static for each row, and `ROWS` with all of them.
macro_rules! causes {
    ($stage:ident: $($row:ident {
        name: $name:literal,
        $(codes: [$($code:literal),* $(,)?],)?
        $(signs: [$([$($sign:literal),+]),* $(,)?],)?
        $(words: [$([$($word:literal),+]),* $(,)?],)?
        $(hints: [$([$($hint:literal),+]),* $(,)?],)?
        headline: $headline:literal,
        meaning: $meaning:literal,
        $(ours: $ours:literal,)?
        remedy: $remedy:expr,
        $(elsewhere: $elsewhere:literal,)?
        owner: $owner:ident,
        again: $again:ident,
    })+) => {
        $(
            #[doc = concat!($name, ": ", $headline, ".")]
            pub static $row: super::Cause = super::Cause {
                name: $name,
                headline: $headline,
                remedy: $remedy,
                more: concat!(
                    $meaning, "\n", $($ours,)? "\n", $($elsewhere,)? "\n", $($($code, " ",)*)? "\n",
                    $($("s", $("\t", $sign,)+ "\n",)*)? $($("w", $("\t", $word,)+ "\n",)*)? $($("h", $("\t", $hint,)+ "\n",)*)?
                ),
                stage: super::Stage::$stage,
                owner: super::Owner::$owner,
                again: super::Again::$again,
            };
        )+

        /// The stage's rows.
        pub(super) static ROWS: &[&super::Cause] = &[$(&$row),+];
    };
}
use causes;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_name_or_code_leads_to_one_row() {
        let mut names = HashSet::new();
        for cause in all() {
            assert!(names.insert(cause.name.to_ascii_lowercase()), "{} stands twice", cause.name);
            for code in cause.codes().filter(|code| *code != cause.name) {
                assert!(names.insert(code.to_ascii_lowercase()), "{code} stands twice");
            }
        }
        for stage in Stage::ALL {
            assert!(all().any(|cause| cause.stage == stage), "{stage:?} has no row");
        }
    }

    /// Rows end up in one line of an error, in a page of Markdown and in a terminal.
    #[test]
    fn every_row_says_everything_and_reads_well() {
        for cause in all() {
            let Cause { name, headline, remedy, .. } = cause;
            let meaning = cause.meaning();
            let looks_like_a_code = name.starts_with(char::is_uppercase) && !name.contains('-');
            assert_eq!(cause.is_code(), looks_like_a_code, "{name}");
            for text in [headline, meaning, remedy, cause.elsewhere()] {
                assert!(text.len() > 8, "{name}: {text}");
                let odd = |c: char| c.is_control() || "<>*#|`".contains(c);
                assert!(!text.contains(odd) && !text.contains("  "), "{name}: {text}");
            }
            assert!(meaning.ends_with('.') && meaning.starts_with(char::is_uppercase), "{name}: {meaning}");
            assert!(!remedy.ends_with('.') && remedy.starts_with(char::is_lowercase), "{name}: {remedy}");
            assert!(!headline.ends_with('.'), "{name}: {headline}");
            let words = cause.signs().flat_map(|(_, words)| words);
            assert!(words.into_iter().all(|word| word.len() >= 3 && !word.contains('\n')), "{name}");
            let message = format!("TF401444 and more\n  troubleshooting: {name}\nend");
            assert_eq!(find_in(&message).map(|cause| cause.name), Some(*name));
        }
    }

    #[test]
    fn codes_are_looked_up_in_any_case() {
        assert_eq!(by_code(700_016), Some(&application::UNKNOWN_APPLICATION));
        assert_eq!(by_code(70_001), Some(&application::UNKNOWN_APPLICATION));
        assert_eq!(by_code(1), None);
        assert_eq!(by_name("tf401444"), Some(&organization::NOT_A_USER));
        assert_eq!(by_name("VS403463"), Some(&organization::CONDITIONAL_ACCESS));
        assert_eq!(by_name("vs403499"), Some(&organization::OTHER_REFUSAL));
        assert_eq!(by_name("OIDC-busy"), Some(&oidc::BUSY));
        assert_eq!(by_name(""), None);
    }
}
