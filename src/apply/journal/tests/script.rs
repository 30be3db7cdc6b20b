//! A file that is ours as a whole: the script for Gradle, which all runs under one account share.

use super::*;
use crate::kernel::dialect::GRADLE_PROGRAM;
use crate::tools::gradle;

const FILE: &str = ".gradle/init.d/ado-entra-auth.init.gradle";
/// As another release of the task may have it.
const OTHER_RELEASE: &str = "// ado-entra-auth: begin\nprintln 1\n// ado-entra-auth: end\n";

fn script(home: &Path) -> SharedFile {
    shared(home, FILE, gradle::revise, &["script"], GRADLE_PROGRAM)
}

fn held(home: &Path) -> bool {
    fs::read_to_string(home.join(FILE)).is_ok_and(|text| text.contains(GRADLE_PROGRAM))
}

#[test]
fn it_stays_until_its_last_run_ends_and_goes_with_its_folders() {
    for first_ends_first in [true, false] {
        let Machine { home, agents, _folder } = machine();
        let runs = [begun(&agents[0], "a"), begun(&agents[1], "b")];
        let ledger = Ledger::at(&home);
        for run in &runs {
            ledger.hold(&script(&home), run).unwrap();
        }
        let [one, two] = if first_ends_first { [&runs[0], &runs[1]] } else { [&runs[1], &runs[0]] };
        assert_eq!(ledger.release(one).unwrap(), Vec::<String>::new());
        assert!(held(&home));
        assert_eq!(ledger.release(two).unwrap(), Vec::<String>::new());
        assert_eq!(names(&home), Vec::<String>::new());
    }
}

#[test]
fn one_that_no_journal_knows_is_nobodys() {
    for left in [None, Some(OTHER_RELEASE)] {
        let Machine { home, agents, _folder } = machine();
        let ledger = Ledger::at(&home);
        ledger.hold(&script(&home), &begun(&agents[0], "a")).unwrap();
        fs::remove_dir_all(home.join(FOLDER)).unwrap();
        if let Some(left) = left {
            fs::write(home.join(FILE), left).unwrap();
        }
        let run = begun(&agents[1], "b");
        ledger.hold(&script(&home), &run).unwrap();
        assert!(held(&home));
        assert_eq!(ledger.release(&run).unwrap(), Vec::<String>::new());
        assert!(!home.join(FILE).exists() && !home.join(FOLDER).exists());
    }
}

#[test]
fn one_whose_entry_is_gone_is_removed_by_the_next_sweep() {
    let Machine { home, agents, _folder } = machine();
    let ledger = Ledger::at(&home);
    ledger.hold(&script(&home), &begun(&agents[0], "a")).unwrap();
    for entry in names(&home.join(FOLDER)).iter().filter(|name| name.contains(".json")) {
        fs::write(home.join(FOLDER).join(entry), "?").unwrap();
    }
    let said = ledger.sweep(&begun(&agents[1], "b")).unwrap();
    assert!(said.len() == 1 && said[0].contains("which this task had made, is removed"), "{said:?}");
    assert!(!home.join(FILE).exists());
}

#[test]
fn what_a_user_has_there_comes_back() {
    for users in ["", "// mine\r\n", "// ado-entra-auth: begin\nmine"] {
        let Machine { home, agents, _folder } = machine();
        fs::create_dir_all(home.join(FILE).parent().unwrap()).unwrap();
        fs::write(home.join(FILE), users).unwrap();
        let run = begun(&agents[0], "a");
        let ledger = Ledger::at(&home);
        ledger.hold(&script(&home), &run).unwrap();
        assert!(held(&home));
        assert_eq!(ledger.release(&run).unwrap(), Vec::<String>::new());
        assert_eq!(fs::read_to_string(home.join(FILE)).unwrap(), users);
    }
}

#[test]
fn one_that_somebody_has_changed_is_left_to_them() {
    let Machine { home, agents, _folder } = machine();
    let run = begun(&agents[0], "a");
    let ledger = Ledger::at(&home);
    ledger.hold(&script(&home), &run).unwrap();
    let changed = fs::read_to_string(home.join(FILE)).unwrap().replace("known", "theirs");
    fs::write(home.join(FILE), &changed).unwrap();
    let said = ledger.release(&run).unwrap();
    assert!(said.len() == 1 && said[0].contains("was changed by somebody else"), "{said:?}");
    assert_eq!(fs::read_to_string(home.join(FILE)).unwrap(), changed);
}
