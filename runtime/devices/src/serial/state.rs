//! What travels of a serial port: QEMU's section `serial`, version 3.

use vmstate::{Fields, Result, VmState, VmStateError};

use super::registers::{IIR_ID, LSR_EMPTY, LSR_HOLDING_EMPTY};

/// Interrupt identification: transmitter empty.
const IIR_EMPTY: u8 = 0x02;
/// Interrupt enable: transmitter empty.
const IER_EMPTY: u8 = 0x02;
/// Capacity of a FIFO on the wire, bytes.
const FIFO: usize = 16;

/// The ISA section: one serial port inside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SerialSection {
    /// The port.
    pub state: SerialState,
}

impl VmState for SerialSection {
    fn name(&self) -> &'static str {
        "serial"
    }

    fn version(&self) -> u32 {
        3
    }

    fn fields(&mut self, v: &mut dyn Fields) -> Result {
        let Self { state } = self;
        v.structure("state", state)
    }
}

/// One serial port's state. Register names are the data sheet's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SerialState {
    /// Baud rate divisor.
    pub divider: u16,
    /// Receiver buffer; the byte waiting in it when FIFOs are off.
    pub rbr: u8,
    /// Interrupt enables.
    pub ier: u8,
    /// Interrupt identification; follows from the rest and is not used when loading.
    pub iir: u8,
    /// Line control.
    pub lcr: u8,
    /// Modem control.
    pub mcr: u8,
    /// Line status.
    pub lsr: u8,
    /// Modem status.
    pub msr: u8,
    /// Scratch.
    pub scr: u8,
    /// FIFO control.
    pub fcr: u8,
    /// The transmitter-empty interrupt is pending.
    pub empty_pending: bool,
    /// The receiver's timeout interrupt is pending.
    pub timeout_pending: bool,
    /// Byte in the transmitter's shift register.
    pub shifting: Option<u8>,
    /// Bytes waiting behind it, oldest first.
    pub waiting: Vec<u8>,
    /// Bytes in the receiver's FIFO, oldest first.
    pub received: Vec<u8>,
}

impl Default for SerialState {
    /// Nothing sent, nothing received, everything off.
    fn default() -> Self {
        Self {
            divider: 12,
            rbr: 0,
            ier: 0,
            iir: 1,
            lcr: 0,
            mcr: 0x08,
            lsr: LSR_HOLDING_EMPTY | LSR_EMPTY,
            msr: 0xb0,
            scr: 0,
            fcr: 0,
            empty_pending: false,
            timeout_pending: false,
            shifting: None,
            waiting: Vec::new(),
            received: Vec::new(),
        }
    }
}

impl VmState for SerialState {
    fn name(&self) -> &'static str {
        "serial"
    }

    fn version(&self) -> u32 {
        3
    }

    fn fields(&mut self, v: &mut dyn Fields) -> Result {
        let Self {
            divider,
            rbr,
            ier,
            iir,
            lcr,
            mcr,
            lsr,
            msr,
            scr,
            fcr,
            empty_pending,
            timeout_pending,
            shifting,
            waiting,
            received,
        } = self;
        v.u16("divider", divider)?;
        for (name, register) in [("rbr", rbr), ("ier", &mut *ier), ("iir", &mut *iir), ("lcr", lcr), ("mcr", mcr)] {
            v.u8(name, register)?;
        }
        for (name, register) in [("lsr", lsr), ("msr", msr), ("scr", scr), ("fcr_vmstate", fcr)] {
            v.u8(name, register)?;
        }
        // The identification tells whether the interrupt is pending, unless one of higher priority hides it.
        let told = *iir & IIR_ID == IIR_EMPTY;
        let mut pending = Flag::new("serial/thr_ipending", "thr_ipending", *empty_pending);
        let came = v.subsection(*ier & IER_EMPTY != 0 && *empty_pending != told, &mut pending)?;
        if v.loading() {
            *empty_pending = if came { pending.value != 0 } else { told };
        }
        transmitter(v, shifting, waiting)?;
        let mut timer = Timer::default();
        let mut fifo = Fifo::new("serial/recv_fifo", "recv_fifo", received);
        if v.subsection(!received.is_empty(), &mut fifo)? {
            *received = fifo.content("serial/recv_fifo")?;
        } else if v.loading() {
            received.clear();
        }
        outgoing_fifo(v, waiting)?;
        v.subsection(false, &mut timer)?;
        let mut timeout = Flag::new("serial/timeout_ipending", "timeout_ipending", *timeout_pending);
        if !v.subsection(*timeout_pending, &mut timeout)? {
            timeout.value = 0;
        }
        *timeout_pending = timeout.value != 0;
        v.subsection(false, &mut ModemPoll::default())?;
        Ok(())
    }
}

/// The shift register's subsection.
fn transmitter(v: &mut dyn Fields, shifting: &mut Option<u8>, waiting: &[u8]) -> Result {
    let mut shift = Shift { retry: 1, holding: waiting.first().copied().unwrap_or(0), shifting: shifting.unwrap_or(0) };
    if v.subsection(shifting.is_some(), &mut shift)? {
        *shifting = (shift.retry > 0).then_some(shift.shifting);
    } else {
        *shifting = None;
    }
    Ok(())
}

/// The subsection of what waits behind the shift register.
fn outgoing_fifo(v: &mut dyn Fields, waiting: &mut Vec<u8>) -> Result {
    let mut fifo = Fifo::new("serial/xmit_fifo", "xmit_fifo", waiting);
    if v.subsection(!waiting.is_empty(), &mut fifo)? {
        *waiting = fifo.content("serial/xmit_fifo")?;
    } else if v.loading() {
        waiting.clear();
    }
    Ok(())
}

/// A subsection of one truth value, four bytes wide.
struct Flag {
    name: &'static str,
    field: &'static str,
    value: i32,
}

impl Flag {
    fn new(name: &'static str, field: &'static str, value: bool) -> Self {
        Self { name, field, value: i32::from(value) }
    }
}

impl VmState for Flag {
    fn name(&self) -> &'static str {
        self.name
    }

    fn version(&self) -> u32 {
        1
    }

    fn fields(&mut self, v: &mut dyn Fields) -> Result {
        v.i32(self.field, &mut self.value)
    }
}

/// Subsection `serial/tsr`: a byte that the far end has not taken.
struct Shift {
    /// Attempts so far; 0 = nothing to send.
    retry: u32,
    holding: u8,
    shifting: u8,
}

impl VmState for Shift {
    fn name(&self) -> &'static str {
        "serial/tsr"
    }

    fn version(&self) -> u32 {
        1
    }

    fn fields(&mut self, v: &mut dyn Fields) -> Result {
        let Self { retry, holding, shifting } = self;
        v.u32("tsr_retry", retry)?;
        v.u8("thr", holding)?;
        v.u8("tsr", shifting)
    }
}

/// A subsection that holds one FIFO: a ring of 16 bytes, its first position and its fill.
struct Fifo {
    name: &'static str,
    field: &'static str,
    ring: Ring,
}

impl Fifo {
    fn new(name: &'static str, field: &'static str, bytes: &[u8]) -> Self {
        let mut ring = Ring { data: [0; FIFO], head: 0, count: 0 };
        for (place, byte) in ring.data.iter_mut().zip(bytes) {
            *place = *byte;
            ring.count += 1;
        }
        Self { name, field, ring }
    }

    /// The bytes, oldest first.
    fn content(&self, state: &str) -> Result<Vec<u8>> {
        let Ring { data, head, count } = &self.ring;
        let (head, count) = (*head as usize, *count as usize);
        if head >= FIFO || count > FIFO {
            let problem = format!("first position {head} and fill {count} in a ring of {FIFO}");
            return Err(VmStateError::invalid(state, self.field, problem));
        }
        Ok(data.iter().cycle().skip(head).take(count).copied().collect())
    }
}

impl VmState for Fifo {
    fn name(&self) -> &'static str {
        self.name
    }

    fn version(&self) -> u32 {
        1
    }

    fn fields(&mut self, v: &mut dyn Fields) -> Result {
        v.structure(self.field, &mut self.ring)
    }
}

struct Ring {
    data: [u8; FIFO],
    head: u32,
    count: u32,
}

impl VmState for Ring {
    fn name(&self) -> &'static str {
        "Fifo8"
    }

    fn version(&self) -> u32 {
        1
    }

    fn fields(&mut self, v: &mut dyn Fields) -> Result {
        let Self { data, head, count } = self;
        v.bytes("data", data)?;
        v.u32("head", head)?;
        v.u32("num", count)
    }
}

/// Subsection `serial/fifo_timeout_timer`: when the timeout would fire. Accepted only: here the timeout needs no time.
#[derive(Default)]
struct Timer {
    expires: i64,
}

impl VmState for Timer {
    fn name(&self) -> &'static str {
        "serial/fifo_timeout_timer"
    }

    fn version(&self) -> u32 {
        1
    }

    fn fields(&mut self, v: &mut dyn Fields) -> Result {
        v.i64("fifo_timeout_timer", &mut self.expires)
    }
}

/// Subsection `serial/poll`: polling of real modem lines. Accepted only: there are none here.
#[derive(Default)]
struct ModemPoll {
    polling: i32,
    expires: i64,
}

impl VmState for ModemPoll {
    fn name(&self) -> &'static str {
        "serial/poll"
    }

    fn version(&self) -> u32 {
        1
    }

    fn fields(&mut self, v: &mut dyn Fields) -> Result {
        v.i32("poll_msl", &mut self.polling)?;
        v.i64("modem_status_poll", &mut self.expires)
    }
}
