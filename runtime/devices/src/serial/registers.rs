//! The register file of a 16550A, as in National Semiconductor's PC16550D data sheet (section numbers below are its).
//!
//! Time does not exist here: a byte is sent as soon as the far end takes it, and the receiver's character timeout is pending at once
//! when bytes below the trigger level wait.

use std::collections::VecDeque;

use super::state::SerialState;

/// Depth of each FIFO, bytes.
const FIFO: usize = 16;

/// Register offsets; 0 and 1 are the divisor latch while [`LCR_DLAB`] is set.
const DATA: u16 = 0;
const IER: u16 = 1;
/// Read: interrupt identification. Write: FIFO control.
const IIR_FCR: u16 = 2;
const LCR: u16 = 3;
const MCR: u16 = 4;
const LSR: u16 = 5;
const MSR: u16 = 6;
const SCR: u16 = 7;

/// Interrupt enables (8.7).
const IER_RECEIVED: u8 = 0x01;
const IER_EMPTY: u8 = 0x02;
const IER_LINE: u8 = 0x04;
const IER_MODEM: u8 = 0x08;

/// Interrupt identifications (table III).
const IIR_NONE: u8 = 0x01;
const IIR_MODEM: u8 = 0x00;
const IIR_EMPTY: u8 = 0x02;
const IIR_RECEIVED: u8 = 0x04;
const IIR_LINE: u8 = 0x06;
const IIR_TIMEOUT: u8 = 0x0c;
/// FIFOs are on.
const IIR_FIFO: u8 = 0xc0;
/// The identification without the FIFO bits.
pub(super) const IIR_ID: u8 = 0x0f;

/// FIFO control (8.5).
const FCR_ENABLE: u8 = 0x01;
const FCR_CLEAR_RECEIVER: u8 = 0x02;
const FCR_CLEAR_TRANSMITTER: u8 = 0x04;
/// Bits that stay as written: enable, DMA mode, trigger level.
const FCR_KEPT: u8 = 0xc9;

const LCR_DLAB: u8 = 0x80;
const MCR_LOOP: u8 = 0x10;
const MCR_WRITABLE: u8 = 0x1f;

/// Line status (8.4).
const LSR_DATA: u8 = 0x01;
const LSR_OVERRUN: u8 = 0x02;
const LSR_ERRORS: u8 = 0x1e;
pub(super) const LSR_HOLDING_EMPTY: u8 = 0x20;
pub(super) const LSR_EMPTY: u8 = 0x40;

/// Modem status: the levels and, below them, what changed since the last read (8.8).
const MSR_LEVELS: u8 = 0xf0;
const MSR_CHANGES: u8 = 0x0f;
const MSR_RING: u8 = 0x40;
const MSR_RING_ENDED: u8 = 0x04;
/// Carrier, data set ready and clear to send: a far end that is always there.
const MSR_CONNECTED: u8 = 0xb0;

/// A value in a saved state that no 16550 can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadState {
    /// Field at fault.
    pub field: &'static str,
    /// What is wrong with it.
    pub text: &'static str,
}

/// The registers and what is behind them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registers {
    divider: u16,
    ier: u8,
    fcr: u8,
    lcr: u8,
    mcr: u8,
    /// Error bits only; the others follow from the two queues.
    errors: u8,
    msr: u8,
    scratch: u8,
    /// Last byte received, which the data register keeps showing.
    last: u8,
    receiver: VecDeque<u8>,
    /// The first byte is in the shift register, the others wait in the FIFO or the holding register.
    transmitter: VecDeque<u8>,
    /// The transmitter-empty interrupt is pending.
    empty_pending: bool,
}

impl Default for Registers {
    /// Power-on: 9600 baud, interrupts off, FIFOs off, far end connected.
    fn default() -> Self {
        Self {
            divider: 12,
            ier: 0,
            fcr: 0,
            lcr: 0,
            mcr: 0x08,
            errors: 0,
            msr: MSR_CONNECTED,
            scratch: 0,
            last: 0,
            receiver: VecDeque::with_capacity(FIFO),
            transmitter: VecDeque::with_capacity(FIFO + 1),
            empty_pending: false,
        }
    }
}

impl Registers {
    /// Reads the register at `offset` (taken modulo 8), with the side effects of a read.
    pub fn read(&mut self, offset: u16) -> u8 {
        match offset & 7 {
            DATA if self.latch() => self.divider.to_le_bytes()[0],
            DATA => {
                if let Some(byte) = self.receiver.pop_front() {
                    self.last = byte;
                }
                self.last
            }
            IER if self.latch() => self.divider.to_le_bytes()[1],
            IER => self.ier,
            IIR_FCR => {
                let value = self.identification();
                if value & IIR_ID == IIR_EMPTY {
                    self.empty_pending = false;
                }
                value
            }
            LCR => self.lcr,
            MCR => self.mcr,
            LSR => {
                let value = self.line_status();
                self.errors = 0;
                value
            }
            MSR => {
                let value = self.msr;
                self.msr &= !MSR_CHANGES;
                value
            }
            _ => self.scratch,
        }
    }

    /// Writes the register at `offset` (taken modulo 8), with the side effects of a write.
    pub fn write(&mut self, offset: u16, value: u8) {
        let [low, high] = self.divider.to_le_bytes();
        match offset & 7 {
            DATA if self.latch() => self.divider = u16::from_le_bytes([value, high]),
            DATA => self.send(value),
            IER if self.latch() => self.divider = u16::from_le_bytes([low, value]),
            IER => {
                let newly = value & !self.ier;
                self.ier = value & 0x0f;
                // Turning the interrupt on while the transmitter waits for work raises it at once (8.6.2).
                if newly & IER_EMPTY != 0 && self.line_status() & LSR_HOLDING_EMPTY != 0 {
                    self.empty_pending = true;
                }
            }
            IIR_FCR => self.control_fifos(value),
            LCR => self.lcr = value,
            MCR => {
                self.mcr = value & MCR_WRITABLE;
                let levels = if self.looped() { looped_levels(self.mcr) } else { MSR_CONNECTED };
                self.change_levels(levels);
            }
            // Line and modem status are read-only outside of factory tests.
            LSR | MSR => {}
            _ => {
                debug_assert_eq!(offset & 7, SCR);
                self.scratch = value;
            }
        }
    }

    /// Takes input as far as there is room, and says how many bytes were taken. None while the port is looped back.
    pub fn receive(&mut self, bytes: &[u8]) -> usize {
        let taken = bytes.len().min(self.room());
        self.receiver.extend(&bytes[..taken]);
        taken
    }

    /// Bytes that [`receive`](Self::receive) would take.
    pub fn room(&self) -> usize {
        if self.looped() { 0 } else { self.depth() - self.receiver.len().min(self.depth()) }
    }

    /// Bytes on their way out, oldest first; possibly not all of them.
    pub fn transmitting(&self) -> &[u8] {
        self.transmitter.as_slices().0
    }

    /// The far end has taken the first `count` of [`transmitting`](Self::transmitting).
    pub fn transmitted(&mut self, count: usize) {
        let waiting = self.line_status() & LSR_HOLDING_EMPTY == 0;
        self.transmitter.drain(..count.min(self.transmitter.len()));
        if waiting && self.line_status() & LSR_HOLDING_EMPTY != 0 {
            self.empty_pending = true;
        }
    }

    /// Level of the interrupt line.
    pub fn interrupt(&self) -> bool {
        self.identification() & IIR_NONE == 0
    }

    fn latch(&self) -> bool {
        self.lcr & LCR_DLAB != 0
    }

    fn looped(&self) -> bool {
        self.mcr & MCR_LOOP != 0
    }

    fn fifos(&self) -> bool {
        self.fcr & FCR_ENABLE != 0
    }

    /// Bytes that the receiver, or the transmitter behind its shift register, holds.
    fn depth(&self) -> usize {
        if self.fifos() { FIFO } else { 1 }
    }

    /// Bytes that must wait before the receiver interrupts without a timeout.
    fn trigger(&self) -> usize {
        match self.fcr >> 6 {
            _ if !self.fifos() => 1,
            0 => 1,
            1 => 4,
            2 => 8,
            _ => 14,
        }
    }

    /// Bytes wait in the FIFO below the trigger level.
    fn timeout(&self) -> bool {
        !self.receiver.is_empty() && self.receiver.len() < self.trigger()
    }

    fn line_status(&self) -> u8 {
        let mut value = self.errors;
        if !self.receiver.is_empty() {
            value |= LSR_DATA;
        }
        if self.transmitter.len() <= 1 {
            value |= LSR_HOLDING_EMPTY;
        }
        if self.transmitter.is_empty() {
            value |= LSR_EMPTY;
        }
        value
    }

    /// The pending interrupt of highest priority (table III), with the FIFO bits.
    fn identification(&self) -> u8 {
        let id = if self.ier & IER_LINE != 0 && self.errors != 0 {
            IIR_LINE
        } else if self.ier & IER_RECEIVED != 0 && self.timeout() {
            IIR_TIMEOUT
        } else if self.ier & IER_RECEIVED != 0 && !self.receiver.is_empty() {
            IIR_RECEIVED
        } else if self.ier & IER_EMPTY != 0 && self.empty_pending {
            IIR_EMPTY
        } else if self.ier & IER_MODEM != 0 && self.msr & MSR_CHANGES != 0 {
            IIR_MODEM
        } else {
            IIR_NONE
        };
        if self.fifos() { id | IIR_FIFO } else { id }
    }

    fn send(&mut self, value: u8) {
        self.empty_pending = false;
        if self.looped() {
            self.receive_looped(value);
            self.empty_pending = true;
            return;
        }
        // A guest that writes without looking at the status overwrites what it wrote last.
        if self.transmitter.len() > self.depth() {
            self.transmitter.pop_back();
        }
        self.transmitter.push_back(value);
        if self.line_status() & LSR_HOLDING_EMPTY != 0 {
            self.empty_pending = true;
        }
    }

    fn receive_looped(&mut self, value: u8) {
        if self.receiver.len() >= self.depth() {
            self.errors |= LSR_OVERRUN;
            // Without FIFOs the new byte replaces the old one, with them it is lost (8.4, bit 1).
            if self.fifos() {
                return;
            }
            self.receiver.clear();
        }
        self.receiver.push_back(value);
    }

    fn control_fifos(&mut self, value: u8) {
        let switched = (value ^ self.fcr) & FCR_ENABLE != 0;
        if switched || value & FCR_CLEAR_RECEIVER != 0 {
            self.receiver.clear();
        }
        if switched || value & FCR_CLEAR_TRANSMITTER != 0 {
            // What the shift register holds is on the wire already.
            self.transmitter.truncate(1);
            self.empty_pending = true;
        }
        self.fcr = if value & FCR_ENABLE != 0 { value & FCR_KEPT } else { 0 };
    }

    fn change_levels(&mut self, levels: u8) {
        let changed = (self.msr ^ levels) & MSR_LEVELS;
        let mut changes = changed >> 4 & !MSR_RING_ENDED;
        if changed & MSR_RING != 0 && levels & MSR_RING == 0 {
            changes |= MSR_RING_ENDED;
        }
        self.msr = levels | self.msr & MSR_CHANGES | changes;
    }

    /// What must travel with the machine.
    pub fn save(&self) -> SerialState {
        let Self { divider, ier, fcr, lcr, mcr, errors: _, msr, scratch, last, receiver, transmitter, empty_pending } =
            self;
        let mut outgoing = transmitter.iter().copied();
        SerialState {
            divider: *divider,
            rbr: if self.fifos() { *last } else { receiver.front().copied().unwrap_or(*last) },
            ier: *ier,
            iir: self.identification(),
            lcr: *lcr,
            mcr: *mcr,
            lsr: self.line_status(),
            msr: *msr,
            scr: *scratch,
            fcr: *fcr,
            empty_pending: *empty_pending,
            timeout_pending: self.timeout(),
            shifting: outgoing.next(),
            waiting: outgoing.collect(),
            received: if self.fifos() { receiver.iter().copied().collect() } else { Vec::new() },
        }
    }

    /// The registers that `state` describes.
    ///
    /// # Errors
    /// More bytes than a FIFO holds.
    pub fn load(state: SerialState) -> Result<Self, BadState> {
        let SerialState {
            divider,
            rbr,
            ier,
            iir: _,
            lcr,
            mcr,
            lsr,
            msr,
            scr,
            fcr,
            empty_pending,
            timeout_pending: _,
            shifting,
            waiting,
            received,
        } = state;
        if received.len() > FIFO || waiting.len() > FIFO {
            return Err(BadState { field: "fifo", text: "more than 16 bytes in a FIFO" });
        }
        let mut receiver = VecDeque::from(received);
        if fcr & FCR_ENABLE == 0 && lsr & LSR_DATA != 0 {
            receiver = VecDeque::from([rbr]);
        }
        Ok(Self {
            divider,
            ier: ier & 0x0f,
            fcr: fcr & FCR_KEPT,
            lcr,
            mcr: mcr & MCR_WRITABLE,
            errors: lsr & LSR_ERRORS,
            msr,
            scratch: scr,
            last: rbr,
            receiver,
            transmitter: shifting.into_iter().chain(waiting).collect(),
            empty_pending,
        })
    }
}

/// Modem status levels while looped back: DTR, RTS, OUT1, OUT2 come back as DSR, CTS, RI, DCD (8.6.1).
fn looped_levels(mcr: u8) -> u8 {
    (mcr & 0x01) << 5 | (mcr & 0x02) << 3 | (mcr & 0x04) << 4 | (mcr & 0x08) << 4
}
