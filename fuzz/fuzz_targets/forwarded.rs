//! Calls `mcpd::probes::forwarded` with what the fuzzer makes up.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mcpd::probes::forwarded(bytes));
