//! conda, with channels in feeds, by the variable of Microsoft's own task.
//!
//! conda and mamba put a variable's value into the address of a channel, `https://any:${ARTIFACTS_CONDA_TOKEN}@pkgs.dev.azure.com/…`
//! (conda's user guide, "Using the .condarc conda configuration file"; microsoft/azure-pipelines-tasks, `CondaAuthenticateV0`). They
//! ask no helper, and a channel's address stands in files of the project, so the name cannot be new in each run. The survey's guard
//! stops the step where a file would send it elsewhere.

use std::path::PathBuf;

use super::dotenv::ELSEWHERE;
use super::reading::{Among, Mention, Parsed, Peril, Place, Reading, RelPath, SourceFile, Sources};
use super::{Auto, Fresh, PlanError, Tool, ToolId, Way};
use crate::azure_devops::feed::{Feed, Protocol};
use crate::host::{Host, Look};
use crate::plan::draft::Draft;
use crate::plan::{Template, TokenSource, Variable};
use crate::reach::{Binding, Role, ServedFeed, main_organization};

/// conda and mamba.
pub struct Conda;

const TOKEN: &str = "ARTIFACTS_CONDA_TOKEN";
const FILES: [&str; 4] = [".condarc", "condarc", "environment.yml", "environment.yaml"];

/// More than any file has; one is enough for no token.
const MOST: usize = 1000;

static ID: ToolId = ToolId {
    name: "conda",
    speaks: Some(Protocol::Conda),
    auto: Auto::NamesAFeed,
    takes_inputs: true,
    variables: &[TOKEN],
    dependency_folders: &[],
    ways: &[Way {
        clients: "",
        tried: "the variable, by py-rattler: fetch",
        source: TokenSource::Variable,
        fresh: Fresh::NextStep,
        afterwards: "variables as before",
    }],
};

/// What a file says.
struct Found {
    /// Its addresses, each with its line.
    addresses: Vec<(String, usize)>,
    /// The lines that may lead the traffic elsewhere.
    perils: Vec<usize>,
}

impl Tool for Conda {
    fn id(&self) -> &'static ToolId {
        &ID
    }

    fn reads(&self, path: RelPath<'_>, _among: Among) -> bool {
        path.is_named(&FILES)
    }

    fn outside(&self, _host: &Host, _look: &dyn Look) -> Vec<PathBuf> {
        Vec::new()
    }

    fn parse(&self, file: &SourceFile, _host: &Host) -> Parsed {
        let lines = || file.text.body.lines().enumerate();
        let of_line = |(index, line)| addresses(line).map(move |address| (address.to_owned(), index + 1));
        let perils =
            lines().filter(|(_, line)| !file.is_named(&FILES[2..]) && is_peril(line)).map(|(index, _)| index + 1);
        Box::new(Found { addresses: lines().flat_map(of_line).collect(), perils: perils.take(MOST).collect() })
    }

    /// A configuration of any name.
    fn further(&self, sources: Sources<'_>) -> Vec<PathBuf> {
        sources.host.variable("CONDARC").map(|file| sources.host.working_directory.join(file)).into_iter().collect()
    }

    fn read(&self, sources: Sources<'_>) -> Reading {
        let mut reading = Reading::default();
        for (file, found) in sources.of::<Found>() {
            let peril = |line: &usize| Peril::new(Place::line(&file.source, *line), ELSEWHERE);
            reading.perils.extend(found.perils.iter().map(peril));
            // Other addresses see no token, whatever is set.
            for (url, line) in found.addresses.iter().filter(|(url, _)| url.to_ascii_uppercase().contains(TOKEN)) {
                let (role, bound, place) = (Role::Source, Binding::Url, Place::line(&file.source, *line));
                reading.mentions.push(Mention { name: None, url: url.clone(), doubt: None, role, bound, place });
            }
        }
        reading
    }

    fn feed_url(&self, feed: &Feed) -> String {
        format!("{}/Conda/repo/", feed.base_url())
    }

    fn binds(&self) -> Binding {
        Binding::Url
    }

    /// The variable has room for one token.
    fn plan(&self, served: &[ServedFeed], sources: Sources<'_>, draft: &mut Draft<'_>) -> Result<(), PlanError> {
        say_what_has_no_variable(served, sources, draft);
        let of_main = main_organization(draft.organizations())
            .and_then(|main| served.iter().find(|feed| feed.feed.organization == *main));
        let Some(first) = of_main.or(served.first()) else { return Ok(()) };
        if let Some(token) = draft.token(&first.feed.organization) {
            draft.set(Variable::new(TOKEN, Template::new([token])));
        }
        for feed in served {
            if feed.feed.organization == first.feed.organization {
                draft.serve(feed, TokenSource::Variable);
            } else {
                draft.warn(format!(
                    "conda: {} names the feed {}, which gets no token: {TOKEN} holds that of {}",
                    feed.named_in, feed.feed, first.feed.organization
                ));
            }
        }
        Ok(())
    }
}

/// Channels in feeds that are served get no token where their addresses do not refer to the variable.
fn say_what_has_no_variable(served: &[ServedFeed], sources: Sources<'_>, draft: &mut Draft<'_>) {
    for (file, found) in sources.of::<Found>() {
        for (url, line) in found.addresses.iter().filter(|(url, _)| !url.to_ascii_uppercase().contains(TOKEN)) {
            let Some(feed) = Feed::parse(url).filter(|feed| served.iter().any(|served| served.feed.same_feed(feed)))
            else {
                continue;
            };
            draft.warn(format!(
                "conda: {} names {feed} without the variable, so it gets no token; write https://token:${{{TOKEN}}}@pkgs.dev.azure.com/…",
                Place::line(&file.source, *line)
            ));
        }
    }
}

/// Whether a line of conda's configuration sets a proxy, or the check of certificates to anything but `true`. A key of YAML may have
/// its letters as escapes, so those count.
fn is_peril(line: &str) -> bool {
    let line = line.trim_start();
    let sets = |key: &str| {
        line.match_indices(key).any(|(at, _)| {
            let value = line[at + key.len()..].trim_start_matches(['"', '\'', ' ', '\t', ':']);
            !value.split([' ', '\t', ',', '}', '#']).next().unwrap_or_default().eq_ignore_ascii_case("true")
        })
    };
    let key = if line.contains('{') { line } else { line.split(':').next().unwrap_or_default() };
    !line.starts_with('#')
        && (line.contains("proxy_servers")
            || ["ssl_verify", "verify_ssl"].into_iter().any(sets)
            || key.contains('"') && key.contains('\\'))
}

/// The addresses on a line.
fn addresses(line: &str) -> impl Iterator<Item = &str> {
    let starts = line.match_indices("://").map(|(at, _)| {
        let scheme = line[..at].chars().rev().take_while(char::is_ascii_alphanumeric).count();
        at - scheme
    });
    starts.map(|start| {
        let rest = &line[start..];
        &rest[..rest.find([' ', '\t', '"', '\'', ',', ']']).unwrap_or(rest.len())]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::testing::{Disk, feed, file, host, mentioned, planned, shown};

    const ALIAS: &str = "https://token:${ARTIFACTS_CONDA_TOKEN}@pkgs.dev.azure.com/contoso/_packaging/f/Conda/repo/";

    #[test]
    fn addresses_that_refer_to_the_variable_are_found() {
        for (path, text) in [
            (".condarc", format!("channel_alias: {ALIAS}\n")),
            ("ci/condarc", format!("channel_alias: \"{ALIAS}\"\r\n")),
            ("environment.yml", format!("channels: [{ALIAS}, conda-forge]\n")),
            ("Environment.YAML", format!("channels:\n  - '{ALIAS}' # x\n")),
        ] {
            let found = mentioned(&Conda, &[file(&format!("/agent/1/s/{path}"), &text)], &host(&[]));
            assert_eq!(found, [format!(" {ALIAS} {path}")], "{text}");
        }
        let plain = "channels:\n- https://pkgs.dev.azure.com/contoso/_packaging/f/Conda/repo/main\n- https://$X@e\n";
        assert!(mentioned(&Conda, &[file("/agent/1/s/.condarc", plain)], &host(&[])).is_empty());
        let host = host(&[("CONDARC", "ci/conda.yml")]);
        assert_eq!(Conda.further(Sources { files: &[], host: &host }), [PathBuf::from("/agent/1/s/ci/conda.yml")]);
    }

    #[test]
    fn settings_that_lead_the_traffic_elsewhere_are_perils() {
        let lines = |path: &str, text: &str| {
            let reading =
                crate::tools::testing::reading(&Conda, &[file(&format!("/agent/1/s/{path}"), text)], &host(&[]));
            reading.perils.iter().map(|peril| format!("{} {}", peril.place, peril.what)).collect::<Vec<_>>()
        };
        for text in [
            "proxy_servers:\n  https: http://evil.example",
            "ssl_verify: false",
            "'verify_ssl' : ca.pem",
            "ssl_verify: true.pem",
            "ssl_verify:\n  false",
            "{always_yes: true, ssl_verify: false}",
            "\"ssl\\x5fverify\": false",
            "{a: b, \"ssl\\x5fverify\": false}",
        ] {
            for path in [".condarc", "condarc"] {
                assert_eq!(lines(path, text), [format!("{path} line 1 {ELSEWHERE}")], "{text}");
            }
            assert!(lines("environment.yml", text).is_empty(), "{text}");
        }
        for text in ["ssl_verify: true", "{ssl_verify: True}", "# ssl_verify: false", "envs_dirs: [\"C:\\\\x\"]"] {
            assert!(lines(".condarc", text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_channel_without_the_variable_is_said_where_its_feed_is_served() {
        let bare = "channels:\n- https://pkgs.dev.azure.com/contoso/_packaging/f/Conda/repo/main\n- https://conda.example.com/\n";
        for (text, warnings) in
            [(bare, 1), (ALIAS, 0), ("- https://pkgs.dev.azure.com/contoso/_packaging/g/Conda/repo/main\n", 0)]
        {
            let files = [file("/agent/1/s/environment.yml", text)];
            let plan = planned(&Conda, &[feed(None, ALIAS, ".condarc")], &files, &host(&[]), &Disk::default()).unwrap();
            let said = plan.warnings.sentences();
            assert_eq!(said.len(), warnings, "{said:?}");
            assert!(said.iter().all(|said| said.contains("environment.yml line 2")), "{said:?}");
        }
    }

    #[test]
    fn the_variable_holds_one_organizations_token() {
        let other = ALIAS.replace("contoso", "fabrikam");
        let [contoso, fabrikam] = [ALIAS, &other].map(|url| feed(None, url, ".condarc"));
        for (served, holder, warnings) in [
            (vec![contoso.clone()], "contoso", 0),
            (vec![fabrikam.clone(), contoso], "contoso", 1),
            (vec![fabrikam], "fabrikam", 0),
        ] {
            let plan = planned(&Conda, &served, &[], &host(&[]), &Disk::default()).unwrap();
            assert_eq!(shown(&plan), [format!("{TOKEN}=***")]);
            assert_eq!(plan.grants[0].organization, holder);
            assert_eq!((plan.served.len(), plan.warnings.sentences().len()), (1, warnings));
        }
    }
}
