//! Finding a command by its name: a hash table that the compiler fills.

use crate::CommandInfo;

/// Marks a slot that holds no command.
const FREE: u16 = u16::MAX;

/// Positions in a service's table of commands, by a hash of the name. Generated code makes one per schema.
///
/// `SLOTS` is a power of two, at least twice the number of commands, so that probing ends after a step or two.
#[derive(Debug)]
pub struct CommandIndex<const SLOTS: usize> {
    slots: [u16; SLOTS],
}

impl<const SLOTS: usize> CommandIndex<SLOTS> {
    /// Builds the index of `commands`.
    ///
    /// # Panics
    /// While compiling, when `SLOTS` is not a power of two above the number of commands.
    #[must_use]
    pub const fn new(commands: &[CommandInfo]) -> Self {
        assert!(SLOTS.is_power_of_two() && SLOTS > commands.len() && SLOTS <= FREE as usize);
        let mut slots = [FREE; SLOTS];
        let mut i = 0;
        while i < commands.len() {
            let mut slot = hash(commands[i].name.as_bytes()) as usize & (SLOTS - 1);
            while slots[slot] != FREE {
                slot = (slot + 1) & (SLOTS - 1);
            }
            slots[slot] = i as u16;
            i += 1;
        }
        Self { slots }
    }

    /// The position of the command `name` in `commands`, the table the index was built from.
    #[must_use]
    pub fn find(&self, commands: &[CommandInfo], name: &str) -> Option<usize> {
        let mut slot = hash(name.as_bytes()) as usize & (SLOTS - 1);
        // A free slot ends the search; there is always one, since SLOTS exceeds the number of commands.
        loop {
            let position = usize::from(self.slots[slot]);
            let command = commands.get(position)?;
            if command.name == name {
                return Some(position);
            }
            slot = (slot + 1) & (SLOTS - 1);
        }
    }
}

/// Mixes the length and the name in words of eight bytes; two multiplications for most names.
const fn hash(name: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut state = name.len() as u64;
    let mut rest = name;
    while let Some((word, tail)) = rest.split_first_chunk() {
        state = (state ^ u64::from_le_bytes(*word)).wrapping_mul(FACTOR).rotate_left(29);
        rest = tail;
    }
    let mut last = 0;
    let mut i = 0;
    while i < rest.len() {
        last = last << 8 | rest[i] as u64;
        i += 1;
    }
    state = (state ^ last).wrapping_mul(FACTOR);
    state ^ state >> 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CommandFlags;

    const fn command(name: &'static str) -> CommandInfo<'static> {
        CommandInfo { name, flags: CommandFlags::NONE }
    }

    static COMMANDS: &[CommandInfo] =
        &[command("stop"), command("query-status"), command("a-command-with-a-rather-long-name"), command("")];
    static INDEX: CommandIndex<8> = CommandIndex::new(COMMANDS);

    #[test]
    fn every_command_is_found_and_nothing_else() {
        for (position, command) in COMMANDS.iter().enumerate() {
            assert_eq!(INDEX.find(COMMANDS, command.name), Some(position));
        }
        for name in ["sto", "stopp", "query-statu", "query-status ", "x", "\u{e9}"] {
            assert_eq!(INDEX.find(COMMANDS, name), None);
        }
    }

    #[test]
    fn a_full_house_of_equal_hashes_still_ends() {
        static SAME: &[CommandInfo] = &[command("a"), command("b"), command("c")];
        static INDEX: CommandIndex<4> = CommandIndex::new(SAME);
        assert_eq!(INDEX.find(SAME, "c"), Some(2));
        assert_eq!(INDEX.find(SAME, "d"), None);
    }
}
