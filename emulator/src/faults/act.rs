//! Trouble acted out: what an ordered effect makes of the right answer.

use super::{BodyForm, Effect, Unavailable};
use crate::azure;
use crate::message::{Answer, Call, Delivery};
use crate::world::World;
use std::time::Duration;

/// The answer under an effect, and the pause before it. `right` gives the right answer, which acts out what is its own.
pub(crate) fn answer(
    effect: Option<Effect>,
    call: &Call,
    world: &World,
    right: impl FnOnce() -> Answer,
) -> (Answer, Option<Duration>) {
    let answer = match effect {
        Some(Effect::Delay(time)) => return (right(), Some(time)),
        Some(Effect::Trickle(step)) => Answer { delivery: Delivery::Trickle(step), ..right() },
        Some(Effect::Truncated) => Answer { delivery: Delivery::Truncated, ..right() },
        Some(Effect::ContentType(kind)) => {
            let mut answer = right();
            answer.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
            answer.header("Content-Type", kind)
        }
        Some(effect) => instead(effect, call, world).unwrap_or_else(right),
        None => right(),
    };
    (answer, None)
}

/// What a fault answers without asking the service; `None` when the service acts it out itself.
fn instead(effect: Effect, call: &Call, world: &World) -> Option<Answer> {
    Some(match effect {
        Effect::Answer(answer) => *answer,
        Effect::Reset => Answer { delivery: Delivery::Reset, ..Answer::status(0) },
        Effect::HugeBody(size) => Answer::with_body(200, "application/json", vec![b' '; size]),
        Effect::Redirect(status, host) => Answer::redirect(status, &format!("https://{host}{}", call.target())),
        Effect::RedirectToHttp(status) => Answer::redirect(status, &format!("http://{}{}", call.host, call.target())),
        Effect::RedirectToPort(status, port) => {
            Answer::redirect(status, &format!("https://{}:{port}{}", call.host, call.target()))
        }
        Effect::Html => {
            Answer::html(200, "<!DOCTYPE html><html><head><title>Company portal</title></head><body></body></html>")
        }
        Effect::SignInPage => azure::sign_in::page(),
        Effect::SignInRedirect => azure::sign_in::redirect(call),
        Effect::TooManyRequests(wait) => {
            let answer = Answer::text(429, "Too Many Requests");
            match wait {
                Some(seconds) => answer.header("Retry-After", seconds.to_string()),
                None => answer,
            }
        }
        Effect::Unavailable(trouble) => unavailable(&trouble),
        Effect::DevOps(error) => azure::errors::answer(&error),
        Effect::ConnectionData(kind) => azure::connection_data::faulty(&kind, call, world)?,
        _ => return None,
    })
}

fn unavailable(trouble: &Unavailable) -> Answer {
    let status = trouble.status;
    let answer = match trouble.form {
        BodyForm::Empty => Answer::status(status),
        BodyForm::Json => Answer::json(status, &serde_json::json!({ "error": "temporarily_unavailable" })),
        BodyForm::Html => {
            Answer::html(status, &format!("<html><head><title>{status}</title></head><body></body></html>"))
        }
        BodyForm::Text => Answer::text(status, crate::http1::usual_reason(status)),
    };
    match trouble.retry_after {
        Some(seconds) => answer.header("Retry-After", seconds.to_string()),
        None => answer,
    }
}
