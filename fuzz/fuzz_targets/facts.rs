//! Calls `mcpd_codegraph::probes::facts` with what the fuzzer makes up.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mcpd_codegraph::probes::facts(bytes));
