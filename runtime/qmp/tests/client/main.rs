//! The client: against our server, against scripted peers that misbehave, and against the real QEMU and guest agent.

mod agent;
mod blocking;
mod calls;
mod connection;
mod descriptors;
mod events;
mod hostile;
mod jobs;
#[path = "../lamp/mod.rs"]
mod lamp;
#[path = "../passing/mod.rs"]
mod passing;
mod qemu;
mod readme;
mod script;
mod tolerant;

// Written for these tests: part of what QEMU has, and less than it has.
qapi_runtime::qapi! { schema: "tests/client/qmp.json", server: false }
qapi_runtime::qapi! { schema: "tests/client/qga.json", server: false }

/// Runs a future to its end on a runtime of its own, which no test may need for longer than this.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let limit = std::time::Duration::from_secs(60);
    runtime.block_on(async { tokio::time::timeout(limit, future).await.expect("the client hangs") })
}
