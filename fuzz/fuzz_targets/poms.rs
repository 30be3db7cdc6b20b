//! What the step serves for trees of POMs, beside what Maven's own model builder makes of them: one process of Java is asked about
//! every tree. No id that Maven takes for another address has a credential, and where nothing is in doubt every feed has one.

#![no_main]

#[path = "../../tests/end_to_end/maven_models/cases.rs"]
mod cases;
#[path = "../../tests/end_to_end/maven_models/judge.rs"]
mod judge;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{LazyLock, Mutex};

use ado_entra_auth::agent::inputs;
use ado_entra_auth::agent::job::Job;
use ado_entra_auth::commands::workspace::Workspace;
use ado_entra_auth::host::Host;
use ado_entra_auth::plan::Change;
use ado_entra_auth::plan::names::RunNames;
use ado_entra_auth::reach::Reach;
use cases::{Case, Draw, ENVIRONMENT};
use judge::{Line, judge};
use libfuzzer_sys::arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;

struct Java {
    _child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

static JAVA: LazyLock<Mutex<Java>> = LazyLock::new(|| Mutex::new(Java::start()));

impl Java {
    fn start() -> Self {
        let source =
            Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("tests/end_to_end/maven_models/models.java");
        let maven = program("mvn").canonicalize().unwrap();
        let lib = maven.parent().and_then(Path::parent).unwrap().join("lib/*");
        let mut child = Command::new(program("java"))
            // A tree takes it a few milliseconds; the second compiler would have the processor for itself.
            .args(["-XX:TieredStopAtLevel=1", "-Xmx256m", "-cp"])
            .arg(lib)
            .arg(source)
            .env_clear()
            .envs(ENVIRONMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { _child: child, input, output }
    }

    /// What it prints for a folder.
    fn ask(&mut self, folder: &Path) -> String {
        writeln!(self.input, "{}", folder.display()).unwrap();
        let mut answer = String::new();
        while !answer.ends_with("\n\n") && answer != "\n" {
            assert_ne!(self.output.read_line(&mut answer).unwrap(), 0, "Java has ended");
        }
        answer
    }
}

fn program(name: &str) -> PathBuf {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut programs = std::env::split_paths(&folders).map(|folder| folder.join(name));
    programs.find(|program| program.exists()).unwrap_or_else(|| panic!("{name} is missing; scripts/setup brings it"))
}

/// The ids that the step would serve, where Maven's settings lie in a home folder.
fn served(folder: &Path, home: &Path) -> BTreeSet<String> {
    let variables = ENVIRONMENT.map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let mut job = Job::new(variables);
    job.set_input("organizations", "contoso");
    job.set_input("workingDirectory", &folder.to_string_lossy());
    let settings = inputs::settings(&job).unwrap();
    let host = job.host(settings.working_directory.clone(), PathBuf::new());
    let host = Host { home: Some(home.to_path_buf()), account_home: None, ..host };
    let reach = Reach { permitted: settings.permitted.clone(), ..Reach::default() };
    let plan = Workspace::read(&settings, host).plan(&settings, &reach, &RunNames::shown()).unwrap();
    let entries = plan.changes.into_iter().filter_map(|change| match change {
        Change::SharedFile(file) => Some(file.entries),
        _ => None,
    });
    entries.flatten().map(|entry| entry.key).collect()
}

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = Unstructured::new(bytes);
    // The end of the text chooses the first of everything.
    let mut below = |count: usize| bytes.choose_index(count).unwrap_or_default();
    let case = Case::of(&mut Draw(&mut below));
    let folder = tempfile::tempdir_in("/dev/shm").unwrap();
    let (checkout, home) = (folder.path().join("s"), folder.path().join("home"));
    fs::create_dir(&home).unwrap();
    case.write(&checkout);
    let answer = JAVA.lock().unwrap().ask(&checkout);
    let lines: Vec<Line<'_>> = answer.lines().filter(|line| !line.is_empty()).map(Line::of).collect();
    judge(&case, &served(&checkout, &home), &lines);
});
