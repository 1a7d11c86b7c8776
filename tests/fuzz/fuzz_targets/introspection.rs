//! libFuzzer on `qapi_fuzz_replay::introspection`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| qapi_fuzz_replay::introspection(data));
