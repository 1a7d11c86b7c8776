//! Descriptors find the request that they were passed with, among others.

use std::os::unix::net::UnixStream;

use qapi_runtime::{Client, Dict};

use super::block_on;
use super::passing::{Running, file};

#[test]
fn each_call_has_its_own() {
    let (near, far) = UnixStream::pair().expect("a pair");
    let _server = Running::start(|server| server.attach("test", near));
    block_on(async {
        let client = Client::options().in_flight(64).over(far).await.expect("a client");
        let none = Dict::new();
        let calls: Vec<_> = (0..120)
            .map(|number| match number % 4 {
                0 => (client.call("take", &none).fd(file(&format!("<{number}>"))), Some(format!("<{number}>"))),
                1 => {
                    let several = ["a", "b", "c"].map(|part| file(&format!("<{part}{number}>")));
                    let all = format!("<a{number}><b{number}><c{number}>");
                    (client.call("take-all", &none).fds(several), Some(all))
                }
                2 => (client.call("take-all", &none), Some(String::new())),
                // Longer than what is sent at a time.
                _ => (client.call("pass-over", &Dict::from_iter([("x", "y".repeat(70_000))])), None),
            })
            .map(|(call, expected)| (tokio::spawn(call), expected))
            .collect();
        for (call, expected) in calls {
            let reply = call.await.expect("no panic").expect("answered");
            assert_eq!(reply.as_str().map(str::to_owned), expected);
        }
    });
}

#[test]
fn one_can_go_out_of_band() {
    let (near, far) = UnixStream::pair().expect("a pair");
    let _server = Running::start(|server| server.attach("test", near));
    block_on(async {
        let client = Client::over(far).await.expect("a client");
        let reply = client.call("go", &Dict::new()).oob().fd(file("here")).await.expect("taken");
        assert_eq!(reply.as_str(), Some("here"));
        let reply = client.call("take-all", &Dict::new()).await.expect("answered");
        assert_eq!(reply.as_str(), Some(""), "nothing came with that one");
    });
}
