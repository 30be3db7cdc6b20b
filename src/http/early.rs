//! Opening a connection before there is anything to ask.

use reqwest::{Method, Url, Version};

use super::Http;

impl Http {
    /// Opens a connection to the host of `url` beside whatever else is done, so that a request which comes later finds it open.
    ///
    /// Nothing is asked on it, and what fails here means nothing: the request itself will find it out and say it. Call it inside a
    /// runtime; what is not done when that ends is left.
    pub fn open_early(&self, url: &Url) {
        let remaining = self.deadline.remaining();
        // A request of HTTP/2 to a client that speaks HTTP/1 opens a connection, is refused by the client itself before a byte of it
        // is sent, and leaves the connection to the next request (hyper-util, client/legacy/client.rs: `UserUnsupportedVersion`).
        // Were it sent in a later release, it would ask for the host's root, without a credential.
        let opening = self.client.request(Method::HEAD, url.join("/").unwrap_or_else(|_| url.clone()));
        let opening = opening.version(Version::HTTP_2).timeout(remaining);
        tokio::spawn(async move { drop(opening.send().await) });
    }
}
