//! In which order a peer sends the members of its objects, learned while a long list is read.
//!
//! QEMU sends members in the order of a hash table, but that of the next object is mostly that of the one before. What is
//! learned here is only ever a guess: whoever uses it compares the name.

use super::Shape;

/// Shapes that are kept in mind at a time.
const SLOTS: usize = 16;
/// Members of a shape that are kept in mind.
const MEMBERS: usize = 64;

/// The orders learned; nothing until [`start`](Self::start).
#[derive(Debug, Default)]
pub(super) struct Orders(Vec<Order>);

/// The order of one shape's members.
#[derive(Debug, Clone)]
struct Order {
    /// Where the shape has its names, which tells it from others.
    shape: usize,
    /// What came after member `i - 1`, at `i`; at 0, what came first.
    next: [u8; MEMBERS],
}

impl Order {
    /// As long as nothing is known, schema order.
    const fn of(shape: usize) -> Self {
        let mut next = [0; MEMBERS];
        let mut i = 0;
        while i < MEMBERS {
            #[expect(clippy::cast_possible_truncation, reason = "there are few members")]
            {
                next[i] = i as u8;
            }
            i += 1;
        }
        Self { shape, next }
    }
}

impl Orders {
    /// Begins to learn, if that has not begun.
    #[inline]
    pub(super) fn start(&mut self) {
        if self.0.is_empty() {
            self.0 = vec![Order::of(0); SLOTS];
        }
    }

    /// Where the order of this shape is kept.
    #[inline]
    pub(super) fn slot(&mut self, shape: &Shape) -> usize {
        let names = shape.names.as_ptr().addr();
        let slot = (names / size_of::<&str>()) % SLOTS;
        if let Some(order) = self.0.get_mut(slot)
            && order.shape != names
        {
            *order = Order::of(names);
        }
        slot
    }

    /// Which member may come at `place`: 0 for the first, `i + 1` after member `i`.
    #[inline]
    pub(super) fn guess(&self, slot: usize, place: usize) -> usize {
        self.0.get(slot).and_then(|order| order.next.get(place)).map_or(place, |i| usize::from(*i))
    }

    /// Notes which member came at `place`.
    #[inline]
    pub(super) fn learn(&mut self, slot: usize, place: usize, i: usize) {
        if let Some(order) = self.0.get_mut(slot)
            && let (Some(next), Ok(i)) = (order.next.get_mut(place), u8::try_from(i))
        {
            *next = i;
        }
    }
}
