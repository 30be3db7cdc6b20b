//! The tools that promises are held to: a project that fetches from a feed of contoso, and the plain commands of its later steps.

use std::path::{Path, PathBuf};

use ado_entra_auth_emulator::World;
use ado_entra_auth_emulator::agent::{Job, TaskStep, Variable};
use ado_entra_auth_emulator::world::Package;

pub use super::gradle::GRADLE;
pub use super::python::{PIP, PIP_26, POETRY, UV};
use crate::modes::link;
use crate::support::{BINARY, EVIL, only_brought, run_quietly, step, tool, write, write_file};

/// A tool as tests see it. What it runs, it runs in the folder `app` of the checkout.
pub struct Subject {
    /// Its name in the input `tools`.
    pub tool: &'static str,
    /// How the name of the variable ends by which the step serves it, or by which later steps know of it.
    pub served_by: &'static str,
    /// How the name of the variable begins that holds the token; nothing where its client asks this program.
    pub held_in: Option<&'static str>,
    /// Whether the step changes a file of the home folder, since its client can be pointed nowhere else.
    pub changes_home: bool,
    /// Whether it goes on after the first token's end without another step of the task.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "no process stays there"))]
    pub goes_on: bool,
    /// What its client does by itself with a credential.
    pub limits: Limits,
    /// Programs that must be there.
    pub needs: &'static [&'static str],
    /// What a task before the step installs: a place below the agent's folder, whose `installed` goes in front of PATH, and where it
    /// lies below `target/tools`.
    pub installs: &'static [(&'static str, &'static str)],
    /// The files of the project, with another registry in the same configuration, where there is to be one.
    pub project: fn(Option<Other>) -> Files,
    /// A file of the user's that it reads, below the agent's folder, and its content.
    pub users: (&'static str, &'static str),
    /// Files of the user's, below the agent's folder, by which it shows a foreign registry a credential of the user's own.
    pub users_own: fn() -> Files,
    /// Fetches from the feed.
    pub fetch: &'static str,
    /// Succeeds where that was fetched.
    pub proof: &'static str,
    /// Has it forget what it has fetched.
    pub forget: &'static str,
    /// Asks the other registry, unless `fetch` does; `OTHER` is its address.
    pub ask_other: &'static str,
    /// Succeeds where something of the other registry was fetched.
    pub proof_of_other: &'static str,
    /// Asks an address that no file of the project names; `DIRECT` is that of a feed or repository.
    pub ask_directly: &'static str,
    /// Publishes to the feed, where the client can here.
    pub publish: Option<&'static str>,
}

/// What a client does by itself with a credential: a promise where it is nothing, else a limit that docs/limits.md says.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Limits {
    /// The redirects of the permitted service itself on which it takes the credential along.
    pub keeps_on: &'static [Away],
    /// Whether it shows a registry's credential to whatever else it is asked for on the registry's host.
    pub shows_whole_host: bool,
    /// Whether it shows one organization's credential to another one's feed beside it, permitted or not.
    pub mixes_organizations: bool,
    /// The folder below the agent's in which it writes the credential down itself.
    pub writes_down_in: Option<&'static str>,
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

/// Files by their paths below a folder.
pub type Files = Vec<(&'static str, Vec<u8>)>;

/// A registry beside the feed.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Other {
    /// Of another host, which asks for a credential.
    Foreign,
    /// Of an organization that is not permitted.
    Unpermitted,
    /// Of a further organization that is, and has something that the project needs.
    Permitted,
}

impl Other {
    /// Its address up to the feed, or the address of a repository for git.
    pub fn address(self, of_git: bool) -> String {
        match (self, of_git) {
            (Self::Foreign, false) => format!("https://{EVIL}/contoso/_packaging/feed1"),
            (Self::Foreign, true) => format!("https://{EVIL}/contoso/Shop/_git/hello"),
            (_, false) => "https://pkgs.dev.azure.com/fabrikam/_packaging/feed1".to_owned(),
            (_, true) => "https://dev.azure.com/fabrikam/Garden/_git/plants".to_owned(),
        }
    }

    pub fn feed(self) -> String {
        self.address(false)
    }
}

/// A text where the project needs something of the other registry.
fn if_needed(other: Option<Other>, text: &str) -> &str {
    if other == Some(Other::Permitted) { text } else { "" }
}

pub const FEED: &str = "https://pkgs.dev.azure.com/contoso/_packaging/feed1";
/// The user's own secret for the foreign registry.
pub const USERS_OWN: &str = "users-own";

impl Subject {
    /// Whether its programs are there; says so where they are not.
    pub fn is_here(&self) -> bool {
        let is_made = |program: &str| !program.starts_with("nuget-plugin/") || crate::nuget_plugin::shim::is_made();
        self.needs.iter().all(|name| tool(name).is_some())
            && self.installs.iter().all(|(_, program)| is_made(program) && only_brought(program).is_some())
    }

    /// How many variables hold the token: the line of older bun at home has one of its own beside npm's.
    pub fn holders(&self) -> usize {
        usize::from(self.held_in.is_some()) + usize::from(self.tool == "bun" && self.changes_home)
    }

    /// The sample world, with what this tool needs of it.
    pub fn world(&self) -> World {
        if self.tool == "git" { World::sample_with_repositories() } else { World::sample() }
    }

    /// Writes its project and installs its programs.
    pub fn set_up(&self, job: &mut Job<'_>, other: Option<Other>) {
        self.set_up_in(job, "app", other, "installed");
    }

    /// The same with the project in this folder of the checkout, and what goes in front of PATH in this one of the agent's.
    pub fn set_up_in(&self, job: &mut Job<'_>, folder: &str, other: Option<Other>, installed: &str) {
        for (path, content) in (self.project)(other) {
            write(job, &format!("{folder}/{path}"), content);
        }
        if self.installs.is_empty() {
            return;
        }
        // Programs of other versions that the tests have brought are none of this job's.
        let brought = |folder: &PathBuf| folder.ends_with("target/tools/bin");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::split_paths(&path).filter(|folder| !brought(folder));
        let path = std::env::join_paths(path).unwrap();
        job.set_variable(Variable::public("PATH", path.to_str().unwrap()));
        let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools");
        for (place, program) in self.installs {
            let place = job.root().join(place.replacen("installed/", &format!("{installed}/"), 1));
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            let _ = link(tools.join(program), place);
        }
        let install = format!("echo '##vso[task.prependpath]{}'", job.root().join(installed).display());
        run_quietly(job, &TaskStep { name: "install".to_owned(), ..TaskStep::new(["sh", "-c", &install]) });
    }

    /// Writes the files by which it shows the foreign registry the user's own credential.
    pub fn add_users_own(&self, job: &Job<'_>) {
        for (path, content) in (self.users_own)() {
            write_file(&job.root().join(path), content);
        }
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

    /// Has it ask the feed and another registry, whatever comes of it. Gives what it says.
    pub fn ask(&self, job: &mut Job<'_>, other: Other) -> String {
        in_project(job, self.forget);
        let (_, of_feed) = in_project(job, self.fetch);
        let (_, of_other) = in_project(job, &self.asking(other));
        of_feed + &of_other
    }

    /// The command by which it asks another registry.
    pub fn asking(&self, other: Other) -> String {
        self.ask_other.replace("OTHER", &other.address(self.tool == "git"))
    }

    /// Has it ask for an address of an organization that no file names. Gives what it says.
    pub fn ask_directly(&self, job: &mut Job<'_>, other: Other) -> String {
        in_project(job, self.forget);
        in_project(job, &self.ask_directly.replace("DIRECT", &other.address(self.tool == "git"))).1
    }
}

/// Runs a command in the project's folder. Gives whether it succeeded, and what it said.
pub fn in_project(job: &mut Job<'_>, command: &str) -> (bool, String) {
    let folder = job.sources().join("app");
    let outcome = job.run_script(command, &folder).unwrap();
    (outcome.succeeded(), outcome.raw)
}

pub fn text(text: impl Into<String>) -> Vec<u8> {
    text.into().into_bytes()
}

pub const NPM: Subject = Subject {
    tool: "npm",
    served_by: "NPM_CONFIG_USERCONFIG",
    held_in: Some("ADO_ENTRA_AUTH_"),
    changes_home: false,
    goes_on: true,
    limits: Limits { keeps_on: &[Away::Http, Away::Port], ..NO_LIMITS },
    needs: &["npm"],
    installs: &[],
    project: |other| {
        let registry = other.map(|other| format!("@fabrikam:registry={}/npm/registry/\n", other.feed()));
        let mut manifest = serde_json::json!({
            "name": "@contoso/app", "version": "1.0.0", "dependencies": { "@contoso/hello": "1.0.0" },
        });
        if other == Some(Other::Permitted) {
            manifest["dependencies"]["@fabrikam/plant"] = "1.0.0".into();
        }
        let rc = format!("registry={FEED}/npm/registry/\n{}", registry.unwrap_or_default());
        vec![(".npmrc", text(rc)), ("package.json", text(manifest.to_string()))]
    },
    users: ("home/.npmrc", "; mine\nfund=false"),
    users_own: || {
        let feed = Other::Foreign.feed();
        let key = feed.trim_start_matches("https:");
        vec![("home/.npmrc", text(format!("fund=false\n{key}/npm/registry/:_authToken={USERS_OWN}\n")))]
    },
    fetch: "npm install --no-audit --loglevel=error --fetch-retries=0",
    proof: "test -f node_modules/@contoso/hello/index.js",
    forget: "rm -rf node_modules package-lock.json \"$HOME/.npm\"",
    ask_other: "npm view --fetch-retries=0 @fabrikam/plant",
    proof_of_other: "test -f node_modules/@fabrikam/plant/index.js",
    ask_directly: "npm install --no-audit --loglevel=error --fetch-retries=0 --allow-remote=all \
                   DIRECT/npm/registry/@fabrikam/plant/-/plant-1.0.0.tgz",
    publish: Some("npm publish --loglevel=error"),
};

pub const NO_LIMITS: Limits =
    Limits { keeps_on: &[], shows_whole_host: false, mixes_organizations: false, writes_down_in: None };

/// Takes the program of a version for the machine's own.
macro_rules! javascript {
    ($($name:ident: $like:ident, $program:literal by $file:literal, $limits:expr;)*) => {
        $(pub const $name: Subject = Subject {
            limits: $limits,
            needs: &["node"],
            installs: &[($program, concat!("javascript/node_modules/", $file))],
            ..$like
        };)*
    };
}

javascript! {
    NPM_6: NPM, "installed/npm" by "npm6/bin/npm-cli.js", Limits { writes_down_in: Some("home/.npm"), ..NPM_7.limits };
    NPM_7: NPM, "installed/npm" by "npm7/bin/npm-cli.js", Limits { shows_whole_host: true, ..NPM.limits };
    NPM_8: NPM, "installed/npm" by "npm8/bin/npm-cli.js", NPM.limits;
    NPM_9: NPM, "installed/npm" by "npm9/bin/npm-cli.js", NPM.limits;
    NPM_10: NPM, "installed/npm" by "npm10/bin/npm-cli.js", NPM.limits;
    NPM_11: NPM, "installed/npm" by "npm11/bin/npm-cli.js", NPM.limits;
    PNPM_8: PNPM, "installed/pnpm" by "pnpm8/bin/pnpm.cjs", PNPM.limits;
    PNPM_9: PNPM, "installed/pnpm" by "pnpm9/bin/pnpm.cjs", PNPM.limits;
    PNPM_10: PNPM, "installed/pnpm" by "pnpm10/bin/pnpm.cjs", PNPM.limits;
    YARN_2: YARN, "installed/yarn" by "yarn2/bin/yarn.js", YARN.limits;
    YARN_3: YARN, "installed/yarn" by "yarn3/bin/yarn.js", YARN.limits;
    YARN_4: YARN, "installed/yarn" by "yarn4/bin/yarn.js", YARN.limits;
}

/// One of the versions of Node that these clients take: the newest, which starts fastest.
const NODE_24: (&str, &str) = ("installed/node", "nodes/node_modules/node24/bin/node");

pub const NPM_12: Subject = Subject {
    needs: &[],
    installs: &[NODE_24, ("installed/npm", "javascript/node_modules/npm12/bin/npm-cli.js")],
    ..NPM
};

pub const PNPM_11: Subject = Subject {
    limits: NO_LIMITS,
    needs: &[],
    installs: &[NODE_24, ("installed/pnpm", "javascript/node_modules/pnpm11/bin/pnpm.mjs")],
    ..PNPM
};

/// What all versions of pnpm have in common.
const PNPM: Subject = Subject {
    limits: Limits { keeps_on: &[Away::Http], ..NO_LIMITS },
    fetch: "pnpm install --no-frozen-lockfile --fetch-retries=0",
    forget: "rm -rf node_modules pnpm-lock.yaml \"$HOME/.local/share/pnpm\" \"$HOME/.cache/pnpm\"",
    ask_other: "pnpm add --fetch-retries=0 @fabrikam/plant",
    ask_directly: "pnpm add --fetch-retries=0 DIRECT/npm/registry/@fabrikam/plant/-/plant-1.0.0.tgz",
    publish: Some("pnpm publish --no-git-checks"),
    ..NPM
};

/// What yarn 2 and later have in common.
const YARN: Subject = Subject {
    tool: "yarn",
    served_by: "_CONTOSO",
    goes_on: false,
    limits: Limits { keeps_on: &[Away::Http], ..NO_LIMITS },
    project: |other| {
        let scope = other
            .map(|other| format!("npmScopes:\n  fabrikam:\n    npmRegistryServer: {}/npm/registry/\n", other.feed()));
        let settings = "enableImmutableInstalls: false\nenableTelemetry: false\nnodeLinker: node-modules\n";
        let rc = format!("npmRegistryServer: {FEED}/npm/registry/\n{settings}{}", scope.unwrap_or_default());
        // As yarn itself writes it.
        let manifest = serde_json::from_slice::<serde_json::Value>(&(NPM.project)(other)[1].1).unwrap();
        let manifest = text(format!("{manifest:#}\n"));
        vec![("package.json", manifest), (".yarnrc.yml", text(rc)), ("yarn.lock", text(""))]
    },
    users: ("_work/1/.yarnrc.yml", "# mine\r\nenableColors: false"),
    users_own: || {
        let entry = format!(
            "{}/npm/registry\":\n    npmAlwaysAuth: true\n    npmAuthToken: {USERS_OWN}\n",
            Other::Foreign.feed()
        );
        vec![("home/.yarnrc.yml", text(format!("npmRegistries:\n  \"{entry}")))]
    },
    fetch: "yarn install",
    forget: "rm -rf node_modules .yarn \"$HOME/.yarn\" \"$HOME/.cache/yarn\" && : >yarn.lock",
    ask_other: "yarn add @fabrikam/plant@1.0.0",
    ask_directly: "yarn add @fabrikam/plant@DIRECT/npm/registry/@fabrikam/plant/-/plant-1.0.0.tgz",
    publish: Some("yarn install && yarn npm publish"),
    ..NPM
};

/// yarn 1, which reads what npm reads.
pub const YARN_1: Subject = Subject {
    tool: "yarn",
    limits: Limits { keeps_on: &[Away::Http, Away::Port], ..NO_LIMITS },
    needs: &["node"],
    installs: &[("installed/yarn", "npm/node_modules/yarn/bin/yarn.js")],
    project: |other| {
        let mut files = (NPM.project)(other);
        files[0].1.extend(b"always-auth=true\n");
        files
    },
    fetch: "yarn install --non-interactive --no-lockfile --network-timeout 5000",
    forget: "rm -rf node_modules yarn.lock \"$HOME/.cache/yarn\"",
    ask_other: "yarn info --non-interactive @fabrikam/plant",
    ask_directly: "yarn add --non-interactive --no-lockfile DIRECT/npm/registry/@fabrikam/plant/-/plant-1.0.0.tgz",
    publish: Some("yarn publish --non-interactive"),
    ..NPM
};

/// A bun that reads npm's variable.
pub const BUN: Subject = Subject {
    tool: "bun",
    limits: NO_LIMITS,
    needs: &[],
    installs: &[("installed/bun", "npm/node_modules/bun/bin/bun.exe")],
    project: |other| {
        let scope = other.map(|other| format!("[install.scopes]\nfabrikam = \"{}/npm/registry/\"\n", other.feed()));
        let bunfig = format!("[install]\nregistry = \"{FEED}/npm/registry/\"\n{}", scope.unwrap_or_default());
        let rest = (NPM.project)(other).into_iter().filter(|(path, _)| *path == "package.json");
        rest.chain([("bunfig.toml", text(bunfig))]).collect()
    },
    fetch: "bun install --no-save",
    forget: "rm -rf node_modules bun.lock \"$HOME/.bun\"",
    ask_other: "bun add --no-save @fabrikam/plant",
    ask_directly: "bun add --no-save @fabrikam/plant@DIRECT/npm/registry/@fabrikam/plant/-/plant-1.0.0.tgz",
    publish: Some("bun publish"),
    ..NPM
};

/// One that does not.
pub const BUN_1_3: Subject = Subject {
    served_by: "ADO_ENTRA_AUTH_BUN_CONTOSO",
    changes_home: true,
    goes_on: false,
    installs: &[("installed/bun", "javascript/node_modules/bun1.3/bin/bun.exe")],
    // It publishes past every proxy.
    publish: None,
    ..BUN
};

fn maven_settings() -> Vec<u8> {
    text(format!(
        "<settings><servers><server><id>other</id><username>me</username><password>{USERS_OWN}</password></server></servers></settings>"
    ))
}

pub const MAVEN: Subject = Subject {
    tool: "maven",
    served_by: "ADO_ENTRA_AUTH_MAVEN_CONTOSO",
    held_in: Some("ADO_ENTRA_AUTH_"),
    changes_home: true,
    goes_on: false,
    limits: Limits { keeps_on: &[Away::Http, Away::Port], ..NO_LIMITS },
    needs: &["mvn"],
    installs: &[],
    project: |other| {
        let pom = crate::maven::pom("feed1", &format!("{FEED}/maven/v1"));
        let registry = other.map(|other| {
            let url = format!("{}/maven/v1", other.feed());
            format!("<repositories><repository><id>other</id><url>{url}</url></repository>")
        });
        let pom = registry.map_or(pom.clone(), |registry| pom.replace("<repositories>", &registry));
        let plant = "<dependency><groupId>com.fabrikam</groupId><artifactId>plant</artifactId><version>1.0.0</version></dependency>";
        let pom = pom.replace("<dependencies>", &format!("<dependencies>{}", if_needed(other, plant)));
        vec![
            ("pom.xml", text(pom)),
            ("fresh/pom.xml", text(crate::maven::published("feed1", &format!("{FEED}/maven/v1")))),
        ]
    },
    users: ("home/.m2/settings.xml", crate::undo::SETTINGS),
    users_own: || vec![("home/.m2/settings.xml", maven_settings())],
    fetch: "mvn -B -q verify",
    proof: "test -f \"$HOME/.m2/repository/com/contoso/hello/1.0.0/hello-1.0.0.jar\"",
    forget: "rm -rf \"$HOME/.m2/repository\"",
    ask_other: "true",
    proof_of_other: "test -f \"$HOME/.m2/repository/com/fabrikam/plant/1.0.0/plant-1.0.0.jar\"",
    ask_directly: "sed -e 's#<id>feed1<#<id>direct<#g' -e 's#https://[^<]*/feed1/#DIRECT/#g' pom.xml >direct.txt && \
                   mvn -B -q -f direct.txt verify",
    publish: None,
};

pub const MAVEN_3_9: Subject = Subject {
    served_by: "MAVEN_ARGS",
    changes_home: false,
    goes_on: true,
    needs: &["java"],
    installs: &[("installed/mvn", "maven39/usr/share/maven/bin/mvn")],
    publish: Some("cd fresh && mvn -B -q deploy"),
    ..MAVEN
};

/// A build with settings of its own on the command line.
pub const MAVEN_3_9_SETTINGS: Subject = Subject {
    project: |other| {
        let settings = ("users.xml", text("<settings><servers/></settings>"));
        (MAVEN.project)(other).into_iter().chain([settings]).collect()
    },
    users_own: || vec![("_work/1/s/app/users.xml", maven_settings())],
    fetch: "mvn -B -q -s users.xml verify",
    ask_directly: "sed -e 's#<id>feed1<#<id>direct<#g' -e 's#https://[^<]*/feed1/#DIRECT/#g' pom.xml >direct.txt && \
                   mvn -B -q -s users.xml -f direct.txt verify",
    // The same as without.
    publish: None,
    ..MAVEN_3_9
};

fn nuget_config(other: Option<Other>) -> Vec<u8> {
    let other = other.map(|other| format!("<add key=\"other\" value=\"{}/nuget/v3/index.json\" />", other.feed()));
    text(format!(
        "<configuration><packageSources><clear /><add key=\"feed1\" value=\"{FEED}/nuget/v3/index.json\" />{}\
         </packageSources></configuration>\n",
        other.unwrap_or_default()
    ))
}

/// The user's own credential for the source `other`.
fn users_nuget_config() -> Vec<u8> {
    text(format!(
        "<configuration><packageSourceCredentials><other><add key=\"Username\" value=\"me\" />\
         <add key=\"ClearTextPassword\" value=\"{USERS_OWN}\" /></other></packageSourceCredentials></configuration>\n"
    ))
}

/// The same with the source itself.
fn users_nuget_source() -> Vec<u8> {
    let source = format!(
        "<packageSources><clear /><add key=\"other\" value=\"{}/nuget/v3/index.json\" /></packageSources>",
        Other::Foreign.feed()
    );
    let config = String::from_utf8(users_nuget_config()).unwrap();
    text(config.replace("<configuration>", &format!("<configuration>{source}")))
}

fn fresh_package() -> Vec<u8> {
    Package::nuget("Contoso.Fresh", "3.1.0", &[]).files[0].content.to_vec()
}

pub const NUGET: Subject = Subject {
    tool: "nuget",
    served_by: "_CONTOSO",
    held_in: Some("ADO_ENTRA_AUTH_"),
    changes_home: false,
    // It asks this program once the variable's is refused.
    goes_on: true,
    limits: Limits { keeps_on: &[Away::Port, Away::Stranger], ..NO_LIMITS },
    needs: &["mono"],
    installs: &[("installed/nuget", "bin/nuget")],
    project: |other| {
        let package = |id: &str| format!("<package id=\"{id}\" version=\"1.0.0\" targetFramework=\"net472\" />");
        let packages = package("Contoso.Hello") + if_needed(other, &package("Fabrikam.Plant"));
        let packages = text(format!("<packages>{packages}</packages>"));
        let files = [("nuget.config", nuget_config(other)), ("packages.config", packages)];
        files.into_iter().chain([("fresh.nupkg", fresh_package())]).collect()
    },
    users: ("_work/1/nuget.config", "\u{feff}<configuration>\r\n</configuration>"),
    users_own: || vec![("home/.config/NuGet/NuGet.Config", users_nuget_config())],
    fetch: "nuget restore packages.config -PackagesDirectory packages -NonInteractive -NoCache",
    proof: "test -f packages/Contoso.Hello.1.0.0/content/hello.txt",
    forget: "rm -rf packages",
    ask_other: "true",
    proof_of_other: "test -d packages/Fabrikam.Plant.1.0.0",
    ask_directly: "nuget install Fabrikam.Plant -Source DIRECT/nuget/v3/index.json -OutputDirectory packages -NonInteractive -NoCache",
    publish: Some("nuget push fresh.nupkg -Source feed1 -ApiKey az -NonInteractive"),
};

/// Asks this program by the address of a source, as Paket does for those of the project's file.
pub const NUGET_PROVIDER: Subject = Subject {
    served_by: "NUGET_CREDENTIALPROVIDERS_PATH",
    held_in: None,
    limits: Limits { keeps_on: &[Away::Port], ..NO_LIMITS },
    project: |other| {
        let source = |feed: &str| format!("source {feed}/nuget/v3/index.json\n");
        let other_source = other.map(|other| source(&other.feed())).unwrap_or_default();
        vec![("paket.dependencies", text(source(FEED) + &other_source)), ("fresh.nupkg", fresh_package())]
    },
    users_own: || vec![("home/.config/NuGet/NuGet.Config", users_nuget_source())],
    fetch: "nuget install Contoso.Hello -OutputDirectory packages -NonInteractive -NoCache \
            -Source https://pkgs.dev.azure.com/contoso/_packaging/feed1/nuget/v3/index.json",
    ask_other: "nuget install Fabrikam.Plant -Source OTHER/nuget/v3/index.json -OutputDirectory packages -NonInteractive -NoCache",
    publish: Some(
        "nuget push fresh.nupkg -ApiKey az -NonInteractive \
         -Source https://pkgs.dev.azure.com/contoso/_packaging/feed1/nuget/v3/index.json",
    ),
    ..NUGET
};

/// A project of the SDK that needs what it must, with properties.
fn sdk_project(other: Option<Other>, properties: &str) -> Vec<u8> {
    let project = crate::nuget_clients::sdk_project(properties);
    let plant = "<PackageReference Include=\"Fabrikam.Plant\" Version=\"1.0.0\" />";
    text(project.replace("<ItemGroup>", &format!("<ItemGroup>{}", if_needed(other, plant))))
}

pub const DOTNET: Subject = Subject {
    goes_on: false,
    needs: &[],
    installs: &[("installed/dotnet", "bin/dotnet31")],
    project: |other| {
        let files = [("nuget.config", nuget_config(other)), ("app.csproj", sdk_project(other, ""))];
        files.into_iter().chain([("fresh.nupkg", fresh_package())]).collect()
    },
    users_own: || vec![("home/.nuget/NuGet/NuGet.Config", users_nuget_config())],
    fetch: "dotnet restore",
    proof: "test -d \"$HOME/.nuget/packages/contoso.hello/1.0.0\"",
    forget: "rm -rf obj \"$HOME/.nuget/packages\" \"$HOME/.local/share/NuGet\"",
    proof_of_other: "test -d \"$HOME/.nuget/packages/fabrikam.plant/1.0.0\"",
    ask_directly: "dotnet restore --source DIRECT/nuget/v3/index.json",
    publish: Some("dotnet nuget push fresh.nupkg --source feed1 --api-key az"),
    ..NUGET
};

/// With Microsoft's credential provider, for sources that have no name.
pub const DOTNET_PROVIDER: Subject = Subject {
    served_by: "VSS_NUGET_EXTERNAL_FEED_ENDPOINTS",
    held_in: Some("VSS_NUGET_EXTERNAL_FEED_ENDPOINTS"),
    limits: Limits { keeps_on: &[Away::Port], mixes_organizations: true, ..NO_LIMITS },
    installs: &[
        ("installed/dotnet", "bin/dotnet31"),
        (
            "home/.nuget/plugins/netcore/CredentialProvider.Microsoft",
            "credential-provider31/artifacts_keyring/plugins/plugins/netcore/CredentialProvider.Microsoft",
        ),
    ],
    project: |other| {
        let source = |feed: &str| format!("{feed}/nuget/v3/index.json");
        let other_source = other.map(|other| format!(";{}", source(&other.feed()))).unwrap_or_default();
        let property = format!("<RestoreSources>{}{other_source}</RestoreSources>", source(FEED));
        vec![("app.csproj", sdk_project(other, &property)), ("fresh.nupkg", fresh_package())]
    },
    users_own: || vec![("home/.nuget/NuGet/NuGet.Config", users_nuget_source())],
    publish: Some(
        "dotnet nuget push fresh.nupkg --api-key az \
         --source https://pkgs.dev.azure.com/contoso/_packaging/feed1/nuget/v3/index.json",
    ),
    ..DOTNET
};

/// Asks this program by the address of a source, as NuGet 6.13 does.
pub const DOTNET_PLUGIN: Subject = Subject {
    served_by: "NUGET_PLUGINS_CACHE_PATH",
    held_in: None,
    goes_on: true,
    limits: Limits { keeps_on: &[Away::Port], ..NO_LIMITS },
    installs: &[
        ("installed/dotnet", "nuget-plugin/dotnet"),
        ("installed/sdk", "nuget-plugin/sdk"),
        ("home/.nuget/plugins/netcore/CredentialProvider.Shim", "nuget-plugin/shim"),
    ],
    project: |other| {
        // At a host of its own, where another organization is beside it: NuGet has one answer for a host.
        let feed = match other {
            Some(Other::Unpermitted | Other::Permitted) => "https://contoso.pkgs.visualstudio.com/_packaging/feed1",
            _ => FEED,
        };
        let other_source = other.map(|other| format!(";{}/nuget/v3/index.json", other.feed())).unwrap_or_default();
        let property = format!("<RestoreSources>{feed}/nuget/v3/index.json{other_source}</RestoreSources>");
        vec![("app.csproj", sdk_project(other, &property)), ("fresh.nupkg", fresh_package())]
    },
    ..DOTNET_PROVIDER
};

pub const GIT: Subject = Subject {
    tool: "git",
    served_by: "GIT_CONFIG_COUNT",
    held_in: None,
    changes_home: false,
    goes_on: true,
    limits: NO_LIMITS,
    needs: &["git"],
    installs: &[],
    project: |_| vec![("README.md", text("x\n"))],
    users: ("home/.gitconfig", "[user]\n\tname = me\n"),
    users_own: || {
        let store = format!("https://me:{USERS_OWN}@{EVIL}\n");
        vec![("home/.gitconfig", text("[credential]\n\thelper = store\n")), ("home/.git-credentials", text(store))]
    },
    fetch: "GIT_TERMINAL_PROMPT=0 git clone -q https://dev.azure.com/contoso/Shop/_git/hello c",
    proof: "test -f c/README.md",
    forget: "rm -rf c d w",
    ask_other: "GIT_TERMINAL_PROMPT=0 git clone -q OTHER d",
    proof_of_other: "test -f d/README.md",
    ask_directly: "GIT_TERMINAL_PROMPT=0 git clone -q DIRECT d",
    publish: Some(
        "git clone -q https://dev.azure.com/contoso/Shop/_git/writable w && cd w && \
         git -c user.name=a -c user.email=a@b commit -q --allow-empty -m second && git push -q",
    ),
};

/// The system's own, where a newer one is before it on PATH.
pub const GIT_OF_SYSTEM: Subject = Subject { needs: &[], installs: &[("installed/git", "/usr/bin/git")], ..GIT };

pub const CARGO: Subject = Subject {
    tool: "cargo",
    served_by: "CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS",
    held_in: None,
    changes_home: false,
    goes_on: true,
    limits: NO_LIMITS,
    needs: &["cargo"],
    installs: &[],
    project: |other| {
        let index = |name: &str, feed: &str| format!("{name} = {{ index = \"sparse+{feed}/Cargo/index/\" }}\n");
        let registry = other.map(|other| index("other", &other.feed()));
        let config = format!("[registries]\n{}{}", index("contoso", FEED), registry.unwrap_or_default());
        let manifest = |dependency: &str, registry: &str| {
            text(format!(
                "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\ndescription = \"x\"\nlicense = \"MIT\"\n\n\
                 [dependencies]\n{dependency} = {{ version = \"1\", registry = \"{registry}\" }}\n"
            ))
        };
        let of_other = if other == Some(Other::Permitted) { "fabrikam-plant" } else { "contoso-hello" };
        vec![
            (".cargo/config.toml", text(config)),
            ("Cargo.toml", manifest("contoso-hello", "contoso")),
            ("src/lib.rs", text("")),
            ("other/Cargo.toml", manifest(of_other, "other")),
            ("other/src/lib.rs", text("")),
        ]
    },
    users: ("home/.cargo/config.toml", "# mine\r\n[net]\r\nretry = 0"),
    users_own: || {
        vec![("home/.cargo/credentials.toml", text(format!("[registries.other]\ntoken = \"Bearer {USERS_OWN}\"\n")))]
    },
    fetch: "cargo fetch",
    proof: "ls \"$HOME\"/.cargo/registry/cache/*/contoso-hello-1.0.0.crate",
    forget: "rm -rf Cargo.lock other/Cargo.lock \"$HOME/.cargo/registry\" \"$HOME\"/.cargo/.[!.]*",
    ask_other: "cd other && cargo fetch",
    proof_of_other: "ls \"$HOME\"/.cargo/registry/cache/*/fabrikam-plant-1.0.0.crate",
    ask_directly: "cd other && CARGO_REGISTRIES_OTHER_INDEX=sparse+DIRECT/Cargo/index/ cargo fetch",
    publish: Some("cargo publish --registry contoso --allow-dirty --no-verify"),
};
