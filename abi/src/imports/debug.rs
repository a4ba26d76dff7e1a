//! `debug`: logs.

use super::{
    Import,
    parameter::{number, number64, read},
    price::{LOG, LOG_TEXT},
};

pub(super) const IMPORTS: &[Import] = &[
    Import {
        module: "debug",
        name: "print32",
        parameters: &[number("value")],
        result: None,
        summary: "Logs a 32-bit integer.",
        fuel: LOG,
    },
    Import {
        module: "debug",
        name: "print64",
        parameters: &[number64("value")],
        result: None,
        summary: "Logs a 64-bit integer.",
        fuel: LOG,
    },
    Import {
        module: "debug",
        name: "printMem",
        parameters: &[read("pointer"), number("length")],
        result: None,
        summary: "Logs text.",
        fuel: LOG_TEXT,
    },
    Import {
        module: "debug",
        name: "printMemHex",
        parameters: &[read("pointer"), number("length")],
        result: None,
        summary: "Logs bytes in hex.",
        fuel: LOG,
    },
    // These are not in scout, but in blobs of its time.
    Import {
        module: "debug",
        name: "log",
        parameters: &[number("value")],
        result: None,
        summary: "Logs a 32-bit integer.",
        fuel: LOG,
    },
    Import {
        module: "debug",
        name: "mem",
        parameters: &[read("pointer"), number("length")],
        result: None,
        summary: "Logs bytes in hex.",
        fuel: LOG,
    },
    Import {
        module: "debug",
        name: "print_f2",
        parameters: &[number("value")],
        result: None,
        summary: "Logs a 32-bit integer.",
        fuel: LOG,
    },
    Import {
        module: "debug",
        name: "print_f6",
        parameters: &[number("value")],
        result: None,
        summary: "Logs a 32-bit integer.",
        fuel: LOG,
    },
];
