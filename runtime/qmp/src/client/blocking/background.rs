//! The thread that carries what is asynchronous while callers block.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::client::ClientError;

/// How long clients that nobody uses any more may take to send what they were given.
const FLUSH: Duration = Duration::from_secs(2);
/// How often it is looked whether they have.
const LOOK: Duration = Duration::from_millis(1);

/// A runtime on a thread of its own, which ends with the last who holds this.
#[derive(Debug)]
pub(super) struct Background {
    handle: Handle,
    /// Ends the thread, by its own end.
    stop: Option<oneshot::Sender<()>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Background {
    pub(super) fn start() -> Result<Arc<Self>, ClientError> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("qmp-client".to_owned()).spawn(move || {
            runtime.block_on(async {
                // It ends without a message: that the sender is gone is the message.
                let _ = stopped.await;
                let _ = timeout(FLUSH, last_words()).await;
            });
        })?;
        Ok(Arc::new(Self { handle, stop: Some(stop), thread: Mutex::new(Some(thread)) }))
    }

    /// Waits for a future.
    ///
    /// # Errors
    /// The calling thread is inside a runtime, which would stand still meanwhile.
    pub(super) fn run<F: IntoFuture>(&self, future: F) -> Result<F::Output, ClientError> {
        if Handle::try_current().is_ok() {
            let reason =
                "the blocking client was called inside an asynchronous runtime; use `qapi_runtime::Client` there";
            return Err(io::Error::other(reason).into());
        }
        Ok(self.handle.block_on(future.into_future()))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        drop(self.stop.take());
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        // Inside a runtime nothing must wait; then the thread ends by itself.
        if let Some(thread) = thread
            && Handle::try_current().is_err()
        {
            let _ = thread.join();
        }
    }
}

/// Waits until the tasks of this runtime have ended.
async fn last_words() {
    let metrics = Handle::current().metrics();
    while metrics.num_alive_tasks() > 0 {
        sleep(LOOK).await;
    }
}
