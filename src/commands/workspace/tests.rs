//! What is read, how often, and what is too much.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::azure_devops::feed::Feed;
use crate::disk::{Looks, WalkedFile};
use crate::host::Look;
use crate::kernel::crew::FEWEST_FOR_THREADS;
use crate::plan::draft::Draft;
use crate::reach::ServedFeed;
use crate::tools::maven::Maven;
use crate::tools::reading::{Among, Parsed, Reading, RelPath, SourceFile};
use crate::tools::testing::slashed;
use crate::tools::{self, Auto, ToolId};

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn pom(modules: &[&str]) -> String {
    format!("<project><modules><module>{}</module></modules></project>", modules.join("</module><module>"))
}

/// What Maven reads, beginning with the folder `s` below a pipeline's workspace.
fn read(workspace: &Path) -> ToolSources {
    let root = workspace.join("s");
    let host = Host { pipeline_workspace: Some(workspace.to_path_buf()), ..Host::default() };
    let mut found = ToolSources { tool: &Maven, files: Vec::new(), unread: Vec::new(), unusable: None };
    let first = load(&root.join("pom.xml"), &root, Origin::Workspace).unwrap().unwrap();
    found.files.push(taken_apart(&Maven, &first, &host));
    let bounds = Bounds::new(&root, &host);
    let look = Disk::new(&host);
    let mut workspace = Workspace { host, look, tools: vec![found], warnings: Vec::new() };
    workspace.read_further(0, &root, &bounds, &Budget::new(|| 0));
    workspace.tools.remove(0)
}

#[test]
fn what_files_refer_to_is_read_once_and_only_within_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    let modules = ["x/build.xml", "vendor/y", "../other", "../../outside", "x", "missing", ".", "x/../x/build.xml"];
    write(&workspace, "s/pom.xml", &pom(&modules));
    write(&workspace, "s/x/build.xml", &pom(&["../z.xml", "../pom.xml"]));
    write(&workspace, "s/z.xml", &pom(&["x/build.xml"]));
    write(&workspace, "s/vendor/y/pom.xml", &pom(&[]));
    write(&workspace, "other/pom.xml", &pom(&[]));
    write(folder.path(), "outside/pom.xml", &pom(&[]));
    let found = read(&workspace);
    let shown = |file: &ReadFile| (slashed(file.source.path.strip_prefix(&workspace).unwrap()), file.source.origin);
    let mut read: Vec<(String, Origin)> = found.files.iter().map(shown).collect();
    read.sort();
    let expected = [
        ("other/pom.xml", Origin::Beside),
        ("s/pom.xml", Origin::Workspace),
        ("s/vendor/y/pom.xml", Origin::Beside),
        ("s/x/build.xml", Origin::Workspace),
        ("s/z.xml", Origin::Workspace),
    ];
    assert_eq!(read, expected.map(|(path, origin)| (path.to_owned(), origin)));
    assert!(found.unread.is_empty());
}

static COUNTING: ToolId = ToolId {
    name: "x",
    speaks: None,
    auto: Auto::Always,
    takes_inputs: false,
    variables: &[],
    dependency_folders: &[],
    ways: &[],
};

/// Wants a few files, and keeps which it took apart.
#[derive(Default)]
struct Counting {
    parsed: Mutex<Vec<PathBuf>>,
    family: &'static str,
}

impl Tool for Counting {
    fn id(&self) -> &'static ToolId {
        &COUNTING
    }
    fn family(&self) -> &'static str {
        self.family
    }
    fn reads(&self, path: RelPath<'_>, _among: Among) -> bool {
        ["a.x", "b.x", "c.x"].contains(&path.name())
    }
    fn outside(&self, host: &Host, _look: &dyn Look) -> Vec<PathBuf> {
        host.home.iter().map(|home| home.join("own.x")).collect()
    }
    fn parse(&self, file: &SourceFile, _host: &Host) -> Parsed {
        self.parsed.lock().unwrap().push(file.source.path.clone());
        Box::new(())
    }
    fn further(&self, sources: Sources<'_>) -> Vec<PathBuf> {
        sources.files.iter().map(|file| file.source.path.clone()).collect()
    }
    fn read(&self, _sources: Sources<'_>) -> Reading {
        Reading::default()
    }
    fn feed_url(&self, feed: &Feed) -> String {
        feed.base_url()
    }
    fn plan(&self, _: &[ServedFeed], _: Sources<'_>, _: &mut Draft<'_>) -> Result<(), PlanError> {
        Ok(())
    }
}

#[test]
fn each_file_is_read_once_for_all_tools_and_parsed_once_for_each_family() {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..FEWEST_FOR_THREADS {
        write(folder.path(), &format!("s/{n}/a.x"), "a");
    }
    write(folder.path(), "s/node_modules/b.x", "b");
    write(folder.path(), "t/c.x", "c");
    write(folder.path(), "home/own.x", "d");
    let tools = ["one", "two", "two"].map(|family| {
        let tool: &'static Counting = Box::leak(Box::new(Counting { family, ..Counting::default() }));
        tool
    });
    let root = folder.path().join("s");
    let host = Host {
        pipeline_workspace: Some(folder.path().to_path_buf()),
        home: Some(folder.path().join("home")),
        ..Host::default()
    };
    let look = Disk::new(&host);
    let sources = tools.map(|tool| ToolSources { tool, files: Vec::new(), unread: Vec::new(), unusable: None });
    let mut workspace = Workspace { host, look, tools: sources.into(), warnings: Vec::new() };
    workspace.read_all(&root, &Budget::new(|| 0));
    assert_eq!(workspace.tools[2].files.len(), FEWEST_FOR_THREADS + 3);
    // Of the family's second tool only what the first one had not: nothing.
    assert_eq!(tools[2].parsed.lock().unwrap().len(), 0);
    for tool in &tools[..2] {
        let mut parsed = tool.parsed.lock().unwrap().clone();
        parsed.sort();
        let all = parsed.len();
        parsed.dedup();
        assert_eq!((all, parsed.len()), (FEWEST_FOR_THREADS + 3, FEWEST_FOR_THREADS + 3));
    }
    // What both have of a file comes from one reading of it.
    let shared =
        |file: &ReadFile| workspace.tools[1].files.iter().any(|other| Arc::ptr_eq(&file.source, &other.source));
    assert_eq!(workspace.tools[0].files.iter().filter(|file| shared(file)).count(), FEWEST_FOR_THREADS + 2);
}

#[test]
fn what_takes_too_much_memory_or_is_too_large_hides_names() {
    let folder = tempfile::tempdir().unwrap();
    for (taken, path, text, words) in [
        ((|| usize::MAX) as fn() -> usize, "s/a.x", "a".to_owned(), "memory"),
        (|| 0, "s/a.x", "a".repeat(8 * 1024 * 1024 + 1), "larger"),
        (|| 0, "home/own.x", "a".repeat(8 * 1024 * 1024 + 1), "larger"),
        (|| 0, "s/a.x", "a".to_owned(), ""),
    ] {
        write(folder.path(), path, &text);
        let host = Host { home: Some(folder.path().join("home")), ..Host::default() };
        let look = Disk::new(&host);
        let tool: &'static Counting = Box::leak(Box::default());
        let sources = ToolSources { tool, files: Vec::new(), unread: Vec::new(), unusable: None };
        let mut workspace = Workspace { host, look, tools: vec![sources], warnings: Vec::new() };
        let budget = Budget { most_taken: 1, ..Budget::new(taken) };
        workspace.read_all(&folder.path().join("s"), &budget);
        let ToolSources { files, unread, unusable, .. } = workspace.tools.remove(0);
        let refused: Vec<Unparsable> = unread.into_iter().chain(unusable).collect();
        assert_eq!((files.len(), refused.len()), if words.is_empty() { (1, 0) } else { (0, 1) }, "{path} {words}");
        assert!(refused.iter().all(|file| file.reason.contains(words) && file.hides == Hidden::Everything));
        fs::remove_file(folder.path().join(path)).unwrap();
    }
}

/// A large file that another thread reads takes its size until it is searched: whoever would be refused waits for that.
#[test]
fn no_file_is_refused_for_the_memory_of_a_large_one_that_is_being_read() {
    static TAKEN: AtomicUsize = AtomicUsize::new(2);
    let budget = Budget { most_taken: 1, ..Budget::new(|| TAKEN.load(Ordering::SeqCst)) };
    let large = budget.large.lock().unwrap();
    std::thread::scope(|scope| {
        let other = scope.spawn(|| budget.refuses_all());
        std::thread::sleep(Duration::from_millis(100));
        TAKEN.store(0, Ordering::SeqCst);
        drop(large);
        assert_eq!(other.join().unwrap(), None);
    });
    TAKEN.store(2, Ordering::SeqCst);
    assert!(budget.refuses_all().is_some());
}

#[test]
fn a_file_beyond_what_may_be_read_hides_everything_whatever_its_size() {
    let folder = tempfile::tempdir().unwrap();
    for (left, size, reason) in [(9, 9, ""), (9, 10, budget::TOO_MUCH), (9, 9 * 1024 * 1024, budget::TOO_MUCH)] {
        write(folder.path(), "s/a.x", &"a".repeat(size));
        let host = Host::default();
        let look = Disk::new(&host);
        let tool: &'static Counting = Box::leak(Box::default());
        let sources = ToolSources { tool, files: Vec::new(), unread: Vec::new(), unusable: None };
        let mut workspace = Workspace { host, look, tools: vec![sources], warnings: Vec::new() };
        workspace.read_all(&folder.path().join("s"), &Budget { left: left.into(), ..Budget::new(|| 0) });
        let refused: Vec<(&str, Hidden)> =
            workspace.tools[0].unread.iter().map(|file| (file.reason.as_str(), file.hides)).collect();
        let expected: &[(&str, Hidden)] = if reason.is_empty() { &[] } else { &[(reason, Hidden::Everything)] };
        assert_eq!(refused, expected, "{size}");
    }
}

#[test]
fn files_that_refer_to_others_without_end_hide_names() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "s/pom.xml", &pom(&["0.xml"]));
    for n in 0..150 {
        write(folder.path(), &format!("s/{n}.xml"), &pom(&[&format!("{}.xml", n + 1)]));
    }
    let found = read(folder.path());
    assert_eq!(found.unread.len(), 1);
    assert_eq!(found.unread[0].hides, Hidden::Everything);
}

/// Wants files called `f`, and everything among dependencies.
struct Named;

impl Looks for Named {
    type Made = ();
    fn is_dependency_folder(&self, name: &str) -> bool {
        tools::is_dependency_folder(name)
    }
    fn filled_by_package_managers(&self) -> Vec<&'static str> {
        tools::filled_by_package_managers()
    }
    fn wants(&self, _folder: &Path, name: &str, in_dependency_folder: bool) -> bool {
        name == "f" || !in_dependency_folder
    }
    fn may_be_large(&self, _name: &str) -> bool {
        false
    }
    fn make(&self, _file: &WalkedFile) {}
}

#[test]
fn dependency_folders_are_walked_and_marked_and_gits_own_are_not() {
    let folder = tempfile::tempdir().unwrap();
    for path in ["a/f", "vendor/x/f", ".hg/f", ".git/f", "node_modules/g", "left/f"] {
        write(folder.path(), path, "");
    }
    let walk = disk::walk(folder.path(), None, Some(&folder.path().join("left")), &Named);
    let found: Vec<(String, bool)> =
        walk.files.iter().map(|(file, ())| (shown(&file.path, folder.path()), file.in_dependency_folder)).collect();
    let expected = [(".hg/f", true), ("a/f", false), ("vendor/x/f", true)];
    assert_eq!(found, expected.map(|(path, among)| (path.to_owned(), among)));
}

#[cfg(target_os = "linux")]
fn git(folder: &Path, words: &[&str]) {
    let quiet = ["-c", "init.defaultBranch=main", "-c", "user.name=x", "-c", "user.email=x@example.com"];
    let mut git = std::process::Command::new("git");
    git.current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .args(quiet)
        .args(words);
    assert!(git.output().unwrap().status.success(), "{words:?}");
}

/// The files called `f` that a walk finds in a workspace.
#[cfg(target_os = "linux")]
fn found_in(root: &Path, host: &Host) -> Vec<String> {
    let repository = Bounds::new(root, host).repository;
    let walk = disk::walk(root, repository.as_deref(), None, &Named);
    walk.files.iter().map(|(file, ())| shown(&file.path, root)).filter(|path| path.ends_with('f')).collect()
}

#[test]
#[cfg(target_os = "linux")]
fn what_package_managers_filled_is_walked_where_the_repository_tracks_something_in_such_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (top, here) = (folder.path(), Host::default());
    for path in ["a/f", "vendor/x/f", "b/node_modules/x/f", "b/.venv/f", "b/target/f", "packages/f", ".tox/f"] {
        write(top, path, "");
    }
    let all = found_in(top, &here);
    assert_eq!(all.len(), 7, "no repository says what came with it: {all:?}");
    git(top, &["init"]);
    assert_eq!(found_in(top, &here), all, "it says nothing yet");
    git(top, &["add", "a", "packages"]);
    assert_eq!(found_in(top, &here), ["a/f", "b/target/f", "packages/f", "vendor/x/f"]);
    assert_eq!(found_in(&top.join("b"), &here), ["target/f"], "a repository begins above");
    assert_eq!(found_in(&top.join("a/../b"), &here), ["target/f"], "by a way of its own");
    let within = Host { pipeline_workspace: Some(top.join("b")), ..Host::default() };
    assert_eq!(found_in(&top.join("b"), &within).len(), 3, "above what the pipeline has");
    for (provider, count) in [("TfsGit", 4), ("TfsVersionControl", 7), ("Svn", 7)] {
        let environment = [("BUILD_REPOSITORY_PROVIDER".to_owned(), provider.to_owned())].into_iter().collect();
        assert_eq!(found_in(top, &Host { environment, ..Host::default() }).len(), count, "{provider}");
    }
    git(top, &["add", "b/node_modules"]);
    assert_eq!(found_in(top, &here), ["a/f", "b/node_modules/x/f", "b/target/f", "packages/f", "vendor/x/f"]);
    for version in ["3", "4"] {
        git(top, &["update-index", "--index-version", version]);
        assert_eq!(found_in(top, &here).len(), if version == "4" { 7 } else { 5 }, "version {version}");
    }
    git(top, &["update-index", "--index-version", "2"]);
    git(top, &["update-index", "--split-index"]);
    assert_eq!(found_in(top, &here), all, "an index in two files");
}

#[test]
#[cfg(target_os = "linux")]
fn a_repository_in_a_repository_only_adds_to_what_is_walked() {
    let folder = tempfile::tempdir().unwrap();
    let (top, module, here) = (folder.path().join("top"), folder.path().join("module"), Host::default());
    for path in ["f", "node_modules/f", "app/.venv/f"] {
        write(&module, path, "");
        write(&top, path, "");
    }
    git(&module, &["init"]);
    git(&module, &["add", "."]);
    git(&module, &["commit", "-m", "all"]);
    git(&top, &["init"]);
    git(&top, &["add", "f"]);
    assert_eq!(found_in(&top, &here), ["f"]);
    // A clone in it has an index of its own; that of a submodule lies elsewhere, so all of it is walked.
    git(&top, &["clone", "../module", "clone"]);
    let of_clone = ["clone/app/.venv/f", "clone/f", "clone/node_modules/f"];
    assert_eq!(found_in(&top, &here), [&of_clone[..], &["f"]].concat());
    git(&top, &["-c", "protocol.file.allow=always", "submodule", "add", "../module", "sub"]);
    let of_submodule = ["sub/app/.venv/f", "sub/f", "sub/node_modules/f"];
    assert_eq!(found_in(&top, &here), [&of_clone[..], &["f"], &of_submodule].concat());
    std::os::unix::fs::symlink("sub/app", top.join("link")).unwrap();
    assert_eq!(found_in(&top.join("link"), &here), [".venv/f"], "a link into it");
    // Where the outer one tracks something in such a folder, it may do so within the inner one.
    git(&top, &["add", "node_modules"]);
    write(&top, "other/node_modules/f", "");
    git(&top.join("other"), &["init"]);
    write(&top, "other/g", "");
    git(&top.join("other"), &["add", "g"]);
    assert!(found_in(&top, &here).contains(&"other/node_modules/f".to_owned()));
    assert_eq!(found_in(&top.join("other"), &here), ["node_modules/f"], "from within the inner one");
}
