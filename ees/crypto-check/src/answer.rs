//! The answers of imports.

use alloc::vec::Vec;
use core::fmt;

use outrider_sdk::crypto::{CheckError, MalformedError, RecoverError};
use outrider_sdk::{ReadError, Reader};

/// The value and the output of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// 0 for success, 1 for refuted, 2 for malformed.
    pub code: u8,
    /// The output; empty if the import does not succeed.
    pub output: Vec<u8>,
}

impl Answer {
    /// Reads an answer: `code | u32 length | output`.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Answer, ReadError> {
        let [code] = reader.take_array()?;
        let length = reader.u32_le()?;
        let output = reader.take(length as usize)?.to_vec();
        Ok(Answer { code, output })
    }

    /// Returns the answer of an import that succeeds with an output.
    pub(crate) fn written(output: impl AsRef<[u8]>) -> Answer {
        Answer { code: 0, output: output.as_ref().to_vec() }
    }

    fn failed(code: u8) -> Answer {
        Answer { code, output: Vec::new() }
    }
}

impl<T: AsRef<[u8]>> From<Result<T, MalformedError>> for Answer {
    fn from(result: Result<T, MalformedError>) -> Answer {
        match result {
            Ok(output) => Answer::written(output),
            Err(MalformedError) => Answer::failed(2),
        }
    }
}

impl From<Result<(), CheckError>> for Answer {
    fn from(result: Result<(), CheckError>) -> Answer {
        match result {
            Ok(()) => Answer::written([]),
            Err(CheckError::Refuted) => Answer::failed(1),
            Err(CheckError::Malformed) => Answer::failed(2),
        }
    }
}

impl From<Result<[u8; 64], RecoverError>> for Answer {
    fn from(result: Result<[u8; 64], RecoverError>) -> Answer {
        match result {
            Ok(key) => Answer::written(key),
            Err(RecoverError::NoKey) => Answer::failed(1),
            Err(RecoverError::Malformed) => Answer::failed(2),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} and 0x", self.code)?;
        self.output.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
