//! libFuzzer on `qapi_fuzz_replay::migration_stream`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| qapi_fuzz_replay::migration_stream(data));
