//! libFuzzer on `qapi_fuzz_replay::doc_comments`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| qapi_fuzz_replay::doc_comments(data));
