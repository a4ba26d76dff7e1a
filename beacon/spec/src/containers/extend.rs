//! Containers that phase 1 extends.
//!
//! Phase 1 of the specification redefines five containers of phase 0, each by appending fields. Here such a container
//! is one struct for both phases, generic over the phase; its last field holds the appended fields. SSZ treats them
//! like all other fields, and the struct dereferences to them, so Rust code reaches them like all others.

use std::fmt::Debug;

use ssz::{DecodeError, SszDecoder, SszDecoderBuilder, SszEncoder};
use tree_hash::MerkleHasher;

use crate::preset::Preset;

/// Fields that a phase appends to a container.
pub trait Fields: Clone + Debug + Default + PartialEq + Send + Sync + 'static {
    /// The number of fields.
    const COUNT: usize;

    /// Returns whether all fields have a fixed length.
    fn are_fixed_len() -> bool;
    /// Returns the number of bytes of the fields in the container's fixed part.
    fn fixed_part_len() -> usize;
    /// Returns the number of bytes of the fields in all, with offsets.
    fn bytes_len(&self) -> usize;
    /// Registers the fields with a decoder.
    ///
    /// # Errors
    ///
    /// Fails if there are too few bytes.
    fn register(builder: &mut SszDecoderBuilder<'_>) -> Result<(), DecodeError>;
    /// Decodes the fields.
    ///
    /// # Errors
    ///
    /// Fails if the bytes do not encode these fields.
    fn decode(decoder: &mut SszDecoder<'_>) -> Result<Self, DecodeError>;
    /// Encodes the fields.
    fn append(&self, encoder: &mut SszEncoder<'_>);
    /// Writes each field's root.
    fn hash(&self, hasher: &mut MerkleHasher);
    /// Applies pending writes to lists that are trees, which hashing requires.
    fn settle(&mut self) {}
    /// Returns whether no writes are pending.
    fn is_settled(&self) -> bool {
        true
    }
}

/// The fields that a phase appends to containers.
pub trait Extensions: Clone + Debug + Default + PartialEq + Eq + Send + Sync + 'static {
    /// The preset.
    type Preset: Preset;
    /// The fields that [`Validator`](super::Validator) gains.
    type Validator: Fields;
    /// The fields that [`AttestationData`](super::AttestationData) gains.
    type AttestationData: Fields + Copy + Eq;
    /// The fields that [`PendingAttestation`](super::PendingAttestation) gains.
    type PendingAttestation: Fields;
    /// The fields that [`BeaconBlockBody`](super::BeaconBlockBody) gains.
    type BlockBody: Fields;
    /// The fields that [`BeaconState`](super::BeaconState) gains.
    type State: Fields;
}

/// Phase 0 appends no fields.
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

/// Writes a field's root. The caller makes the hasher for as many fields as there are.
pub(crate) fn write_root(hasher: &mut MerkleHasher, root: &[u8]) {
    hasher.write(root).expect("a leaf for each field");
}

/// Defines a struct of appended [`Fields`].
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

/// Returns the number of bytes of a field, with its offset if it has one.
pub(crate) fn field_bytes_len<T: ssz::Encode>(field: &T) -> usize {
    let offset_len = if T::is_ssz_fixed_len() { 0 } else { ssz::BYTES_PER_LENGTH_OFFSET };
    offset_len + field.ssz_bytes_len()
}

/// Defines a container, generic over the phase, that phase 1 extends.
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
            /// The fields that the phase appends.
            pub extension: <$phase as Extensions>::$extension,
        }

        impl<$phase: Extensions> $name<$phase> {
            /// Applies pending writes to lists that are trees.
            pub(crate) fn settle(&mut self) {
                $($(self.$tree.apply_updates().expect("the tree took each update when it was written");)+)?
                $crate::containers::extend::Fields::settle(&mut self.extension);
            }

            /// Returns whether no writes are pending.
            fn is_settled(&self) -> bool {
                $($(!self.$tree.has_pending_updates() &&)+)?
                $crate::containers::extend::Fields::is_settled(&self.extension)
            }

            /// Returns a copy without pending writes.
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

/// Returns the number of bytes of an extended container's fixed part.
macro_rules! fixed_part_len {
    ($phase:ident, $extension:ident, $($type:ty),*) => {
        <$phase::$extension as $crate::containers::extend::Fields>::fixed_part_len()
            $(+ <$type as ssz::Encode>::ssz_fixed_len())*
    };
}

pub(crate) use {extended, extension, fixed_part_len};
