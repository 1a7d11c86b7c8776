//! A server newer than this side's schema: what it says more is passed over or kept, never an error.

use qapi_runtime::{Client, Enum};

use super::block_on;
use super::qmp::{JobStatusChange, QueryLamps, QueryStatus};
use super::script::pair;

const LAMPS: &str = "[{\"name\": \"a\", \"kind\": \"strip\", \"length\": 3, \"colour\": {\"r\": [1]}}, \
                     {\"name\": \"b\", \"kind\": \"laser\", \"power\": 9}, \
                     {\"kind\": \"bulb\", \"watts\": null, \"name\": \"c\"}]";

#[test]
fn what_this_side_does_not_know_survives() {
    let (server, far) = pair(|far| {
        far.serve(|far, command, _| match command {
            "query-status" => {
                far.event("UNHEARD_OF", "{\"x\": [{\"y\": 1e3}]}");
                far.event("JOB_STATUS_CHANGE", "{\"id\": \"a\", \"status\": \"thinking\", \"why\": {}}");
                Some("{\"running\": false, \"status\": \"dreaming\", \"depth\": 2}".to_owned())
            }
            _ => Some(LAMPS.to_owned()),
        });
    });
    block_on(async {
        let client = Client::over(far).await.expect("a client");
        let (mut changes, mut all) = (client.events::<JobStatusChange>(), client.any_events());
        let status = client.execute(QueryStatus {}).await.expect("a status");
        assert_eq!(status.status.as_str(), "dreaming", "an unknown value is kept");
        let change = changes.next().await.expect("not the end").expect("an event").event;
        assert_eq!((change.id.as_str(), change.status.as_str()), ("a", "thinking"));
        assert_eq!(all.next().await.expect("not the end").expect("an event").event.name, "UNHEARD_OF");
        let lamps = client.execute(QueryLamps {}).await.expect("lamps");
        let names: Vec<_> = lamps.iter().map(|lamp| lamp.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"], "an unknown branch does not hide its neighbours");
        let text = qapi_runtime::to_json(&lamps[1]);
        assert!(text.contains("\"laser\""), "the unknown discriminator is kept: {text}");
        drop((client, changes, all));
    });
    server.join().expect("no panic");
}
