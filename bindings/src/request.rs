//! What is to be proved, and to whom.
use std::{sync::Arc, time::SystemTime};

use verilens_prover as prover;

use crate::{
    capture::Capture, error::ProverError, holder::Holder, input::InputOpening, issuers::IssuerSet,
    word::Word,
};

/// What is to be proved about a signed capture, and to whom.
#[derive(Clone, uniffi::Record)]
pub struct ProofRequest {
    /// The signed capture.
    pub capture: Arc<Capture>,
    /// The holder whose id the issuer signed.
    pub holder: Arc<Holder>,
    /// The issuers that the relying party trusts.
    pub issuers: Arc<IssuerSet>,
    /// Where the proof counts.
    pub scope: Word,
    /// What the proof authorises.
    pub signal: Word,
    /// The capture is not older than this; parts of a second are dropped.
    pub not_before: SystemTime,
}

/// What is to be proved about tensors that nobody signed, and to whom.
#[derive(Clone, uniffi::Record)]
pub struct InputRequest {
    /// The tensors with what opens their word.
    pub input: Arc<InputOpening>,
    /// Where the proof counts.
    pub scope: Word,
    /// What the proof authorises.
    pub signal: Word,
    /// The opening's time is not before this; parts of a second are dropped.
    pub not_before: SystemTime,
}

impl ProofRequest {
    pub(crate) fn inner(&self) -> Result<prover::Request<'_>, ProverError> {
        Ok(prover::Request {
            capture: self.capture.inner(),
            holder: self.holder.secret(),
            issuers: self.issuers.inner(),
            scope: self.scope.to_fr("scope")?,
            signal: self.signal.to_fr("signal")?,
            not_before: seconds(self.not_before)?,
        })
    }
}

impl InputRequest {
    pub(crate) fn inner(&self) -> Result<prover::InputRequest<'_>, ProverError> {
        Ok(prover::InputRequest {
            opening: self.input.inner(),
            scope: self.scope.to_fr("scope")?,
            signal: self.signal.to_fr("signal")?,
            not_before: seconds(self.not_before)?,
        })
    }
}

fn seconds(not_before: SystemTime) -> Result<u64, ProverError> {
    match not_before.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => Ok(since.as_secs()),
        Err(_) => Err(ProverError::Request {
            field: "not_before".into(),
            reason: "expected a time from 1970 on".into(),
        }),
    }
}
