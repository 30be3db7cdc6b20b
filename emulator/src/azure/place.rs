//! Where a request goes: the host forms of an organization, taken apart.

use crate::message::{Call, percent_decode};

/// An address inside an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Which of the organization's hosts.
    pub area: Area,
    /// Organization as written in the address.
    pub organization: String,
    /// Path before `rest`, as sent: empty, `/contoso` or `/DefaultCollection`.
    pub prefix: String,
    /// Segments after the organization, percent-decoded.
    pub rest: Vec<String>,
}

/// A kind of host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Area {
    /// `dev.azure.com`, `{org}.visualstudio.com`.
    Main,
    /// `pkgs.dev.azure.com`, `{org}.pkgs.visualstudio.com`.
    Packages,
    /// `feeds.dev.azure.com`, `{org}.feeds.visualstudio.com`.
    Feeds,
    /// `vssps.dev.azure.com`, `{org}.vssps.visualstudio.com`.
    Identity,
}

/// The place that a request names, or `None` when its host is no organization's.
pub(crate) fn of(call: &Call) -> Option<Place> {
    let host = call.host.as_str();
    let mut raw: Vec<&str> = call.path.split('/').filter(|s| !s.is_empty()).collect();
    let area = match host {
        "dev.azure.com" => Some(Area::Main),
        "pkgs.dev.azure.com" => Some(Area::Packages),
        "feeds.dev.azure.com" => Some(Area::Feeds),
        "vssps.dev.azure.com" => Some(Area::Identity),
        _ => None,
    };
    let (area, organization, prefix) = if let Some(area) = area {
        if raw.is_empty() {
            return None;
        }
        let organization = raw.remove(0);
        (area, percent_decode(organization), format!("/{organization}"))
    } else {
        let label = host.strip_suffix(".visualstudio.com")?;
        let (label, area) = match label.split_once('.') {
            Some((label, "pkgs")) => (label, Area::Packages),
            Some((label, "feeds")) => (label, Area::Feeds),
            Some((label, "vssps")) => (label, Area::Identity),
            Some(_) => return None,
            None => (label, Area::Main),
        };
        if matches!(label, "app" | "spsprod1" | "pkgsprod1") {
            return None;
        }
        let collection = raw.first().filter(|s| s.eq_ignore_ascii_case("DefaultCollection")).copied();
        if collection.is_some() {
            raw.remove(0);
        }
        (area, label.to_owned(), collection.map(|s| format!("/{s}")).unwrap_or_default())
    };
    Some(Place { area, organization, prefix, rest: raw.into_iter().map(percent_decode).collect() })
}

impl Place {
    /// The project and the part after `_apis/…`, when the address has this resource: `[project/]_apis/<resource>[/…]`.
    pub(crate) fn api(&self, resource: &[&str]) -> Option<(Option<&str>, &[String])> {
        let at = self.rest.iter().position(|s| s.eq_ignore_ascii_case("_apis"))?;
        let after = &self.rest[at + 1..];
        let fits = at <= 1
            && after.len() >= resource.len()
            && resource.iter().zip(after).all(|(wanted, given)| wanted.eq_ignore_ascii_case(given));
        fits.then(|| (self.rest[..at].first().map(String::as_str), &after[resource.len()..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(host: &str, path: &str) -> Option<Place> {
        of(&Call { host: host.into(), path: path.into(), ..Call::default() })
    }

    #[test]
    fn knows_all_host_forms() {
        let new = place("pkgs.dev.azure.com", "/Contoso/My%20Project/_packaging/f/npm").expect("a place");
        assert_eq!((new.area, new.organization.as_str(), new.prefix.as_str()), (Area::Packages, "Contoso", "/Contoso"));
        assert_eq!(new.rest[0], "My Project");
        let old = place("contoso.pkgs.visualstudio.com", "/DefaultCollection/_packaging/f/npm").expect("a place");
        assert_eq!(
            (old.area, old.prefix.as_str(), old.rest[0].as_str()),
            (Area::Packages, "/DefaultCollection", "_packaging")
        );
        let main = place("contoso.visualstudio.com", "/Shop/_git/hello").expect("a place");
        assert_eq!((main.area, main.organization.as_str()), (Area::Main, "contoso"));
        assert_eq!(place("app.vssps.visualstudio.com", "/_apis/profile/profiles/me"), None);
        assert_eq!(place("evil.example", "/contoso"), None);
    }
}
