//! What the README shows must compile and run as it stands.

use qapi_runtime::{Client, Dict};

use super::script::listening;
use super::{block_on, qmp};

async fn example() -> Result<(), qapi_runtime::ClientError> {
    let vm = Client::connect("unix:/tmp/qmp.sock").await?;
    let status = vm.execute(qmp::QueryStatus {}).await?; // typed reply; error names command, member, expected type
    if vm.supports::<qmp::CalcDirtyRate>().await? { /* … */ }
    let mut jobs = vm.events::<qmp::JobStatusChange>();
    vm.execute(qmp::SnapshotSave {
        job_id: "s0".into(),
        tag: "before".into(),
        vmstate: "disk0".into(),
        devices: vec!["disk0".into()],
    })
    .await?;
    let _ = (status, jobs.next().await);
    Ok(())
}

/// A future that may move between threads, as tasks of a runtime with several do.
fn is_send<T: Send>(future: T) -> T {
    future
}

/// What may be shared between threads, whatever is done with it there.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Client>();
    shared::<qapi_runtime::client::ClientOptions>();
    shared::<qapi_runtime::client::Agent>();
    shared::<qapi_runtime::client::Events<qapi_runtime::client::AnyEvent>>();
    shared::<qapi_runtime::ClientError>();
    shared::<qapi_runtime::blocking::Client>();
};

#[test]
fn the_example_compiles_and_its_calls_can_move_between_threads() {
    drop(is_send(example()));
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("s");
    let server = listening(&path, |listener| {
        super::script::Far::accept(&listener).serve(|_, _, _| Some("[]".to_owned()));
    });
    block_on(async {
        let client = Client::connect(&format!("unix:{}", path.display())).await.expect("a client");
        let job = is_send(client.call_job("x", &Dict::new(), "j").into_future());
        assert!(tokio::spawn(job).await.expect("no panic").is_err());
        drop(client);
    });
    server.join().expect("no panic");
}
