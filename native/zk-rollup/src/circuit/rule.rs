//! The rules of the circuit: each constraint serves one, and each rule belongs to a part.

/// A part of the circuit, for the table of its size.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Part {
    /// The signature of the sender.
    Signature,
    /// The hashes from the sender's leaf to the root, before and after.
    SenderPath,
    /// The hashes from the receiver's leaf to the root, before and after.
    ReceiverPath,
    /// Floats, balances and nonces with their ranges.
    Numbers,
    /// Indices, and the places of children in nodes; slots without a transfer.
    Selection,
    /// The public input.
    Digest,
}

macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident: $part:ident,)*) => {
        /// The purpose of a constraint.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Rule {
            $($(#[$doc])* $rule,)*
        }

        impl Rule {
            /// All rules.
            pub const ALL: &[Rule] = &[$(Rule::$rule,)*];

            /// Returns the part of the circuit.
            pub fn part(self) -> Part {
                match self {
                    $(Rule::$rule => Part::$part,)*
                }
            }
        }
    };
}

rules! {
    /// The digits of indices are bits.
    IndexBits: Selection,
    /// A slot is enabled if and only if the sender's index is not zero.
    Enabled: Selection,
    /// A slot that is not enabled publishes zeros.
    NoOpIsZero: Selection,
    /// The digits of amount and fee are bits.
    FloatBits: Numbers,
    /// The value of a float is mantissa times power of ten.
    FloatValue: Numbers,
    /// The digits of the sender's balance and nonce are bits.
    SenderBits: Numbers,
    /// The digits of the sender's balance afterwards are bits.
    SenderBitsAfter: Numbers,
    /// The sender's balance decreases by amount and fee.
    SenderBalance: Numbers,
    /// The sender's nonce is not the last one.
    SenderNonce: Numbers,
    /// The digits of the receiver's balance and nonce are bits.
    ReceiverBits: Numbers,
    /// The digits of the receiver's balance afterwards are bits.
    ReceiverBitsAfter: Numbers,
    /// The receiver's balance increases by the amount.
    ReceiverBalance: Numbers,
    /// The sender's leaf is the hash of the account.
    SenderLeaf: SenderPath,
    /// The sender's leaf is zero in a slot that is not enabled.
    SenderLeafEnabled: Selection,
    /// A child has its place in the nodes above the sender.
    SenderPlace: Selection,
    /// The nodes above the sender are hashes of their children.
    SenderNode: SenderPath,
    /// The sender's leaf leads to the root.
    SenderRoot: SenderPath,
    /// The receiver's leaf is the hash of the account.
    ReceiverLeaf: ReceiverPath,
    /// The receiver's leaf is zero in a slot that is not enabled.
    ReceiverLeafEnabled: Selection,
    /// A child has its place in the nodes above the receiver.
    ReceiverPlace: Selection,
    /// The nodes above the receiver are hashes of their children.
    ReceiverNode: ReceiverPath,
    /// The receiver's leaf leads to the root that the sender left.
    ReceiverRoot: ReceiverPath,
    /// The sender's key is a point of the curve.
    KeyOnCurve: Signature,
    /// The coordinates of the key on the curve of Montgomery's form.
    KeyCoordinates: Signature,
    /// The response's digits select multiples of the generator.
    ResponseDigits: Signature,
    /// The multiples of the generator are added up.
    ResponseSum: Signature,
    /// The challenge's digits select the key or its negative.
    ChallengeDigits: Signature,
    /// The key is doubled and added.
    ChallengeProduct: Signature,
    /// The commitment is the difference of both products.
    Commitment: Signature,
    /// The challenge is the hash of the commitment.
    ChallengeHash: Signature,
    /// The high half of the hash has 127 bits and is below that of the field's order.
    ChallengeHigh: Signature,
    /// The low half of the hash has the challenge's digits.
    ChallengeLow: Signature,
    /// The public input is the hash of what is public.
    DigestHash: Digest,
    /// It is the public input of the proof.
    PublicInput: Digest,
}

impl Part {
    /// All parts.
    pub const ALL: [Part; 6] =
        [Part::Signature, Part::SenderPath, Part::ReceiverPath, Part::Numbers, Part::Selection, Part::Digest];

    /// Returns the name of the part.
    pub fn name(self) -> &'static str {
        match self {
            Part::Signature => "signature",
            Part::SenderPath => "sender's path",
            Part::ReceiverPath => "receiver's path",
            Part::Numbers => "floats and ranges",
            Part::Selection => "selection",
            Part::Digest => "digest",
        }
    }
}
