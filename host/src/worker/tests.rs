use std::os::unix::process::ExitStatusExt as _;

use super::*;
use crate::config::EngineKind;
use crate::meter::Entry;
use crate::program::Metering;

fn program(metering: Option<Metering>) -> Program {
    let libraries = vec![("a".to_owned(), b"first".to_vec()), (String::new(), Vec::new())];
    Program { code: b"code".to_vec(), libraries, requirements: Requirements { metering, pages_max: 7 } }
}

fn metering() -> Metering {
    Metering { stack_reserve_slots: 3, entry: Entry { fuel: 4, pages: 5 } }
}

fn config() -> HostConfig {
    let limits = Limits { floats: false, fuel_max: u64::MAX, stack_slots_max: 9, ..Limits::default() };
    HostConfig {
        limits,
        engine: EngineKind::Both,
        wall_clock_max: Some(Duration::ZERO),
        ..HostConfig::default()
    }
}

#[test]
fn a_request_round_trips() {
    for (metering, reserve) in [(None, Reserve::Full), (Some(metering()), Reserve::Limited)] {
        for config in [config(), HostConfig::default()] {
            let expected = program(metering);
            let request = encode(&config, reserve, &expected);
            let (got_config, got_reserve, got) = decode(&request).expect("it is well-formed");
            assert_eq!(got_reserve, reserve);
            assert_eq!(got_config.limits, config.limits);
            assert_eq!(got_config.engine, config.engine);
            assert_eq!(got_config.is_interruptible(), config.is_interruptible());
            assert_eq!(
                (got.code, got.libraries, got.requirements),
                (expected.code, expected.libraries, expected.requirements)
            );
        }
    }
}

/// The form of the files guarantees the rest; here, no truncated request decodes, and nothing panics.
#[test]
fn a_request_truncated_between_libraries_alone_is_well_formed() {
    let request = encode(&config(), Reserve::Full, &program(Some(metering())));
    let whole = (0..request.len()).filter(|length| decode(&request[..*length]).is_ok());
    assert_eq!(whole.count(), 2);
    for index in 0..request.len() {
        for bit in 0..8 {
            let mut request = request.clone();
            request[index] ^= 1 << bit;
            let _ = decode(&request);
        }
    }
}

#[test]
fn every_truncation_and_every_flipped_bit_of_a_file_is_detected() {
    let key = request_key();
    let mut whole = Vec::new();
    write_entry(&mut whole, &key, &encode(&config(), Reserve::Full, &program(None))).expect("it fits");
    let open = |bytes: &[u8]| {
        let mut file = tempfile::tempfile().expect("it can be made");
        file.write_all(bytes).expect("it can be written");
        open_entry(file, bytes.len() as u64, &key)
    };
    open(&whole).expect("it is whole");
    for length in 0..whole.len() {
        open(&whole[..length]).expect_err("it is cut off");
    }
    for index in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[index] ^= 1 << (index % 8);
        open(&bytes).expect_err("it has changed");
    }
}

#[test]
fn orders_are_for_this_version_alone() {
    let orders = Orders { parent: 7, cpu_seconds_max: 20, memory_bytes_max: u64::MAX };
    assert_eq!(Orders::parse(&orders.to_string()), Some(orders));
    for text in [
        "",
        "1",
        SOURCES,
        "0 1 2 3",
        &format!("{orders} 3"),
        &format!("{SOURCES} 7 20"),
        &format!("{SOURCES} 7 x 1"),
    ] {
        assert_eq!(Orders::parse(text), None, "{text:?}");
    }
}

#[test]
fn every_way_to_end_has_its_error() {
    #[track_caller]
    fn check(status: Option<i32>, message: &str, expected: &str) {
        let isolation = Isolation { cpu_seconds_max: 3, memory_bytes_max: 4096, ..Isolation::new("worker") };
        let error = judge(&isolation, status.map(ExitStatus::from_raw), message.to_owned());
        assert_eq!(chain(&error.expect_err("there is no answer")), expected);
    }
    let exit = |code: u8| Some(i32::from(code) << 8);
    let over_memory = "compiling the module takes more than 4096 bytes of memory";
    check(None, "", "compiling the module takes longer than 30 s");
    check(Some(24), "", "compiling the module takes more than 3 s of CPU time");
    check(Some(6), "memory allocation of 80 bytes failed", over_memory);
    check(exit(OUT_OF_MEMORY), "cannot map", over_memory);
    check(exit(REFUSED), "too large", "the wasm engine does not compile this module: too large");
    check(Some(6), "bug", "the worker that compiles the module ended with signal: 6 (SIGABRT): bug");
    check(Some(9), "", "the worker that compiles the module ended with signal: 9 (SIGKILL): ");
    check(exit(101), "panicked", "the worker that compiles the module ended with exit status: 101: panicked");
}

/// A limit of this process that is not below that of the worker does not matter.
#[test]
fn a_lower_limit_of_this_process_is_not_the_fault_of_the_module() {
    for (inherited, is_of_process) in [(None, false), (Some(4096), false), (Some(4095), true)] {
        let error = over_memory(inherited, 4096);
        assert_eq!(
            matches!(error, IsolationError::LimitedMemory { inherited: 4095, limit: 4096 }),
            is_of_process
        );
        assert_eq!(matches!(error, IsolationError::OverMemory { limit: 4096 }), !is_of_process);
    }
}
