//! Python's clients: pip, uv, poetry and twine. All of them ask a keyring for an index by its address, and this program is one.
//!
//! pip and uv start the program `keyring` from PATH, where the address has a user or the index a name (`pip`, `uv`). poetry and twine
//! import the package `keyring`, for which a module is put on `PYTHONPATH` (`backend`), as do further clients (`further`). What is not ours goes on to the user's own.

mod addresses;
mod backend;
mod files;
mod further;
mod named;
#[cfg(test)]
mod peril_tests;
mod pip;
mod requirements;
mod shared;
#[cfg(test)]
mod tests;
mod uv;
#[cfg(test)]
mod words_tests;

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::reading::{
    Among, Hidden, Mention, Origin, Parsed, Peril, Place, Reading, RelPath, SourceFile, Sources, Unparsable, is_one_of,
};
use super::{Auto, Fresh, PlanError, Tool, ToolId, Way};
use crate::azure_devops::feed::{Feed, Protocol};
use crate::host::{Host, Look};
use crate::kernel::dialect::{Dialect, KEYRING_PROGRAM};
use crate::plan::TokenSource;
use crate::plan::draft::Draft;
use crate::reach::{Binding, Role, ServedFeed};

use files::Found;

/// A client of Python's indexes.
#[derive(Debug)]
pub enum Python {
    /// pip.
    Pip,
    /// uv.
    Uv,
    /// poetry.
    Poetry,
    /// twine.
    Twine,
}

/// What there is to know of a client.
struct Facts {
    id: ToolId,
    /// As whom it asks.
    client: Dialect,
    /// The variables of the client's in which addresses stand.
    addresses: &'static [(&'static str, Role)],
}

/// What the address of a feed has to which clients publish.
const UPLOAD: &str = "/pypi/upload";
/// More than any workspace names: each is compared with others.
const MOST_ADDRESSES: usize = 10_000;

const fn id(name: &'static str, variables: &'static [&'static str], ways: &'static [Way]) -> ToolId {
    let (speaks, auto) = (Some(Protocol::Python), Auto::NamesAFeed);
    ToolId { name, speaks, auto, takes_inputs: true, variables, dependency_folders: &[], ways }
}

const fn helper(clients: &'static str, tried: &'static str, client: Dialect) -> Way {
    Way { clients, tried, source: TokenSource::Helper(client), fresh: Fresh::EachStart, afterwards: super::REMOVED }
}

static PIP: Facts = Facts {
    id: id(
        "pip",
        &[pip::PROVIDER, pip::MAIN, pip::EXTRA, further::HATCH.user],
        &[
            helper("23.1 and newer", "24.0, 25.3, 26.3: fetch; PDM 2.29, hatch 1.18: publish", Dialect::Pip),
            Way {
                clients: "older",
                tried: "20.3, 23.0: fetch",
                source: TokenSource::Variable,
                fresh: Fresh::NextStep,
                afterwards: "variables as before",
            },
        ],
    ),
    client: Dialect::Pip,
    addresses: &[
        (pip::MAIN, Role::Source),
        (pip::EXTRA, Role::Source),
        (further::HATCH.place, Role::Publish),
        (further::PDM_PUBLISH, Role::Publish),
    ],
};
static UV: Facts = Facts {
    id: id(
        "uv",
        &[uv::PROVIDER, "UV_INDEX*", uv::LISTS[1], uv::LISTS[2], uv::PUBLISH.user],
        &[helper("", "0.13: fetch, publish", Dialect::Uv)],
    ),
    client: Dialect::Uv,
    addresses: &[
        (uv::LISTS[0], Role::Source),
        (uv::LISTS[1], Role::Source),
        (uv::LISTS[2], Role::Source),
        (uv::LISTS[3], Role::Source),
        (uv::PUBLISH.place, Role::Publish),
    ],
};
static POETRY: Facts = Facts {
    id: id("poetry", &[backend::PYTHON_PATH], &[helper("", "2.5: fetch, publish", Dialect::Poetry)]),
    client: Dialect::Poetry,
    addresses: &[],
};
static TWINE: Facts = Facts {
    id: id("twine", &[], &[helper("", "7.0: publish", Dialect::Twine)]),
    client: Dialect::Twine,
    addresses: &[("TWINE_REPOSITORY_URL", Role::Publish)],
};

impl Python {
    fn facts(&self) -> &'static Facts {
        match self {
            Self::Pip => &PIP,
            Self::Uv => &UV,
            Self::Poetry => &POETRY,
            Self::Twine => &TWINE,
        }
    }

    /// Its variables in which addresses stand.
    fn variables_of_addresses(&self) -> &'static [(&'static str, Role)] {
        self.facts().addresses
    }

    /// Has it ask by Python's package `keyring`, and says what keeps it from that.
    fn asks_by_module(&self, sources: Sources<'_>, draft: &mut Draft<'_>) {
        backend::add(draft);
        warn_of_no_keyring(self, sources, draft);
    }

    /// Whether it takes requirements from files of their own.
    fn reads_requirements(&self) -> bool {
        matches!(self, Self::Pip | Self::Uv)
    }
}

impl Tool for Python {
    fn id(&self) -> &'static ToolId {
        &self.facts().id
    }

    fn reads(&self, path: RelPath<'_>, among: Among) -> bool {
        // pip also reads the one at the root of its environment, which a repository may bring.
        files::is_read(self, path) && (among == Among::Project || files::is_pips_configuration(path.name()))
    }

    fn outside(&self, host: &Host, _look: &dyn Look) -> Vec<PathBuf> {
        let at_home = |path: &str| host.home.as_ref().map(|home| home.join(path));
        let in_folder =
            |variable: &str, path: &str| host.variable(variable).map(|folder| PathBuf::from(folder).join(path));
        let configured = |path: &str| {
            let usual = if cfg!(windows) { in_folder("APPDATA", path) } else { at_home(&format!(".config/{path}")) };
            in_folder("XDG_CONFIG_HOME", path).filter(|_| !cfg!(windows)).or(usual)
        };
        let mac =
            |path: &str| at_home(&format!("Library/Application Support/{path}")).filter(|_| cfg!(target_os = "macos"));
        let files = match self {
            Self::Pip => return pip::configuration(host, &at_home, &configured, &mac),
            Self::Uv => vec![in_folder("UV_CONFIG_FILE", ""), configured("uv/uv.toml")],
            Self::Poetry => {
                let own = in_folder("POETRY_CONFIG_DIR", "config.toml").or_else(|| mac("pypoetry/config.toml"));
                let own = own.or_else(|| configured("pypoetry/config.toml"));
                vec![own.as_ref().map(|own| own.with_file_name("auth.toml")), own]
            }
            Self::Twine => vec![at_home(".pypirc")],
        };
        files.into_iter().flatten().collect()
    }

    fn parse(&self, file: &SourceFile, host: &Host) -> Parsed {
        Box::new(files::parse(self, file, host))
    }

    fn further(&self, sources: Sources<'_>) -> Vec<PathBuf> {
        let named = sources.of::<Found>().flat_map(|(_, found)| found.further.clone());
        named.chain(further::env_files(self, sources.host)).collect()
    }

    fn read(&self, sources: Sources<'_>) -> Reading {
        let mut reading = Reading::default();
        let addresses: usize = sources.of::<Found>().map(|(_, found)| found.indexes.len() + found.direct.len()).sum();
        if addresses > MOST_ADDRESSES {
            reading.doubts.push(Unparsable {
                file: format!("the files of {}", self.id().name),
                reason: "they name more than 10,000 addresses".to_owned(),
                hides: Hidden::Names,
                origin: Origin::Workspace,
            });
        }
        let pipfiles = sources.of::<Found>().filter(|(file, _)| is_one_of(file.source.name(), &["Pipfile"]));
        let beside = pipfiles.filter_map(|(file, _)| Some(file.source.path.parent()?.join(".env")));
        // Pipenv reads the one beside its own file.
        let env_files: BTreeSet<_> = beside.chain(further::env_files(self, sources.host)).collect();
        for (file, found) in sources.of::<Found>() {
            if is_one_of(file.source.name(), &[".env"]) && !env_files.contains(&file.source.path) {
                continue;
            }
            reading.doubts.extend(found.unread.clone());
            reading
                .perils
                .extend(found.perils.iter().map(|(line, what)| Peril::new(Place::line(&file.source, *line), *what)));
        }
        reading.mentions.extend(named::all(self.facts().addresses, sources).into_iter().map(|named| Mention {
            name: named.name.map(str::to_owned),
            url: named.url.to_owned(),
            doubt: None,
            role: named.role,
            bound: Binding::Address,
            place: named.place,
        }));
        reading
    }

    fn feed_url(&self, feed: &Feed) -> String {
        let what = if matches!(self, Self::Twine) { "upload" } else { "simple" };
        format!("{}/pypi/{what}/", feed.base_url())
    }

    fn binds(&self) -> Binding {
        Binding::Address
    }

    fn usual_name(&self, _feed: &Feed) -> Option<String> {
        None
    }

    fn plan(&self, served: &[ServedFeed], sources: Sources<'_>, draft: &mut Draft<'_>) -> Result<(), PlanError> {
        draft.program(KEYRING_PROGRAM);
        let is_safe = match self {
            Self::Pip => {
                let is_safe = pip::plan(served, sources, draft);
                if is_safe && further::imports_keyring(served, sources) {
                    self.asks_by_module(sources, draft);
                }
                is_safe
            }
            Self::Uv => uv::plan(served, sources, draft),
            Self::Poetry | Self::Twine => {
                self.asks_by_module(sources, draft);
                named::list(self, served, sources, draft, &|_| None, &|_| true);
                true
            }
        };
        let organizations: BTreeSet<_> = served.iter().map(|feed| &feed.feed.organization).collect();
        for organization in organizations.into_iter().filter(|_| is_safe) {
            draft.deposit(self.facts().client, organization, None);
        }
        Ok(())
    }
}

/// The feeds that only inputs name: those that no file or variable names.
fn of_inputs<'s>(served: &'s [ServedFeed], sources: Sources<'s>, client: &'s Python) -> Vec<&'s ServedFeed> {
    let named: BTreeSet<String> = named::all(client.facts().addresses, sources)
        .iter()
        .filter_map(|named| Some(Feed::parse(named.url)?.url.to_string()))
        .collect();
    let is_new = |feed: &&ServedFeed| !named.contains(feed.feed.url.as_str()) && !feed.written.contains(UPLOAD);
    served.iter().filter(is_new).collect()
}

fn warn_of_no_keyring(client: &Python, sources: Sources<'_>, draft: &mut Draft<'_>) {
    let name = client.id().name;
    if let Some(trouble) = backend::trouble(draft.host) {
        draft.warn(format!("{name}: {trouble}"));
    }
    let switch = "POETRY_KEYRING_ENABLED";
    let is_off = draft.host.variable(switch).is_some_and(|value| value.eq_ignore_ascii_case("false") || value == "0");
    let place = match sources.of::<Found>().find(|(_, found)| found.has_no_keyring) {
        Some((file, _)) => Place::of(&file.source),
        None if is_off && matches!(client, Python::Poetry) => Place::Variable(switch.to_owned()),
        None => return,
    };
    draft.warn(format!("{name}: {place} keeps {name} from asking a keyring, so it gets no token; remove that setting"));
}
