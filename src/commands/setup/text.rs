//! The design as a page to follow, with where to click.
//!
//! The names of pages and buttons: Microsoft, "Manually set an Azure Resource Manager workload identity service connection" and "Use
//! service principals and managed identities in Azure DevOps". What Azure DevOps accepts for the membership of an application is the
//! object id of its enterprise application, not that of the registration.

use std::fmt::Write;

use super::design::{Design, Trusted};
use super::principal::Principal;
use super::sentences;
use super::step::{self, Made};
use super::unknown::Unknown;
use crate::diagnosis::harmless;
use crate::identity::federation::{AZURE_DEVOPS_ID, Subject};

/// The page.
pub fn page(design: &Design) -> String {
    let mut page = format!("{}\n", design.headline());
    let steps = [
        Some(("The identity", identity(design))),
        connection(design).map(|lines| ("The service connection", lines)),
        Some(("The federated credential", credential(design))),
        across_tenants(design).map(|lines| ("The application in the organization's tenant", lines)),
        Some(("Membership", membership(design))),
        Some(("Permissions", permissions())),
        Some(("The pipeline", pipeline(design))),
    ];
    for (number, (title, lines)) in steps.into_iter().flatten().enumerate() {
        _ = writeln!(page, "\n{}. {title}", number + 1);
        for line in lines {
            _ = writeln!(page, "   {line}");
        }
    }
    let placeholders = design.placeholders();
    if !placeholders.is_empty() {
        page.push_str("\nNot known yet; set it, and run this again:\n");
        let width = placeholders.iter().map(|unknown| unknown.option().len()).max().unwrap_or_default();
        for unknown in placeholders {
            _ = writeln!(page, "  {:<width$}  the {}: {}", unknown.option(), unknown.words(), unknown.place());
        }
    }
    if !design.notes.is_empty() {
        page.push_str("\nTo know:\n");
        for note in &design.notes {
            for (index, line) in sentences(&[note]).enumerate() {
                _ = writeln!(page, "{} {line}", if index == 0 { "-" } else { " " });
            }
        }
    }
    page.push_str("\nThe same as commands: --format az, bicep or terraform.\n");
    page.lines().map(|line| harmless(line) + "\n").collect()
}

/// A subject, part by part.
pub fn decoded(subject: &Subject) -> String {
    let mut text = format!("The subject of {}:\n", subject.kind());
    for (name, value) in subject.parts() {
        let known = if name == "application" && value == AZURE_DEVOPS_ID.to_string() { " (Azure DevOps)" } else { "" };
        _ = writeln!(text, "  {name:<13} {}{known}", harmless(&value));
    }
    text
}

fn identity(design: &Design) -> Vec<String> {
    match &design.identity {
        Principal::NewManagedIdentity { name, resource_group, location } => vec![
            "Azure portal > Managed Identities > Create".to_owned(),
            format!("  name            {name}"),
            format!("  resource group  {}", resource_group.shown()),
            format!("  region          {}", location.as_deref().unwrap_or("any; the resource group's will do")),
            "Its page shows its client id and its object (principal) id, Settings > Properties its tenant id."
                .to_owned(),
        ],
        Principal::ManagedIdentity { client_id, .. } => vec![
            format!("The managed identity with the client id {client_id}: Azure portal > Managed Identities."),
            "Its page shows its object (principal) id, Settings > Properties its tenant id.".to_owned(),
        ],
        Principal::NewApplication { name } => {
            let tenants = match design.trusted {
                Trusted::ManagedIdentity { .. } => "accounts in any organizational directory (multitenant)",
                Trusted::Connection { .. } | Trusted::Pipeline { .. } => "this organizational directory only",
            };
            vec![
                "Microsoft Entra admin center > App registrations > New registration".to_owned(),
                format!("  name            {name}"),
                format!("  accounts        {tenants}"),
                "Its page shows its application (client) id and its directory (tenant) id.".to_owned(),
            ]
        }
        Principal::Application { client_id, .. } => {
            vec![format!(
                "The application with the client id {client_id}: Microsoft Entra admin center > App registrations."
            )]
        }
    }
}

fn connection(design: &Design) -> Option<Vec<String>> {
    let Trusted::Connection { project, connection, id } = &design.trusted else { return None };
    let project = project.as_ref().map_or_else(|| "the project".to_owned(), |project| format!("the project {project}"));
    let name = connection.clone().or(id.map(|id| format!("the one with the id {id}"))).unwrap_or_default();
    Some(vec![
        format!(
            "https://dev.azure.com/{} > {project} > Project settings > Service connections",
            design.organization.shown()
        ),
        "New service connection > Azure DevOps, with workload identity federation; or the one that exists".to_owned(),
        format!("  name            {name}"),
        "  client id, tenant id: those of the identity".to_owned(),
        "Keep it as a draft until step 3 is done. It shows its issuer and subject: where they are others than those of"
            .to_owned(),
        "step 3, the ones that it shows are right.".to_owned(),
    ])
}

fn credential(design: &Design) -> Vec<String> {
    let place = match design.identity {
        Principal::NewManagedIdentity { .. } | Principal::ManagedIdentity { .. } => {
            "Azure portal > Managed Identities > the identity > Settings > Federated credentials > Add credential"
        }
        Principal::NewApplication { .. } | Principal::Application { .. } => {
            "Microsoft Entra admin center > App registrations > the application > Certificates & secrets > Federated credentials > Add"
        }
    };
    vec![
        format!("{place}, scenario Other (issuer)"),
        format!("  issuer    {}", design.issuer.shown()),
        format!("  subject   {}", design.subject.shown()),
        format!("  name      {}", design.credential_name),
        format!("  audience  {}", design.audience),
        "It may take some minutes until Entra knows it everywhere.".to_owned(),
    ]
}

fn across_tenants(design: &Design) -> Option<Vec<String>> {
    let Trusted::ManagedIdentity { organization_tenant, .. } = &design.trusted else { return None };
    Some(vec![
        "An administrator of that tenant makes its enterprise application, with the client id of step 1:".to_owned(),
        format!("  az login --tenant {} --allow-no-subscriptions", organization_tenant.shown()),
        "  az ad sp create --id <client id> --query id --output tsv".to_owned(),
        "It prints the object id for the next step.".to_owned(),
    ])
}

fn membership(design: &Design) -> Vec<String> {
    let object_id = match design.identity {
        Principal::NewManagedIdentity { .. } | Principal::ManagedIdentity { .. } => {
            "  user            the name or the object (principal) id of the managed identity"
        }
        Principal::NewApplication { .. } | Principal::Application { .. } => {
            "  user            the object id of the enterprise application (Entra admin center > Enterprise applications), not that of the registration"
        }
    };
    vec![
        format!("https://dev.azure.com/{}/_settings/users > Add users", design.organization.shown()),
        object_id.to_owned(),
        "  access level    Basic (Stakeholder does not read repositories)".to_owned(),
        "The tenant must be the one that the organization is connected to (Organization settings > Microsoft Entra)."
            .to_owned(),
    ]
}

fn permissions() -> Vec<String> {
    vec![
        "On each feed: Artifacts > the feed > Feed settings > Permissions > Add users/groups".to_owned(),
        "  Feed and Upstream Reader (Collaborator) to restore, Feed Publisher (Contributor) to publish".to_owned(),
        "On repositories: Project settings > Repositories > Security > Read, or the group Readers of the project"
            .to_owned(),
    ]
}

fn pipeline(design: &Design) -> Vec<String> {
    const PLACE: &str = "Service connections > the connection > Security: permit the pipeline.";
    let permission = matches!(design.trusted, Trusted::Connection { .. }).then(|| PLACE.to_owned());
    let made = Made { client_id: "client id of step 1", tenant_id: Unknown::TenantId.words() };
    permission.into_iter().chain(step::lines(design, made)).collect()
}
