#![no_main]

use outrider_beacon_proof::{Layout, ReceiptLife};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(life) = ReceiptLife::from_ssz_bytes(bytes) {
        assert_eq!(life.to_ssz_bytes(), bytes);
        assert!(life.verify(Layout::MAINNET, |root| *root == [0; 32]).is_err());
    }
});
