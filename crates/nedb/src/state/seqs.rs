//! Where in the log a seq lies.
//!
//! The address of every 64th operation is kept: an eighth of a byte per operation; from there a reader walks forward.

use nedb_log::Address;
use nedb_types::Seq;

/// Distance between two samples in operations.
pub(crate) const SAMPLE_EVERY: u64 = 64;

/// Addresses of the operations whose seq is a multiple of [`SAMPLE_EVERY`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SeqSamples {
    addresses: Vec<u64>,
}

impl SeqSamples {
    pub(crate) fn from_addresses(addresses: Vec<u64>) -> Self {
        Self { addresses }
    }

    /// Takes the addresses of consecutive operations, the first of which has this seq.
    pub(crate) fn extend(&mut self, first: u64, addresses: impl Iterator<Item = Address>) {
        for (seq, address) in (first..).zip(addresses) {
            if seq.is_multiple_of(SAMPLE_EVERY) {
                self.addresses.push(address.get());
            }
        }
    }

    /// The nearest sampled operation at or before this one.
    pub(crate) fn at_or_before(&self, seq: Seq) -> Option<(Seq, Address)> {
        let sample = seq.get() / SAMPLE_EVERY;
        let address = self.addresses.get(usize::try_from(sample).ok()?)?;
        Some((Seq::new(sample * SAMPLE_EVERY), Address::new(*address)))
    }

    pub(crate) fn addresses(&self) -> &[u64] {
        &self.addresses
    }
}
