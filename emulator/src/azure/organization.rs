//! The root of an organization, where a client without a credential learns the tenant, and every address that nobody else owns.

use super::access::{self, Door};
use super::{errors, place};
use crate::message::{Answer, Call};
use crate::service::{Endpoint, Service};
use crate::state::State;

pub(crate) const SERVICE: Service =
    Service { endpoint: Endpoint::Organization, claims: |_, call| place::of(call).is_some(), answer };

fn answer(state: &State, call: &Call) -> Answer {
    access::within(state, call, Door::Main, |visit| {
        if visit.place.rest.is_empty() {
            return Answer::html(200, "<!DOCTYPE html><html><head><title>Projects</title></head><body></body></html>");
        }
        errors::error(404, "VssResourceNotFoundException", "The controller for this path was not found.")
    })
}
