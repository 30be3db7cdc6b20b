//! Where NuGet's clients carry a credential, and through whom.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use crate::nuget_clients::{FEED, assert_sent_to_feeds_only, clients, config, config_with};
use crate::support::{emulator, in_parallel, job, run, step, warned, with_token, write, write_file};

/// A source over http beside one over https: the warning is true, and the other is served.
#[test]
fn nothing_goes_over_http() {
    in_parallel(&clients(), |&client| {
        let emulator = emulator();
        let mut job = job(&emulator);
        let plain = FEED.replace("https:", "http:").replace("feed1", "feed2");
        let text = config(&[("feed1", FEED), ("plain", &plain)]);
        write(
            &job,
            "nuget.config",
            text.replace(
                "feed2/nuget/v3/index.json\"",
                "feed2/nuget/v3/index.json\" allowInsecureConnections=\"true\"",
            ),
        );
        let outcome = run(&emulator, &mut job, &step());
        assert!(
            warned(&outcome, &["nuget.config", "contoso/feed2 over http", "gets no token"]),
            "{:?}",
            outcome.warnings
        );
        let sources = job.sources();
        emulator.clear_requests();
        client.restores(&mut job, &sources, "", &[]);
        assert!(!with_token(&emulator.requests()).is_empty(), "the one over https");
        assert!(!emulator.requests_astray().is_empty(), "the client asks over http");
        assert_sent_to_feeds_only(&emulator);
    });
}

/// One name for both: it could be either.
#[test]
fn a_name_that_is_over_http_too_gets_nothing() {
    let emulator = emulator();
    let mut job = job(&emulator);
    write(&job, "a/nuget.config", config(&[("feed1", FEED)]));
    write(&job, "b/nuget.config", config(&[("feed1", &FEED.replace("https:", "http:"))]));
    let outcome = run(&emulator, &mut job, &step());
    assert!(warned(&outcome, &["'feed1'", "b/nuget.config", "no token"]), "{:?}", outcome.warnings);
    assert!(!job.root().join("_work/1/nuget.config").exists());
}

/// Clients take a proxy from the user's own files only. It sees no more than any other on the way: they check the server's
/// certificate behind it, and answer its own challenge with nothing of ours.
#[test]
fn a_proxy_of_the_repositorys_is_not_asked_and_one_of_the_users_sees_no_token() {
    let rows: Vec<_> = clients().into_iter().flat_map(|client| [(client, true), (client, false)]).collect();
    in_parallel(&rows, |&(client, is_users)| {
        let emulator = emulator();
        let mut job = job(&emulator);
        let proxy = Listener::start();
        let keys = ["http_proxy", "https_proxy", "HTTP_PROXY"];
        let adds = keys.map(|key| format!("<add key=\"{key}\" value=\"{}\"/>", proxy.url())).concat();
        let section = format!("<config>{adds}<add key=\"http_proxy.user\" value=\"u\"/></config>");
        if is_users {
            for file in [".config/NuGet/NuGet.Config", ".nuget/NuGet/NuGet.Config"] {
                write_file(&job.home().join(file), format!("<configuration>{section}</configuration>"));
            }
        }
        write(&job, "nuget.config", config_with(&[("feed1", FEED)], if is_users { "" } else { &section }));
        let outcome = run(&emulator, &mut job, &step());
        assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
        let sources = job.sources();
        let unset = "unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY;";
        assert!(!client.restores_after(unset, &mut job, &sources, "", &[]), "there is no way but by a proxy");
        let heard = proxy.heard();
        assert_eq!(String::from_utf8_lossy(&heard).contains("CONNECT pkgs.dev.azure.com:443"), is_users, "{client:?}");
        assert_eq!(emulator.leaks_in(&heard), Vec::<String>::new());
        // The control: what stands in the way is the user's proxy only.
        assert_eq!(client.restores(&mut job, &sources, "", &[]), !is_users, "by the machine's own proxy");
    });
}

/// The switch of later clients that turns the check of certificates off.
#[test]
fn a_source_whose_certificate_is_not_checked_gets_nothing() {
    for (switch, withheld) in [("true", true), ("True", true), ("false", false)] {
        let emulator = emulator();
        let mut job = job(&emulator);
        let with_switch = format!("index.json\" disableTLSCertificateValidation=\"{switch}\"");
        write(&job, "nuget.config", config(&[("feed1", FEED)]).replace("index.json\"", &with_switch));
        let outcome = run(&emulator, &mut job, &step().input("tools", "nuget"));
        let words = ["nuget.config line 4", "certificate", "'feed1'", "no token"];
        assert_eq!(warned(&outcome, &words), withheld, "{:?}", outcome.warnings);
        assert_eq!(job.root().join("_work/1/nuget.config").exists(), !withheld);
    }
}

/// A proxy that asks for a password, opens a tunnel to nowhere for those who do not give one again, and keeps what it hears.
struct Listener {
    port: u16,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Listener {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, heard) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(Vec::new())));
        let keeps = heard.clone();
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let (Ok(mut stream), keeps) = (stream, keeps.clone()) else { break };
                std::thread::spawn(move || {
                    let _ = stream.set_read_timeout(Some(std::time::Duration::from_secs(3)));
                    let mut buffer = [0; 16_384];
                    let mut answers = if number % 2 == 0 { [ASKS, OPENS].to_vec() } else { [OPENS].to_vec() };
                    answers.reverse();
                    while let Ok(length @ 1..) = stream.read(&mut buffer) {
                        keeps.lock().unwrap().extend(&buffer[..length]);
                        if stream.write_all(answers.pop().unwrap_or("").as_bytes()).is_err() {
                            break;
                        }
                    }
                });
            }
        });
        Self { port, heard }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn heard(&self) -> Vec<u8> {
        self.heard.lock().unwrap().clone()
    }
}

const ASKS: &str =
    "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n";
const OPENS: &str = "HTTP/1.1 200 OK\r\n\r\n";
