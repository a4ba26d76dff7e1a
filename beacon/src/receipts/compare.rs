//! The comparison of stated settlements and lanes with the right ones.

use std::fmt::{self, Display, Formatter};

use crate::ledger::{BEACON_CHAIN, Lane, Settlement};
use outrider_beacon_spec::types::Shard;
use ssz::Encode as _;
use ssz_types::{BitList, typenum::U1024};

use super::ReceiptError;

/// Checks that stated settlements are the right ones.
///
/// # Errors
///
/// Fails with the first difference.
pub fn check_settlements(stated: &[Settlement], right: &[Settlement]) -> Result<(), ReceiptError> {
    check_count("settlements", stated.len(), right.len())?;
    for (stated, right) in stated.iter().zip(right) {
        let compare = Compare { list: "settlement", shard: right.source_shard };
        compare.field("source_shard", &stated.source_shard, &right.source_shard)?;
        compare.field("first", &stated.first, &right.first)?;
        compare.field("settled", &Bits(&stated.settled), &Bits(&right.settled))?;
        compare.field("rejected", &Bits(&stated.rejected), &Bits(&right.rejected))?;
        compare.field("undelivered", &Bits(&stated.undelivered), &Bits(&right.undelivered))?;
        compare.field("value", &stated.value, &right.value)?;
        compare.field("fees", &stated.fees, &right.fees)?;
    }
    Ok(())
}

/// Checks that stated lanes are the right ones.
///
/// # Errors
///
/// Fails with the first difference.
pub fn check_lanes(stated: &[Lane], right: &[Lane]) -> Result<(), ReceiptError> {
    check_count("lanes", stated.len(), right.len())?;
    for (stated, right) in stated.iter().zip(right) {
        let compare = Compare { list: "lane", shard: right.destination_shard };
        compare.field("destination_shard", &stated.destination_shard, &right.destination_shard)?;
        compare.field("first", &stated.first, &right.first)?;
        compare.field("n", &stated.n, &right.n)?;
        compare.field("value", &stated.value, &right.value)?;
        compare.field("receipts_root", &stated.receipts_root, &right.receipts_root)?;
    }
    Ok(())
}

fn check_count(list: &'static str, got: usize, expected: usize) -> Result<(), ReceiptError> {
    if got == expected { Ok(()) } else { Err(ReceiptError::Count { list, got, expected }) }
}

/// The comparison of an element of a list in a header, by its other shard.
struct Compare {
    list: &'static str,
    shard: Shard,
}

impl Compare {
    fn field<T: PartialEq + Display>(
        &self,
        field: &'static str,
        got: &T,
        expected: &T,
    ) -> Result<(), ReceiptError> {
        if got == expected {
            return Ok(());
        }
        let place = match self.shard {
            BEACON_CHAIN => "the beacon chain".to_owned(),
            shard => format!("shard {shard}"),
        };
        let (got, expected) = (got.to_string(), expected.to_string());
        Err(ReceiptError::Difference { list: self.list, place, field, got, expected })
    }
}

/// Bits, which are shown as their SSZ.
#[derive(PartialEq)]
struct Bits<'b>(&'b BitList<U1024>);

impl Display for Bits<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.as_ssz_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
