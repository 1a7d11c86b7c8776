//! libFuzzer on `qapi_fuzz_replay::keyval`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| qapi_fuzz_replay::keyval(data));
