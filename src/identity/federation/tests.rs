use proptest::prelude::*;

use super::*;
use crate::identity::entra::AZURE_DEVOPS;

const TENANT: &str = "ff882432-09b0-437b-bd22-ca13c0037ded";
const ORGANIZATION: &str = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";
const CONNECTION: &str = "b6f3c1de-1111-4222-8333-444455556666";

fn guid(text: &str) -> Guid {
    Guid::parse(text).unwrap()
}

fn public() -> Url {
    Url::parse(PUBLIC_AUTHORITY).unwrap()
}

/// Pairs that captured assertions show (a tenant, Azure DevOps, Microsoft's own tenant).
#[test]
fn guids_are_coded_as_entra_does() {
    for (text, coded) in [
        (TENANT, "MiSI_7AJe0O9IsoTwAN97Q"),
        ("499b84ac-1321-427f-aa17-267ca6975798", "rISbSSETf0KqFyZ8ppdXmA"),
        ("72f988bf-86f1-41af-91ab-2d7cd011db47", "v4j5cvGGr0GRqy180BHbRw"),
    ] {
        assert_eq!(guid(text).coded(), coded);
        assert_eq!(Guid::decode(coded), Ok(guid(text)));
        assert_eq!(guid(&text.to_uppercase()).to_string(), text);
    }
}

#[test]
fn other_texts_are_no_guids() {
    for text in [
        "",
        "ff882432",
        "ff88243209b0437bbd22ca13c0037ded",
        "{ff882432-09b0-437b-bd22-ca13c0037ded}",
        " ff882432-09b0-437b-bd22-ca13c0037ded",
        "ff882432-09b0-437b-bd22-ca13c0037deg",
        "ff882432-09b0-437b-bd22-+a13c0037ded",
        "ff882432-09b0-437b-bd22-ca13c0037d\u{e9}",
        "ff88243-209b0-437b-bd22-ca13c0037ded",
    ] {
        assert_eq!(Guid::parse(text), Err(NotAGuid::Text), "{text}");
    }
    // Too short, too long, standard base64, padded, and bits in the last letter that belong to no byte.
    for coded in [
        "",
        "MiSI",
        "MiSI_7AJe0O9IsoTwAN97QAA",
        "MiSI/7AJe0O9IsoTwAN97Q",
        "MiSI_7AJe0O9IsoTwAN97Q==",
        "MiSI_7AJe0O9IsoTwAN97R",
    ] {
        assert_eq!(Guid::decode(coded), Err(NotAGuid::Coded), "{coded}");
    }
}

#[test]
fn a_connection_at_entras_issuer() {
    let credential = of_connection_entra(&public(), guid(TENANT), guid(ORGANIZATION), guid(CONNECTION));
    assert_eq!(credential.issuer, format!("https://login.microsoftonline.com/{TENANT}/v2.0"));
    let stem = "/eid1/c/pub/t/MiSI_7AJe0O9IsoTwAN97Q/a/rISbSSETf0KqFyZ8ppdXmA/sc";
    assert_eq!(credential.subject, format!("{stem}/{ORGANIZATION}/{CONNECTION}"));
    assert_eq!(connection_stem(&guid(TENANT)), stem);
    assert_eq!(credential.audience, "api://AzureADTokenExchange");
    assert_eq!(AZURE_DEVOPS_ID, guid(AZURE_DEVOPS));
    let parts = Subject::parse(&credential.subject).unwrap().parts();
    let expected =
        [("tenant", TENANT), ("application", AZURE_DEVOPS), ("organization", ORGANIZATION), ("connection", CONNECTION)];
    assert_eq!(parts, expected.map(|(name, value)| (name, value.to_owned())));
}

#[test]
fn connections_and_pipelines_at_the_issuer_of_azure_devops() {
    assert_eq!(azure_devops_issuer(ORGANIZATION), format!("https://vstoken.dev.azure.com/{ORGANIZATION}"));
    for subject in ["sc://Contoso/My Project/feeds/reader", "p://contoso/Shop/build"] {
        assert_eq!(Subject::parse(subject).unwrap().to_string(), subject);
    }
}

#[test]
fn a_managed_identity_of_another_tenant() {
    assert_eq!(Subject::ManagedIdentity(guid(CONNECTION)).to_string(), CONNECTION);
    assert_eq!(Subject::parse(CONNECTION), Ok(Subject::ManagedIdentity(guid(CONNECTION))));
}

#[test]
fn an_authority_is_an_https_address_and_no_more() {
    for (written, host) in [
        ("https://login.microsoftonline.com", "login.microsoftonline.com"),
        ("https://login.microsoftonline.us/", "login.microsoftonline.us"),
        ("HTTPS://Login.Example.com:443", "login.example.com"),
    ] {
        assert_eq!(authority(written).unwrap().as_str(), format!("https://{host}/"), "{written}");
    }
    for written in [
        "",
        "login.microsoftonline.com",
        "http://login.microsoftonline.com",
        "https://login.microsoftonline.com:8443",
        "https://login.microsoftonline.com/tenant",
        "https://login.microsoftonline.com/.",
        "https://login.microsoftonline.com?x",
        "https://login.microsoftonline.com#x",
        "https://user@login.microsoftonline.com",
        "https://:word@login.microsoftonline.com",
        r"https://login.microsoftonline.com\@example.com",
        "https://$(authority)",
    ] {
        assert_eq!(authority(written), None, "{written}");
    }
}

#[test]
fn each_cloud_has_its_audience() {
    for (authority, audience) in [
        ("https://login.microsoftonline.com", "api://AzureADTokenExchange"),
        ("https://login.microsoftonline.us/", "api://AzureADTokenExchangeUSGov"),
        ("https://login.partner.microsoftonline.cn", "api://AzureADTokenExchangeChina"),
        ("https://login.chinacloudapi.cn", "api://AzureADTokenExchangeChina"),
    ] {
        let authority = Url::parse(authority).unwrap();
        assert_eq!(audience_at(&authority), audience);
        assert!(!entra_issuer(&authority, &guid(TENANT)).contains("//ff"));
    }
}

#[test]
fn what_is_wrong_with_a_subject_is_said() {
    let stem = "/eid1/c/pub/t/MiSI_7AJe0O9IsoTwAN97Q/a/rISbSSETf0KqFyZ8ppdXmA";
    for (subject, words) in [
        ("", "begins with none"),
        ("repo:octo/tools:ref", "begins with none"),
        ("sc://contoso/Shop", "sc://<organization>"),
        ("p:///Shop/x", "p://<organization>"),
        ("/eid1/c/pub/t/x", "is not of the form /eid1/"),
        ("/eid1/c/pub/t/x/a/rISbSSETf0KqFyZ8ppdXmA/sc/1/2", "'x' stands for the tenant"),
        (&format!("{stem}/sc/1/2"), "'1' stands for the organization"),
        (&format!("{stem}/sc/{ORGANIZATION}/2"), "'2' stands for the service connection"),
        (&format!("{stem}/sc/{ORGANIZATION}/{CONNECTION}/"), "is not of the form"),
    ] {
        let said = Subject::parse(subject).unwrap_err().to_string();
        assert!(said.contains(words), "{subject}: {said}");
    }
}

fn any_guid() -> impl Strategy<Value = Guid> {
    any::<[u8; 16]>().prop_map(Guid::of_bytes)
}

fn any_subject() -> impl Strategy<Value = Subject> {
    let name = || "[^/]{1,12}";
    prop_oneof![
        (any_guid(), any_guid(), any_guid(), any_guid()).prop_map(|(tenant, application, organization, connection)| {
            Subject::EntraConnection { tenant, application, organization, connection }
        }),
        (any_guid(), any_guid(), name(), name()).prop_map(|(tenant, application, host, definition)| {
            Subject::EntraPipeline { tenant, application, host, definition }
        }),
        (name(), name(), ".{1,12}").prop_map(|(organization, project, connection)| {
            Subject::AzureDevOpsConnection { organization, project, connection }
        }),
        (name(), name(), ".{1,12}").prop_map(|(organization, project, pipeline)| Subject::AzureDevOpsPipeline {
            organization,
            project,
            pipeline
        }),
        any_guid().prop_map(Subject::ManagedIdentity),
    ]
}

proptest! {
    #[test]
    fn coding_and_decoding_are_inverse(guid in any_guid()) {
        prop_assert_eq!(Guid::decode(&guid.coded()), Ok(guid));
        prop_assert_eq!(Guid::parse(&guid.to_string()), Ok(guid));
        prop_assert_eq!(guid.coded().len(), 22);
    }

    #[test]
    fn what_decodes_is_coded_in_one_way(coded in "[A-Za-z0-9_-]{22}") {
        if let Ok(guid) = Guid::decode(&coded) {
            prop_assert_eq!(guid.coded(), coded);
        }
    }

    #[test]
    fn subjects_survive_being_written_and_read(subject in any_subject()) {
        prop_assert_eq!(Subject::parse(&subject.to_string()), Ok(subject));
    }

    #[test]
    fn no_text_is_too_odd_to_be_read(text in "(/eid1/c/pub/t/|sc://|p://|).{0,80}") {
        if let Ok(subject) = Subject::parse(&text) {
            prop_assert_eq!(subject.to_string().to_lowercase(), text.to_lowercase());
        }
    }
}
