//! The column "after the token's end" of the tools' table, cell by cell.

use std::time::Duration;

use super::{ends_at, living, until};
use crate::promises::subjects::Subject;
use crate::support::{finish, job, run};

/// Long enough for every client to fetch meanwhile.
const LIFE: Duration = Duration::from_secs(24);

/// Serves after the first token's end: by itself, or, where its client can be given no other, by the next step of the task.
pub fn serves_after_the_tokens_end(subject: &Subject) {
    let emulator = living(LIFE, subject.world());
    let mut job = job(&emulator);
    subject.set_up(&mut job, None);
    run(&emulator, &mut job, &subject.step());
    let first = ends_at(&job);
    until("a renewal", LIFE, || ends_at(&job) > first);
    until("the first token's end", LIFE, || ado_entra_auth::kernel::clock::now() > first);
    let (fetches, said) = subject.fetches(&mut job);
    assert_eq!(fetches, subject.goes_on, "{said}");
    if !fetches {
        run(&emulator, &mut job, &subject.step());
        let (fetches, said) = subject.fetches(&mut job);
        assert!(fetches, "{said}");
    }
    finish(&mut job);
    assert_eq!(job.orphans_ended(), 0);
}
