//! Calls `mcpd::probes::socket_frames` with what the fuzzer makes up.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mcpd::probes::socket_frames(bytes));
