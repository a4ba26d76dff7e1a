//! The errors of ceremonies' files, of their checks, and of keys.

use super::binfile::SectionId;
use std::io;

/// A reason to refuse a ceremony's file, a key or a contribution.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CeremonyError {
    /// The file is no file of the kind, or of another curve; whoever wrote it can cause this.
    #[error("{section}, byte {position} of the file: {fault}; {}", fault.remedy())]
    File {
        /// The section in which it was found.
        section: SectionId,
        /// The position in the file, in bytes.
        position: u64,
        /// The reason.
        fault: Fault,
    },
    /// The file could not be read or written.
    #[error("{section}, byte {position} of the file: cannot read or write it")]
    Io {
        /// The section.
        section: SectionId,
        /// The position in the file, in bytes.
        position: u64,
        /// The reason.
        #[source]
        source: io::Error,
    },
    /// The powers in a section are none of one secret: the file was made wrongly, or changed.
    #[error("{section}: {broken}; use a file that `snarkjs powersoftau verify` accepts")]
    Powers {
        /// The section.
        section: SectionId,
        /// The relation that does not hold.
        broken: Broken,
    },
    /// A contribution does not follow the one before it.
    #[error("contribution {number} ({name:?}): {broken}; ask for the ceremony's files from another source")]
    Contribution {
        /// Its number, from one.
        number: usize,
        /// The name that its author gave.
        name: String,
        /// The relation that does not hold.
        broken: Broken,
    },
    /// Nobody contributed to the powers: their secret is one, so everybody can forge.
    #[error(
        "no contribution was made to these powers of tau, their secret is known; use powers with a contribution"
    )]
    PowersWithoutContribution,
    /// Nobody contributed to the key. Gamma and delta are equal, so proofs of any statement can be made of a proof.
    #[error(
        "delta is equal to gamma: no contribution was made to this key, and everybody can forge proofs; \
        contribute to it before it is used"
    )]
    KeyWithoutContribution,
    /// The circuit has more rows than the powers allow.
    #[error(
        "the circuit needs a domain of 2^{needed} rows, and the powers of tau have 2^{available}; \
        use a ceremony of power {needed} or more"
    )]
    TooFewPowers {
        /// The logarithm of the circuit's domain.
        needed: u32,
        /// The logarithm of the largest domain of the powers.
        available: u32,
    },
    /// The powers were read for another domain than the circuit's.
    #[error(
        "the circuit has a domain of 2^{needed} rows, and the powers of tau were read for one of 2^{got}; \
        read them for the circuit's"
    )]
    OtherDomain {
        /// The logarithm of the circuit's domain.
        needed: u32,
        /// The logarithm of the domain that the powers were read for.
        got: u32,
    },
    /// A key for snarkjs's reduction is begun with snarkjs.
    #[error(
        "a key in snarkjs's layout begins with `snarkjs groth16 setup` of the circuit's .r1cs; \
        use that, or the layout of arkworks"
    )]
    BeginWithSnarkjs,
    /// A key in snarkjs's layout is written by snarkjs.
    #[error(
        "a key in snarkjs's layout was read without its coefficients, and cannot be written; keep its .zkey"
    )]
    WriteWithSnarkjs,
    /// A key is not one of this circuit and these powers.
    #[error(
        "the key is not of this circuit and these powers of tau: {0}; import the key of this circuit's .r1cs"
    )]
    WrongKey(Broken),
    /// The circuit could not be synthesized; the circuit has a bug.
    #[error("the circuit's constraints cannot be made")]
    Synthesis(#[source] ark_relations::gr1cs::SynthesisError),
    /// The circuit has more variables or constraints than files can count, or other constraints than R1CS.
    #[error("the circuit is none of R1CS with at most 2^28 rows; use one of such constraints only")]
    UnsupportedCircuit,
    /// The system gave no random numbers.
    #[error("the system has no entropy")]
    Entropy(#[source] getrandom::Error),
}

/// A fault in a file's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Another kind of file.
    #[error("the file does not begin with \"{}\"", expected.escape_ascii())]
    Magic {
        /// The kind.
        expected: [u8; 4],
    },
    /// A version that this reader does not know.
    #[error("version {0} is not known")]
    Version(u32),
    /// The file ends early.
    #[error("the file ends before the section does")]
    Truncated,
    /// Bytes after the last section.
    #[error("bytes follow the last section")]
    Trailing,
    /// A section stands twice.
    #[error("the section stands twice")]
    Duplicate,
    /// A section is not there.
    #[error("the section is missing")]
    Missing,
    /// A section has a number that means nothing here.
    #[error("no section has this number")]
    Unknown,
    /// The section's size is not the one that the header asks for.
    #[error("the section has {got} bytes, and the header asks for {expected}")]
    Size {
        /// The section's bytes.
        got: u64,
        /// The bytes that the header asks for.
        expected: u64,
    },
    /// Some of the four sections of Lagrange points are there.
    #[error("some of the sections 12 to 15 are there, and some are not")]
    PartlyPrepared,
    /// The curve is not BLS12-381.
    #[error("the file is of another curve than BLS12-381{}", if *bn254 { ": of BN254 (bn128)" } else { "" })]
    Curve {
        /// Whether it is BN254, which snarkjs calls bn128.
        bn254: bool,
    },
    /// The powers are more than the field has roots for, or more than the ceremony had.
    #[error("the power is not between 1 and 28, or above the ceremony's")]
    Power,
    /// Counts that no circuit has.
    #[error("the counts of variables, inputs and rows are none of a circuit")]
    Counts,
    /// A proof system other than Groth16.
    #[error("the key is none of Groth16")]
    ProofSystem,
    /// A coordinate is not below the modulus.
    #[error("a coordinate is not below the field's modulus")]
    NotCanonical,
    /// A point is not on the curve.
    #[error("the point is not on the curve")]
    NotOnCurve,
    /// A point is not in the subgroup of prime order.
    #[error("the point is not in the subgroup of prime order")]
    NotInSubgroup,
    /// A point is infinity.
    #[error("the point is infinity")]
    Infinity,
    /// A contribution's parameters are not as snarkjs writes them.
    #[error("the contribution's parameters are malformed")]
    Parameters,
    /// The beacon asks for more work than a check may take.
    #[error("the beacon asks for 2^{0} hashes, above the limit of 2^{max}", max = super::BEACON_EXPONENT_MAX)]
    Beacon(u8),
    /// More contributions than a check may take.
    #[error("the file has {0} contributions, above the limit of {max}", max = super::CONTRIBUTIONS_MAX)]
    Contributions(u32),
    /// The state of a hash is none.
    #[error("the contribution's partial hash is no state of BLAKE2b after the file's points")]
    PartialHash,
}

impl Fault {
    /// Returns an advice, without a full stop.
    fn remedy(self) -> &'static str {
        match self {
            Self::Curve { .. } => "make the ceremony with `snarkjs powersoftau new bls12381`",
            Self::Magic { .. } | Self::Version(_) | Self::ProofSystem | Self::Unknown => {
                "use a file of snarkjs 0.7 for Groth16"
            }
            Self::Beacon(_) => "use a ceremony with a cheaper beacon",
            Self::Contributions(_) => "use a ceremony with fewer contributions",
            Self::Power => "use a ceremony of power 1 to 28",
            Self::PartlyPrepared => "prepare it again with `snarkjs powersoftau prepare phase2`",
            Self::Truncated
            | Self::Trailing
            | Self::Duplicate
            | Self::Missing
            | Self::Size { .. }
            | Self::Counts
            | Self::NotCanonical
            | Self::NotOnCurve
            | Self::NotInSubgroup
            | Self::Infinity
            | Self::Parameters
            | Self::PartialHash => "fetch the file again, and compare its published hash",
        }
    }
}

/// A relation that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Broken {
    /// The first point.
    #[error("the first point is not the generator, or not the last contribution's")]
    First,
    /// The second point.
    #[error("the second point is not the last contribution's")]
    Second,
    /// The ratio of successive points.
    #[error("successive points have another ratio than tau")]
    Ratio,
    /// The Lagrange points.
    #[error("the Lagrange points are none of the powers")]
    Lagrange,
    /// The proof of knowledge.
    #[error("its proof of knowledge does not hold")]
    Knowledge,
    /// The step from the contribution before.
    #[error("it does not follow from the contribution before it")]
    Step,
    /// The key of a beacon.
    #[error("its key is not the beacon's")]
    BeaconKey,
    /// The hash of the points.
    #[error("its hash of the file's points differs")]
    Challenge,
    /// The hash of all before it.
    #[error("its transcript differs")]
    Transcript,
    /// The counts of variables, inputs or rows.
    #[error("it has other counts of variables, inputs or rows")]
    Counts,
    /// Alpha, beta or gamma.
    #[error("its alpha, beta or gamma differs")]
    Constants,
    /// Delta.
    #[error("its delta is not the last contribution's, or differs between G1 and G2")]
    Delta,
    /// Points that no contribution changes.
    #[error("its points of inputs, A or B differ")]
    Queries,
    /// Points that contributions divide by delta.
    #[error("its points of H or L are not the circuit's divided by delta")]
    Scaled,
    /// The hash of the circuit.
    #[error("its hash of the circuit differs")]
    CircuitHash,
}
