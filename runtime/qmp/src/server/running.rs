//! A server that runs: all its monitors' tasks, and their end.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::builder::ServerError;
use super::connection::Shared;
use super::monitor::{CONNECTIONS, House, Monitor, serve};
use crate::monitors::Monitors;

/// What clients are given to take their last replies.
const GRACE: Duration = Duration::from_secs(1);

pub(super) struct Running {
    house: Rc<House>,
    monitors: JoinSet<()>,
    stop: watch::Sender<bool>,
    /// What goes on for as long as the server runs.
    _chores: JoinSet<()>,
}

impl Running {
    /// Starts every monitor; if one cannot, none is left running.
    pub(super) async fn start(
        shared: Rc<Shared>,
        monitors: Monitors,
        ports: Vec<Monitor>,
        many: bool,
    ) -> Result<Self, ServerError> {
        let (stop, stopped) = watch::channel(false);
        let house = Rc::new(House {
            shared,
            monitors,
            many,
            stop: stopped,
            sessions: Cell::new(0),
            mailboxes: RefCell::default(),
        });
        let mut chores = JoinSet::new();
        chores.spawn_local(house.shared.events.clone().keep_time());
        let mut tasks = JoinSet::new();
        for monitor in ports {
            let (port, door) = monitor.open().await?;
            tasks.spawn_local(serve(Rc::clone(&house), port, door));
        }
        Ok(Self { house, monitors: tasks, stop, _chores: chores })
    }

    /// Waits until every monitor has served its last client.
    pub(super) async fn finished(&mut self) {
        while self.monitors.join_next().await.is_some() {}
    }

    /// Ends all monitors in order, and those that do not end in time without.
    pub(super) async fn stop(mut self) {
        self.stop.send_replace(true);
        // At once, not when each monitor's task comes round to it: no request is begun from here on.
        self.house.close_all();
        if tokio::time::timeout(GRACE, self.finished()).await.is_err() {
            tracing::warn!(target: CONNECTIONS, "clients that do not take their last replies are disconnected");
        }
    }
}
