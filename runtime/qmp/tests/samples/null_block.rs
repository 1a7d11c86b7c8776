//! The part of QEMU's `BlockdevOptions` that the driver `null-co` has.

use qapi_runtime::Str;

enum_of!(Driver: NullCo = "null-co");
enum_of!(Discard: Ignore = "ignore", Unmap = "unmap");
struct_of!(Cache, 0b0: 0 direct: Option<bool> = "direct", 1 no_flush: Option<bool> = "no-flush");
struct_of!(NullBlock, 0b1:
    0 driver: Driver = "driver", 1 node_name: Option<Str> = "node-name", 2 discard: Option<Discard> = "discard",
    3 cache: Option<Cache> = "cache", 4 size: Option<i64> = "size", 5 latency: Option<u64> = "latency-ns",
    6 read_zeroes: Option<bool> = "read-zeroes");
