//! Azure Artifacts: finds the feed that an address names, checks the caller's rights, and lets the protocol answer.

pub(crate) mod cargo;
pub(crate) mod conda;
pub(crate) mod maven;
pub(crate) mod npm;
pub(crate) mod nuget;
pub(crate) mod python;

use crate::azure::access::{self, Caller, Door, Visit};
use crate::azure::place::{self, Area, Place};
use crate::azure::{errors, feeds};
use crate::faults::DevOpsError;
use crate::message::{Answer, Call};
use crate::service::{Endpoint, Service};
use crate::state::State;
use crate::world::{CargoHosts, Downloads, Feed, Organization, Package, PackageFile, Protocol, python_name};

pub(crate) const SERVICE: Service = Service {
    endpoint: Endpoint::Artifacts,
    claims: |_, call| {
        place::of(call).is_some_and(|p| {
            p.area == Area::Packages && p.rest.iter().take(2).any(|s| s.eq_ignore_ascii_case("_packaging"))
        })
    },
    answer,
};

/// Where downloads are redirected to.
pub(crate) const BLOB: Service =
    Service { endpoint: Endpoint::Blob, claims: |_, call| call.host.ends_with(".blob.core.windows.net"), answer: blob };

/// The packages at one address.
pub(crate) struct Shelf<'a> {
    /// Address of the protocol's root, with its final slash.
    pub base: String,
    /// The same by ids instead of names, where a protocol uses them in what it says.
    pub base_by_id: String,
    /// The packages.
    pub packages: &'a [Package],
    /// Redirect of downloads: status and address before the package's.
    pub redirect: Option<(u16, String)>,
    /// Where its index sends cargo.
    pub cargo_hosts: &'a CargoHosts,
}

impl Shelf<'_> {
    /// The versions of a package; names are compared as the protocol does it.
    pub(crate) fn versions(&self, protocol: Protocol, name: &str) -> Vec<&Package> {
        let same = |p: &&Package| {
            p.protocol == protocol
                && match protocol {
                    Protocol::Nuget | Protocol::Cargo => p.name.eq_ignore_ascii_case(name),
                    Protocol::Npm | Protocol::Maven | Protocol::Conda => p.name == name,
                    Protocol::Python => python_name(&p.name) == python_name(name),
                }
        };
        self.packages.iter().filter(same).collect()
    }

    /// Hands out a file, or says where it is.
    pub(crate) fn download(&self, package: &Package, file: &PackageFile) -> Answer {
        let Some((status, base)) = &self.redirect else {
            return Answer::with_body(200, "application/octet-stream", file.content.to_vec());
        };
        let coded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let to = format!(
            "{base}/{:?}/{}/{}/{}?sv=2025-01-05&sr=b&sig=made-up",
            package.protocol,
            coded(&package.name),
            coded(&package.version),
            coded(&file.name)
        );
        Answer::redirect(*status, &to)
    }
}

/// A request inside a feed, taken apart.
struct Inside {
    project: Option<String>,
    feed: String,
    view: Option<String>,
    /// Segments after the feed.
    rest: Vec<String>,
}

fn inside(place: &Place) -> Option<Inside> {
    let at = place.rest.iter().position(|s| s.eq_ignore_ascii_case("_packaging"))?;
    let named = place.rest.get(at + 1)?;
    let named = named.strip_suffix("~force-auth").unwrap_or(named);
    let (feed, view) = named.split_once('@').map_or((named, None), |(feed, view)| (feed, Some(view.to_owned())));
    Some(Inside {
        project: place.rest[..at].first().cloned(),
        feed: feed.to_owned(),
        view,
        rest: place.rest[at + 2..].to_vec(),
    })
}

fn answer(state: &State, call: &Call) -> Answer {
    access::within(state, call, Door::Feeds, |visit| {
        let Visit { world, organization, place, caller } = visit;
        let Some(inside) = inside(place) else { return Answer::status(404) };
        let Some(feed) = organization.feed(inside.project.as_deref(), &inside.feed) else {
            return feeds::not_found(&inside.feed);
        };
        if let Some(view) = &inside.view
            && !feed.views.iter().any(|v| v.eq_ignore_ascii_case(view))
        {
            return errors::error(
                404,
                "FeedViewNotFoundException",
                &format!("View '{view}' of feed '{}' doesn't exist.", feed.name),
            );
        }
        if let Err(refusal) = check_rights(feed, caller, call) {
            return refusal;
        }
        let redirect = match world.downloads {
            Downloads::Direct => None,
            Downloads::Redirect(status) => {
                let owner = &organization.name;
                Some((status, format!("https://{owner}.blob.core.windows.net/feeds/{owner}/{}", feed.id)))
            }
        };
        let shelf = Shelf {
            base: String::new(),
            base_by_id: base_by_id(call, place, organization, feed),
            packages: &feed.packages,
            redirect,
            cargo_hosts: &feed.cargo_hosts,
        };
        match serve(call, shelf, &inside.rest) {
            Reply::Answer(answer) => answer,
            Reply::Published(package, answer) => {
                let id = feed.id.clone();
                let owner = organization.name.clone();
                state.change_world(|world| {
                    let found = world.organization_mut(&owner).and_then(|o| o.feeds.iter_mut().find(|f| f.id == id));
                    if let Some(feed) = found {
                        store(&mut feed.packages, package);
                    }
                });
                answer
            }
        }
    })
}

/// What a protocol makes of a request.
pub(crate) enum Reply {
    /// This answer.
    Answer(Answer),
    /// A package that was sent, and the answer.
    Published(Package, Answer),
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}

/// Chooses the protocol by the segments after the feed. `shelf.base` is filled in here.
pub(crate) fn serve(call: &Call, mut shelf: Shelf<'_>, rest: &[String]) -> Reply {
    let words: Vec<&str> = rest.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["npm", "registry", tail @ ..] | ["npm", tail @ ..] => {
            shelf.base = base(call, tail.len());
            npm::answer(call, &shelf, tail)
        }
        ["maven", "v1", tail @ ..] => {
            shelf.base = base(call, tail.len());
            maven::answer(call, &shelf, tail)
        }
        ["nuget", tail @ ..] => {
            shelf.base = base(call, tail.len());
            nuget::answer(call, &shelf, tail)
        }
        ["pypi", tail @ ..] => {
            shelf.base = base(call, tail.len());
            python::answer(call, &shelf, tail)
        }
        [first, tail @ ..] if first.eq_ignore_ascii_case("cargo") => {
            shelf.base = base(call, tail.len());
            cargo::answer(call, &shelf, tail)
        }
        [first, "repo", _channel, tail @ ..] if first.eq_ignore_ascii_case("conda") => {
            shelf.base = base(call, tail.len());
            conda::answer(call, &shelf, tail).into()
        }
        _ => errors::error(404, "VssResourceNotFoundException", "The controller for this path was not found.").into(),
    }
}

/// The address of the request without its last segments, as sent: host form and letters stay.
fn base(call: &Call, tail: usize) -> String {
    let raw: Vec<&str> = call.path.split('/').filter(|s| !s.is_empty()).collect();
    let kept = &raw[..raw.len().saturating_sub(tail)];
    kept.iter().fold(call.origin(), |base, segment| format!("{base}/{segment}")) + "/"
}

fn base_by_id(call: &Call, place: &Place, organization: &Organization, feed: &Feed) -> String {
    let project = feed.project.as_deref().and_then(|name| organization.project(name));
    let project = project.map(|p| format!("/{}", p.id)).unwrap_or_default();
    format!("{}{}{project}/_packaging/{}/", call.origin(), place.prefix, feed.id)
}

fn check_rights(feed: &Feed, caller: &Caller, call: &Call) -> Result<(), Answer> {
    let allowed = |list: &Option<Vec<String>>| {
        caller.is_job || list.as_ref().is_none_or(|ids| ids.iter().any(|id| id.eq_ignore_ascii_case(&caller.object_id)))
    };
    if !allowed(&feed.readers) {
        return Err(errors::answer(&DevOpsError::no_feed_right(&caller.display_name, "ReadPackages")));
    }
    if matches!(call.method.as_str(), "PUT" | "POST") && !call.path.contains("/-/npm/") && !allowed(&feed.publishers) {
        return Err(errors::answer(&DevOpsError::no_feed_right(&caller.display_name, "AddPackage")));
    }
    Ok(())
}

/// Adds a package, or its files to a version that exists.
pub(crate) fn store(packages: &mut Vec<Package>, package: Package) {
    let same =
        |p: &&mut Package| p.protocol == package.protocol && p.name == package.name && p.version == package.version;
    match packages.iter_mut().find(same) {
        Some(existing) => existing.files.extend(package.files),
        None => packages.push(package),
    }
}

/// `/feeds/{org}/{feed id}/{protocol}/{name}/{version}/{file}`; an Authorization header is refused, as storage refuses it
/// beside a signature in the address.
fn blob(state: &State, call: &Call) -> Answer {
    if call.header("authorization").is_some() {
        return Answer::with_body(
            400,
            "application/xml",
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>InvalidAuthenticationInfo</Code><Message>Authentication \
             information is not given in the correct format.</Message></Error>",
        );
    }
    let segments: Vec<String> = call.segments();
    let [_, owner, feed, protocol, name, version, file] = segments.as_slice() else { return Answer::status(404) };
    let world = state.world();
    let found = world.organization(owner).and_then(|o| o.feeds.iter().find(|f| f.id == *feed)).and_then(|f| {
        let package = f
            .packages
            .iter()
            .find(|p| format!("{:?}", p.protocol) == *protocol && p.name == *name && p.version == *version)?;
        package.file(file)
    });
    match found {
        Some(file) => Answer::with_body(200, "application/octet-stream", file.content.to_vec()),
        None => Answer::status(404),
    }
}
