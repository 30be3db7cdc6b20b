//! Works out, without a network, what to create in Entra and Azure DevOps so that a pipeline gets a token.
//!
//! `design` takes the arguments together, with holes where something was not given; every format has a file that writes the same design.

mod address;
mod az;
mod bicep;
mod credential_name;
mod design;
mod json;
mod principal;
mod step;
mod terraform;
#[cfg(test)]
mod tests;
mod text;
mod unknown;
mod value;

use super::print;
use crate::cli::{Setup, SetupFormat};
use crate::diagnosis::Explanation;
use crate::identity::federation::Subject;

/// Runs the command.
pub fn run(arguments: &Setup) -> anyhow::Result<()> {
    print(&shown(arguments).map_err(|explanation| anyhow::anyhow!("{explanation}"))?);
    Ok(())
}

fn shown(arguments: &Setup) -> Result<String, Explanation> {
    if let Some(subject) = &arguments.decode {
        return match Subject::parse(subject) {
            Ok(parsed) => Ok(text::decoded(&parsed)),
            Err(error) => Err(Explanation {
                headline: "this is no subject of Azure DevOps or a managed identity".to_owned(),
                facts: vec![("subject", subject.clone()), ("because", error.to_string())],
                cause: None,
                remedy: "set the subject as the task's error or the service connection's page shows it".to_owned(),
            }),
        };
    }
    let design = design::of(arguments)?;
    match arguments.format {
        SetupFormat::Text => Ok(text::page(&design)),
        SetupFormat::Az => az::script(&design),
        SetupFormat::Bicep => Ok(bicep::file(&design)),
        SetupFormat::Terraform => Ok(terraform::file(&design)),
        SetupFormat::Json => Ok(json::object(&design)),
    }
}

/// Notes as lines of at most about 110 characters.
fn sentences<'n>(notes: &'n [&'n str]) -> impl Iterator<Item = String> + 'n {
    const WIDTH: usize = 110;
    notes.iter().flat_map(|note| {
        let mut lines = vec![String::new()];
        for word in note.split_whitespace() {
            let full = lines.last().is_some_and(|line| line.len() + word.len() + 1 > WIDTH);
            if full {
                lines.push(String::new());
            }
            if let Some(line) = lines.last_mut() {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
            }
        }
        lines
    })
}
