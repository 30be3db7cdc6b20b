//! What ends a command before its end, and the runtime that its network part runs on.

use crate::diagnosis::{Explain, Explanation};

/// What stops a command.
pub enum Stop {
    /// The user can mend it.
    Explained(Explanation),
    /// The agent, or the user, asked for it.
    Cancelled,
}

impl<E: Explain> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Explained(Explanation::of(&error))
    }
}

impl From<Stop> for anyhow::Error {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Explained(explanation) => Self::msg(explanation.to_string()),
            Stop::Cancelled => Self::msg("cancelled"),
        }
    }
}

/// A stop without an error type of its own.
pub fn stop(headline: &str, remedy: &str) -> Stop {
    Stop::Explained(Explanation {
        headline: headline.to_owned(),
        facts: Vec::new(),
        remedy: remedy.to_owned(),
        cause: None,
    })
}

/// Runs the network part of a command. A signal ends it.
pub fn block_on<T>(work: impl Future<Output = Result<T, Stop>>) -> Result<T, Stop> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| stop(&format!("the system refused a timer or socket: {error}"), "run again"))?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = work => outcome,
            () = cancelled() => Err(Stop::Cancelled),
        }
    });
    // A look-up of a name that hangs in the system cannot be ended, and must not be waited for.
    runtime.shutdown_background();
    outcome
}

#[cfg(unix)]
async fn cancelled() {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
        (Ok(mut interrupt), Ok(mut terminate)) => {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        }
        _ => std::future::pending().await,
    }
}

/// The agent sends Ctrl+C, 7.5 seconds later Ctrl+Break (azure-pipelines-agent, ProcessInvoker.cs); the others come with the end of
/// the console and of the system.
#[cfg(windows)]
async fn cancelled() {
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};
    match (ctrl_c(), ctrl_break(), ctrl_close(), ctrl_shutdown()) {
        (Ok(mut interrupt), Ok(mut second), Ok(mut close), Ok(mut shutdown)) => {
            tokio::select! {
                _ = interrupt.recv() => {}, _ = second.recv() => {}, _ = close.recv() => {}, _ = shutdown.recv() => {}
            }
        }
        _ => std::future::pending().await,
    }
}
