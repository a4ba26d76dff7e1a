//! Newtypes of 32 bytes.

/// Defines a newtype of 32 bytes, with its name for messages.
///
/// Its text is 64 hex digits, parsed in either case, with or without `0x`. With this crate's feature `serde` it is
/// serialized as that text in human-readable formats, and as bytes in others. Its layout is that of its bytes, so a
/// list of such values is a list of 32 bytes each.
///
/// ```
/// outrider_abi::bytes32! {
///     /// The name of an account.
///     pub struct Address: "an address"
/// }
///
/// let address = Address([0xab; 32]);
/// assert_eq!("ab".repeat(32).parse(), Ok(address));
/// assert_eq!(
///     "0xab".parse::<Address>().unwrap_err().to_string(),
///     "an address has 64 hex digits, after `0x` or without it, got 2 characters",
/// );
/// ```
#[macro_export]
macro_rules! bytes32 {
    ($(#[$attribute:meta])* pub struct $name:ident: $what:literal) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $name(pub [u8; 32]);

        impl From<[u8; 32]> for $name {
            fn from(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }
        }

        impl From<$name> for [u8; 32] {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        $crate::hex_text!($name, 32, $what, |value: &$name| value.0, |bytes: &[u8; 32]| $name(*bytes));

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        $crate::bytes32_serde!($name, $what);
    };
}

/// Implements serde's traits for a newtype of 32 bytes, if this crate has serde.
#[cfg(feature = "serde")]
#[doc(hidden)]
#[macro_export]
macro_rules! bytes32_serde {
    ($name:ident, $what:literal) => {
        impl $crate::hex_serde::serde::Serialize for $name {
            fn serialize<S: $crate::hex_serde::serde::Serializer>(
                &self,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                $crate::hex_serde::serialize(&self.0, serializer)
            }
        }

        impl<'de> $crate::hex_serde::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::hex_serde::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                $crate::hex_serde::deserialize_array(deserializer, $what).map(Self)
            }
        }
    };
}

/// Implements serde's traits for a newtype of 32 bytes, if this crate has serde.
#[cfg(not(feature = "serde"))]
#[doc(hidden)]
#[macro_export]
macro_rules! bytes32_serde {
    ($name:ident, $what:literal) => {};
}
