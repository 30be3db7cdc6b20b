//! pip: asks the program `keyring` since 23.1, and before 26.2 only for an address with a user in it (measured with pip 23.0 to 26.3).
//!
//! Addresses of variables, of configuration and of inputs therefore go into pip's own variables with a user. A pip older than 23.1
//! takes the token only in the address.

use std::path::{Path, PathBuf};

use super::addresses::{around_user, has_own_password, has_password, items, served_at, user, with_user};
use super::files::{For, Found, PIP_KEYS, Spot, is_pdm_lock};
use super::named::{self, Named};
use super::shared::{self, Asked};
use super::{Python, further, of_inputs};
use crate::azure_devops::feed::Feed;
use crate::host::{Host, Look};
use crate::plan::draft::Draft;
use crate::plan::{Part, Template, TokenSource, Variable};
use crate::reach::{Role, ServedFeed};
use crate::tools::reading::{Origin, Place, Sources};

/// How pip asks a keyring.
pub const PROVIDER: &str = "PIP_KEYRING_PROVIDER";
/// pip's index.
pub const MAIN: &str = "PIP_INDEX_URL";
/// Further ones.
pub const EXTRA: &str = "PIP_EXTRA_INDEX_URL";
const FILE: &str = "PIP_CONFIG_FILE";

type Version = (u32, u32);
/// The first that starts the program `keyring`.
const ASKS: Version = (23, 1);
/// The first that asks it for addresses without a user.
const ASKS_FOR_ANY: Version = (26, 2);

/// pip's configuration files, the one that decides last.
pub fn configuration(
    host: &Host,
    at_home: &dyn Fn(&str) -> Option<PathBuf>,
    configured: &dyn Fn(&str) -> Option<PathBuf>,
    mac: &dyn Fn(&str) -> Option<PathBuf>,
) -> Vec<PathBuf> {
    let name = if cfg!(windows) { "pip.ini" } else { "pip.conf" };
    let machine =
        if cfg!(windows) { host.variable("ProgramData").map(|folder| Path::new(folder).join("pip")) } else { None };
    let machine = machine.or_else(|| Some(PathBuf::from("/etc"))).map(|folder| folder.join(name));
    let given = host.variable(FILE).map(|path| host.working_directory.join(path));
    let old = at_home(&format!("{}/{name}", if cfg!(windows) { "pip" } else { ".pip" }));
    let usual = format!("pip/{name}");
    // The user's own count for nothing beside one that the variable names.
    let own = if given.is_some() { Vec::new() } else { vec![old, mac(&usual), configured(&usual)] };
    let environment = host.variable("VIRTUAL_ENV").map(|folder| Path::new(folder).join(name));
    // pip knows the null device, which is no file.
    let given =
        given.filter(|path| path != Path::new("/dev/null") && path.file_name().is_none_or(|name| name != "nul"));
    [machine].into_iter().chain(own).chain([environment, given]).flatten().collect()
}

/// False where nobody is to ask.
pub fn plan(served: &[ServedFeed], sources: Sources<'_>, draft: &mut Draft<'_>) -> bool {
    let version = version(draft.look);
    let is_old = version.is_some_and(|version| version < ASKS);
    if !shared::is_safe("pip", served, &asked(sources), draft) {
        // Without the variable pip asks the program all the same where it may ask the user as well.
        draft.set(Variable::new(PROVIDER, Template::text("disabled")));
        return false;
    }
    let mut in_variables: Vec<&ServedFeed> = Vec::new();
    for (variable, key) in [(MAIN, PIP_KEYS[0]), (EXTRA, PIP_KEYS[1])] {
        let mut urls: Vec<String> = match sources.host.variable(variable) {
            Some(value) => items(value).map(|item| item.url.to_owned()).collect(),
            None => configured(sources, key),
        };
        if variable == EXTRA {
            urls.extend(of_inputs(served, sources, &Python::Pip).into_iter().map(|feed| feed.written.clone()));
        }
        let feeds = urls.iter().filter_map(|url| served_at(served, url));
        if urls.iter().any(|url| Feed::parse(url).is_some()) {
            in_variables.extend(feeds);
            let addresses = urls.iter().map(|url| address(url, served, is_old, draft)).collect::<Vec<_>>();
            let parts: Vec<Part> = addresses.join(&Part::Text(" ".to_owned()));
            draft.set(Variable::new(variable, Template::new(parts)));
        }
    }
    if draft.host.variable(PROVIDER).is_none() {
        draft.set(Variable::new(PROVIDER, Template::text("subprocess")));
    }
    further::HATCH.set_user(served, draft);
    let in_variable = |feed: &ServedFeed| {
        let is_set = in_variables.iter().any(|set| set.feed.url == feed.feed.url);
        (is_old && is_set).then_some(TokenSource::Variable)
    };
    let settable: Vec<String> = PIP_KEYS.iter().flat_map(|key| configured(sources, key)).collect();
    named::list(&Python::Pip, served, sources, draft, &in_variable, &|named| {
        version.is_none() || asks(version, named, &settable)
    });
    say_what_is_not_asked_for(served, sources, version, &settable, draft);
    true
}

/// The indexes of files and variables on the host that organizations share.
fn asked(sources: Sources<'_>) -> Vec<Asked> {
    let settable = PIP_KEYS.map(|key| (key, configured(sources, key)));
    let is_settable = |spot: Spot, url: &String| matches!(spot, Spot::PipKey(key, _) if settable.iter().any(|(of, urls)| *of == key && urls.contains(url)));
    let of_files = sources.of::<Found>().flat_map(|(file, found)| {
        // Who publishes has a credential for that address only.
        let indexes = found.indexes.iter().filter(|index| index.role == Role::Source);
        let indexes = indexes.map(|index| (&index.url, is_settable(index.spot, &index.url), index.line));
        let direct = found.direct.iter().map(|(line, url)| (url, false, *line));
        let asked = |(url, is_settable, line): (&String, bool, usize)| {
            let asked = Asked::new(url, is_settable, Place::line(&file.source, line))?;
            Some(if is_pdm_lock(file.source.name()) { asked.of_host() } else { asked })
        };
        indexes.chain(direct).filter_map(asked).collect::<Vec<_>>()
    });
    let of_variables = [MAIN, EXTRA].into_iter().flat_map(|variable| {
        let items = items(sources.host.variable(variable).unwrap_or_default());
        items.filter_map(move |item| Asked::new(item.url, true, Place::Variable(variable.to_owned())))
    });
    of_files.chain(of_variables).collect()
}

/// An address as pip is to have it.
fn address(url: &str, served: &[ServedFeed], is_old: bool, draft: &mut Draft<'_>) -> Vec<Part> {
    let organization = Feed::parse(url).map(|feed| feed.organization);
    let feed = served_at(served, url).filter(|_| is_old && !has_own_password(url));
    let token = feed.and_then(|feed| draft.token(&feed.feed.organization));
    match (organization, token, around_user(url)) {
        (Some(organization), Some(token), Some((before, after))) => {
            vec![Part::Text(format!("{before}{organization}:")), token, Part::Text(after)]
        }
        _ if has_password(url) => vec![Part::Carried(url.to_owned())],
        (Some(organization), ..) => vec![Part::Text(with_user(url, &organization))],
        (None, ..) => vec![Part::Text(url.to_owned())],
    }
}

/// The addresses under a key of the configuration that is in force; none where it says one thing to all commands and another to one, or
/// where one has a password: a variable would show it to all.
fn configured(sources: Sources<'_>, key: &str) -> Vec<String> {
    let mut urls = Vec::new();
    for (_, found) in sources.of::<Found>().filter(|(file, _)| file.source.origin == Origin::User) {
        let of_key = |whom: For| {
            let indexes = found.indexes.iter().filter(move |index| index.spot == Spot::PipKey(key_of(key), whom));
            indexes.map(|index| index.url.clone()).collect::<Vec<_>>()
        };
        if !of_key(For::One).is_empty() {
            return Vec::new();
        }
        let of_all = of_key(For::All);
        if !of_all.is_empty() {
            urls = of_all;
        }
    }
    if urls.iter().any(|url| has_password(url)) { Vec::new() } else { urls }
}

fn key_of(key: &str) -> &'static str {
    PIP_KEYS.into_iter().find(|known| *known == key).unwrap_or_default()
}

/// Whether pip asks for an address, in a file that no variable can take the place of. A version that is not known is the one before 26.2.
fn asks(version: Option<Version>, named: &Named<'_>, settable: &[String]) -> bool {
    let stays = match named.spot {
        Some(Spot::Requirements) => true,
        Some(Spot::PipKey(..)) => !settable.iter().any(|url| url == named.url),
        _ => false,
    };
    let version = version.unwrap_or(ASKS);
    !stays || version >= ASKS_FOR_ANY || version >= ASKS && user(named.url).is_some()
}

/// What it does not ask for is said.
fn say_what_is_not_asked_for(
    served: &[ServedFeed],
    sources: Sources<'_>,
    version: Option<Version>,
    settable: &[String],
    draft: &mut Draft<'_>,
) {
    let all: Vec<_> = named::all(&[], sources).into_iter().filter(|named| !asks(version, named, settable)).collect();
    for (first, feed, feeds) in named::by_file(&all, served) {
        let with_user = with_user(first.url, &feed.organization);
        match version {
            Some((major, minor)) if (major, minor) < ASKS => draft.warn(format!(
                "pip: {major}.{minor} asks no keyring, so it gets no token for {feeds}; use pip 23.1 or newer"
            )),
            Some((major, minor)) => draft.warn(format!(
                "pip: {major}.{minor} asks for {feeds} only where the address has a user; write {with_user}"
            )),
            None => draft.note(format!(
                "pip: versions before 26.2 ask for {feeds} only where the address has a user, as in {with_user}"
            )),
        }
    }
}

/// The version of the pip on PATH, by what was installed beside it.
fn version(look: &dyn Look) -> Option<Version> {
    let program = ["pip", "pip3"].into_iter().find_map(|name| look.program(name))?;
    let prefix = program.parent()?.parent()?;
    let first_line = look.read(&program).unwrap_or_default();
    let first_line =
        String::from_utf8_lossy(first_line.split(|byte| *byte == b'\n').next().unwrap_or_default()).into_owned();
    let python = first_line.trim().rsplit('/').next().unwrap_or_default();
    let library = prefix.join(if cfg!(windows) { "Lib" } else { "lib" });
    let mut folders = look.list(&library);
    if folders.iter().any(|name| name == python) {
        folders = vec![python.to_owned()];
    }
    let folders = folders.iter().filter(|name| name.starts_with("python")).map(|name| library.join(name));
    let folders: Vec<PathBuf> = folders.chain([library.clone()]).collect();
    let names = folders.iter().flat_map(|folder| {
        ["site-packages", "dist-packages"].into_iter().flat_map(|packages| look.list(&folder.join(packages)))
    });
    names.into_iter().filter_map(|name| number(&name)).max()
}

fn number(name: &str) -> Option<Version> {
    let version = name.strip_prefix("pip-")?.strip_suffix(".dist-info")?;
    let mut numbers = version.split('.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next().flatten().unwrap_or_default()))
}
