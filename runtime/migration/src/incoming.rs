//! Receiving a machine: memory into its blocks, states into its devices.

mod ram;

use std::io::{Read, Write};

use vmstate::Source;

use crate::{
    Listener, MigrationError, MigrationState, Settings, Status, TimerState, Vm,
    codec::{self, Command, Problem, Record, ReturnMessage, SectionHeader},
    stream::StreamReader,
    vm::GlobalState,
};
use ram::RamLoader;

/// First value of QEMU's record type for descriptions, looked for after the end.
const VM_DESCRIPTION: u8 = 6;

/// What a stream told besides memory and devices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Run state of the source when it was stopped; a stream without one means `running`.
    pub run_state: Option<String>,
    /// Virtual time of the source.
    pub timer: Option<TimerState>,
    /// Description of the device sections, JSON, when the source sent it.
    pub description: Option<String>,
}

/// How an incoming migration ended.
#[derive(Debug)]
pub struct IncomingOutcome {
    /// Completed, failed or cancelled.
    pub status: Status,
    /// What was loaded, or why not. After an error the machine is partly loaded and must not run.
    pub result: Result<Loaded, MigrationError>,
}

/// Fills `vm` from `channel`. Blocks until the migration is over; `state` must be in setup ([`MigrationState::begin`]).
///
/// `return_path` is where answers to the source go, when the connection has a way back.
pub fn receive<R: Read>(
    vm: &mut dyn Vm,
    channel: R,
    return_path: Option<Box<dyn Write + Send>>,
    settings: &Settings,
    state: &MigrationState,
) -> IncomingOutcome {
    let ram = RamLoader::new(vm.ram());
    state.counters().total.set(ram.total());
    let mut incoming = Incoming {
        vm,
        input: StreamReader::new(channel),
        settings,
        state,
        ram,
        ram_section: None,
        loaded: Loaded::default(),
        return_path: ReturnPath { output: return_path, open: false },
    };
    let mut result = incoming.run();
    let told = incoming.return_path.send(&ReturnMessage::Shut(u32::from(result.is_err())));
    result = result.and(told);
    let loaded = incoming.loaded;
    let status = state.finish(&result);
    let result = match status {
        Status::Cancelled => Err(MigrationError::Cancelled),
        _ => result.map(|()| loaded),
    };
    IncomingOutcome { status, result }
}

/// Waits at `listener` and fills `vm` from who connects, as [`receive`] does. Answers go back over the same connection.
pub fn receive_from(
    vm: &mut dyn Vm,
    listener: Listener,
    settings: &Settings,
    state: &MigrationState,
) -> IncomingOutcome {
    let accepted = listener.accept(state).and_then(|channel| {
        let back = if channel.is_duplex() { Some(channel.try_clone()) } else { None };
        let back = back.transpose().map_err(|source| MigrationError::Read { position: 0, source })?;
        Ok((channel, back))
    });
    match accepted {
        Ok((channel, back)) => {
            receive(vm, channel, back.map(|back| Box::new(back) as Box<dyn Write + Send>), settings, state)
        }
        Err(error) => {
            let result = Err(error);
            let status = state.finish(&result);
            IncomingOutcome { status, result: result.map(|()| Loaded::default()) }
        }
    }
}

struct Incoming<'a, R> {
    vm: &'a mut dyn Vm,
    input: StreamReader<R>,
    settings: &'a Settings,
    state: &'a MigrationState,
    ram: RamLoader,
    /// The sender's number of the only iterable section, once it has begun.
    ram_section: Option<u32>,
    loaded: Loaded,
    return_path: ReturnPath,
}

impl<R: Read> Incoming<'_, R> {
    fn run(&mut self) -> Result<(), MigrationError> {
        codec::decode_file_header(&mut self.input)?;
        self.state.advance(Status::Active)?;
        if self.settings.send_configuration {
            self.configuration()?;
        }
        loop {
            self.state.check()?;
            let position = self.input.position();
            match Record::decode(&mut self.input)? {
                Record::Start(header) => self.start(position, header)?,
                Record::Part(id) | Record::End(id) => {
                    if self.ram_section != Some(id) {
                        return Err(mismatch(position, format!("Unknown savevm section {id}")));
                    }
                    self.ram_payload(id)?;
                }
                Record::Full(header) => self.device(position, &header)?,
                Record::Command(command) => self.command(position, &command)?,
                Record::Eof => break,
                other @ (Record::Configuration(_) | Record::Footer(_) | Record::VmDescription(_)) => {
                    return Err(mismatch(position, format!("a record in the wrong place: {other:.80?}")));
                }
            }
        }
        self.description()?;
        self.state.counters().transferred.set(self.input.position());
        self.state.check()
    }

    fn configuration(&mut self) -> Result<(), MigrationError> {
        let position = self.input.position();
        let Record::Configuration(configuration) = Record::decode(&mut self.input)? else {
            return Err(mismatch(position, "Configuration section missing"));
        };
        let ours = self.vm.machine_name();
        if configuration.machine != ours {
            let problem = format!("Machine type received is '{}' and local is '{ours}'", configuration.machine);
            return Err(mismatch(position, problem));
        }
        for part in configuration.parts {
            // A list of capabilities names those that change the format; we have none of them.
            if let codec::ConfigurationPart::Capabilities(names) = part
                && let Some(name) = names.first()
            {
                let problem = format!("Capability {name} is off, but received capability is on");
                return Err(mismatch(position, problem));
            }
        }
        Ok(())
    }

    fn start(&mut self, position: u64, header: SectionHeader) -> Result<(), MigrationError> {
        if &*header.name != "ram" || header.instance != 0 {
            return Err(unknown_section(position, &header));
        }
        check_version(position, &header, 4, 4)?;
        self.ram_section = Some(header.id);
        self.ram_payload(header.id)
    }

    fn ram_payload(&mut self, id: u32) -> Result<(), MigrationError> {
        self.ram.load(&mut self.input, self.state)?;
        self.footer(id)
    }

    fn device(&mut self, position: u64, header: &SectionHeader) -> Result<(), MigrationError> {
        match (&*header.name, header.instance) {
            ("globalstate", 0) => {
                let mut global = GlobalState::empty();
                vmstate::load(&mut global, header.version, &mut self.input)?;
                let run_state = global.run_state()?;
                let accepted = self.vm.accept_run_state(&run_state);
                accepted.map_err(|source| MigrationError::Device {
                    device: header.name.to_string(),
                    instance: 0,
                    source,
                })?;
                self.loaded.run_state = Some(run_state);
            }
            ("timer", 0) => {
                let mut timer = TimerState::default();
                vmstate::load(&mut timer, header.version, &mut self.input)?;
                self.loaded.timer = Some(timer);
            }
            (name, instance) => {
                let known = self.vm.load_device(header, &mut self.input);
                let known =
                    known.map_err(|source| MigrationError::Device { device: name.to_owned(), instance, source })?;
                if !known {
                    return Err(unknown_section(position, header));
                }
            }
        }
        self.footer(header.id)
    }

    /// The end of a section. A device that took too many or too few bytes is found out here.
    fn footer(&mut self, id: u32) -> Result<(), MigrationError> {
        if !self.settings.section_footers {
            return Ok(());
        }
        let position = self.input.position();
        let ram = self.ram_section == Some(id);
        let place = || if ram { "ram".to_owned() } else { format!("section {id}") };
        match Record::decode(&mut self.input) {
            Ok(Record::Footer(found)) if found == id => Ok(()),
            Ok(Record::Footer(found)) => Err(mismatch(
                position,
                format!("Mismatched section id in footer for {}: {found:#x}, not {id:#x}", place()),
            )),
            Err(error) if matches!(error.problem, Problem::Io(_)) => Err(error.into()),
            Ok(_) | Err(_) => Err(mismatch(position, format!("Missing section footer for {}", place()))),
        }
    }

    fn command(&mut self, position: u64, command: &Command) -> Result<(), MigrationError> {
        match command {
            Command::OpenReturnPath => {
                self.return_path.open = true;
                Ok(())
            }
            Command::Ping(value) => self.return_path.send(&ReturnMessage::Pong(*value)),
            Command::SwitchoverStart => Ok(()),
            other => Err(mismatch(position, format!("postcopy is not supported by this destination: {other:.80?}"))),
        }
    }

    /// The description that may follow the end. A source that sends none closes the connection.
    fn description(&mut self) -> Result<(), MigrationError> {
        let position = self.input.position();
        let next = self.input.peek(1).map_err(|source| MigrationError::Read { position, source })?;
        if next == [VM_DESCRIPTION]
            && let Record::VmDescription(text) = Record::decode(&mut self.input)?
        {
            self.loaded.description = Some(text);
        }
        Ok(())
    }
}

/// The way back to the source; silent until the source opens it.
struct ReturnPath {
    output: Option<Box<dyn Write + Send>>,
    open: bool,
}

impl ReturnPath {
    fn send(&mut self, message: &ReturnMessage) -> Result<(), MigrationError> {
        let Some(output) = self.output.as_mut().filter(|_| self.open) else {
            return Ok(());
        };
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        let sent = output.write_all(&bytes).and_then(|()| output.flush());
        sent.map_err(|source| MigrationError::Write { position: 0, source })
    }
}

fn mismatch(position: u64, problem: impl Into<String>) -> MigrationError {
    MigrationError::Mismatch { position, problem: problem.into() }
}

fn unknown_section(position: u64, header: &SectionHeader) -> MigrationError {
    let SectionHeader { name, instance, .. } = header;
    let problem = format!(
        "Unknown savevm section or instance '{name}' {instance}. Make sure that your current VM setup matches your saved VM setup"
    );
    mismatch(position, problem)
}

fn check_version(position: u64, header: &SectionHeader, oldest: u32, newest: u32) -> Result<(), MigrationError> {
    let SectionHeader { name, version, .. } = header;
    if (oldest..=newest).contains(version) {
        return Ok(());
    }
    Err(mismatch(position, format!("unsupported version {version} for '{name}' v{newest}")))
}
