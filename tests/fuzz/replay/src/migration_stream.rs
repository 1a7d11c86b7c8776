//! The migration's target: an incoming stream into a small machine.

use std::sync::Arc;

use memory::{DirtyLog, NoDirtyLog, RamBlock};
use migration::codec::SectionHeader;
use migration::{DeviceSection, MigrationState, Settings, Status, Vm, VmError, receive};
use vmstate::{Fields, Source, VmState};

/// Bytes of the machine's one block of RAM.
const RAM: u64 = 16 << 10;
/// What a stream begins with: magic and version, as the codec writes them.
fn header() -> Vec<u8> {
    let mut header = Vec::new();
    migration::codec::encode_file_header(&mut header);
    header
}

/// Any bytes as an incoming stream; behind a correct header if the first byte is odd.
pub fn migration_stream(data: &[u8]) {
    let (first, rest) = crate::choice(data);
    let mut stream = if first % 2 == 1 { header() } else { Vec::new() };
    stream.extend_from_slice(rest);
    let state = MigrationState::new(|_| {});
    state.begin().expect("a fresh state begins");
    let mut machine = Machine::new();
    let outcome = receive(&mut machine, &*stream, Some(Box::new(std::io::sink())), &Settings::default(), &state);
    match outcome.result {
        Ok(_) => assert_eq!(outcome.status, Status::Completed),
        Err(error) => {
            assert_eq!(outcome.status, Status::Failed);
            assert!(!error.to_string().is_empty());
        }
    }
}

/// A device with one of each thing a state can hold.
#[derive(Default)]
struct Device {
    level: u32,
    on: bool,
    fifo: [u8; 4],
    words: [u16; 3],
    inner: Inner,
    extra: Option<u64>,
}

#[derive(Default)]
struct Inner(i64);

impl VmState for Inner {
    fn name(&self) -> &'static str {
        "inner"
    }
    fn version(&self) -> u32 {
        1
    }
    fn fields(&mut self, v: &mut dyn Fields) -> vmstate::Result {
        v.i64("value", &mut self.0)
    }
}

struct Extra(u64);

impl VmState for Extra {
    fn name(&self) -> &'static str {
        "device/extra"
    }
    fn version(&self) -> u32 {
        1
    }
    fn fields(&mut self, v: &mut dyn Fields) -> vmstate::Result {
        v.u64("extra", &mut self.0)
    }
}

impl VmState for Device {
    fn name(&self) -> &'static str {
        "device"
    }
    fn version(&self) -> u32 {
        2
    }
    fn minimum_version(&self) -> u32 {
        1
    }
    fn fields(&mut self, v: &mut dyn Fields) -> vmstate::Result {
        v.u32("level", &mut self.level)?;
        v.bool("on", &mut self.on)?;
        v.bytes("fifo", &mut self.fifo)?;
        if v.stream_version() >= 2 {
            v.u16s("words", &mut self.words)?;
        }
        v.structure("inner", &mut self.inner)?;
        let mut extra = Extra(self.extra.unwrap_or(0));
        if v.subsection(self.extra.is_some(), &mut extra)? {
            self.extra = Some(extra.0);
        }
        Ok(())
    }
}

/// RAM and that device.
struct Machine {
    ram: Arc<RamBlock>,
    log: NoDirtyLog,
    device: Device,
}

impl Machine {
    fn new() -> Self {
        let ram = RamBlock::anonymous("ram", RAM).expect("a little memory");
        Self { ram, log: NoDirtyLog, device: Device::default() }
    }
}

impl Vm for Machine {
    fn ram(&self) -> Vec<Arc<RamBlock>> {
        vec![Arc::clone(&self.ram)]
    }
    fn dirty_log(&mut self) -> &mut dyn DirtyLog {
        &mut self.log
    }
    fn machine_name(&self) -> String {
        "machine".to_owned()
    }
    fn stop(&mut self) -> Result<String, VmError> {
        Ok("running".to_owned())
    }
    fn save_devices(&mut self) -> Result<Vec<DeviceSection>, VmError> {
        Ok(vec![DeviceSection::of("device", 0, &mut self.device)?])
    }
    fn load_device(&mut self, section: &SectionHeader, source: &mut dyn Source) -> Result<bool, VmError> {
        if &*section.name != "device" || section.instance != 0 {
            return Ok(false);
        }
        vmstate::load(&mut self.device, section.version, source)?;
        Ok(true)
    }
}
