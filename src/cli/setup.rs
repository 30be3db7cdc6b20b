//! Arguments of `setup`, and what a value must look like to be one.

use clap::ValueEnum;
use url::Url;

use crate::identity::federation::{self, Guid, PUBLIC_AUTHORITY};
use crate::kernel::organization::Organization;

/// Arguments of `setup`.
#[derive(Clone, Debug, clap::Args)]
pub struct Setup {
    /// The organization, by its name or its URL, in the letters that Azure DevOps shows; with --connection-id it can be left out
    #[arg(long, value_name = "NAME|URL", value_parser = organization)]
    pub organization: Option<String>,
    /// Its id, `instanceId` in `https://dev.azure.com/NAME/_apis/connectionData`
    #[arg(long, value_name = "GUID")]
    pub organization_id: Option<Guid>,
    /// The project of the service connection or the pipeline
    #[arg(long, value_name = "NAME", value_parser = project)]
    pub project: Option<String>,
    /// The service connection
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub connection: Option<String>,
    /// Its id, `resourceId` in the address of its page
    #[arg(long, value_name = "GUID")]
    pub connection_id: Option<Guid>,
    /// The pipeline, for connectionType pipeline
    #[arg(long, value_name = "NAME", value_parser = name, conflicts_with_all = ["connection", "connection_id"])]
    pub pipeline: Option<String>,
    /// The tenant of the identity
    #[arg(long, value_name = "GUID")]
    pub tenant_id: Option<Guid>,
    /// Who issues the assertions [default: entra; with --pipeline azure-devops]
    #[arg(long, value_enum)]
    pub issuer: Option<Issuer>,
    /// What the pipeline becomes
    #[arg(long, value_enum, default_value_t)]
    pub identity: IdentityKind,
    /// The client id of an identity that exists; without it a new one is made
    #[arg(long, value_name = "GUID", conflicts_with = "managed_identity_object_id")]
    pub client_id: Option<Guid>,
    /// The name of the identity [default for a new one: ado-entra-auth]
    #[arg(long, value_name = "NAME", value_parser = identity_name)]
    pub name: Option<String>,
    /// The resource group of the managed identity
    #[arg(long, value_name = "NAME", value_parser = resource_group)]
    pub resource_group: Option<String>,
    /// Where a new managed identity lies [default: where its resource group does]
    #[arg(long, value_name = "NAME", value_parser = location)]
    pub location: Option<String>,
    /// A managed identity that is to act in another tenant: its object (principal) id, which its page in Azure portal shows
    #[arg(long, value_name = "GUID", conflicts_with_all = ["connection", "connection_id", "pipeline", "issuer"])]
    pub managed_identity_object_id: Option<Guid>,
    /// The client id of the application that it acts as; without it a new one is made
    // clap forgets a requirement that conflicts with what is given, so the conflicts stand here too.
    #[arg(long, value_name = "GUID", requires = "managed_identity_object_id", conflicts_with_all = ["connection", "connection_id", "pipeline", "client_id"])]
    pub application: Option<Guid>,
    /// The tenant of the organization, where it is another than the identity's
    #[arg(long, value_name = "GUID", requires = "managed_identity_object_id", conflicts_with_all = ["connection", "connection_id", "pipeline"])]
    pub organization_tenant_id: Option<Guid>,
    /// Another cloud's authority
    #[arg(long, value_name = "URL", value_parser = authority, default_value = PUBLIC_AUTHORITY)]
    pub authority_host: Url,
    /// Show what a subject consists of, and do nothing else
    #[arg(long, value_name = "SUBJECT", exclusive = true)]
    pub decode: Option<String>,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub format: SetupFormat,
}

/// Who issues the assertions of a service connection or a pipeline.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Issuer {
    /// Microsoft Entra: all new service connections
    Entra,
    /// Azure DevOps: older service connections, until 2027-07-01
    AzureDevops,
}

/// A kind of identity.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum IdentityKind {
    /// A user-assigned managed identity: needs no rights in Entra
    #[default]
    ManagedIdentity,
    /// An app registration with its service principal
    Application,
}

/// A form of what `setup` prints.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum SetupFormat {
    /// A page to follow, with where to click
    #[default]
    Text,
    /// A bash script of Azure CLI commands
    Az,
    /// A Bicep file
    Bicep,
    /// A Terraform file
    Terraform,
    /// The federated credential for programs
    Json,
}

/// An organization's name as it was written: subjects keep its letters, and Entra compares them.
fn organization(text: &str) -> Result<String, String> {
    let organization = Organization::parse(text).map_err(|error| error.to_string())?;
    let first_segment = Url::parse(text).ok().and_then(|url| Some(url.path_segments()?.next()?.to_owned()));
    let written = first_segment.unwrap_or_else(|| text.trim().to_owned());
    let same = written.eq_ignore_ascii_case(organization.name());
    Ok(if same { written } else { organization.name().to_owned() })
}

/// A name that every format can carry.
fn name(text: &str) -> Result<String, String> {
    let breaks = |character: char| character.is_control() || matches!(character, '\u{2028}' | '\u{2029}');
    if text.trim().is_empty() {
        return Err("it is blank".to_owned());
    }
    if text.contains(breaks) {
        return Err("it holds a line break or a control character".to_owned());
    }
    if text.contains("##") {
        return Err("it holds two number signs in a row, which an agent could read as a command".to_owned());
    }
    // Sources: azure-cli-core, commands/__init__.py, _expand_file_prefixed_files.
    if text.starts_with('@') || text.contains("=@") {
        return Err("Azure CLI puts the content of a file in the place of '@' at the start or after '='".to_owned());
    }
    Ok(text.to_owned())
}

/// A name that stands alone behind an option of az.
fn identity_name(text: &str) -> Result<String, String> {
    if text.starts_with('-') {
        return Err("it begins with '-', as an option does".to_owned());
    }
    name(text)
}

/// A project's name: a part of paths and subjects.
fn project(text: &str) -> Result<String, String> {
    if text.contains(['/', '\\']) || matches!(text, "." | "..") {
        return Err("projects are not named so".to_owned());
    }
    name(text)
}

/// Letters, digits and `_ - . ( )`, at most 90, no full stop at the end (Microsoft, "Naming rules and restrictions for Azure
/// resources").
fn resource_group(text: &str) -> Result<String, String> {
    let allowed = |character: char| character.is_alphanumeric() || "_-.()".contains(character);
    if text.is_empty() || text.chars().count() > 90 || text.ends_with('.') || !text.chars().all(allowed) {
        return Err("resource groups have 1 to 90 letters, digits and _ - . ( ), and no '.' at the end".to_owned());
    }
    Ok(text.to_owned())
}

/// A region by its name (`westeurope`) or what is shown of it (`West Europe`).
fn location(text: &str) -> Result<String, String> {
    let allowed = |character: char| character.is_ascii_alphanumeric() || character == ' ';
    if text.trim().is_empty() || !text.chars().all(allowed) {
        return Err("it is not the name of a region, such as westeurope".to_owned());
    }
    Ok(text.to_owned())
}

fn authority(text: &str) -> Result<Url, String> {
    federation::authority(text).ok_or_else(|| "it must be an https address without path, user and port".to_owned())
}
