//! The square as a mode of availability.

use std::collections::BTreeMap;

use outrider_abi::Reader;

use crate::{
    AvailabilityRoot, BodyError, CommitError, HeaderError, ReconstructError, SampleError, Scheme, Shape,
    nmt::{Axis, FraudProof, Header, Namespace, Nmt, ShareSample, repair},
};

impl Scheme for Nmt {
    type Header = Header;
    type Sample = ShareSample;
    type FraudProof = FraudProof;

    fn commit(body: &[u8]) -> Result<Self, CommitError> {
        Self::of_body(body)
    }

    fn header(&self) -> &Header {
        self.header()
    }

    fn sample(&self, position: usize) -> Option<ShareSample> {
        let width = self.header().width();
        self.sample_by(Axis::Row, position.checked_div(width)?, position.checked_rem(width)?)
    }

    fn body(&self) -> Result<Vec<u8>, BodyError> {
        let mut parts = self.parts()?;
        match (parts.pop(), parts.len()) {
            (Some(part), 0) if part.namespace == Namespace::BODY => Ok(part.data),
            (part, n) => Err(BodyError::Parts { parts: n.saturating_add(usize::from(part.is_some())) }),
        }
    }

    fn root(header: &Header) -> AvailabilityRoot {
        header.root()
    }

    fn shape(header: &Header) -> Shape {
        Shape::Square { width: header.width() }
    }

    fn verify(header: &Header, position: usize, sample: &ShareSample) -> Result<(), SampleError> {
        sample.verify_at(header, position)
    }

    fn reconstruct(
        header: &Header,
        samples: &BTreeMap<usize, ShareSample>,
    ) -> Result<Self, ReconstructError<FraudProof>> {
        repair::repair(header, samples)
    }

    fn encode_header(header: &Header) -> Vec<u8> {
        header.encode()
    }

    fn decode_header(reader: &mut Reader<'_>) -> Result<Header, HeaderError> {
        Header::decode(reader)
    }

    fn encode_sample(sample: &ShareSample) -> Vec<u8> {
        sample.encode()
    }

    fn decode_sample(header: &Header, reader: &mut Reader<'_>) -> Result<ShareSample, SampleError> {
        ShareSample::decode(header, reader)
    }
}
