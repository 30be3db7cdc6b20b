//! What the codes of Entra and Azure DevOps mean for this task, and what to do.
//!
//! Sources: Microsoft's "Microsoft Entra authentication and authorization error codes" and "Troubleshoot an Azure Resource
//! Manager workload identity service connection". Codes only explain: whether to try again is decided on statuses.

/// A code's remedy, with the headline that replaces the service's own sentence where we can say it better.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// Its name as the services write it.
    pub name: &'static str,
    /// What is wrong; follows "…".
    pub headline: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

const FEDERATED_CREDENTIAL: &str = "add a federated credential with exactly this issuer and subject, and the audience \
    api://AzureADTokenExchange, to the application or managed identity. One that was added minutes ago may still be \
    propagating: run again";

/// What to do where an organization does not know an identity.
pub const NOT_A_MEMBER: &str = "add it under Organization settings, Users, by the object id of its enterprise application, with \
    Basic access, and check that the organization belongs to the identity's tenant";

/// The codes that a user of this task meets.
pub const CODES: &[Code] = &[
    Code {
        name: "AADSTS70021",
        headline: "no federated credential of the identity matches this service connection",
        remedy: FEDERATED_CREDENTIAL,
    },
    Code {
        name: "AADSTS700211",
        headline: "no federated credential of the identity has this issuer",
        remedy: FEDERATED_CREDENTIAL,
    },
    Code {
        name: "AADSTS700213",
        headline: "no federated credential of the identity has this subject",
        remedy: FEDERATED_CREDENTIAL,
    },
    Code {
        name: "AADSTS7002138",
        headline: "the federated credential's subject differs in the case of its letters",
        remedy: FEDERATED_CREDENTIAL,
    },
    Code {
        name: "AADSTS700212",
        headline: "no federated credential of the identity has this audience",
        remedy: "set the audience of the federated credential to api://AzureADTokenExchange",
    },
    Code { name: "AADSTS70025", headline: "the identity has no federated credential", remedy: FEDERATED_CREDENTIAL },
    Code {
        name: "AADSTS700016",
        headline: "the application (client) id is not known in this tenant",
        remedy: "correct the service connection's client id and tenant id; a service principal created minutes ago may \
                 still be propagating: run again",
    },
    Code {
        name: "AADSTS7000112",
        headline: "the application is disabled",
        remedy: "enable the application in Entra (Enterprise applications, Properties), or choose another service connection",
    },
    Code {
        name: "AADSTS90002",
        headline: "the tenant does not exist",
        remedy: "correct the service connection's tenant id",
    },
    Code {
        name: "AADSTS900023",
        headline: "the tenant id is neither a GUID nor a domain",
        remedy: "correct the service connection's tenant id",
    },
    Code {
        name: "AADSTS700024",
        headline: "the assertion is outside its time of validity",
        remedy: "run again; if it stays, correct the agent's clock",
    },
    Code {
        name: "AADSTS50027",
        headline: "Entra could not read the assertion",
        remedy: "run again; if it stays, re-create the service connection",
    },
    Code {
        name: "AADSTS700027",
        headline: "Entra could not verify the assertion's signature",
        remedy: "run again; if it stays, convert the service connection to the Entra issuer",
    },
    Code {
        name: "AADSTS70052",
        headline: "a multitenant application cannot be used with a service connection of this issuer",
        remedy: "use an application of a single tenant, or a managed identity",
    },
    Code {
        name: "AADSTS500011",
        headline: "Azure DevOps is not known in this tenant",
        remedy: "use the tenant that the Azure DevOps organization is connected to",
    },
    Code {
        name: "AADSTS53003",
        headline: "Conditional Access blocks this identity",
        remedy: "let the tenant's Conditional Access policies for workload identities admit the agent's addresses",
    },
    Code {
        name: "AADSTS90055",
        headline: "Entra is throttling this tenant",
        remedy: "run again later, or spread the jobs over time",
    },
    Code {
        name: "TF401444",
        headline: "the identity is not a user of the organization",
        remedy: "add it under Organization settings, Users, by the object id of its enterprise application, with Basic access",
    },
    Code { name: "TF400813", headline: "the organization does not accept the identity", remedy: NOT_A_MEMBER },
    Code {
        name: "VS403463",
        headline: "Conditional Access of the organization blocks the identity",
        remedy: "let the tenant's Conditional Access policies admit the agent's addresses for Azure DevOps",
    },
    Code {
        name: "TF400733",
        headline: "Azure DevOps is throttling the identity",
        remedy: "run again later; spread the jobs over time or over several identities",
    },
];

/// The code that a text names first.
pub fn find_in(text: &str) -> Option<&'static Code> {
    let named = |code: &&Code| {
        text.match_indices(code.name)
            .any(|(at, _)| !text[at + code.name.len()..].starts_with(|c: char| c.is_ascii_digit()))
    };
    CODES.iter().filter(named).min_by_key(|code| text.find(code.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_code_is_not_taken_for_a_shorter_one() {
        assert_eq!(find_in("AADSTS7002138: x").map(|code| code.name), Some("AADSTS7002138"));
        assert_eq!(find_in("AADSTS700213: x").map(|code| code.name), Some("AADSTS700213"));
        assert_eq!(find_in("TF401444: the AADSTS90002").map(|code| code.name), Some("TF401444"));
        assert!(find_in("AADSTS9000231: x").is_none());
    }
}
