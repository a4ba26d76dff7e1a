//! `ssz_generic`: SSZ of types that the case's name describes.

use alloy_primitives::{U128, U256};
use serde_json::{Value, json};
use ssz::{Decode, Encode};
use ssz_derive::{Decode, Encode};
use ssz_types::{
    BitList, BitVector, FixedVector, VariableList,
    typenum::{
        U1, U2, U3, U4, U5, U6, U7, U8, U9, U15, U16, U17, U31, U32, U33, U128 as N128, U256 as N256, U511,
        U512, U513, U1024,
    },
};
use tree_hash::TreeHash;
use tree_hash_derive::TreeHash;

use super::case::{Case, Failure, Files, Stop, expect_equal};
use outrider_beacon_spec::{hash::hash_tree_root, preset::Length};

pub(super) fn run(case: &Case, files: &Files) -> Result<(), Stop> {
    let words: Vec<&str> = case.case.split('_').collect();
    match (case.handler.as_str(), words.as_slice()) {
        ("basic_vector", ["vec", element, length, ..]) => vector(element, length, case, files),
        ("bitlist", ["bitlist", limit, ..]) => bitlist(limit, case, files),
        ("bitvector", ["bitvec", length, ..]) => bitvector(length, case, files),
        ("boolean", _) => Ok(check::<bool>(case, files)?),
        ("uints", ["uint", size, ..]) => uint(size, case, files),
        ("containers", [name, ..]) => container(name, case, files),
        _ => Err(Stop::Unknown),
    }
}

/// Conversion to the specification's YAML.
trait ToValue {
    fn to_value(&self) -> Value;
}

/// Checks a type: a valid encoding decodes to the expected value, which has the expected root and encodes to the same
/// bytes; an invalid one does not decode.
fn check<T: Decode + Encode + TreeHash + ToValue>(case: &Case, files: &Files) -> Result<(), Failure> {
    let decoded: Result<T, Failure> = files.ssz("serialized.ssz");
    if case.suite == "invalid" {
        return if decoded.is_err() { Ok(()) } else { Err(Failure::Accepted) };
    }
    let value = decoded?;
    let serialized = files.bytes("serialized.ssz")?;
    expect_equal("the encoding", &hex::encode(serialized), &hex::encode(value.as_ssz_bytes()))?;
    expect_equal("the value", &files.yaml::<Value>("value.yaml")?, &value.to_value())?;
    let root = files.meta()?.root.ok_or_else(|| Failure::Missing("root".to_owned()))?;
    expect_equal("the root", &root, &hash_tree_root(&value).to_string())
}

macro_rules! by_name {
    ($name:expr, $case:expr, $files:expr, $($text:literal => $type:ty,)*) => {
        match $name {
            $($text => Ok(check::<$type>($case, $files)?),)*
            _ => Err(Stop::Unknown),
        }
    };
}

fn uint(size: &str, case: &Case, files: &Files) -> Result<(), Stop> {
    by_name!(size, case, files,
        "8" => u8, "16" => u16, "32" => u32, "64" => u64, "128" => U128, "256" => U256,
    )
}

fn vector(element: &str, length: &str, case: &Case, files: &Files) -> Result<(), Stop> {
    match element {
        "bool" => vector_of::<bool>(length, case, files),
        "uint8" => vector_of::<u8>(length, case, files),
        "uint16" => vector_of::<u16>(length, case, files),
        "uint32" => vector_of::<u32>(length, case, files),
        "uint64" => vector_of::<u64>(length, case, files),
        "uint128" => vector_of::<U128>(length, case, files),
        "uint256" => vector_of::<U256>(length, case, files),
        _ => Err(Stop::Unknown),
    }
}

fn vector_of<T: Decode + Encode + TreeHash + ToValue + Default + Clone + 'static>(
    length: &str,
    case: &Case,
    files: &Files,
) -> Result<(), Stop> {
    // SSZ has no type of empty vectors, so any encoding of one is invalid.
    if length == "0" && case.suite == "invalid" {
        return Ok(());
    }
    by_name!(length, case, files,
        "1" => FixedVector<T, U1>, "2" => FixedVector<T, U2>, "3" => FixedVector<T, U3>, "4" => FixedVector<T, U4>,
        "5" => FixedVector<T, U5>, "8" => FixedVector<T, U8>, "16" => FixedVector<T, U16>,
        "31" => FixedVector<T, U31>, "512" => FixedVector<T, U512>, "513" => FixedVector<T, U513>,
    )
}

fn bitlist(limit: &str, case: &Case, files: &Files) -> Result<(), Stop> {
    by_name!(limit, case, files,
        "1" => BitList<U1>, "2" => BitList<U2>, "3" => BitList<U3>, "4" => BitList<U4>,
        "5" => BitList<U5>, "6" => BitList<U6>, "7" => BitList<U7>, "8" => BitList<U8>,
        "9" => BitList<U9>, "15" => BitList<U15>, "16" => BitList<U16>, "17" => BitList<U17>,
        "31" => BitList<U31>, "32" => BitList<U32>, "33" => BitList<U33>, "511" => BitList<U511>,
        "512" => BitList<U512>, "513" => BitList<U513>,
        // `no_delimiter` is invalid with any limit.
        "no" => BitList<U8>,
    )
}

fn bitvector(length: &str, case: &Case, files: &Files) -> Result<(), Stop> {
    if length == "0" && case.suite == "invalid" {
        return Ok(());
    }
    by_name!(length, case, files,
        "1" => BitVector<U1>, "2" => BitVector<U2>, "3" => BitVector<U3>, "4" => BitVector<U4>,
        "5" => BitVector<U5>, "6" => BitVector<U6>, "7" => BitVector<U7>, "8" => BitVector<U8>,
        "9" => BitVector<U9>, "15" => BitVector<U15>, "16" => BitVector<U16>, "17" => BitVector<U17>,
        "31" => BitVector<U31>, "32" => BitVector<U32>, "33" => BitVector<U33>,
        "511" => BitVector<U511>, "512" => BitVector<U512>, "513" => BitVector<U513>,
    )
}

fn container(name: &str, case: &Case, files: &Files) -> Result<(), Stop> {
    by_name!(name, case, files,
        "SingleFieldTestStruct" => SingleFieldTestStruct,
        "SmallTestStruct" => SmallTestStruct,
        "FixedTestStruct" => FixedTestStruct,
        "VarTestStruct" => VarTestStruct,
        "ComplexTestStruct" => ComplexTestStruct,
        "BitsStruct" => BitsStruct,
    )
}

macro_rules! containers {
    ($(struct $name:ident { $($field:ident $key:literal: $type:ty,)* })*) => {
        $(
            #[derive(Encode, Decode, TreeHash)]
            struct $name {
                $($field: $type,)*
            }

            impl ToValue for $name {
                fn to_value(&self) -> Value {
                    json!({ $($key: self.$field.to_value(),)* })
                }
            }
        )*
    };
}

containers! {
    struct SingleFieldTestStruct {
        a "A": u8,
    }
    struct SmallTestStruct {
        a "A": u16,
        b "B": u16,
    }
    struct FixedTestStruct {
        a "A": u8,
        b "B": u64,
        c "C": u32,
    }
    struct VarTestStruct {
        a "A": u16,
        b "B": VariableList<u16, U1024>,
        c "C": u8,
    }
    struct ComplexTestStruct {
        a "A": u16,
        b "B": VariableList<u16, N128>,
        c "C": u8,
        d "D": VariableList<u8, N256>,
        e "E": VarTestStruct,
        f "F": FixedVector<FixedTestStruct, U4>,
        g "G": FixedVector<VarTestStruct, U2>,
    }
    struct BitsStruct {
        a "A": BitList<U5>,
        b "B": BitVector<U2>,
        c "C": BitVector<U1>,
        d "D": BitList<U6>,
        e "E": BitVector<U8>,
    }
}

macro_rules! values_of_numbers {
    ($($number:ty),*) => {
        $(impl ToValue for $number {
            fn to_value(&self) -> Value {
                json!(self)
            }
        })*
    };
}

values_of_numbers!(bool, u8, u16, u32, u64);

/// Numbers too great for YAML are decimal strings.
impl ToValue for U128 {
    fn to_value(&self) -> Value {
        Value::String(self.to_string())
    }
}

impl ToValue for U256 {
    fn to_value(&self) -> Value {
        Value::String(self.to_string())
    }
}

impl<T: ToValue, N: Length> ToValue for FixedVector<T, N> {
    fn to_value(&self) -> Value {
        self.iter().map(ToValue::to_value).collect()
    }
}

impl<N: Length> ToValue for VariableList<u16, N> {
    fn to_value(&self) -> Value {
        self.iter().map(ToValue::to_value).collect()
    }
}

/// Lists of bytes and bits are hexadecimal strings.
impl<N: Length> ToValue for VariableList<u8, N> {
    fn to_value(&self) -> Value {
        hexadecimal(self)
    }
}

impl<N: Length> ToValue for BitList<N> {
    fn to_value(&self) -> Value {
        hexadecimal(&self.as_ssz_bytes())
    }
}

impl<N: Length> ToValue for BitVector<N> {
    fn to_value(&self) -> Value {
        hexadecimal(&self.as_ssz_bytes())
    }
}

fn hexadecimal(bytes: &[u8]) -> Value {
    Value::String(format!("0x{}", hex::encode(bytes)))
}
