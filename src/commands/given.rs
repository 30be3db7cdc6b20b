//! Inputs of the task that the command line gives in place of the agent.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::agent::inputs::{canonical, holds_a_secret, is_input};
use crate::agent::job::Job;
use crate::cli::Inputs;
use crate::disk;

/// More than any input holds.
const LARGEST_INPUT_BYTES: u64 = 1024 * 1024;

/// Arguments that make no sense, which exit code 2 tells.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WrongArguments(pub String);

/// Sets the inputs that the arguments give. No error repeats a value: it may be a secret in the wrong place.
pub fn set_inputs(job: &mut Job, given: &Inputs) -> Result<(), WrongArguments> {
    for argument in &given.inputs {
        let (name, value) = parted(argument, "--input NAME=VALUE")?;
        if holds_a_secret(name, value) {
            return Err(WrongArguments(format!(
                "--input {name}=… would put a secret on the command line, where every process of the machine can read it\nremedy: \
                 set it by --input-file {name}=FILE (`-` is standard input), or in the environment variable INPUT_{}",
                name.to_ascii_uppercase()
            )));
        }
        job.set_input(name, value);
    }
    for argument in &given.input_files {
        let (name, file) = parted(argument, "--input-file NAME=FILE")?;
        let text = read(&PathBuf::from(file))
            .map_err(|reason| WrongArguments(format!("--input-file {name}: {file} cannot be read: {reason}")))?;
        job.set_input(name, text.trim_end_matches(['\r', '\n']));
    }
    Ok(())
}

fn parted<'a>(argument: &'a str, form: &str) -> Result<(&'a str, &'a str), WrongArguments> {
    let wrong =
        |what: &str| Err(WrongArguments(format!("{what}\nremedy: write {form}; docs/inputs.md lists the inputs")));
    match argument.split_once('=') {
        Some((name, value)) if is_input(name) => Ok((canonical(name), value)),
        Some((name, _)) => wrong(&format!("the task has no input '{name}'")),
        None => wrong("an input has no '='"),
    }
}

fn read(file: &Path) -> Result<String, String> {
    let bytes = if file == Path::new("-") {
        let mut bytes = Vec::new();
        let read = std::io::stdin().take(LARGEST_INPUT_BYTES + 1).read_to_end(&mut bytes);
        read.map_err(|error| error.to_string())?;
        bytes
    } else {
        let read = disk::read(file).map_err(|error| error.to_string())?;
        read.ok_or_else(|| "there is no such file".to_owned())?
    };
    if bytes.len() as u64 > LARGEST_INPUT_BYTES {
        return Err("it is larger than a mebibyte".to_owned());
    }
    String::from_utf8(bytes).map_err(|_| "it is no text".to_owned())
}
