//! Sending a machine: memory pass by pass while the guest runs, then the rest and the devices while it stands still.

mod pace;
mod passes;

use std::{io::Write, os::fd::OwnedFd, time::Instant};

use serde_json::{Map, Value};

use crate::{
    Address, Channel, DeviceSection, MigrationError, MigrationState, Settings, Status, Vm, ZeroPageDetection,
    codec::{self, Command, Configuration, Name, PAGE_SIZE, Record, SectionHeader},
    connect,
    stream::StreamWriter,
    vm::GlobalState,
};
use passes::Passes;

/// The sender's number of the `ram` section; devices count on from it. Not 0: QEMU takes parts of a section 0 for its first device's,
/// since that is the number of those it has not seen yet.
const RAM_SECTION: u32 = 1;

/// How an outgoing migration ended.
#[derive(Debug)]
pub struct Outcome {
    /// Completed, failed or cancelled.
    pub status: Status,
    /// Why it failed.
    pub error: Option<MigrationError>,
    /// Whether [`Vm::stop`] was called. After anything but completion the caller lets the guest go on in the state it was in before.
    pub stopped: bool,
}

/// Sends `vm` over `channel`. Blocks until the migration is over; `state` must be in setup ([`MigrationState::begin`]).
///
/// Whatever happens, the dirty log is off when this returns.
pub fn send<W: Write>(vm: &mut dyn Vm, channel: W, settings: &Settings, state: &MigrationState) -> Outcome {
    let out = StreamWriter::new(channel).find_zeros(settings.zero_page_detection != ZeroPageDetection::None);
    let mut outgoing = Outgoing { vm, out, settings, state, stopped: None };
    let result = outgoing.run();
    let stopped = outgoing.stopped.is_some();
    if let Err(error) = outgoing.vm.dirty_log().stop() {
        // The guest is slower with it on, but nothing is lost.
        tracing::warn!(%error, "cannot turn the dirty log off");
    }
    let status = state.finish(&result);
    Outcome { status, error: result.err().filter(|_| status == Status::Failed), stopped }
}

/// Connects to `address` and sends `vm` there, as [`send`] does. A connection that cannot be made is a failed migration.
pub fn send_to(vm: &mut dyn Vm, address: &Address, settings: &Settings, state: &MigrationState) -> Outcome {
    send_through(vm, connect(address, state), settings, state)
}

/// Sends `vm` over what somebody else has opened: a connected socket, a file or a pipe. See [`Channel::opened`].
pub fn send_over(vm: &mut dyn Vm, fd: OwnedFd, settings: &Settings, state: &MigrationState) -> Outcome {
    send_through(vm, Channel::opened(fd, state), settings, state)
}

fn send_through(
    vm: &mut dyn Vm,
    channel: Result<Channel, MigrationError>,
    settings: &Settings,
    state: &MigrationState,
) -> Outcome {
    match channel {
        Ok(channel) => send(vm, channel, settings, state),
        Err(error) => {
            let result = Err(error);
            let status = state.finish(&result);
            Outcome { status, error: result.err().filter(|_| status == Status::Failed), stopped: false }
        }
    }
}

struct Outgoing<'a, W> {
    vm: &'a mut dyn Vm,
    out: StreamWriter<W>,
    settings: &'a Settings,
    state: &'a MigrationState,
    /// When the guest was stopped.
    stopped: Option<Instant>,
}

impl<W: Write> Outgoing<'_, W> {
    fn run(&mut self) -> Result<(), MigrationError> {
        let mut passes = Passes::new(self.vm.ram())?;
        self.state.counters().total.set(passes.total());
        self.state.counters().expected_downtime.set(self.settings.downtime_limit.as_millis() as u64);
        self.header()?;
        self.ram_section(Record::Start(section(RAM_SECTION, "ram", 0, 4)?), |this| {
            let sizes = passes.sizes();
            this.out.put(|out| sizes.encode(out))
        })?;
        self.vm.dirty_log().start()?;
        passes.everything_is_dirty();
        self.state.pass();
        self.state.advance(Status::Active)?;
        self.state.counters().setup_time.set(self.state.elapsed().as_millis() as u64);
        self.iterate(&mut passes)?;
        self.complete(&mut passes)
    }

    fn header(&mut self) -> Result<(), MigrationError> {
        self.out.put(codec::encode_file_header)?;
        if self.settings.send_configuration {
            let configuration = Configuration { machine: self.vm.machine_name(), parts: Vec::new() };
            self.record(&Record::Configuration(configuration))?;
        }
        Ok(())
    }

    /// Passes over memory until what is left can be sent within the downtime limit. A guest that dirties faster than the connection takes
    /// keeps this going until it is cancelled.
    fn iterate(&mut self, passes: &mut Passes) -> Result<(), MigrationError> {
        loop {
            self.ram_section(Record::Part(RAM_SECTION), |this| {
                passes.send(&mut this.out, this.state, this.settings.max_bandwidth)
            })?;
            self.vm.dirty_log().sync()?;
            let left = passes.look(self.state);
            self.state.counters().precopy_bytes.set(self.out.position());
            if passes.fits(left, self.settings.downtime_limit) {
                return Ok(());
            }
            self.state.pass();
        }
    }

    fn complete(&mut self, passes: &mut Passes) -> Result<(), MigrationError> {
        self.stopped = Some(Instant::now());
        let before = self.out.position();
        let stopped = self.vm.stop();
        let run_state = stopped.map_err(|source| MigrationError::Vm { action: "stop the guest", source })?;
        self.state.advance(Status::Device)?;
        if self.settings.send_switchover_start {
            self.record(&Record::Command(Command::SwitchoverStart))?;
        }
        self.vm.dirty_log().sync()?;
        self.state.pass();
        self.ram_section(Record::End(RAM_SECTION), |this| passes.send(&mut this.out, this.state, 0))?;
        let description = self.devices(&run_state)?;
        self.out.flush()?;
        // Without its end the stream is worth nothing to the destination, so up to here the guest can be taken back.
        self.state.commit()?;
        self.record(&Record::Eof)?;
        // Alone in its write: should that fail, then nobody has it.
        self.out.flush()?;
        let described = self.record(&Record::VmDescription(description)).and_then(|()| self.out.flush());
        if let Err(error) = described {
            // The destination may run already, so the guest must not be taken back; the description is for tools only.
            tracing::warn!(%error, "the description of the devices was not sent");
        }
        self.account(before);
        Ok(())
    }

    /// Sends the device sections and the run state, and returns their description.
    fn devices(&mut self, run_state: &str) -> Result<String, MigrationError> {
        let mut sections = Vec::new();
        if let Some(mut timer) = self.vm.timer() {
            sections.push(DeviceSection::of("timer", 0, &mut timer)?);
        }
        let devices = self.vm.save_devices();
        sections.extend(devices.map_err(|source| MigrationError::Vm { action: "save the devices", source })?);
        // The run state comes last, as in QEMU: loading it makes the rest take effect.
        sections.push(DeviceSection::of("globalstate", 0, &mut GlobalState::new(run_state)?)?);
        let mut described = Vec::new();
        for (id, device) in (RAM_SECTION + 1..).zip(&sections) {
            self.state.check()?;
            self.record(&Record::Full(section(id, &device.name, device.instance, device.version)?))?;
            self.out.bytes(&device.payload)?;
            self.footer(id)?;
            described.push(description(device));
        }
        // Written by hand for the order of its keys: tools look for the page size at the beginning.
        Ok(format!(r#"{{"page_size": {PAGE_SIZE}, "devices": {}}}"#, Value::Array(described)))
    }

    /// One section of `ram`: header, payload, end of payload, footer.
    fn ram_section(
        &mut self,
        header: Record,
        payload: impl FnOnce(&mut Self) -> Result<(), MigrationError>,
    ) -> Result<(), MigrationError> {
        self.state.check()?;
        self.record(&header)?;
        payload(self)?;
        self.out.put(|out| codec::RamRecord::EndOfSection.encode(out))?;
        self.footer(RAM_SECTION)?;
        self.state.counters().transferred.set(self.out.position());
        Ok(())
    }

    fn footer(&mut self, id: u32) -> Result<(), MigrationError> {
        if self.settings.section_footers { self.record(&Record::Footer(id)) } else { Ok(()) }
    }

    fn record(&mut self, record: &Record) -> Result<(), MigrationError> {
        self.out.put(|out| record.encode(out))
    }

    /// Final figures; `before` is the position at which the guest was stopped.
    fn account(&self, before: u64) {
        let counters = self.state.counters();
        let position = self.out.position();
        counters.remaining.set(0);
        counters.transferred.set(position);
        counters.downtime_bytes.set(position - before);
        if let Some(stopped) = self.stopped {
            counters.downtime.set(stopped.elapsed().as_millis() as u64);
        }
        let seconds = self.state.elapsed().as_secs_f64().max(1e-6);
        counters.bits_per_second.set((position as f64 * 8.0 / seconds) as u64);
    }
}

fn section(id: u32, name: &str, instance: u32, version: u32) -> Result<SectionHeader, MigrationError> {
    Ok(SectionHeader { id, name: Name::new(name)?, instance, version })
}

/// A device's entry in the description of the stream.
fn description(device: &DeviceSection) -> Value {
    let mut entry = Map::new();
    entry.insert("name".into(), device.name.as_str().into());
    entry.insert("instance_id".into(), device.instance.into());
    if let Value::Object(fields) = &device.description {
        entry.extend(fields.clone());
    }
    entry.into()
}
