//! The design as a Terraform file.
//!
//! Sources: hashicorp/azurerm, `azurerm_federated_identity_credential` (its `user_assigned_identity_id` came with 4.66 in the place of
//! `parent_id`, which 5 no longer has); hashicorp/azuread 3, `azuread_application_federated_identity_credential`;
//! microsoft/azuredevops, `azuredevops_service_principal_entitlement`, `azuredevops_feed_permission`, `azuredevops_group_membership`.

use super::design::{Design, Trusted};
use super::principal::Principal;
use super::sentences;
use super::step::{self, Made};
use super::unknown::Unknown;
use super::value::Value;

/// The file.
pub fn file(design: &Design) -> String {
    let azuread = matches!(design.identity, Principal::NewApplication { .. } | Principal::Application { .. });
    let mut blocks = vec![head(design), requirements(azuread), providers(design, azuread)];
    blocks.extend(variables(design));
    blocks.extend(if azuread { application(design) } else { managed_identity(design) });
    blocks.push(membership(design));
    blocks.push(permissions(design));
    blocks.push(outputs(design));
    blocks.push(pipeline(design));
    blocks.join("\n\n") + "\n"
}

fn head(design: &Design) -> String {
    let mut lines = vec![
        format!("# {}", design.headline()),
        "# Leave out the blocks terraform and provider where your configuration has them.".to_owned(),
    ];
    lines.extend(sentences(&design.notes).map(|line| format!("# {line}")));
    lines.join("\n")
}

/// A block whose attributes are aligned, as `terraform fmt` does.
fn block(header: &str, attributes: &[(&str, String)]) -> String {
    let width = attributes.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let lines = attributes.iter().map(|(name, value)| format!("  {name:<width$} = {value}\n"));
    format!("{header} {{\n{}}}", lines.collect::<String>())
}

fn text(known: &str) -> String {
    Value::from(known).hcl()
}

fn requirements(azuread: bool) -> String {
    let (name, version) = if azuread { ("azuread", ">= 3.0") } else { ("azurerm", ">= 4.66") };
    let requirement = |name: &str, source: &str, version: &str| {
        format!("    {name} = {{\n      source  = \"{source}\"\n      version = \"{version}\"\n    }}\n")
    };
    format!(
        "terraform {{\n  required_providers {{\n{}{}  }}\n}}",
        requirement("azuredevops", "microsoft/azuredevops", ">= 1.0"),
        requirement(name, &format!("hashicorp/{name}"), version),
    )
}

fn providers(design: &Design, azuread: bool) -> String {
    let url = Value::from("https://dev.azure.com/").then(design.organization.clone());
    let mut blocks = vec![block("provider \"azuredevops\"", &[("org_service_url", url.hcl())])];
    if let Trusted::ManagedIdentity { organization_tenant, .. } = &design.trusted {
        blocks.push(block("provider \"azuread\"", &[("tenant_id", design.tenant.hcl())]));
        let attributes = [("alias", text("organization")), ("tenant_id", organization_tenant.hcl())];
        blocks.push(block("provider \"azuread\"", &attributes));
    } else if azuread {
        blocks.push("provider \"azuread\" {\n}".to_owned());
    } else {
        blocks.push("provider \"azurerm\" {\n  features {}\n}".to_owned());
    }
    blocks.join("\n\n")
}

fn variables(design: &Design) -> Vec<String> {
    let mut unknowns = design.unknowns();
    unknowns.extend(design.organization.unknowns());
    match &design.identity {
        Principal::NewManagedIdentity { resource_group, .. } => unknowns.extend(resource_group.unknowns()),
        Principal::ManagedIdentity { name, resource_group, .. } => {
            unknowns.extend(name.unknowns().chain(resource_group.unknowns()));
        }
        Principal::NewApplication { .. } | Principal::Application { .. } => {}
    }
    if let Trusted::ManagedIdentity { organization_tenant, .. } = &design.trusted {
        unknowns.extend(organization_tenant.unknowns());
    }
    let variable = |unknown: Unknown| {
        let description = text(&format!("The {}: {}", unknown.words(), unknown.place()));
        let header = format!("variable \"{}\"", unknown.variable());
        block(&header, &[("type", "string".to_owned()), ("description", description)])
    };
    unknowns.into_iter().map(variable).collect()
}

fn managed_identity(design: &Design) -> Vec<String> {
    const TYPE: &str = "\"azurerm_user_assigned_identity\" \"identity\"";
    let mut blocks = Vec::new();
    let id = match &design.identity {
        Principal::NewManagedIdentity { name, resource_group, location } => {
            let location = location.as_ref().map_or_else(
                || {
                    let group = "data \"azurerm_resource_group\" \"identity\"";
                    blocks.push(block(group, &[("name", resource_group.hcl())]));
                    "data.azurerm_resource_group.identity.location".to_owned()
                },
                |location| text(location),
            );
            let attributes =
                [("name", text(name)), ("resource_group_name", resource_group.hcl()), ("location", location)];
            blocks.push(block(&format!("resource {TYPE}"), &attributes));
            "azurerm_user_assigned_identity.identity.id"
        }
        Principal::ManagedIdentity { name, resource_group, .. } => {
            let attributes = [("name", name.hcl()), ("resource_group_name", resource_group.hcl())];
            blocks.push(block(&format!("data {TYPE}"), &attributes));
            "data.azurerm_user_assigned_identity.identity.id"
        }
        Principal::NewApplication { .. } | Principal::Application { .. } => "",
    };
    let mut attributes = vec![("name", text(&design.credential_name)), ("user_assigned_identity_id", id.to_owned())];
    attributes.extend(trust(design, "audience"));
    blocks.push(block("resource \"azurerm_federated_identity_credential\" \"pipeline\"", &attributes));
    blocks
}

fn application(design: &Design) -> Vec<String> {
    let across_tenants = matches!(design.trusted, Trusted::ManagedIdentity { .. });
    let mut blocks = Vec::new();
    let address = match &design.identity {
        Principal::NewApplication { name } => {
            let audience = if across_tenants { "AzureADMultipleOrgs" } else { "AzureADMyOrg" };
            let attributes = [("display_name", text(name)), ("sign_in_audience", text(audience))];
            blocks.push(block("resource \"azuread_application\" \"identity\"", &attributes));
            "azuread_application.identity"
        }
        Principal::Application { client_id, .. } => {
            let attributes = [("client_id", text(&client_id.to_string()))];
            blocks.push(block("data \"azuread_application\" \"identity\"", &attributes));
            "data.azuread_application.identity"
        }
        Principal::NewManagedIdentity { .. } | Principal::ManagedIdentity { .. } => "",
    };
    let exists = !across_tenants && matches!(design.identity, Principal::Application { .. });
    let mut attributes = vec![("client_id", format!("{address}.client_id"))];
    if across_tenants {
        attributes.insert(0, ("provider", "azuread.organization".to_owned()));
    }
    let kind = if exists { "data" } else { "resource" };
    blocks.push(block(&format!("{kind} \"azuread_service_principal\" \"identity\""), &attributes));
    let mut attributes =
        vec![("application_id", format!("{address}.id")), ("display_name", text(&design.credential_name))];
    attributes.extend(trust(design, "audiences"));
    blocks.push(block("resource \"azuread_application_federated_identity_credential\" \"pipeline\"", &attributes));
    blocks
}

fn trust(design: &Design, audiences: &'static str) -> [(&'static str, String); 3] {
    let audience = format!("[{}]", text(design.audience));
    [("issuer", design.issuer.hcl()), ("subject", design.subject.hcl()), (audiences, audience)]
}

/// Where the client id and the object id of the service principal stand.
fn addresses(design: &Design) -> (&'static str, &'static str) {
    match (&design.identity, &design.trusted) {
        (Principal::NewManagedIdentity { .. }, _) => (
            "azurerm_user_assigned_identity.identity.client_id",
            "azurerm_user_assigned_identity.identity.principal_id",
        ),
        (Principal::ManagedIdentity { .. }, _) => (
            "data.azurerm_user_assigned_identity.identity.client_id",
            "data.azurerm_user_assigned_identity.identity.principal_id",
        ),
        (Principal::Application { .. }, Trusted::Connection { .. } | Trusted::Pipeline { .. }) => {
            ("data.azuread_service_principal.identity.client_id", "data.azuread_service_principal.identity.object_id")
        }
        _ => ("azuread_service_principal.identity.client_id", "azuread_service_principal.identity.object_id"),
    }
}

fn membership(design: &Design) -> String {
    let object_id = addresses(design).1.to_owned();
    let attributes = [("origin_id", object_id), ("account_license_type", text("express"))];
    let comment =
        "# Membership in the organization with Basic access: express. The id is that of the enterprise application.";
    format!("{comment}\n{}", block("resource \"azuredevops_service_principal_entitlement\" \"identity\"", &attributes))
}

/// Examples: which feeds and groups it should be is not known here.
fn permissions(design: &Design) -> String {
    const MEMBER: &str = "azuredevops_service_principal_entitlement.identity.descriptor";
    let feed =
        [("feed_id", text("<feed id>")), ("role", text("collaborator")), ("identity_descriptor", MEMBER.to_owned())];
    let group =
        [("group", "<descriptor of the project's group Readers>".to_owned()), ("members", format!("[{MEMBER}]"))];
    let mut example = block("resource \"azuredevops_feed_permission\" \"feed\"", &feed);
    example.push('\n');
    example.push_str(&block("resource \"azuredevops_group_membership\" \"readers\"", &group));
    let mut lines = vec![
        "# Permissions: a role on each feed (collaborator restores, contributor publishes), Read on the repositories."
            .to_owned(),
    ];
    lines.extend(example.lines().map(|line| format!("# {line}")));
    if matches!(design.trusted, Trusted::Connection { .. }) {
        lines.push(
            "# Enter client id and tenant id in the service connection, and permit the pipeline to use it.".to_owned(),
        );
    }
    lines.join("\n")
}

fn outputs(design: &Design) -> String {
    let output = |name: &str, value: &str| block(&format!("output \"{name}\""), &[("value", value.to_owned())]);
    let (client_id, object_id) = addresses(design);
    format!("{}\n\n{}", output("client_id", client_id), output("object_id", object_id))
}

fn pipeline(design: &Design) -> String {
    let made = Made { client_id: "the output client_id", tenant_id: Unknown::TenantId.words() };
    step::lines(design, made).iter().map(|line| format!("# {line}")).collect::<Vec<_>>().join("\n")
}
