//! The tools that promises are held to: a project that fetches from a feed of contoso, and the plain commands of its later steps.

use std::path::Path;

use ado_entra_auth_emulator::agent::{Job, TaskStep};
use ado_entra_auth_emulator::world::Package;

use crate::modes::link;
use crate::support::{BINARY, EVIL, only_brought, run_quietly, step, tool, write};

/// A tool as tests see it. What it runs, it runs in the folder `app` of the checkout.
pub struct Subject {
    /// Its name in the input `tools`.
    pub tool: &'static str,
    /// Whether its client asks this program, so that no variable of its environment holds the token.
    pub asks_a_helper: bool,
    /// The redirects of the permitted service itself on which its client takes the credential along, as README's limits say.
    pub keeps_on: &'static [Away],
    /// Programs that must be there.
    pub needs: &'static [&'static str],
    /// Programs that the job finds under another name first, as behind a task that installs them, and where they lie below
    /// `target/tools`.
    pub installs: &'static [(&'static str, &'static str)],
    /// The files of the project, with another registry in the same configuration, where there is to be one.
    pub project: fn(Option<Other>) -> Files,
    /// A file of the user's that it reads, below the agent's folder, and its content.
    pub users: (&'static str, &'static str),
    /// Fetches from the feed.
    pub fetch: &'static str,
    /// Succeeds where that was fetched.
    pub proof: &'static str,
    /// Has it forget what it has fetched.
    pub forget: &'static str,
    /// Asks the other registry; `OTHER` is its address.
    pub ask_other: &'static str,
    /// Publishes to the feed, where the client can here.
    pub publish: Option<&'static str>,
}

/// Where the permitted service itself may send a client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Away {
    /// To its own host without TLS.
    Http,
    /// To another port of its host.
    Port,
    /// To another host, which asks for a credential.
    Stranger,
}

/// Files by their paths below the project's folder.
type Files = Vec<(&'static str, Vec<u8>)>;

/// A registry beside the feed that the token is not for.
#[derive(Clone, Copy)]
pub enum Other {
    /// Of another host, which asks for a credential.
    Foreign,
    /// Of an organization that is not permitted.
    Unpermitted,
}

impl Other {
    /// Its address up to the feed, or the address of a repository for git.
    fn address(self, of_git: bool) -> String {
        match (self, of_git) {
            (Self::Foreign, false) => format!("https://{EVIL}/contoso/_packaging/feed1"),
            (Self::Foreign, true) => format!("https://{EVIL}/contoso/Shop/_git/hello"),
            (Self::Unpermitted, false) => "https://pkgs.dev.azure.com/fabrikam/_packaging/feed1".to_owned(),
            (Self::Unpermitted, true) => "https://dev.azure.com/fabrikam/Garden/_git/plants".to_owned(),
        }
    }

    fn feed(self) -> String {
        self.address(false)
    }
}

const FEED: &str = "https://pkgs.dev.azure.com/contoso/_packaging/feed1";

impl Subject {
    /// Whether its programs are there; says so where they are not.
    pub fn is_here(&self) -> bool {
        let is_made = |program: &str| !program.starts_with("nuget-plugin/") || crate::nuget_plugin::shim::is_made();
        self.needs.iter().all(|name| tool(name).is_some())
            && self.installs.iter().all(|(_, program)| is_made(program) && only_brought(program).is_some())
    }

    /// Writes its project and puts its programs in front.
    pub fn set_up(&self, job: &mut Job<'_>, other: Option<Other>) {
        for (path, content) in (self.project)(other) {
            write(job, &format!("app/{path}"), content);
        }
        if self.installs.is_empty() {
            return;
        }
        let folder = job.root().join("installed");
        std::fs::create_dir_all(&folder).unwrap();
        let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools");
        for (name, program) in self.installs {
            let at = folder.join(name);
            std::fs::create_dir_all(at.parent().unwrap()).unwrap();
            let _ = link(tools.join(program), at);
        }
        let install = format!("echo '##vso[task.prependpath]{}'", folder.display());
        run_quietly(job, &TaskStep { name: "install".to_owned(), ..TaskStep::new(["sh", "-c", &install]) });
    }

    /// The step for this tool only.
    pub fn step(&self) -> TaskStep {
        step().input("tools", self.tool)
    }

    /// The same step's post-job part, as a step.
    pub fn post_of(step: &TaskStep) -> TaskStep {
        TaskStep { command: vec![BINARY.into(), "post".into()], post_command: None, ..step.clone() }
    }

    /// Whether it fetches from the feed, and what it says.
    pub fn fetches(&self, job: &mut Job<'_>) -> (bool, String) {
        in_project(job, self.forget);
        let (succeeded, said) = in_project(job, self.fetch);
        (succeeded && in_project(job, self.proof).0, said)
    }

    /// Has it ask the feed and another registry, whatever comes of it.
    pub fn ask(&self, job: &mut Job<'_>, other: Other) {
        in_project(job, self.forget);
        in_project(job, self.fetch);
        in_project(job, &self.ask_other.replace("OTHER", &other.address(true)));
    }
}

/// Runs a command in the project's folder. Gives whether it succeeded, and what it said.
pub fn in_project(job: &mut Job<'_>, command: &str) -> (bool, String) {
    let folder = job.sources().join("app");
    let outcome = job.run_script(command, &folder).unwrap();
    (outcome.succeeded(), outcome.raw)
}

fn text(text: impl Into<String>) -> Vec<u8> {
    text.into().into_bytes()
}

pub const NPM: Subject = Subject {
    tool: "npm",
    asks_a_helper: false,
    keeps_on: &[Away::Http, Away::Port],
    needs: &["npm"],
    installs: &[],
    project: |other| {
        let other = other.map(|other| format!("@other:registry={}/npm/registry/\n", other.feed()));
        let manifest = serde_json::json!({
            "name": "@contoso/app", "version": "1.0.0", "dependencies": { "@contoso/hello": "1.0.0" },
        });
        let rc = format!("registry={FEED}/npm/registry/\n{}", other.unwrap_or_default());
        vec![(".npmrc", text(rc)), ("package.json", text(manifest.to_string()))]
    },
    users: ("home/.npmrc", "; mine\nfund=false"),
    fetch: "npm install --no-audit --loglevel=error --fetch-retries=0",
    proof: "test -f node_modules/@contoso/hello/index.js",
    forget: "rm -rf node_modules package-lock.json \"$HOME/.npm\"",
    ask_other: "npm view --fetch-retries=0 @other/hello",
    publish: Some("npm publish --loglevel=error"),
};

pub const MAVEN: Subject = Subject {
    tool: "maven",
    asks_a_helper: false,
    keeps_on: &[Away::Http, Away::Port],
    needs: &["mvn"],
    installs: &[],
    project: |other| {
        let pom = crate::maven::pom("feed1", &format!("{FEED}/maven/v1"));
        let other = other.map(|other| {
            let url = format!("{}/maven/v1", other.feed());
            format!("<repositories><repository><id>other</id><url>{url}</url></repository>")
        });
        let pom = other.map_or(pom.clone(), |other| pom.replace("<repositories>", &other));
        vec![("pom.xml", text(pom))]
    },
    users: ("home/.m2/settings.xml", crate::undo::SETTINGS),
    fetch: "mvn -B -q verify",
    proof: "test -f \"$HOME/.m2/repository/com/contoso/hello/1.0.0/hello-1.0.0.jar\"",
    forget: "rm -rf \"$HOME/.m2/repository\"",
    ask_other: "true",
    publish: None,
};

pub const MAVEN_3_9: Subject = Subject { installs: &[("mvn", "maven39/usr/share/maven/bin/mvn")], ..MAVEN };

fn nuget_config(other: Option<Other>) -> Vec<u8> {
    let other = other.map(|other| format!("<add key=\"other\" value=\"{}/nuget/v3/index.json\" />", other.feed()));
    text(format!(
        "<configuration><packageSources><clear /><add key=\"feed1\" value=\"{FEED}/nuget/v3/index.json\" />{}\
         </packageSources></configuration>\n",
        other.unwrap_or_default()
    ))
}

fn fresh_package() -> Vec<u8> {
    Package::nuget("Contoso.Fresh", "3.1.0", &[]).files[0].content.to_vec()
}

pub const NUGET: Subject = Subject {
    tool: "nuget",
    asks_a_helper: false,
    keeps_on: &[Away::Port, Away::Stranger],
    needs: &["mono"],
    installs: &[("nuget", "bin/nuget")],
    project: |other| {
        let packages =
            r#"<packages><package id="Contoso.Hello" version="1.0.0" targetFramework="net472" /></packages>"#;
        let files = [("nuget.config", nuget_config(other)), ("packages.config", text(packages))];
        files.into_iter().chain([("fresh.nupkg", fresh_package())]).collect()
    },
    users: ("_work/1/nuget.config", "\u{feff}<configuration>\r\n</configuration>"),
    fetch: "nuget restore packages.config -PackagesDirectory packages -NonInteractive -NoCache",
    proof: "test -f packages/Contoso.Hello.1.0.0/content/hello.txt",
    forget: "rm -rf packages",
    ask_other: "true",
    publish: Some("nuget push fresh.nupkg -Source feed1 -ApiKey az -NonInteractive"),
};

pub const DOTNET: Subject = Subject {
    needs: &[],
    installs: &[("dotnet", "bin/dotnet31")],
    project: |other| {
        let project = "<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><TargetFramework>netcoreapp3.1</TargetFramework>\
                       <UseAppHost>false</UseAppHost></PropertyGroup><ItemGroup>\
                       <PackageReference Include=\"Contoso.Hello\" Version=\"1.0.0\" /></ItemGroup></Project>";
        let files = [("nuget.config", nuget_config(other)), ("app.csproj", text(project))];
        files.into_iter().chain([("fresh.nupkg", fresh_package())]).collect()
    },
    fetch: "dotnet restore",
    proof: "test -d \"$HOME/.nuget/packages/contoso.hello/1.0.0\"",
    forget: "rm -rf obj \"$HOME/.nuget/packages\" \"$HOME/.local/share/NuGet\"",
    publish: Some("dotnet nuget push fresh.nupkg --source feed1 --api-key az"),
    ..NUGET
};

/// Asks this program by the address of a source, as NuGet 6.13 does.
pub const DOTNET_PLUGIN: Subject = Subject {
    asks_a_helper: true,
    keeps_on: &[Away::Port],
    installs: &[
        ("dotnet", "nuget-plugin/dotnet"),
        ("../home/.nuget/plugins/netcore/CredentialProvider.Shim", "nuget-plugin/shim"),
    ],
    project: |other| {
        // At a host of its own, where another organization is beside it: NuGet has one answer for a host.
        let feed = match other {
            Some(Other::Unpermitted) => "https://contoso.pkgs.visualstudio.com/_packaging/feed1",
            _ => FEED,
        };
        let other = other.map(|other| format!(";{}/nuget/v3/index.json", other.feed())).unwrap_or_default();
        let sources = format!("<RestoreSources>{feed}/nuget/v3/index.json{other}</RestoreSources>");
        vec![("app.csproj", text(crate::nuget_clients::sdk_project(&sources))), ("fresh.nupkg", fresh_package())]
    },
    publish: Some(
        "dotnet nuget push fresh.nupkg --api-key az \
         --source https://pkgs.dev.azure.com/contoso/_packaging/feed1/nuget/v3/index.json",
    ),
    ..DOTNET
};

pub const GIT: Subject = Subject {
    tool: "git",
    asks_a_helper: true,
    keeps_on: &[],
    needs: &["git"],
    installs: &[],
    project: |_| vec![("README.md", text("x\n"))],
    users: ("home/.gitconfig", "[user]\n\tname = me\n"),
    fetch: "GIT_TERMINAL_PROMPT=0 git clone -q https://dev.azure.com/contoso/Shop/_git/hello c",
    proof: "test -f c/README.md",
    forget: "rm -rf c d w",
    ask_other: "GIT_TERMINAL_PROMPT=0 git clone -q OTHER d",
    publish: Some(
        "git clone -q https://dev.azure.com/contoso/Shop/_git/writable w && cd w && \
         git -c user.name=a -c user.email=a@b commit -q --allow-empty -m second && git push -q",
    ),
};

pub const CARGO: Subject = Subject {
    tool: "cargo",
    asks_a_helper: true,
    keeps_on: &[],
    needs: &["cargo"],
    installs: &[],
    project: |other| {
        let index = |name: &str, feed: &str| format!("{name} = {{ index = \"sparse+{feed}/Cargo/index/\" }}\n");
        let other = other.map(|other| index("other", &other.feed()));
        let config = format!("[registries]\n{}{}", index("contoso", FEED), other.unwrap_or_default());
        let manifest = |registry: &str| {
            text(format!(
                "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\ndescription = \"x\"\nlicense = \"MIT\"\n\n\
                 [dependencies]\ncontoso-hello = {{ version = \"1\", registry = \"{registry}\" }}\n"
            ))
        };
        vec![
            (".cargo/config.toml", text(config)),
            ("Cargo.toml", manifest("contoso")),
            ("src/lib.rs", text("")),
            ("other/Cargo.toml", manifest("other")),
            ("other/src/lib.rs", text("")),
        ]
    },
    users: ("home/.cargo/config.toml", "# mine\r\n[net]\r\nretry = 0"),
    fetch: "cargo fetch",
    proof: "ls \"$HOME\"/.cargo/registry/cache/*/contoso-hello-1.0.0.crate",
    forget: "rm -rf Cargo.lock other/Cargo.lock \"$HOME/.cargo/registry\" \"$HOME\"/.cargo/.[!.]*",
    ask_other: "cd other && cargo fetch",
    publish: Some("cargo publish --registry contoso --allow-dirty --no-verify"),
};
