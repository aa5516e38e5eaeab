//! Calls `mcpd::probes::envelope` with what the fuzzer makes up.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mcpd::probes::envelope(bytes));
