//! Containers that phase 1 extends.
//!
//! The specification's phase 1 redefines five containers of phase 0, each by appending fields. Here such a
//! container is one struct for both phases, generic over the phase, whose last field holds the appended fields. To
//! SSZ they are fields like the others, and in Rust they are reached like the others, as the struct dereferences to
//! them.

use std::fmt::Debug;

use ssz::{DecodeError, SszDecoder, SszDecoderBuilder, SszEncoder};
use tree_hash::MerkleHasher;

use crate::preset::Preset;

/// Fields that are appended to a container.
pub trait Fields: Clone + Debug + Default + PartialEq + Send + Sync + 'static {
    /// How many fields there are.
    const COUNT: usize;

    /// Whether all fields have a fixed length.
    fn are_fixed_len() -> bool;
    /// How many bytes they take in the fixed part of the container.
    fn fixed_part_len() -> usize;
    /// How many bytes they take in all, with offsets.
    fn bytes_len(&self) -> usize;
    /// Announces the fields to a decoder.
    ///
    /// # Errors
    ///
    /// If there are too few bytes.
    fn register(builder: &mut SszDecoderBuilder<'_>) -> Result<(), DecodeError>;
    /// Decodes the fields.
    ///
    /// # Errors
    ///
    /// If the bytes encode no such fields.
    fn decode(decoder: &mut SszDecoder<'_>) -> Result<Self, DecodeError>;
    /// Encodes the fields.
    fn append(&self, encoder: &mut SszEncoder<'_>);
    /// Writes the root of each field.
    fn hash(&self, hasher: &mut MerkleHasher);
    /// Lets lists that are trees take up what has been written to them, which they must before they are hashed.
    fn settle(&mut self) {}
    /// Whether they have.
    fn is_settled(&self) -> bool {
        true
    }
}

/// What a phase appends to containers.
pub trait Extensions: Clone + Debug + Default + PartialEq + Eq + Send + Sync + 'static {
    /// The preset.
    type Preset: Preset;
    /// What [`Validator`](super::Validator) gains.
    type Validator: Fields;
    /// What [`AttestationData`](super::AttestationData) gains.
    type AttestationData: Fields + Copy + Eq;
    /// What [`PendingAttestation`](super::PendingAttestation) gains.
    type PendingAttestation: Fields;
    /// What [`BeaconBlockBody`](super::BeaconBlockBody) gains.
    type BlockBody: Fields;
    /// What [`BeaconState`](super::BeaconState) gains.
    type State: Fields;
}

/// What phase 0 appends to a container: nothing.
impl Fields for () {
    const COUNT: usize = 0;

    fn are_fixed_len() -> bool {
        true
    }

    fn fixed_part_len() -> usize {
        0
    }

    fn bytes_len(&self) -> usize {
        0
    }

    fn register(_: &mut SszDecoderBuilder<'_>) -> Result<(), DecodeError> {
        Ok(())
    }

    fn decode(_: &mut SszDecoder<'_>) -> Result<Self, DecodeError> {
        Ok(())
    }

    fn append(&self, _: &mut SszEncoder<'_>) {}

    fn hash(&self, _: &mut MerkleHasher) {}
}

/// Writes a field's root; the hasher has been made for as many fields as there are.
pub(crate) fn write_root(hasher: &mut MerkleHasher, root: &[u8]) {
    hasher.write(root).expect("a leaf for each field");
}

/// Defines fields to append: a struct with [`Fields`].
macro_rules! extension {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident $(<$parameter:ident: $bound:ident>)? {
            $($(#[$field_attribute:meta])* pub $field:ident: $type:ty,)*
        }
        $(settle $($tree:ident),+;)?
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name $(<$parameter: $bound>)? {
            $($(#[$field_attribute])* pub $field: $type,)*
        }

        impl $(<$parameter: $bound>)? $crate::containers::extend::Fields for $name $(<$parameter>)? {
            const COUNT: usize = [$(stringify!($field)),*].len();

            fn are_fixed_len() -> bool {
                true $(&& <$type as ssz::Decode>::is_ssz_fixed_len())*
            }

            fn fixed_part_len() -> usize {
                0 $(+ <$type as ssz::Encode>::ssz_fixed_len())*
            }

            fn bytes_len(&self) -> usize {
                0 $(+ $crate::containers::extend::field_bytes_len(&self.$field))*
            }

            fn register(builder: &mut ssz::SszDecoderBuilder<'_>) -> Result<(), ssz::DecodeError> {
                $(builder.register_type::<$type>()?;)*
                Ok(())
            }

            fn decode(decoder: &mut ssz::SszDecoder<'_>) -> Result<Self, ssz::DecodeError> {
                Ok(Self { $($field: decoder.decode_next()?,)* })
            }

            fn append(&self, encoder: &mut ssz::SszEncoder<'_>) {
                $(encoder.append(&self.$field);)*
            }

            fn hash(&self, hasher: &mut tree_hash::MerkleHasher) {
                $($crate::containers::extend::write_root(
                    hasher,
                    tree_hash::TreeHash::tree_hash_root(&self.$field).as_slice(),
                );)*
            }

            $(
                fn settle(&mut self) {
                    $(self.$tree.apply_updates().expect("the tree took each update when it was written");)+
                }

                fn is_settled(&self) -> bool {
                    !($(self.$tree.has_pending_updates())||+)
                }
            )?
        }
    };
}

/// How many bytes a field takes, with its offset if it has one.
pub(crate) fn field_bytes_len<T: ssz::Encode>(field: &T) -> usize {
    let offset_len = if T::is_ssz_fixed_len() { 0 } else { ssz::BYTES_PER_LENGTH_OFFSET };
    offset_len + field.ssz_bytes_len()
}

/// Defines a container that phase 1 extends, generic over the phase.
macro_rules! extended {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident<$phase:ident> {
            $($(#[$field_attribute:meta])* pub $field:ident: $type:ty,)*
        }
        extension $extension:ident;
        $(settle $($tree:ident),+;)?
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Debug)]
        pub struct $name<$phase: Extensions> {
            $($(#[$field_attribute])* pub $field: $type,)*
            /// What the phase appends.
            pub extension: <$phase as Extensions>::$extension,
        }

        impl<$phase: Extensions> $name<$phase> {
            /// Lets lists that are trees take up what has been written to them.
            pub(crate) fn settle(&mut self) {
                $($(self.$tree.apply_updates().expect("the tree took each update when it was written");)+)?
                $crate::containers::extend::Fields::settle(&mut self.extension);
            }

            /// Whether they have.
            fn is_settled(&self) -> bool {
                $($(!self.$tree.has_pending_updates() &&)+)?
                $crate::containers::extend::Fields::is_settled(&self.extension)
            }

            /// A copy that is settled.
            fn settled(&self) -> Self {
                let mut settled = self.clone();
                settled.settle();
                settled
            }
        }

        impl<$phase: Extensions> PartialEq for $name<$phase> {
            fn eq(&self, other: &Self) -> bool {
                if !self.is_settled() || !other.is_settled() {
                    return self.settled() == other.settled();
                }
                $(self.$field == other.$field &&)* self.extension == other.extension
            }
        }

        impl<$phase: Extensions> std::ops::Deref for $name<$phase> {
            type Target = <$phase as Extensions>::$extension;

            fn deref(&self) -> &Self::Target {
                &self.extension
            }
        }

        impl<$phase: Extensions> std::ops::DerefMut for $name<$phase> {
            fn deref_mut(&mut self) -> &mut Self::Target {
                &mut self.extension
            }
        }

        impl<$phase: Extensions> ssz::Encode for $name<$phase> {
            fn is_ssz_fixed_len() -> bool {
                <$phase::$extension as $crate::containers::extend::Fields>::are_fixed_len()
                    $(&& <$type as ssz::Encode>::is_ssz_fixed_len())*
            }

            fn ssz_fixed_len() -> usize {
                if <Self as ssz::Encode>::is_ssz_fixed_len() {
                    fixed_part_len!($phase, $extension, $($type),*)
                } else {
                    ssz::BYTES_PER_LENGTH_OFFSET
                }
            }

            fn ssz_bytes_len(&self) -> usize {
                $crate::containers::extend::Fields::bytes_len(&self.extension)
                    $(+ $crate::containers::extend::field_bytes_len(&self.$field))*
            }

            fn ssz_append(&self, bytes: &mut Vec<u8>) {
                let fixed_part_len = fixed_part_len!($phase, $extension, $($type),*);
                let mut encoder = ssz::SszEncoder::container(bytes, fixed_part_len);
                $(encoder.append(&self.$field);)*
                $crate::containers::extend::Fields::append(&self.extension, &mut encoder);
                encoder.finalize();
            }
        }

        impl<$phase: Extensions> ssz::Decode for $name<$phase> {
            fn is_ssz_fixed_len() -> bool {
                <Self as ssz::Encode>::is_ssz_fixed_len()
            }

            fn ssz_fixed_len() -> usize {
                <Self as ssz::Encode>::ssz_fixed_len()
            }

            fn from_ssz_bytes(bytes: &[u8]) -> Result<Self, ssz::DecodeError> {
                let mut builder = ssz::SszDecoderBuilder::new(bytes);
                $(builder.register_type::<$type>()?;)*
                <$phase::$extension as $crate::containers::extend::Fields>::register(&mut builder)?;
                let mut decoder = builder.build()?;
                Ok(Self {
                    $($field: decoder.decode_next()?,)*
                    extension: $crate::containers::extend::Fields::decode(&mut decoder)?,
                })
            }
        }

        impl<$phase: Extensions> tree_hash::TreeHash for $name<$phase> {
            fn tree_hash_type() -> tree_hash::TreeHashType {
                tree_hash::TreeHashType::Container
            }

            fn tree_hash_packed_encoding(&self) -> tree_hash::PackedEncoding {
                unreachable!("containers are not packed")
            }

            fn tree_hash_packing_factor() -> usize {
                unreachable!("containers are not packed")
            }

            fn tree_hash_root(&self) -> tree_hash::Hash256 {
                if !self.is_settled() {
                    return tree_hash::TreeHash::tree_hash_root(&self.settled());
                }
                let n_fields = [$(stringify!($field)),*].len()
                    + <$phase::$extension as $crate::containers::extend::Fields>::COUNT;
                let mut hasher = tree_hash::MerkleHasher::with_leaves(n_fields);
                $($crate::containers::extend::write_root(
                    &mut hasher,
                    tree_hash::TreeHash::tree_hash_root(&self.$field).as_slice(),
                );)*
                $crate::containers::extend::Fields::hash(&self.extension, &mut hasher);
                hasher.finish().expect("a leaf for each field")
            }
        }
    };
}

/// How many bytes the fixed part of an extended container takes.
macro_rules! fixed_part_len {
    ($phase:ident, $extension:ident, $($type:ty),*) => {
        <$phase::$extension as $crate::containers::extend::Fields>::fixed_part_len()
            $(+ <$type as ssz::Encode>::ssz_fixed_len())*
    };
}

pub(crate) use {extended, extension, fixed_part_len};
