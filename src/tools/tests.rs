//! What others say of the tools, against what the tools say themselves.

use super::*;

const INPUTS_PAGE: &str = include_str!("../../docs/inputs.md");
const TOOLS_PAGE: &str = include_str!("../../docs/tools.md");
const MANIFEST: &str = include_str!("../../task/task.json");
const MANIFEST_TEST: &str = include_str!("../../tests/wrapper/manifest.test.js");

/// The table of tools.md.
fn table() -> String {
    let row = |tool: &'static dyn Tool, Way { clients, tried, source, fresh, afterwards }: &Way| {
        let name = tool.id().name;
        let name = if clients.is_empty() { format!("`{name}`") } else { format!("`{name}`, {clients}") };
        let rests = match source {
            TokenSource::Helper(_) => "sealed in a private file, its key in a variable with a random name",
            TokenSource::File => "in that file",
            TokenSource::Reference | TokenSource::SharedReference | TokenSource::Variable => "in that variable",
        };
        let fresh = match fresh {
            Fresh::EachUse => "asked at each use",
            Fresh::EachStart => "at the start of each process",
            Fresh::NextStep => "only by the next step of the task",
        };
        format!("| {name} | {tried} | {source} | {rests} | {fresh} | {afterwards} |\n")
    };
    let rows: String = TOOLS.iter().flat_map(|tool| tool.id().ways.iter().map(move |way| row(*tool, way))).collect();
    let head = "| tool | tried with, for | how it comes by the token | where the token is meanwhile | after the token's end | after the job |";
    format!("{head}\n| --- | --- | --- | --- | --- | --- |\n{rows}")
}

/// What stands between quotes of one kind.
fn quoted(text: &str, quote: char) -> Vec<&str> {
    text.split(quote).skip(1).step_by(2).collect()
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("nothing begins with {start}"));
    rest.split_once(end).unwrap_or_else(|| panic!("nothing ends with {end}")).0
}

#[test]
fn the_page_has_the_table_of_tools() {
    let said = between(TOOLS_PAGE, "<!-- tools -->\n", "<!-- /tools -->");
    assert_eq!(said, table(), "between the marks of docs/tools.md must stand:\n{}", table());
}

#[test]
fn page_and_manifest_name_the_tools_that_there_are() {
    let row = INPUTS_PAGE.lines().find(|line| line.starts_with("| `tools` |")).unwrap();
    assert_eq!(quoted(between(row, "any of ", ". "), '`'), names().collect::<Vec<_>>());
    let manifest: serde_json::Value = serde_json::from_str(MANIFEST).unwrap();
    let inputs = manifest["inputs"].as_array().unwrap();
    let help = inputs.iter().find(|input| input["name"] == "tools").unwrap()["helpMarkDown"].as_str().unwrap();
    let mut known: Vec<&str> = quoted(between(help, "`auto`, or", "separated"), '`');
    let mut all: Vec<&str> = names().collect();
    let in_its_test: Vec<&str> = quoted(between(MANIFEST_TEST, "const tools = [", "];"), '\'');
    assert_eq!(in_its_test[1..], known, "the manifest's own test");
    all.sort_unstable();
    known.sort_unstable();
    assert_eq!(known, all);
}

#[test]
fn the_page_names_every_variable_that_a_tool_may_set() {
    let sentence = between(INPUTS_PAGE, "If your step restricts `settableVariables`", "\n\n");
    let said = quoted(sentence.split_once("for the tools in use,").unwrap().1, '`');
    let variables: Vec<&str> = TOOLS.iter().flat_map(|tool| tool.id().variables).copied().collect();
    assert_eq!(said, variables);
}
