//! What the formats write, as parsers of their languages read it.

use clap::Parser;
use hcl_edit::expr::Expression;
use hcl_edit::structure::Body;
use proptest::prelude::*;
use tree_sitter::Node;

use super::*;
use crate::cli::{Cli, Command};

const TENANT: &str = "ff882432-09b0-437b-bd22-ca13c0037ded";
const ORGANIZATION: &str = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";
const CONNECTION: &str = "b6f3c1de-1111-4222-8333-444455556666";
const SUBJECT: &str = "/eid1/c/pub/t/MiSI_7AJe0O9IsoTwAN97Q/a/rISbSSETf0KqFyZ8ppdXmA/sc/\
                       0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9/b6f3c1de-1111-4222-8333-444455556666";

/// Names that mean something to one language or another.
const HOSTILE: [&str; 12] = [
    "it's",
    r#"a "quoted" name"#,
    "$HOME and ${HOME} and $(id) and `id`",
    "${var.x} %{if true}",
    "$${x} %%{y} $$${z} \\${w}",
    r"back\slash \",
    "''' */ // #",
    "-n --flag; rm -rf ~ & | > < * ? !",
    "\u{e9}\u{1f980} \u{202e}",
    "{a} [b] (c)",
    "100% $",
    "',\"] } EOF",
];

const NAMED_ORGANIZATION: [&str; 2] = ["--organization", "contoso"];

fn setup(arguments: &[&str]) -> Setup {
    let line = ["ado-entra-auth", "setup"].iter().chain(arguments);
    match Cli::try_parse_from(line).unwrap().command {
        Command::Setup(setup) => *setup,
        other => panic!("{other:?}"),
    }
}

fn output(arguments: &[&str]) -> String {
    exactly(&[&NAMED_ORGANIZATION[..], arguments].concat())
}

/// Without the organization, if the arguments have none.
fn exactly(arguments: &[&str]) -> String {
    shown(&setup(arguments)).unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
}

/// Every kind of design, with everything known and with next to nothing.
fn designs() -> Vec<Vec<&'static str>> {
    const NAMED: [&str; 4] = ["--project", "My Shop", "--connection", "feeds"];
    const KNOWN: [&str; 6] = ["--organization-id", ORGANIZATION, "--connection-id", CONNECTION, "--tenant-id", TENANT];
    let sources: [Vec<&str>; 6] = [
        NAMED.to_vec(),
        [&NAMED[..], &KNOWN[..]].concat(),
        [&NAMED[..], &["--tenant-id", TENANT]].concat(),
        [&NAMED[..], &["--issuer", "azure-devops"]].concat(),
        vec!["--project", "My Shop", "--pipeline", "build"],
        vec!["--project", "My Shop", "--pipeline", "build", "--organization-id", ORGANIZATION, "--tenant-id", TENANT],
    ];
    let identities: [&[&str]; 7] = [
        &[],
        &["--name", "reader", "--resource-group", "rg", "--location", "West Europe"],
        &["--client-id", CONNECTION],
        &["--client-id", CONNECTION, "--name", "reader", "--resource-group", "rg"],
        &["--identity", "application"],
        &["--identity", "application", "--client-id", CONNECTION],
        &["--identity", "application", "--client-id", CONNECTION, "--name", "reader"],
    ];
    let mut designs: Vec<Vec<&str>> = sources
        .iter()
        .flat_map(|source| identities.iter().map(move |identity| [&source[..], identity].concat()))
        .collect();
    let across = ["--managed-identity-object-id", CONNECTION];
    designs.push(across.to_vec());
    designs.push([&across[..], &["--application", ORGANIZATION, "--tenant-id", TENANT]].concat());
    designs.push([&across[..], &["--organization-tenant-id", TENANT, "--name", "it's"]].concat());
    let mut designs: Vec<Vec<&str>> = designs.iter().map(|design| [&NAMED_ORGANIZATION[..], design].concat()).collect();
    designs.push(vec!["--connection-id", CONNECTION]);
    designs.push([&KNOWN[..], &["--client-id", CONNECTION]].concat());
    designs.push(across.to_vec());
    designs
}

fn in_format(arguments: &[&str], format: &str) -> String {
    output(&[arguments, &["--format", format]].concat())
}

// --- Terraform ---

fn terraform(text: &str) -> Body {
    text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// An attribute of the only resource of a type, as Terraform reads it.
fn attribute(body: &Body, kind: &str, name: &str) -> Expression {
    let of_kind =
        |block: &&hcl_edit::structure::Block| block.labels.first().is_some_and(|label| label.as_str() == kind);
    let mut blocks = body.get_blocks("resource").filter(of_kind);
    let block = blocks.next().unwrap_or_else(|| panic!("no {kind}"));
    assert!(blocks.next().is_none(), "several {kind}");
    block.body.get_attribute(name).unwrap_or_else(|| panic!("no {name} in {kind}")).value.clone()
}

#[test]
fn terraform_reads_every_design() {
    for arguments in designs() {
        let text = exactly(&[&arguments[..], &["--format", "terraform"]].concat());
        let body = terraform(&text);
        let credential = if text.contains("azuread_application") {
            "azuread_application_federated_identity_credential"
        } else {
            "azurerm_federated_identity_credential"
        };
        for name in ["issuer", "subject"] {
            attribute(&body, credential, name);
        }
        let member = attribute(&body, "azuredevops_service_principal_entitlement", "origin_id").to_string();
        assert!(member.trim().ends_with("_id"), "{member}");
        let declared: Vec<&str> = body
            .get_blocks("variable")
            .filter_map(|block| block.labels.first())
            .map(hcl_edit::structure::BlockLabel::as_str)
            .collect();
        let mut used: Vec<&str> =
            text.split("var.").skip(1).filter_map(|rest| rest.split(['}', '\n', '"', ' ']).next()).collect();
        used.sort_unstable();
        used.dedup();
        let mut sorted = declared.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, used, "{text}");
    }
}

#[test]
fn terraform_gets_the_exact_values() {
    for name in HOSTILE {
        let [connection, named] = [format!("--connection={name}"), format!("--name=x{name}")];
        let arguments =
            ["--project", "Shop", &connection, "--issuer", "azure-devops", "--organization-id", ORGANIZATION];
        let text = in_format(&[&arguments[..], &["--identity", "application", &named]].concat(), "terraform");
        let body = terraform(&text);
        let read = |kind: &str, attribute_name: &str| literal(&attribute(&body, kind, attribute_name));
        let subject = read("azuread_application_federated_identity_credential", "subject");
        assert_eq!(subject, format!("sc://contoso/Shop/{name}"), "{text}");
        assert_eq!(read("azuread_application", "display_name"), format!("x{name}"));
    }
}

/// A literal string, however it was escaped; an interpolation is none.
fn literal(expression: &Expression) -> String {
    expression.as_str().unwrap_or_else(|| panic!("{expression:?} is no literal")).to_owned()
}

// --- Bicep ---

/// The grammar is older than the statement `extension`: that line, and no other, becomes a comment of the same length.
const EXTENSION: &str = "\nextension 'br:mcr.microsoft.com/bicep/extensions/microsoftgraph/v1.0:1.0.0'\n";

fn bicep<T>(text: &str, look: impl FnOnce(Node<'_>) -> T) -> T {
    let text = &text.replacen(EXTENSION, &EXTENSION.replace("extension '", "//tension '"), 1);
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_bicep::LANGUAGE.into()).unwrap();
    let tree = parser.parse(text, None).unwrap();
    assert!(!tree.root_node().has_error(), "{}\n{text}", tree.root_node().to_sexp());
    look(tree.root_node())
}

fn nodes<'t>(node: Node<'t>, kind: &str, found: &mut Vec<Node<'t>>) {
    if node.kind() == kind {
        found.push(node);
    }
    let mut cursor = node.walk();
    for child in node.children(&mut cursor) {
        nodes(child, kind, found);
    }
}

/// The values of all properties of a name, as Bicep reads them.
fn properties(text: &str, name: &str) -> Vec<String> {
    bicep(text, |root| {
        let mut pairs = Vec::new();
        nodes(root, "object_property", &mut pairs);
        let source = |node: Node<'_>| node.utf8_text(text.as_bytes()).unwrap().to_owned();
        let named = pairs.into_iter().filter(|pair| pair.child(0).is_some_and(|key| source(key) == name));
        named
            .map(|pair| {
                let value = pair.child(pair.child_count() - 1).unwrap();
                let mut interpolations = Vec::new();
                nodes(value, "interpolation", &mut interpolations);
                assert!(interpolations.is_empty(), "{}", source(value));
                unescaped(&source(value)).unwrap()
            })
            .collect()
    })
}

/// A string of Bicep, read strictly by its specification (Azure/bicep, docs/spec/bicep.md, "Strings"), or nothing where it is not
/// exactly one.
fn unescaped(written: &str) -> Option<String> {
    let mut text = String::new();
    let mut characters = written.strip_prefix('\'')?.strip_suffix('\'')?.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek()) {
            ('\\', Some('\\' | '\'' | '$')) => text.extend(characters.next()),
            ('$', Some('{')) | ('\\' | '\'', _) => return None,
            _ => text.push(character),
        }
    }
    Some(text)
}

/// The values of all properties of a name that have a line of their own, as Bicep's specification reads them.
fn lines_of(text: &str, name: &str) -> Vec<Option<String>> {
    let prefix = format!("{name}: ");
    text.lines().filter_map(|line| line.trim_start().strip_prefix(&prefix)).map(unescaped).collect()
}

#[test]
fn bicep_reads_every_design() {
    for arguments in designs() {
        let text = exactly(&[&arguments[..], &["--format", "bicep"]].concat());
        bicep(&text, |root| {
            let mut resources = Vec::new();
            nodes(root, "resource_declaration", &mut resources);
            assert!(resources.len() >= 2, "{text}");
        });
        assert_eq!(text.contains(EXTENSION), text.contains("'Microsoft.Graph/"), "{text}");
        assert!(text.contains("_apis/serviceprincipalentitlements"), "the membership is missing:\n{text}");
    }
}

#[test]
fn bicep_gets_the_exact_values() {
    for name in HOSTILE {
        let [connection, named] = [format!("--connection={name}"), format!("--name=x{name}")];
        let arguments =
            ["--project", "Shop", &connection, "--issuer", "azure-devops", "--organization-id", ORGANIZATION];
        let text = in_format(&[&arguments[..], &["--identity", "application", &named]].concat(), "bicep");
        assert_eq!(properties(&text, "subject"), [format!("sc://contoso/Shop/{name}")], "{text}");
        assert_eq!(properties(&text, "displayName"), [format!("x{name}")], "{text}");
    }
}

#[test]
fn bicep_takes_what_looks_like_a_comment_for_text() {
    for name in ["$//", "$/*", "$$//x", "'//", "\\/*", "${//}", "$"] {
        let connection = format!("--connection={name}");
        let arguments =
            ["--project", "Shop", &connection, "--issuer", "azure-devops", "--organization-id", ORGANIZATION];
        let text = in_format(&arguments, "bicep");
        assert_eq!(lines_of(&text, "subject"), [Some(format!("sc://contoso/Shop/{name}"))], "{text}");
    }
    for broken in ["'it's'", "'${x}'", r"'\x'", r"'\'", "x"] {
        assert_eq!(unescaped(broken), None, "{broken}");
    }
}

/// Names of what means something in one of the languages.
fn near_syntax() -> impl Strategy<Value = String> {
    const PIECES: [&str; 20] = [
        "$", "$", "{", "}", "//", "/*", "*/", "'", "'''", "\"", "\\", "%", "#", "\\u0024", "`", "<<E", " ", "a",
        "\u{e9}", "$(x)",
    ];
    proptest::collection::vec(proptest::sample::select(&PIECES), 1..10).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_name_survives_every_language(name in prop_oneof!["[ -~\u{a1}-\u{17f}]{1,30}", near_syntax()]) {
        prop_assume!(!name.trim().is_empty() && !name.contains("##") && !name.contains("=@") && !name.starts_with('@'));
        let connection = format!("--connection={name}");
        let arguments = ["--project", "Shop", &connection, "--issuer", "azure-devops", "--organization-id", ORGANIZATION];
        let expected = format!("sc://contoso/Shop/{name}");
        let hcl = terraform(&in_format(&arguments, "terraform"));
        prop_assert_eq!(literal(&attribute(&hcl, "azurerm_federated_identity_credential", "subject")), expected.clone());
        let text = in_format(&arguments, "bicep");
        prop_assert_eq!(lines_of(&text, "subject"), [Some(expected.clone())]);
        // The grammar, other than Bicep, takes these for comments inside a string that has an escape or a dollar sign.
        let looks_like_a_comment = name.contains("//") || name.contains("/*");
        if !(looks_like_a_comment && name.contains(['$', '\\', '\''])) {
            prop_assert_eq!(properties(&text, "subject"), [expected]);
        }
    }
}

// --- What is worked out ---

#[test]
fn everything_that_is_known_is_worked_out() {
    let ids = ["--organization-id", ORGANIZATION, "--connection-id", CONNECTION, "--tenant-id", TENANT];
    let known = [&ids[..], &["--resource-group", "rg"]].concat();
    let page = output(&known);
    assert!(page.contains(&format!("subject   {SUBJECT}\n")), "{page}");
    assert!(page.contains(&format!("issuer    https://login.microsoftonline.com/{TENANT}/v2.0\n")), "{page}");
    assert!(!page.contains("Not known yet"), "{page}");
    for format in ["az", "bicep", "terraform", "json"] {
        assert!(in_format(&known, format).contains(SUBJECT), "{format}");
    }
}

#[test]
fn names_of_credentials_differ_where_their_sources_do() {
    let mut names = Vec::new();
    for (project, connection) in
        [("a-b", "c"), ("a", "b-c"), ("a b", "c"), ("a.b", "c"), ("a_b", "c"), ("a", "b_c"), ("\u{e9}", "c")]
    {
        let text = in_format(&["--project", project, "--connection", connection], "json");
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let name = json["federatedCredential"]["name"].as_str().unwrap().to_owned();
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')), "{name}");
        assert!((3..=120).contains(&name.len()) && !names.contains(&name), "{name}");
        names.push(name);
    }
    let long = in_format(&["--project", &"p".repeat(64), "--connection", &"c".repeat(200)], "json");
    let json: serde_json::Value = serde_json::from_str(&long).unwrap();
    assert!(json["federatedCredential"]["name"].as_str().unwrap().len() <= 120);
}

#[test]
fn an_organization_keeps_its_letters() {
    let subject = |organization: &str| {
        let line =
            ["ado-entra-auth", "setup", "--project", "Shop", "--pipeline", "build", "--organization", organization];
        let Command::Setup(setup) = Cli::try_parse_from(line).unwrap().command else { panic!() };
        design::of(&setup).unwrap().subject.known().unwrap()
    };
    for (organization, expected) in [
        ("Contoso", "p://Contoso/Shop/build"),
        ("https://dev.azure.com/Contoso/", "p://Contoso/Shop/build"),
        ("https://dev.azure.com/azure/Shop", "p://azure/Shop/build"),
        ("https://contoso.visualstudio.com/Shop", "p://contoso/Shop/build"),
        ("https://contoso.visualstudio.com", "p://contoso/Shop/build"),
    ] {
        assert_eq!(subject(organization), expected);
    }
}
