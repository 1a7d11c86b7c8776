//! One run of the emulator: builds everything, serves until the end, takes everything down.

use std::cell::Cell;
use std::sync::Arc;

use machine::{Accelerator, Machine, MachineConfig, MachineEvent};
use memory::RamBlock;
use qapi_runtime::fds::{FdSets, NamedFds};
use qapi_runtime::{EventSink, Limit, Preconfig, Server, Version};
use qapi_schema::ShutdownCause;

use crate::config::{Address, Backend, Config, MemorySource, Socket};
use crate::errno::plain;
use crate::handlers::Handlers;
use crate::hardware::Hardware;
use crate::migrate::Migration;
use crate::owner::lifecycle::{Operation, Policy};
use crate::owner::{Channels, Ending, Owner, Report, Reports};
use crate::pidfile::Pidfile;
use crate::serial::{Clients, Serial, Terminal};
use crate::signals::Signals;
use crate::{banner, complain, daemon, fdsets, monitors, version};

/// Runs a machine until it ends. An error is one line, and means that nothing was started.
pub(crate) fn run(config: Config) -> Result<Ending, String> {
    let _pidfile = config.pidfile.as_deref().map(Pidfile::create).transpose()?;
    let config = Arc::new(config);
    let channels = Channels::new();
    let serial_device = config.serial.and_then(|position| config.chardevs.get(position));
    let fd_sets = fdsets::passed(&config.passed_fds)?;
    let Serial { sink, source, kept: _kept, clients } = Serial::open(serial_device, &fd_sets)?;
    // The machine takes shape on its own thread while this one opens sockets.
    let building = {
        let (config, reports) = (Arc::clone(&config), channels.sender.clone());
        Hardware::build(move || build(&config, sink, reports))?
    };
    let events = EventSink::new();
    events.limits(Limit::QEMU);
    let migration = Migration::new(config.incoming.as_deref(), config.migration.clone(), &events)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start: {error}"))?;
    let ending = runtime.block_on(async {
        let signals = Signals::new().map_err(|error| format!("cannot take signals: {error}"))?;
        let hardware = building.finish()?;
        let preconfig = match config.preconfig {
            true => Preconfig::new(),
            false => Preconfig::ended(),
        };
        let handlers = handlers(&config, &hardware, &channels, clients, &fd_sets, &preconfig);
        let (major, minor, micro) = version::QEMU;
        let server = Server::new(qapi_schema::service(handlers))
            .events(&events)
            .fd_sets(&fd_sets)
            .compat(config.compat)
            .preconfig(&preconfig)
            .version(Version::new(major, minor, micro).package(version::PACKAGE));
        let server = monitors::add_all(server, &config)?;
        let _terminal = takes_terminal(&config).then(Terminal::take);
        let port = hardware.machine().serial().cloned();
        if let Some(port) = port {
            source.start(&port)?;
        }
        if config.greet {
            greet(&config);
        }
        if config.daemonize {
            daemon::ready()?;
        }
        let reports = channels.sender.clone();
        let policy = Policy {
            autostart: !config.stopped,
            preconfig: config.preconfig,
            no_reboot: config.no_reboot,
            no_shutdown: config.no_shutdown,
        };
        let owner = Owner::new(policy, migration, hardware, events.clone(), fd_sets, channels);
        serve(server, owner, signals, &config, &reports).await
    });
    // A command that still writes a file must not keep the process: it was told to end.
    runtime.shutdown_background();
    ending
}

/// Serves until the owner ends.
async fn serve(
    server: Server,
    owner: Owner,
    mut signals: Signals,
    config: &Config,
    reports: &Reports,
) -> Result<Ending, String> {
    let present = server.monitors();
    let ending = Cell::new(Ending::Orderly);
    let work = async {
        // A task beside the monitors' tasks, not within the future that waits for them all: questions and answers go to
        // and fro without a look at the sockets in between.
        let owner = tokio::task::spawn_local(owner.run());
        let watch = async {
            loop {
                let name = signals.next().await;
                reports.send(Report::Signal(name));
            }
        };
        let start = async {
            monitors::start_when_complete(config, &present, reports).await;
            watch_forever().await
        };
        tokio::select! {
            ended = owner => ending.set(ended.unwrap_or_else(|died| std::panic::resume_unwind(died.into_panic()))),
            () = watch => {}
            () = start => {}
        }
    };
    server.run_until(work).await.map_err(|error| format!("-qmp: {}", plain(&error)))?;
    Ok(ending.get())
}

/// Never ready.
async fn watch_forever() {
    std::future::pending::<()>().await;
}

fn handlers(
    config: &Arc<Config>,
    hardware: &Hardware,
    channels: &Channels,
    console: Option<Clients>,
    fd_sets: &FdSets,
    preconfig: &Preconfig,
) -> Handlers {
    let machine = hardware.machine();
    Handlers {
        config: Arc::clone(config),
        kvm: machine.accelerator() == Accelerator::Kvm,
        memory: Arc::clone(machine.memory()),
        owner: channels.handle.clone(),
        hardware: hardware.clone(),
        console,
        named_fds: NamedFds::default(),
        fd_sets: fd_sets.clone(),
        preconfig: preconfig.clone(),
    }
}

/// Builds the machine with the first accelerator that works.
fn build(config: &Config, sink: Box<dyn machine::SerialSink>, reports: Reports) -> Result<Machine, String> {
    let accelerator = accelerator(&config.accelerators)?;
    let ram = ram(config)?;
    let mut wanted = MachineConfig::new(config.board, accelerator, ram);
    wanted.serial = config.serial.is_some().then_some(sink);
    wanted.events = Arc::new(move |event| tell(&reports, event));
    Machine::new(wanted).map_err(|error| format!("{}: {}", config.memory_option, plain(&error)))
}

/// The first accelerator that works here. Going on without KVM is said, since no guest code runs then.
fn accelerator(wanted: &[Accelerator]) -> Result<Accelerator, String> {
    let mut reasons = Vec::new();
    for accelerator in wanted {
        match accelerator.probe() {
            Ok(()) => {
                if let Some(reason) = reasons.first() {
                    complain::say(format_args!(
                        "{reason}; going on with accelerator {}: no guest code runs",
                        accelerator.name()
                    ));
                }
                return Ok(*accelerator);
            }
            Err(error) => reasons.push(error.to_string()),
        }
    }
    Err(format!("-accel kvm: {}", reasons.join("; ")))
}

/// Main memory, if the machine has any.
fn ram(config: &Config) -> Result<Option<Arc<RamBlock>>, String> {
    let block = match &config.backend {
        None if config.memory == 0 => return Ok(None),
        None => RamBlock::anonymous(config.board.ram_name(), config.memory),
        Some(backend) => match &backend.source {
            MemorySource::Ram => RamBlock::anonymous(&backend.id, backend.size),
            MemorySource::File { path, share } => RamBlock::file(&backend.id, path, backend.size, *share),
            MemorySource::Memfd { share } => RamBlock::memfd(&backend.id, backend.size, *share),
        },
    };
    let block = block.map(Some);
    block.map_err(|error| format!("{}: {}", config.memory_option, plain(&error)))
}

/// Brings what happened in the machine to the owner.
fn tell(reports: &Reports, event: MachineEvent) {
    let operation = match event {
        MachineEvent::ResetRequested => Operation::Reset(ShutdownCause::GuestReset),
        MachineEvent::CpuFailed { index, reason } => {
            complain::say(format_args!("CPU {index} cannot go on: {reason}"));
            Operation::Fault
        }
        other => {
            complain::say(format_args!("the machine reports {other:?}, which changes nothing"));
            return;
        }
    };
    reports.send(Report::Guest(operation));
}

/// Whether the guest's console is on our terminal.
fn takes_terminal(config: &Config) -> bool {
    let device = config.serial.and_then(|position| config.chardevs.get(position));
    device.is_some_and(|device| device.backend == Backend::Stdio)
}

/// Tells a person how to connect.
fn greet(config: &Config) {
    for monitor in &config.monitors {
        let device = config.chardevs.get(monitor.chardev);
        if let Some(Backend::Socket(Socket { address: Address::Unix(path), .. })) = device.map(|device| &device.backend)
        {
            complain::line(banner::how_to_connect(path));
        }
    }
}
