//! Tests of the overlay.

use std::fs::File;

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::*;
use crate::overlay::Overlay;

proptest! {
    /// Compares reads, writes and lengths across pages with a file in memory.
    #[test]
    fn an_overlay_is_a_file_of_its_own(
        old in proptest::collection::vec(any::<u8>(), 0..13_000),
        steps in proptest::collection::vec((0..3_u8, 0..14_000_u64, 0..9_000_usize), 1..20),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, &old).unwrap();
        let (overlay, model) = (Overlay::over(File::open(&path).unwrap()).unwrap(), Bytes::of(old.clone()));
        for (number, (kind, offset, length)) in (1..).zip(steps) {
            let fits = offset + length as u64 <= model.len().unwrap();
            let (mut got, mut expected) = (vec![0xee; length], vec![0xee; length]);
            match kind {
                0 => {
                    overlay.set_len(offset).unwrap();
                    model.set_len(offset).unwrap();
                }
                1 if fits => {
                    overlay.write(offset, &vec![number; length]).unwrap();
                    model.write(offset, &vec![number; length]).unwrap();
                }
                1 => prop_assert!(overlay.write(offset, &got).is_err()),
                _ => {
                    prop_assert_eq!(overlay.read(offset, &mut got).is_ok(), fits);
                    if fits {
                        model.read(offset, &mut expected).unwrap();
                        prop_assert_eq!(&got, &expected);
                    }
                }
            }
            let mut all = [vec![0; overlay.len().unwrap() as usize], vec![0; model.len().unwrap() as usize]];
            overlay.read(0, &mut all[0]).unwrap();
            model.read(0, &mut all[1]).unwrap();
            prop_assert_eq!(&all[0], &all[1]);
        }
        prop_assert_eq!(fs::read(&path).unwrap(), old);
    }
}
