//! What has been computed from a state.

/// What has been computed from a state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Caches;

impl PartialEq for Caches {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
