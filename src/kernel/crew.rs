//! Work that several threads share.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Threads at one work; more gain nothing on one disk.
const MOST_THREADS: usize = 4;

/// Less is done before a thread has begun.
pub const FEWEST_FOR_THREADS: usize = 4;

/// Does all of `work`, and whatever `one` gives in return for a piece of it. The last piece that waits is begun first.
///
/// There are as many threads as the machine has processors, up to a few, and one where there is little to do. Each adds to a result of
/// its own, and these come back in no order.
pub fn all_of<W: Send, R: Default + Send>(work: Vec<W>, one: impl Fn(W, &mut R) -> Vec<W> + Sync) -> Vec<R> {
    let mut threads = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
    let crew = Crew { shared: Mutex::new(Shared { waiting: work, at_work: 0, idle: 0 }), changed: Condvar::new() };
    thread::scope(|scope| {
        let mut others = Vec::new();
        let (mut own, crew) = (R::default(), &crew);
        while let Some(next) = crew.next() {
            if others.is_empty() && threads > 1 && crew.is_much() {
                let works = || {
                    let mut own = R::default();
                    while let Some(next) = crew.next() {
                        next.done(&one, &mut own);
                    }
                    own
                };
                // Where none can be started, this one does all.
                others.extend((1..threads).filter_map(|_| thread::Builder::new().spawn_scoped(scope, works).ok()));
                if others.is_empty() {
                    threads = 1;
                }
            }
            next.done(&one, &mut own);
        }
        let join = |other: thread::ScopedJoinHandle<'_, R>| {
            other.join().unwrap_or_else(|defect| std::panic::resume_unwind(defect))
        };
        std::iter::once(own).chain(others.into_iter().map(join)).collect()
    })
}

struct Crew<W> {
    shared: Mutex<Shared<W>>,
    changed: Condvar,
}

struct Shared<W> {
    waiting: Vec<W>,
    /// How many threads are at something that may become more.
    at_work: usize,
    /// How many wait for that.
    idle: usize,
}

/// What a thread is at.
struct Taken<'c, W> {
    work: Option<W>,
    crew: &'c Crew<W>,
}

impl<W> Crew<W> {
    /// What is to be done next; nothing once all is done.
    fn next(&self) -> Option<Taken<'_, W>> {
        let mut shared = self.shared();
        while shared.waiting.is_empty() && shared.at_work > 0 {
            shared.idle += 1;
            shared = self.changed.wait(shared).unwrap_or_else(PoisonError::into_inner);
            shared.idle -= 1;
        }
        let work = shared.waiting.pop()?;
        shared.at_work += 1;
        Some(Taken { work: Some(work), crew: self })
    }

    fn is_much(&self) -> bool {
        self.shared().waiting.len() >= FEWEST_FOR_THREADS
    }

    fn shared(&self) -> MutexGuard<'_, Shared<W>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W> Taken<'_, W> {
    fn done<R>(mut self, one: impl Fn(W, &mut R) -> Vec<W>, own: &mut R) {
        let more = self.work.take().map(|work| one(work, own)).unwrap_or_default();
        self.crew.shared().waiting.extend(more);
    }
}

impl<W> Drop for Taken<'_, W> {
    // At a defect too, or the others would wait for ever.
    fn drop(&mut self) {
        let mut shared = self.crew.shared();
        shared.at_work -= 1;
        if shared.idle > 0 && (!shared.waiting.is_empty() || shared.at_work == 0) {
            self.crew.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_done_once_whatever_it_leads_to() {
        // A tree with three branches at each fork, and one with a single long branch.
        let fork = |(depth, number): (u32, u32), seen: &mut Vec<(u32, u32)>| {
            seen.push((depth, number));
            if depth == 0 { Vec::new() } else { (0..3).map(|side| (depth - 1, number * 3 + side)).collect() }
        };
        let lean = |(depth, number): (u32, u32), seen: &mut Vec<(u32, u32)>| {
            seen.push((depth, number));
            if depth == 0 || number > 0 { Vec::new() } else { (0..6).map(|side| (depth - 1, side)).collect() }
        };
        let count = |parts: Vec<Vec<(u32, u32)>>| {
            let mut seen: Vec<_> = parts.into_iter().flatten().collect();
            seen.sort_unstable();
            let all = seen.len();
            seen.dedup();
            assert_eq!(seen.len(), all);
            all
        };
        for depth in [0, 1, 2, 8] {
            assert_eq!(count(all_of(vec![(depth, 0)], fork)), (3_usize.pow(depth + 1) - 1) / 2);
        }
        assert_eq!(count(all_of(vec![(500, 0)], lean)), 500 * 6 + 1);
        assert_eq!(all_of(Vec::new(), fork), [Vec::new()]);
    }

    #[test]
    fn a_defect_is_seen_and_nobody_waits_for_ever() {
        let works = |number: usize, done: &mut usize| -> Vec<usize> {
            assert_ne!(number, 3, "a defect");
            *done += 1;
            Vec::new()
        };
        let work: Vec<usize> = (0..4 * FEWEST_FOR_THREADS).collect();
        assert!(std::panic::catch_unwind(|| all_of(work, works)).is_err());
    }
}
