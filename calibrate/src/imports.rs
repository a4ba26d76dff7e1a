//! Cases of calls of every import, with sizes from zero to the largest, and inputs that succeed, fail and trap.

use std::sync::{Arc, LazyLock};

use outrider_crypto_vectors::{Argument, Expected, Vector, excerpt};
use outrider_host::{
    ABI, DEPOSIT_BYTES, Import, Parameter, RECEIPT_PAYLOAD_BYTES_MAX, ReceivedReceipt, ValueType,
};

use crate::case::{Case, Code, Ending, Group, Module, Random, escaped};

/// The address of outputs, beyond all inputs.
const OUT_ADDRESS: u32 = 9 << 20;
/// The pages of a module: inputs below [`OUT_ADDRESS`], and five mebibytes for outputs.
const PAGES: u32 = 14 << 4;
/// Lengths of inputs, in bytes.
const LENGTHS: [u32; 10] = [0, 1, 32, 55, 136, 137, 1_000, 4_096, 65_536, 4 << 20];
/// Numbers of items in a list.
const COUNTS: [u32; 4] = [0, 1, 4, 32];

/// Returns the cases.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases: Vec<_> = ABI.iter().flat_map(|import| [plain(import), traps(import)].concat()).collect();
    cases.extend(vectors());
    cases.extend(modexp());
    cases.extend(blake2b());
    cases.extend(provider());
    cases.extend(rejections());
    cases
}

/// The contents of memory at the inputs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Contents {
    Zeros,
    /// Bytes of 255, which are neither UTF-8 nor a number below any modulus.
    Ones,
    Noise,
}

impl Contents {
    const ALL: [Self; 3] = [Self::Zeros, Self::Ones, Self::Noise];

    const fn name(self) -> &'static str {
        match self {
            Self::Zeros => "zeros",
            Self::Ones => "ones",
            Self::Noise => "noise",
        }
    }

    /// Fills the first `bytes` of memory.
    fn fill(self, bytes: u32) -> String {
        match self {
            Self::Zeros => String::new(),
            Self::Ones => format!("(memory.fill (i32.const 0) (i32.const 255) (i32.const {bytes}))"),
            // Doubles the filled part.
            Self::Noise => {
                let mut text = String::new();
                let mut filled = NOISE_BYTES;
                while filled < bytes {
                    text.push_str(&format!(
                        "(memory.copy (i32.const {filled}) (i32.const 0) (i32.const {filled}))\n"
                    ));
                    filled *= 2;
                }
                text
            }
        }
    }
}

/// The number of bytes of noise in a module.
const NOISE_BYTES: u32 = 4_096;

/// Makes a case of a loop that calls an import as often as `eth2.contextSlot` says.
fn case(import: &Import, variant: String, data: &str, setup: &str, arguments: &[String]) -> Case {
    let (declaration, call) = call(import, arguments);
    if import.name == "refuse" {
        // It does not return, so an execution has one call.
        let items = format!("{declaration}\n{data}");
        let module = Module { items, locals: String::new(), body: setup.to_owned() + &call, pages: PAGES };
        let variant = format!("a whole execution, {variant}");
        return Case::new(Group::Import, import.to_string(), variant, &module).ending(Ending::Traps);
    }
    let module = Module {
        items: format!("(import \"eth2\" \"contextSlot\" (func $turns (result i64)))\n{declaration}\n{data}"),
        locals: "(local $n i64)".to_owned(),
        body: format!(
            "{setup}
            (local.set $n (call $turns))
            (block $done (loop $next
                (br_if $done (i64.eqz (local.get $n)))
                {call}
                (local.set $n (i64.sub (local.get $n) (i64.const 1)))
                (br $next)))"
        ),
        pages: PAGES,
    };
    let case = Case::new(Group::Import, import.to_string(), variant, &module).ending(Ending::Returns);
    // Stay below the limits of deposits, receipts and ticks.
    let turns_max = match import.name {
        "pushNewDeposit" | "pushReceipt" => 1_000,
        "useTicks" => 100,
        _ => 100_000,
    };
    Case { turns_max: Some(turns_max), ..case }
}

fn call(import: &Import, arguments: &[String]) -> (String, String) {
    let name = |ty| match ty {
        ValueType::I32 => "i32",
        ValueType::I64 => "i64",
    };
    let parameters: Vec<_> = import.parameter_types().map(name).collect();
    let result = import.result.map(|ty| format!("(result {})", name(ty))).unwrap_or_default();
    let declaration = format!(
        "(import \"{}\" \"{}\" (func $f (param {}) {result}))",
        import.module,
        import.name,
        parameters.join(" ")
    );
    let pushed =
        import.parameter_types().zip(arguments).map(|(ty, value)| format!("({}.const {value}) ", name(ty)));
    let drop = if import.result.is_some() { "drop" } else { "" };
    (declaration, format!("{} (call $f) {drop}", pushed.collect::<String>()))
}

fn is_length(parameter: &str) -> bool {
    matches!(parameter, "length" | "capacity" | "keyLength" | "ticks" | "value")
}

/// Makes cases of calls with the same number for each length, and with few or no items.
fn plain(import: &Import) -> Vec<Case> {
    if matches!(import.name, "modexp" | "blake2bCompress") {
        return Vec::new();
    }
    let has = |test: fn(&str) -> bool| import.parameter_names().any(test);
    let lengths: &[u32] = match import.name {
        // Reading beyond the block data would trap; a deposit has a fixed length, and a receipt a least and a largest.
        "blockDataCopy" => &[0, 1, 64, 1_000, 65_536, 1 << 20],
        "pushNewDeposit" => &[DEPOSIT_BYTES as u32],
        "pushReceipt" => &[32, 33, 64, 200, 1_000, 4_096, 65_568],
        "useTicks" => &[0, 1, 1_000, 100_000],
        _ if has(is_length) => &LENGTHS,
        _ => &[0],
    };
    let counts: &[u32] = match import.name {
        "putNode" => &[0, 1, 100, 10_000],
        _ if has(|parameter| parameter == "n") => &COUNTS,
        _ => &[0],
    };
    let mut cases = Vec::new();
    for contents in Contents::ALL {
        // The sum of two large numbers traps, and receipts have two.
        let sums = matches!(import.name, "add256" | "pushReceipt");
        if contents != Contents::Zeros && (sums || !import.parameters.iter().any(Parameter::is_pointer)) {
            continue;
        }
        for length in lengths {
            for count in counts {
                let arguments: Vec<_> =
                    import.parameters.iter().map(|parameter| argument(parameter, *length, *count)).collect();
                let variant = format!("{}, {length} bytes, {count} items", contents.name());
                let data = if contents == Contents::Noise { noise() } else { String::new() };
                let case =
                    case(import, variant, &data, &contents.fill((*length).max(count * 400)), &arguments);
                cases.push(Case { block_data: vec![1; 1 << 20].into(), ..case });
            }
        }
    }
    cases
}

fn noise() -> String {
    format!("(data (i32.const 0) \"{}\")", escaped(&Random::new(21).bytes(NOISE_BYTES as usize)))
}

fn argument(parameter: &Parameter, length: u32, count: u32) -> String {
    match parameter.name {
        name if is_length(name) => length.to_string(),
        "n" => count.to_string(),
        _ if parameter.is_written() => OUT_ADDRESS.to_string(),
        _ => "0".to_owned(),
    }
}

/// Makes cases of one call that traps because one pointer is out of range, while everything else is small or as large
/// as possible.
fn traps(import: &Import) -> Vec<Case> {
    let mut cases = Vec::new();
    for bad in import.parameters.iter().filter(|parameter| parameter.is_pointer()) {
        for (length, count) in [(32u32, 1u32), (8 << 20, 16_000)] {
            let arguments = import.parameters.iter().map(|parameter| {
                if parameter == bad {
                    "-1".to_owned()
                } else if parameter.name.ends_with("Length") {
                    length.min(4_096).to_string()
                } else {
                    argument(parameter, length, count)
                }
            });
            let arguments: Vec<_> = arguments.collect();
            let (declaration, call) = call(import, &arguments);
            let module = |call: &str| Module {
                items: declaration.clone(),
                locals: String::new(),
                body: call.to_owned(),
                pages: PAGES,
            };
            let bad = bad.name;
            let variant =
                format!("a whole execution that traps, {bad} out of range, {length} bytes, {count} items");
            cases.push(
                Case::new(Group::Import, import.to_string(), variant, &module(&call)).ending(Ending::Traps),
            );
        }
    }
    cases
}

/// Makes cases of published calls, damaged ones, and long lists of valid items.
fn vectors() -> Vec<Case> {
    let mut cases = Vec::new();
    for vector in excerpt::vectors() {
        let Some(import) = Import::find("crypto", &vector.import) else { continue };
        cases.push(published(import, &vector, vector.name.clone()));
        let is_good = matches!(vector.expected, Expected::Output(_) | Expected::Holds | Expected::Address(_));
        if !is_good {
            continue;
        }
        for (index, argument) in vector.arguments.iter().enumerate() {
            let Argument::Bytes(bytes) = argument else { continue };
            if bytes.is_empty() || import.name == "blake2bCompress" {
                continue;
            }
            let mut damaged = bytes.clone();
            if let Some(last) = damaged.last_mut() {
                *last ^= 1;
            }
            let mut other = vector.clone();
            if let Some(argument) = other.arguments.get_mut(index) {
                *argument = Argument::Bytes(damaged);
            }
            let parameter = import.parameters.get(index).map_or("", |parameter| parameter.name);
            cases.push(published(import, &other, format!("{}, {parameter} damaged", vector.name)));
        }
        cases.extend([4, 32].into_iter().filter_map(|times| repeated(import, &vector, times)));
    }
    cases
}

/// Makes a case that repeats the items in the lists of a call.
fn repeated(import: &Import, vector: &Vector, times: u32) -> Option<Case> {
    let n_index = import.parameter_names().position(|name| name == "n")?;
    let mut other = vector.clone();
    let Some(Argument::Number(n)) = other.arguments.get_mut(n_index) else { return None };
    if *n == 0 {
        return None;
    }
    *n = n.checked_mul(times)?;
    for (parameter, argument) in import.parameter_names().zip(&mut other.arguments) {
        if let Argument::Bytes(bytes) = argument
            && matches!(parameter, "pairs" | "terms" | "keys" | "messages" | "signatures")
        {
            *bytes = bytes.repeat(times as usize);
        }
    }
    Some(published(import, &other, format!("{}, {times} times", vector.name)))
}

fn published(import: &Import, vector: &Vector, variant: String) -> Case {
    let mut address = 0u32;
    let mut data = String::new();
    let mut arguments = Vec::new();
    for argument in &vector.arguments {
        arguments.push(match argument {
            Argument::Bytes(bytes) => {
                let at = address;
                data.push_str(&format!("(data (i32.const {at}) \"{}\")\n", escaped(bytes)));
                address = address.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
                at.to_string()
            }
            Argument::Number(number) => number.to_string(),
            Argument::Out(_) => OUT_ADDRESS.to_string(),
        });
    }
    case(import, variant, &data, "", &arguments)
}

/// Makes cases of powers of numbers of many sizes.
fn modexp() -> Vec<Case> {
    let Some(import) = Import::find("crypto", "modexp") else { return Vec::new() };
    let mut cases = Vec::new();
    let sizes: [(u32, u32, u32); 16] = [
        (0, 0, 0),
        (1, 1, 1),
        (8, 1, 8),
        (32, 0, 32),
        (32, 1, 32),
        (32, 32, 32),
        (64, 64, 64),
        (256, 1, 256),
        (256, 3, 256),
        (256, 256, 256),
        (1, 4_096, 1),
        (8, 65_536, 8),
        (1, 32, 1_024),
        (1_024, 32, 1),
        (1_024, 32, 1_024),
        (16_384, 1, 16_384),
    ];
    for (base, exponent, modulus) in sizes {
        for contents in Contents::ALL {
            for parity in ["odd", "even"] {
                // Each operand has its own place; the modulus is last.
                let addresses = [0u32, 32_768, 131_072];
                let last = (addresses[2] + modulus).saturating_sub(1);
                let fix = format!(
                    "(i32.store8 (i32.const {last}) (i32.const {}))",
                    if parity == "odd" { 255 } else { 254 }
                );
                let setup = contents.fill(262_144) + &fix;
                let data = if contents == Contents::Noise { noise() } else { String::new() };
                let arguments =
                    [addresses[0], base, addresses[1], exponent, addresses[2], modulus, OUT_ADDRESS];
                let variant =
                    format!("{base} ^ {exponent} mod {modulus} bytes, {}, {parity} modulus", contents.name());
                cases.push(case(import, variant, &data, &setup, &arguments.map(|number| number.to_string())));
            }
        }
    }
    cases
}

/// Makes cases of several numbers of rounds.
fn blake2b() -> Vec<Case> {
    let Some(import) = Import::find("crypto", "blake2bCompress") else { return Vec::new() };
    let mut cases = Vec::new();
    for rounds in [0u32, 1, 12, 1_000, 100_000] {
        for flag in [0, 1, 2] {
            let data = format!(
                "(data (i32.const 0) \"{}\") (data (i32.const 212) \"\\0{flag}\")",
                escaped(&rounds.to_be_bytes())
            );
            let arguments = ["0".to_owned(), OUT_ADDRESS.to_string()];
            cases.push(case(
                import,
                format!("{rounds} rounds, final block flag {flag}"),
                &data,
                "",
                &arguments,
            ));
        }
    }
    cases
}

/// Makes cases of calls of `state` with a provider.
fn provider() -> Vec<Case> {
    let mut cases = Vec::new();
    for import in ABI.iter().filter(|import| import.module == "state") {
        let has = |name: &str| import.parameter_names().any(|known| known == name);
        let reads = has("capacity");
        let nodes: &[u32] = if reads { &[0, 32, 500, 65_536, 1 << 20] } else { &[32] };
        let lengths: &[u32] = if reads { &[0, 1 << 20] } else { &[0, 1, 500, 65_536] };
        let counts: &[u32] = if has("n") { &[0, 1, 16, 1_000] } else { &[0] };
        for node in nodes {
            for length in lengths {
                for count in counts {
                    let arguments: Vec<_> = import
                        .parameters
                        .iter()
                        .map(|parameter| argument(parameter, *length, *count))
                        .collect();
                    let variant =
                        format!("provider with nodes of {node} bytes, {length} bytes, {count} items");
                    let case = case(import, variant, "", "", &arguments);
                    // New nodes stay in memory until the end, at most half a gigabyte of them.
                    let turns_max = ((64 << 20) / (100 + length + count * 32)).min(10_000);
                    cases.push(Case { node_bytes: Some(*node), turns_max: Some(turns_max), ..case });
                }
            }
        }
    }
    cases
}

/// Makes a case that rejects every receipt of [`RECEIPTS`] once, in an order without locality.
fn rejections() -> Option<Case> {
    let import = Import::find("eth2", "rejectReceipt")?;
    // An odd factor permutes the numbers below a power of two.
    let index = format!(
        "(call $f (i32.and (i32.mul (i32.wrap_i64 (local.get $n)) (i32.const 40503)) (i32.const {})))",
        RECEIPTS.len().saturating_sub(1)
    );
    let case = case(import, "all receipts".to_owned(), "", "", &["0".to_owned()]);
    let Code::Text(text) = &case.code else { return None };
    let text = text.replacen("(i32.const 0)  (call $f)", &index, 1);
    let turns_max = u32::try_from(RECEIPTS.len()).ok();
    text.contains(&index).then_some(Case { code: Code::Text(text), turns_max, ..case })
}

/// The receipts that every program gets: as many as a power of two, the first with the largest payload.
pub(crate) static RECEIPTS: LazyLock<Arc<[ReceivedReceipt]>> = LazyLock::new(|| {
    let receipt = |index| {
        let bytes = if index == 0 { RECEIPT_PAYLOAD_BYTES_MAX } else { 0 };
        ReceivedReceipt { payload: vec![1; bytes], ..ReceivedReceipt::default() }
    };
    (0..1 << 16).map(receipt).collect()
});
