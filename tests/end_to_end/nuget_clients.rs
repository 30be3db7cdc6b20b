//! NuGet's clients as a later step runs them: nuget.exe, and the SDK.

use std::path::Path;

use ado_entra_auth_emulator::agent::{Job, ScriptOutcome};
use ado_entra_auth_emulator::message::Answer;
use ado_entra_auth_emulator::{Effect, Emulator, Fault, Target};

use crate::support::{tool, with_token, words, write_file};

pub const FEED: &str = "https://pkgs.dev.azure.com/contoso/_packaging/feed1/nuget/v3/index.json";
/// The same feed at the organization's own host.
pub const OWN_HOST: &str = "https://contoso.pkgs.visualstudio.com/_packaging/feed1/nuget/v3/index.json";
/// A feed of another organization.
pub const THEIRS: &str = "https://pkgs.dev.azure.com/fabrikam/_packaging/feed1/nuget/v3/index.json";
/// A feed of contoso that a file names, so that NuGet is set up.
pub const NAMED: &str = "https://pkgs.dev.azure.com/contoso/Shop/_packaging/teamfeed/nuget/v3/index.json";
/// A registry that is nobody's feed.
pub const ELSEWHERE: &str = "https://registry.example.com/nuget/v3/index.json";

/// A client.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Client {
    NuGet,
    Dotnet,
}

/// The clients of this machine.
pub fn clients() -> Vec<Client> {
    let mono = tool("mono").is_some();
    let has = |client: &Client| tool(client.program()).is_some() && (*client == Client::Dotnet || mono);
    [Client::NuGet, Client::Dotnet].into_iter().filter(has).collect()
}

impl Client {
    fn program(self) -> &'static str {
        match self {
            Self::NuGet => "nuget",
            Self::Dotnet => "dotnet31",
        }
    }

    /// The option by which it is given a configuration file.
    pub fn config_option(self) -> &'static str {
        match self {
            Self::NuGet => "-ConfigFile",
            Self::Dotnet => "--configfile",
        }
    }

    /// Restores a project of one package in a folder, with nothing in any cache. Whether the package came.
    pub fn restores(self, job: &mut Job<'_>, folder: &Path, options: &str, env: &[(&str, &str)]) -> bool {
        self.restores_after("", job, folder, options, env)
    }

    /// The same after a line of the shell.
    pub fn restores_after(
        self,
        first: &str,
        job: &mut Job<'_>,
        folder: &Path,
        options: &str,
        env: &[(&str, &str)],
    ) -> bool {
        let Some(program) = tool(self.program()) else { return false };
        let project = folder.join("project");
        std::fs::create_dir_all(&project).unwrap();
        let (arguments, came) = match self {
            Self::NuGet => {
                write_file(&project.join("packages.config"), PACKAGES);
                let arguments = "packages.config -PackagesDirectory packages -NonInteractive -NoCache";
                (arguments, project.join("packages/Contoso.Hello.1.0.0"))
            }
            Self::Dotnet => {
                if !project.join("app.csproj").exists() {
                    write_file(&project.join("app.csproj"), sdk_project(""));
                }
                ("app.csproj", job.home().join(".nuget/packages/contoso.hello/1.0.0"))
            }
        };
        for folder in [".nuget/packages", ".local/share/NuGet"].map(|below| job.home().join(below)) {
            let _ = std::fs::remove_dir_all(folder);
        }
        for below in ["packages", "obj"] {
            let _ = std::fs::remove_dir_all(project.join(below));
        }
        // In bash, which passes variables of any name on, as the agent's own shell does.
        let script = format!("{first} bash '{}' restore {arguments} {options}", program.display());
        let outcome = bash(job, &project, &script, env);
        let came = came.exists();
        assert!(!came || outcome.succeeded(), "{self:?}: {}", outcome.raw);
        println!("{self:?} {options} {came}: {}", outcome.log);
        came
    }
}

const PACKAGES: &str =
    r#"<packages><package id="Contoso.Hello" version="1.0.0" targetFramework="net472" /></packages>"#;

/// A project of the SDK, with properties.
pub fn sdk_project(properties: &str) -> String {
    format!(
        "<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><TargetFramework>netcoreapp3.1</TargetFramework>\
         <UseAppHost>false</UseAppHost>{properties}</PropertyGroup><ItemGroup>\
         <PackageReference Include=\"Contoso.Hello\" Version=\"1.0.0\" /></ItemGroup></Project>"
    )
}

/// A script step as the agent runs it.
pub fn bash(job: &mut Job<'_>, folder: &Path, script: &str, env: &[(&str, &str)]) -> ScriptOutcome {
    let env: Vec<(String, String)> =
        env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    job.run_program(&words(&["bash", "--noprofile", "--norc", "-c", script]), folder, &env).unwrap()
}

/// Has a foreign host refuse what NuGet tries by itself, so that NuGet asks whoever has credentials.
pub fn challenged_by(emulator: &Emulator, host: &str) {
    let challenge = Answer::status(401).header("WWW-Authenticate", "Basic realm=\"x\"");
    emulator.fault(Fault::new(Target::Host(host.to_owned()), Effect::Answer(Box::new(challenge))));
}

/// A configuration file with these sources and no others.
pub fn config(sources: &[(&str, &str)]) -> String {
    config_with(sources, "")
}

/// The same with further sections.
pub fn config_with(sources: &[(&str, &str)], sections: &str) -> String {
    let add = |(name, url): &(&str, &str)| format!("    <add key=\"{name}\" value=\"{url}\" />\n");
    let adds = sources.iter().map(add).collect::<Vec<_>>().concat();
    format!(
        "<configuration>\n  <packageSources>\n    <clear />\n{adds}  </packageSources>\n{sections}</configuration>\n"
    )
}

/// What a step's `env:` maps for a client that is given a configuration file: the name and the value that the note tells.
pub fn mapped(name: &str) -> (String, &'static str) {
    let value = "Username=any;Password=$(ADO_ENTRA_TOKEN);ValidAuthenticationTypes=Basic";
    (format!("NuGetPackageSourceCredentials_{name}"), value)
}

/// Demands that no token was sent save to Azure's feeds over https at the default port.
pub fn assert_sent_to_feeds_only(emulator: &Emulator) {
    let requests = emulator.requests();
    let astray: Vec<_> =
        with_token(&requests).into_iter().filter(|r| r.host != "pkgs.dev.azure.com" || !r.is_https()).collect();
    assert!(astray.is_empty(), "{astray:?}");
    assert!(requests.iter().all(|r| r.host == "pkgs.dev.azure.com" || r.secrets.is_empty()));
}
