//! Runs that come and go in any order, beside people who edit.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

use super::*;

/// A shared file, how it is edited, and what may stand in it before.
struct Kind {
    file: &'static str,
    revise: Revise,
    before: &'static [Option<&'static str>],
    end: &'static str,
}

const KINDS: [Kind; 2] = [
    Kind { file: ".m2/settings.xml", revise: maven::settings::revise, before: &SETTINGS, end: "</settings>" },
    Kind {
        file: "nuget.config",
        revise: nuget::credentials::revise,
        before: &[
            None,
            Some("<configuration>\r\n</configuration>\r\n"),
            Some("\u{feff}<configuration><packageSourceCredentials /></configuration>"),
            Some(
                "<configuration>\n  <packageSourceCredentials>\n    <a>\n      <add key=\"Username\" value=\"me\" />\n\
                 <add key=\"Password\" value=\"AQAA\" />\n    </a>\n  </packageSourceCredentials>\n</configuration>\n",
            ),
        ],
        end: "</configuration>",
    },
];

/// What happens next.
#[derive(Clone, Debug)]
enum Act {
    /// A run begins that needs these entries; under a variable of its own, or under the one that every run has.
    Begin { keys: Vec<&'static str>, own_variable: bool },
    /// The same, and it is killed after the journal and before the file.
    Die { keys: Vec<&'static str> },
    /// A run ends.
    End(Index),
    /// The next job of an agent begins: whatever ran there is over.
    Sweep(usize),
    /// Somebody edits the file.
    Edit(Change, Index),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Change {
    /// A line behind everything.
    Append,
    /// A comment before the root's end.
    Comment,
    /// A comment in one of our elements.
    Spoil,
    /// Other blanks before one of our elements.
    Indent,
}

fn acts(edits: bool) -> impl Strategy<Value = Vec<Act>> {
    let keys = || subsequence(vec!["a", "b", "c & <d>"], 1..=3);
    let begin = (keys(), any::<bool>()).prop_map(|(keys, own_variable)| Act::Begin { keys, own_variable });
    let die = keys().prop_map(|keys| Act::Die { keys });
    let edit = (select(&[Change::Append, Change::Comment, Change::Spoil, Change::Indent][..]), any::<Index>());
    let edit = edit.prop_map(|(change, place)| Act::Edit(change, place));
    let act = prop_oneof![
        5 => begin,
        1 => die,
        5 => any::<Index>().prop_map(Act::End),
        1 => (0..2_usize).prop_map(Act::Sweep),
        u32::from(edits) * 3 => edit,
    ];
    proptest::collection::vec(act, 1..14)
}

/// A run that goes on, or that was killed and not swept yet.
struct Going {
    run: Run,
    keys: Vec<&'static str>,
    variable: String,
    agent: usize,
    is_dead: bool,
}

struct Scene<'k> {
    machine: Machine,
    kind: &'k Kind,
    going: Vec<Going>,
    /// The variables of runs that are over.
    over: Vec<String>,
    /// Those whose element somebody has made theirs.
    theirs: Vec<String>,
    edits: Vec<Change>,
    number: usize,
}

impl<'k> Scene<'k> {
    fn new(kind: &'k Kind, before: Option<&str>) -> Self {
        let machine = machine();
        if let Some(before) = before {
            let path = machine.home.join(kind.file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, before).unwrap();
        }
        Self { machine, kind, going: Vec::new(), over: Vec::new(), theirs: Vec::new(), edits: Vec::new(), number: 0 }
    }

    fn path(&self) -> PathBuf {
        self.machine.home.join(self.kind.file)
    }

    fn ledger(&self) -> Ledger {
        Ledger::at(&self.machine.home)
    }

    fn body(&self) -> String {
        fs::read_to_string(self.path()).unwrap_or_default()
    }

    fn begin(&mut self, keys: &[&'static str], own_variable: bool) {
        self.number += 1;
        let agent = self.number % 2;
        let run = begun(&self.machine.agents[agent], &format!("job{}", self.number));
        let name =
            if own_variable { format!("R{:08x}_{}", 0x9e37 * self.number, self.number) } else { "ALL".to_owned() };
        let variable = format!("ADO_ENTRA_AUTH_{name}");
        let file = shared(&self.machine.home, self.kind.file, self.kind.revise, keys, &variable);
        self.ledger().hold(&file, &run).unwrap();
        self.going.push(Going { run, keys: keys.to_vec(), variable, agent, is_dead: false });
    }

    /// Ends runs, by their posts or by a sweep, and demands that nothing of runs that are over comes back.
    fn end(
        &mut self,
        which: impl Fn(&Going) -> bool,
        act: impl FnOnce(&Ledger) -> Vec<String>,
    ) -> Result<(), TestCaseError> {
        let before = self.body();
        let said = act(&self.ledger());
        let (ended, going) = std::mem::take(&mut self.going).into_iter().partition::<Vec<_>, _>(which);
        self.going = going;
        self.over.extend(ended.into_iter().map(|ended| ended.variable));
        let after = self.body();
        let in_use =
            |over: &&String| self.theirs.contains(over) || self.going.iter().any(|going| going.variable == **over);
        for over in self.over.iter().filter(|over| !in_use(over)) {
            let stands = |body: &str| remnants::mentions(body, over);
            prop_assert!(!stands(&after) || stands(&before), "{over} came back:\n{before}\nbecame\n{after}");
            if !self.edits.contains(&Change::Spoil) {
                prop_assert!(!stands(&after), "{over} stayed:\n{after}");
            }
        }
        // What somebody has made of an element, and was left and said, is theirs.
        let (theirs, over) = std::mem::take(&mut self.over).into_iter().partition(|v| remnants::mentions(&after, v));
        self.over = over;
        self.theirs.extend::<Vec<String>>(theirs);
        prop_assert!(said.is_empty() || self.edits.contains(&Change::Spoil), "{said:?}");
        Ok(())
    }

    fn act(&mut self, act: &Act) -> Result<(), TestCaseError> {
        match act {
            Act::Begin { keys, own_variable } => self.begin(keys, *own_variable),
            Act::Die { keys } => {
                let before = fs::read(self.path()).ok();
                let folder = self.path().parent().unwrap().to_path_buf();
                let had_folder = folder.exists();
                self.begin(keys, true);
                match before {
                    Some(before) => fs::write(self.path(), before).unwrap(),
                    None if had_folder => fs::remove_file(self.path()).unwrap(),
                    None => fs::remove_dir_all(folder).unwrap(),
                }
                self.going.last_mut().unwrap().is_dead = true;
            }
            Act::End(which) => {
                let alive: Vec<&Going> = self.going.iter().filter(|going| !going.is_dead).collect();
                if !alive.is_empty() {
                    let run = alive[which.index(alive.len())].run.clone();
                    self.end(|going| going.run.id == run.id, |ledger| ledger.release(&run).unwrap())?;
                }
            }
            Act::Sweep(agent) => {
                self.number += 1;
                let next = begun(&self.machine.agents[*agent], &format!("job{}", self.number));
                self.end(|going| going.agent == *agent, |ledger| ledger.sweep(&next).unwrap())?;
            }
            Act::Edit(change, place) => self.edit(*change, *place),
        }
        self.check()
    }

    fn edit(&mut self, change: Change, place: Index) {
        let mut body = self.body();
        let ours: Vec<usize> = body.match_indices("ado-entra-auth").map(|(at, _)| at).collect();
        let some = |places: &[usize]| (!places.is_empty()).then(|| places[place.index(places.len())]);
        let (at, text) = match change {
            Change::Append if !body.is_empty() => (Some(body.len()), "<!-- at the end -->"),
            Change::Comment => (body.rfind(self.kind.end), "<!-- in it -->"),
            Change::Spoil => (some(&ours).and_then(|at| body[..at].rfind('<')), "<!-- mine -->"),
            Change::Indent => {
                // Before the start tag of the element that holds the user name.
                let starts = ours.iter().filter_map(|&at| {
                    let name = body[..at].rfind("<server>").or_else(|| body[..at].rfind("<add"));
                    name.filter(|_| self.kind.end == "</settings>")
                });
                (some(&starts.collect::<Vec<_>>()), "   ")
            }
            Change::Append => (None, ""),
        };
        if let Some(at) = at {
            body.insert_str(at, text);
            fs::write(self.path(), body).unwrap();
            self.edits.push(change);
        }
    }

    /// Every run that goes on has its entries, under the variable of one that goes on.
    fn check(&self) -> Result<(), TestCaseError> {
        if self.edits.contains(&Change::Spoil) {
            return Ok(());
        }
        let body = self.body();
        let mut latest: BTreeMap<&str, &str> = BTreeMap::new();
        for going in self.going.iter().filter(|going| !going.is_dead) {
            latest.extend(going.keys.iter().map(|key| (*key, going.variable.as_str())));
        }
        for (key, variable) in latest {
            let entry = [Entry { key: key.to_owned(), variable: variable.to_owned() }];
            let body = body.trim_start_matches('\u{feff}');
            let Ok(missing) = (self.kind.revise)(Some(body), &entry) else { panic!("not well-formed: {body}") };
            prop_assert!(missing.is_empty(), "{key} with {variable} is missing while a run needs it:\n{body}");
        }
        Ok(())
    }

    fn end_all(&mut self) -> Result<(), TestCaseError> {
        for agent in [0, 1] {
            self.act(&Act::Sweep(agent))?;
        }
        Ok(())
    }
}

fn played(kind: &Kind, before: Option<&str>, acts: &[Act]) -> Result<(), TestCaseError> {
    let mut scene = Scene::new(kind, before);
    let snapshot = |scene: &Scene<'_>| (fs::read(scene.path()).ok(), names(&scene.machine.home));
    let start = snapshot(&scene);
    for act in acts {
        scene.act(act)?;
    }
    scene.end_all()?;
    if scene.edits.is_empty() {
        prop_assert_eq!(snapshot(&scene), start);
        return Ok(());
    }
    // What others wrote stays, and apart from it the file is as before.
    let rest = scene.body();
    prop_assert!(!scene.machine.home.join(FOLDER).exists());
    let only_behind = scene.edits.iter().all(|change| *change == Change::Append);
    if let (Some(before), true) = (before.filter(|before| !before.is_empty()), only_behind) {
        prop_assert_eq!(rest.replace("<!-- at the end -->", ""), before);
    }
    if !scene.edits.contains(&Change::Spoil) {
        prop_assert!(!rest.contains("ADO_ENTRA_AUTH_"), "{}", rest);
    }
    Ok(())
}

fn scenes(edits: bool) -> impl Strategy<Value = (usize, Index, Vec<Act>)> {
    (0..KINDS.len(), any::<Index>(), acts(edits))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    /// Runs come and go in any order, are killed, share variables or have their own.
    #[test]
    fn whoever_goes_last_leaves_everything_as_it_was((kind, before, acts) in scenes(false)) {
        let kind = &KINDS[kind];
        played(kind, kind.before[before.index(kind.before.len())], &acts)?;
    }

    /// The same beside people who edit the file in between.
    #[test]
    fn what_others_write_stays_and_nothing_of_a_run_that_is_over_comes_back((kind, before, acts) in scenes(true)) {
        let kind = &KINDS[kind];
        played(kind, kind.before[before.index(kind.before.len())], &acts)?;
    }
}

/// The smallest case: a second run's reference takes the place of the first one's, in each order of their ends.
#[test]
fn a_later_reference_in_the_place_of_an_earlier_one_goes_in_either_order() {
    for kind in &KINDS {
        for before in kind.before {
            for first in [0, 1] {
                for edit in
                    [None, Some(Change::Append), Some(Change::Comment), Some(Change::Spoil), Some(Change::Indent)]
                {
                    let mut scene = Scene::new(kind, *before);
                    scene.begin(&["a"], true);
                    if let Some(change) = edit {
                        scene.edit(change, first_index());
                    }
                    scene.begin(&["a"], true);
                    let run = scene.going[first].run.clone();
                    scene.end(|going| going.run.id == run.id, |ledger| ledger.release(&run).unwrap()).unwrap();
                    let of_other = scene.going[0].variable.clone();
                    assert!(remnants::mentions(&scene.body(), &of_other), "{}", scene.body());
                    let run = scene.going[0].run.clone();
                    scene.end(|_| true, |ledger| ledger.release(&run).unwrap()).unwrap();
                    let rest = scene.body();
                    let left_by_first = first == 1 && edit == Some(Change::Spoil);
                    assert_eq!(rest.contains("ADO_ENTRA_AUTH_"), left_by_first, "{before:?} {first} {edit:?}\n{rest}");
                    if edit.is_none() {
                        assert_eq!(rest, before.unwrap_or_default());
                    }
                }
            }
        }
    }
}

/// An index into a list of any length.
fn first_index() -> Index {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    any::<Index>().new_tree(&mut TestRunner::deterministic()).unwrap().current()
}

#[test]
fn a_file_that_the_user_removes_meanwhile_does_not_come_back() {
    for before in SETTINGS {
        for ends in [0, 1] {
            let mut scene = Scene::new(&KINDS[0], before);
            scene.begin(&["a"], true);
            fs::remove_file(scene.path()).unwrap();
            scene.begin(&["a", "b"], true);
            for which in [ends, 0] {
                let run = scene.going[which].run.clone();
                scene.end(|going| going.run.id == run.id, |ledger| ledger.release(&run).unwrap()).unwrap();
            }
            assert_eq!(content(&scene.machine.home), None, "{before:?}");
            assert!(!scene.machine.home.join(FOLDER).exists());
        }
    }
}
