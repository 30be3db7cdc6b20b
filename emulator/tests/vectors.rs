//! Vectors taken from the sources and tests of the real agent.

#![allow(clippy::unwrap_used, missing_docs)]

use ado_entra_auth_emulator::agent::commands::{Command, RESTRICTED_MODE_ALLOWS};
use ado_entra_auth_emulator::agent::masking::Masker;
use ado_entra_auth_emulator::agent::variable_name;
use serde_json::Value;

fn vectors(kind: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("vectors.json")).unwrap();
    all[kind].as_array().unwrap().clone()
}

#[test]
fn lines_are_parsed_as_the_agent_parses_them() {
    for vector in vectors("parse_agent") {
        let line = vector["line"].as_str().unwrap();
        let parsed = Command::parse(line, vector["decode_percents"] == true);
        let expected = &vector["expected"];
        let Some(command) = parsed else {
            assert!(expected.is_null(), "{vector}");
            continue;
        };
        assert_eq!(
            (&*command.area, &*command.event),
            (expected["area"].as_str().unwrap(), expected["event"].as_str().unwrap())
        );
        assert_eq!(command.data, expected["data"].as_str().unwrap(), "{vector}");
        let properties = expected["properties"].as_object().unwrap();
        assert_eq!(command.properties.len(), properties.len(), "{vector}");
        for (name, value) in properties {
            assert_eq!(command.property(name), value.as_str(), "{vector}");
        }
    }
}

#[test]
fn names_become_environment_variables() {
    for vector in vectors("env_name") {
        let name = vector["input"].as_str().unwrap_or_default();
        assert_eq!(variable_name(name, vector["preserve_case"] == true), vector["expected"].as_str().unwrap());
    }
}

#[test]
fn secrets_are_masked() {
    for vector in vectors("masking") {
        let mut masker = Masker::default();
        for value in vector["registered"].as_array().unwrap() {
            masker.add(value.as_str().unwrap());
        }
        assert_eq!(masker.mask(vector["line"].as_str().unwrap()), vector["expected"].as_str().unwrap(), "{vector}");
    }
}

#[test]
fn restricted_mode_leaves_what_the_agent_leaves() {
    let vector = vectors("restrictions").into_iter().find(|v| v["mode"] == "restricted").unwrap();
    let allowed: Vec<&str> = vector["allowed_commands"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(allowed, RESTRICTED_MODE_ALLOWS);
}
