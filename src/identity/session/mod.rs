//! From an identity to the tokens that the step's organizations take: one for each tenant that they belong to.

mod error;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::azure_devops::probe::{self, Member};
use crate::azure_devops::tenant::{self, Tenant};
use crate::diagnosis::Explanation;
use crate::http::Http;
use crate::identity::entra::{Issued, Propagation};
use crate::identity::tokens::{KeepSecret, TokenError, Tokens};
use crate::kernel::guid::Guid;
use crate::kernel::organization::Organization;
use crate::reach::Unserved;

pub use error::SignInError;

/// For all of the network: the whole step must end within 45 seconds, whatever a server does.
pub const NETWORK_LIMIT: Duration = Duration::from_secs(38);

/// The tokens of a run, as they come in.
pub struct Session {
    tokens: Tokens,
    so_far: SignedIn,
}

/// The tokens of a run.
pub struct SignedIn {
    /// The token under the step's own name.
    pub main: Issued,
    /// What the user should know.
    pub warnings: Vec<Explanation>,
    /// What was noticed, for whoever looks closer.
    pub remarks: Vec<String>,
    /// Organizations that nobody asked for and that give the identity nothing, and why.
    pub unserved: Unserved,
    /// Every token, by its tenant.
    issued: BTreeMap<String, Issued>,
    tenants: BTreeMap<Organization, String>,
    members: BTreeMap<Organization, Member>,
}

impl Session {
    /// Gets the first token: that of the tenant of `organization`, or of the identity's own where there is no organization or nobody
    /// says which tenant it has.
    ///
    /// `keep_secret` hears of every secret before anything else could say it.
    pub async fn begin(
        mut tokens: Tokens,
        organization: Option<&Organization>,
        propagation: Propagation,
        keep_secret: KeepSecret<'_>,
    ) -> Result<Self, SignInError> {
        let http = tokens.http();
        let authority = tokens.identity().authority().cloned();
        let mut remarks = Vec::new();
        // None needs the other's answer. What fails without a request ends this before one is sent, or a connection opened.
        let ((), tenant, ()) = tokio::try_join!(
            biased;
            async { tokens.prepare(&mut *keep_secret).await.map_err(SignInError::from) },
            async {
                match organization {
                    Some(organization) => discovered(&http, organization, &mut remarks).await,
                    None => Ok(None),
                }
            },
            async {
                if let Some(authority) = &authority {
                    http.open_early(authority);
                }
                Ok(())
            }
        )?;
        let home = tokens.identity().home_tenant().map(str::to_owned);
        let place = Place { home: home.as_deref(), organization, tenant: tenant.as_deref() };
        let main = token(&mut tokens, place, propagation, keep_secret).await?;
        let key = key_of(&main, tenant.as_deref());
        let tenants = organization.map(|organization| (organization.clone(), key.clone()));
        let issued = BTreeMap::from([(key, main.clone())]);
        let (tenants, members) = (BTreeMap::from_iter(tenants), BTreeMap::new());
        Ok(Self {
            tokens,
            so_far: SignedIn {
                main,
                warnings: Vec::new(),
                remarks,
                unserved: Unserved::new(),
                issued,
                tenants,
                members,
            },
        })
    }

    /// Sees to it that there is a token for `organization`.
    pub async fn serve(
        &mut self,
        organization: &Organization,
        propagation: Propagation,
        keep_secret: KeepSecret<'_>,
    ) -> Result<(), SignInError> {
        let so_far = &mut self.so_far;
        if so_far.tenants.contains_key(organization) {
            return Ok(());
        }
        let tenant = discovered(&self.tokens.http(), organization, &mut so_far.remarks).await?;
        let tenant = tenant.unwrap_or_else(|| key_of(&so_far.main, None));
        if !so_far.issued.contains_key(&tenant) {
            let home = home_of(&so_far.main, self.tokens.identity().home_tenant());
            let place = Place { home: home.as_deref(), organization: Some(organization), tenant: Some(&tenant) };
            let issued = token(&mut self.tokens, place, propagation, keep_secret).await?;
            so_far.issued.insert(tenant.clone(), issued);
        }
        so_far.tenants.insert(organization.clone(), tenant);
        Ok(())
    }

    /// Asks an organization whether it accepts the identity.
    pub async fn verify(&mut self, organization: &Organization) -> Result<(), SignInError> {
        let issued = self.so_far.issued_for(organization);
        let member =
            probe::member(&self.tokens.http(), organization, &issued.token, issued.claims.oid.as_deref()).await?;
        self.so_far.members.insert(organization.clone(), member);
        Ok(())
    }

    /// Ends with what there is.
    pub fn end(self) -> SignedIn {
        SignedIn { warnings: self.tokens.warning().into_iter().collect(), ..self.so_far }
    }
}

impl SignedIn {
    /// Every token, each once, with the tenant that it is of.
    pub fn issued(&self) -> impl Iterator<Item = (&str, &Issued)> {
        self.issued.iter().map(|(tenant, issued)| (tenant.as_str(), issued))
    }

    /// The token for an organization.
    pub fn issued_for(&self, organization: &Organization) -> &Issued {
        self.tenants.get(organization).and_then(|tenant| self.issued.get(tenant)).unwrap_or(&self.main)
    }

    /// The organizations that a tenant's token is for.
    pub fn organizations_of(&self, tenant: &str) -> impl Iterator<Item = &Organization> {
        self.tenants.iter().filter(move |(_, of)| *of == tenant).map(|(organization, _)| organization)
    }

    /// Whom an organization takes the token's bearer for, where it was asked.
    pub fn member_of(&self, organization: &Organization) -> Option<&Member> {
        self.members.get(organization)
    }
}

/// The identity's own tenant as an id, which the first token tells where an input has a domain.
fn home_of(main: &Issued, home: Option<&str>) -> Option<String> {
    home.filter(|home| Guid::is(home)).map(str::to_owned).or_else(|| main.claims.tid.clone())
}

/// Under which name a token is kept: the tenant that it says it is of, else the one that was asked.
fn key_of(issued: &Issued, asked: Option<&str>) -> String {
    let own = issued.claims.tid.as_deref().filter(|tenant| Guid::is(tenant));
    own.or(asked).unwrap_or_default().to_ascii_lowercase()
}

/// The organization's tenant; nothing where nobody says it.
async fn discovered(
    http: &Http,
    organization: &Organization,
    remarks: &mut Vec<String>,
) -> Result<Option<String>, SignInError> {
    match tenant::of_organization(http, organization).await {
        Tenant::Entra(tenant) => Ok(Some(tenant)),
        Tenant::Absent => Err(SignInError::NoTenant { organization: organization.clone() }),
        Tenant::Unknown(why) => {
            remarks.push(format!("the tenant of the organization {organization} is not known: {why}"));
            Ok(None)
        }
    }
}

/// Where a token is wanted.
#[derive(Clone, Copy)]
struct Place<'p> {
    /// The identity's own tenant.
    home: Option<&'p str>,
    organization: Option<&'p Organization>,
    /// The organization's tenant.
    tenant: Option<&'p str>,
}

async fn token(
    tokens: &mut Tokens,
    Place { home, organization, tenant }: Place<'_>,
    propagation: Propagation,
    keep_secret: KeepSecret<'_>,
) -> Result<Issued, SignInError> {
    let elsewhere = tenant.zip(organization).zip(home).filter(|((tenant, _), home)| {
        // A domain may stand for the same tenant.
        Guid::is(home) && !home.eq_ignore_ascii_case(tenant)
    });
    let issued = match (tokens.of_tenant(tenant, propagation, keep_secret).await, elsewhere) {
        (Ok(issued), _) => issued,
        (Err(error @ TokenError::Exchange(_)), Some(((tenant, organization), home))) if error.is_refusal() => {
            let (organization, tenant, home) = (organization.clone(), tenant.to_owned(), home.to_owned());
            return Err(SignInError::OtherTenant { organization, tenant, home, error });
        }
        (Err(error), _) => return Err(error.into()),
    };
    match (tenant, organization, issued.claims.tid.as_deref()) {
        (Some(tenant), Some(organization), own) if own.is_none_or(|own| !own.eq_ignore_ascii_case(tenant)) => {
            let home = own.unwrap_or("unknown").to_owned();
            let (organization, tenant) = (organization.clone(), tenant.to_owned());
            Err(SignInError::MachineOfAnotherTenant { organization, tenant, home })
        }
        _ => Ok(issued),
    }
}
