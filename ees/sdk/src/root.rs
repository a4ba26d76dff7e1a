//! The state root.

use crate::bytes32::bytes32;

bytes32! {
    /// The 32 bytes which the host keeps of an EE's state between blocks.
    ///
    /// What they commit to is the EE's own affair. Any value is a state root; the one of an EE that has
    /// not run yet is whatever it was deployed with.
    StateRoot
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::StateRoot;

    #[test]
    fn a_root_is_printed_as_64_hex_digits() {
        let mut root = StateRoot::default();
        root.0[0] = 0xab;
        root.0[31] = 1;
        let digits = format!("ab{}01", "00".repeat(30));
        assert_eq!(format!("{root}"), digits);
        assert_eq!(format!("{root:?}"), format!("StateRoot({digits})"));
    }
}
