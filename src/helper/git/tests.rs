//! git's words: what it sends, and what an attacker would.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::helper::tests::{Runs, contoso, token_of};
use crate::kernel::clock::now;

fn outcome(runs: &Runs, operation: &str, input: &[u8]) -> Outcome {
    answer(operation, input, &mut |question| runs.reply(1, question.client, &question.url))
}

/// What git reads; the expiry, which is another in each run, as `SOON`.
fn said(runs: &Runs, input: &str) -> Option<String> {
    match outcome(runs, "get", input.as_bytes()) {
        Outcome::Answer(answer) => {
            let expiry = answer.lines().find_map(|line| line.strip_prefix("password_expiry_utc=")).unwrap();
            assert!(expiry.parse::<u64>().unwrap() > now());
            Some(answer.replace(expiry, "SOON"))
        }
        Outcome::Silence | Outcome::NotOurs => None,
        Outcome::Trouble(explanation) => panic!("{explanation}"),
    }
}

#[test]
fn permitted_organizations_are_answered() {
    let runs = contoso();
    let token = token_of("contoso");
    let basic = format!("username=ado-entra-auth\npassword={token}\npassword_expiry_utc=SOON\nquit=1\n");
    for input in [
        "protocol=https\nhost=dev.azure.com\npath=contoso/Shop/_git/hello\n\n",
        "protocol=https\nhost=dev.azure.com\npath=CONTOSO/Shop/_git/hello\nusername=contoso\nwwwauth[]=Basic\n",
        "protocol=https\nhost=contoso.visualstudio.com\npath=Shop/_git/hello\n",
        "protocol=https\nhost=contoso.visualstudio.com\n",
        "protocol=https\nhost=dev.azure.com:443\npath=contoso/Shop/_git/hello\n",
        "protocol=https\nhost=DEV.azure.com\npath=contoso/Shop/_git/hello\n",
    ] {
        assert_eq!(said(&runs, input).as_deref(), Some(basic.as_str()), "{input}");
    }
    let bearer = "capability[]=authtype\ncapability[]=state\nprotocol=https\nhost=dev.azure.com\npath=contoso/x\n";
    let expected = format!(
        "capability[]=authtype\nauthtype=Bearer\ncredential={token}\nephemeral=1\npassword_expiry_utc=SOON\nquit=1\n"
    );
    assert_eq!(said(&runs, bearer), Some(expected));
}

#[test]
fn everything_else_is_met_with_silence() {
    let runs = contoso();
    for input in [
        "",
        "protocol=https\nhost=dev.azure.com\npath=fabrikam/Shop/_git/hello\n",
        "protocol=https\nhost=dev.azure.com\npath=contosoB/x\n",
        "protocol=https\nhost=dev.azure.com\n",
        "protocol=http\nhost=dev.azure.com\npath=contoso/x\n",
        "protocol=https\nhost=evil.example\npath=contoso/x\n",
        "protocol=https\nhost=dev.azure.com.evil.example\npath=contoso/x\n",
        "protocol=https\nhost=dev.azure.com:444\npath=contoso/x\n",
        "protocol=https\nhost=dev.azure.com:443:443\npath=contoso/x\n",
        "protocol=https\nhost=dev.azure.com:\npath=contoso/x\n",
        "protocol=https\nhost=me@dev.azure.com\npath=contoso/x\n",
        "protocol=https\nhost=dev.azure.com/contoso\npath=x\n",
        "protocol=https\nhost=dev.azure.com/contoso?\npath=x\n",
        "protocol=https\nhost=dev.azure.com#\npath=contoso/x\n",
        "protocol=https://dev.azure.com/contoso/?\nhost=evil.example\npath=x\n",
        "protocol=https\nhost=dev.azure.com\r\npath=contoso/x\n",
        "protocol=https\nhost=dev.azure.com\nhost=evil.example\npath=contoso/x\n",
        "protocol=https\nhost=evil.example\nhost=dev.azure.com\npath=contoso/x\n",
        "protocol=https\nhost=dev.azure.com\npath=fabrikam/x\npath=contoso/x\n",
        "protocol=http\nprotocol=https\nhost=dev.azure.com\npath=contoso/x\n",
        "protocol=https\nhost=\npath=contoso/x\n",
        "host=dev.azure.com\npath=contoso/x\n",
        "protocol=https\npath=contoso/x\n",
        "protocol=https\nhost=dev.azure.com\npath=contoso/../fabrikam/x\n",
        // `%3F` and `%23` in the URL, behind which a client still climbs.
        "protocol=https\nhost=dev.azure.com\npath=contoso/?/../../fabrikam/x\n",
        "protocol=https\nhost=dev.azure.com\npath=contoso/#/../../fabrikam/x\n",
        "protocol=https\nhost=dev.azure.com\0\npath=contoso/x\n",
        "protocol=https\nhost=pkgs.dev.azure.com\npath=contoso/x\n",
        "nonsense\nprotocol=https\nhost=dev.azure.com\npath=contoso/x\n",
    ] {
        assert_eq!(said(&runs, input), None, "{input:?}");
    }
    let long = format!("protocol=https\nhost=dev.azure.com\npath=contoso/{}\n", "x".repeat(70_000));
    assert_eq!(said(&runs, &long), None);
}

#[test]
fn only_get_is_answered_and_only_what_is_not_ours_is_passed_on() {
    let runs = contoso();
    for (organization, ours) in [("contoso", true), ("fabrikam", false)] {
        let input = format!("protocol=https\nhost=dev.azure.com\npath={organization}/x\nusername=a\npassword=b\n\n");
        for operation in ["store", "erase", "capability", "", "GET"] {
            match outcome(&runs, operation, input.as_bytes()) {
                Outcome::Silence => assert!(ours, "{operation}"),
                Outcome::NotOurs => assert!(!ours, "{operation}"),
                Outcome::Answer(_) | Outcome::Trouble(_) => panic!("{operation}"),
            }
        }
        assert_eq!(matches!(outcome(&runs, "get", input.as_bytes()), Outcome::NotOurs), !ours);
    }
    // What is not beyond doubt goes to nobody.
    assert!(matches!(outcome(&runs, "get", b"protocol=https\nhost=a\rb\n"), Outcome::Silence));
}

#[test]
fn trouble_is_told_when_git_wants_a_token_and_not_otherwise() {
    let mut runs = Runs::new();
    runs.run(1, &[("contoso", Dialect::Git, None)], &[], 1);
    let input = b"protocol=https\nhost=dev.azure.com\npath=contoso/x\n\n";
    let Outcome::Trouble(explanation) = outcome(&runs, "get", input) else { panic!("no trouble") };
    assert_eq!(explanation.headline, "the access token for contoso has expired");
    assert!(matches!(outcome(&runs, "erase", input), Outcome::Silence));
}

/// The right ones and their neighbours, so that a check that is left out meets what it was for.
const PROTOCOLS: [&str; 7] = ["https", "HTTPS", "http", "https ", "ssh", "https:", "https://evil.example/?x="];
const HOSTS: [&str; 22] = [
    "dev.azure.com",
    "dev.azure.com:443",
    "DEV.AZURE.COM",
    "contoso.visualstudio.com",
    "contoso.visualstudio.com:443",
    "dev.azure.com:444",
    "dev.azure.com:0443",
    "dev.azure.com.",
    "dev.azure.com.evil.example",
    "evil.example",
    "evil-dev.azure.com",
    "dev.azure.com@evil.example",
    "contoso@dev.azure.com",
    "dev.azure.com\\@evil.example",
    "dev.azure.com/contoso?",
    "evil.example/#dev.azure.com",
    "pkgs.dev.azure.com",
    "contoso.pkgs.visualstudio.com",
    "fabrikam.visualstudio.com",
    "contoso.evil.visualstudio.com",
    "contoso-visualstudio.com",
    "d\u{435}v.azure.com",
];
const PATHS: [&str; 16] = [
    "contoso",
    "contoso/",
    "contoso/Shop/_git/hello",
    "CONTOSO/x",
    "contoso/x?y",
    "contoso/x#y",
    "contosob/x",
    "contoso-/x",
    "fabrikam/x",
    "contoso/../fabrikam/x",
    "fabrikam/../contoso/x",
    "./contoso/x",
    "/contoso/x",
    "contoso%2f/x",
    "contoso\\x",
    "",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn a_token_goes_to_the_organization_and_to_nobody_near(
        protocol in select(&PROTOCOLS[..]), host in select(&HOSTS[..]), path in select(&PATHS[..]),
        before in select(&["", "wwwauth[]=Basic realm=\"x\"\n", "capability[]=authtype\n", "username=contoso\n"][..]),
    ) {
        let runs = SERVED.with(std::rc::Rc::clone);
        let input = format!("{before}protocol={protocol}\nhost={host}\npath={path}\n\n");
        let name = host.to_ascii_lowercase();
        let name = name.strip_suffix(":443").unwrap_or(&name);
        let first = path.split(['/', '?', '#']).next().unwrap();
        let is_plain = !path.is_empty() && !["..", "./", "%", "\\"].iter().any(|sign| path.contains(sign));
        let permitted = protocol.eq_ignore_ascii_case("https") && is_plain
            && (name == "contoso.visualstudio.com" || name == "dev.azure.com" && first.eq_ignore_ascii_case("contoso"));
        prop_assert_eq!(said(&runs, &input).is_some(), permitted, "{}", input);
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&bytes);
    }
}

thread_local! {
    /// One vault for all cases: git's helper only reads it.
    static SERVED: std::rc::Rc<Runs> = std::rc::Rc::new(contoso());
}

#[test]
fn only_this_very_token_is_one_that_was_refused() {
    let refused = |line: &str| format!("protocol=https\nhost=dev.azure.com\npath=contoso/Shop/_git/hello\n{line}\n\n");
    for (line, is_it) in [
        ("username=x\npassword=eyJ.a.b", true),
        ("authtype=Bearer\ncredential=eyJ.a.b", true),
        ("username=x\npassword=users-own", false),
        ("password=eyJ.a.b.c", false),
        ("username=eyJ.a.b", false),
        ("", false),
    ] {
        assert_eq!(shows(refused(line).as_bytes(), "eyJ.a.b"), is_it, "{line}");
    }
}
