//! Public models.
use std::sync::Arc;

use verilens_model::ModelBundle;
use verilens_prover::tensor_specs;

use crate::{
    error::ModelError,
    read::{self, MAX_MODEL},
    types::{OutputInfo, TensorInfo},
};

/// A public model: what is computed from a capture.
#[derive(uniffi::Object)]
pub struct Model {
    bundle: ModelBundle,
}

#[uniffi::export]
impl Model {
    /// Reads a model bundle. With `expected_digest` (32 bytes), only the bundle that has it is taken: give it whenever the bundle was
    /// downloaded.
    ///
    /// # Errors
    /// [`ModelError`].
    #[uniffi::constructor(default(expected_digest = None))]
    pub fn load(bytes: Vec<u8>, expected_digest: Option<Vec<u8>>) -> Result<Arc<Self>, ModelError> {
        read::bounded(&bytes, MAX_MODEL)?;
        decode(&bytes, expected_digest)
    }

    /// [`Model::load`] from a file.
    ///
    /// # Errors
    /// [`ModelError`].
    #[uniffi::constructor(default(expected_digest = None))]
    pub fn open(path: String, expected_digest: Option<Vec<u8>>) -> Result<Arc<Self>, ModelError> {
        decode(&read::file(&path, MAX_MODEL)?, expected_digest)
    }

    /// SHA-256 of the bundle: what names the model.
    pub fn digest(&self) -> Vec<u8> {
        self.bundle.digest().to_vec()
    }

    /// Schema of the captures that it reads.
    pub fn schema(&self) -> String {
        self.bundle.schema().into()
    }

    /// The tensors that it reads.
    pub fn inputs(&self) -> Vec<TensorInfo> {
        // A bundle's graph is valid, so its inputs are tensors of a capture.
        let specs = tensor_specs(self.bundle.graph()).unwrap_or_default();
        specs.iter().map(TensorInfo::from).collect()
    }

    /// What it computes.
    pub fn outputs(&self) -> Vec<OutputInfo> {
        let graph = self.bundle.graph();
        let shapes = graph.shapes().unwrap_or_default();
        graph
            .outputs
            .iter()
            .map(|output| {
                let shape = shapes.get(output.tensor.0).map_or(&[][..], Vec::as_slice);
                OutputInfo {
                    name: output.name.clone(),
                    shape: shape
                        .iter()
                        .map(|&d| d.try_into().unwrap_or(u32::MAX))
                        .collect(),
                }
            })
            .collect()
    }
}

impl Model {
    pub(crate) fn bundle(&self) -> &ModelBundle {
        &self.bundle
    }
}

fn decode(bytes: &[u8], expected: Option<Vec<u8>>) -> Result<Arc<Model>, ModelError> {
    let bundle = ModelBundle::decode(bytes).map_err(|e| ModelError::Format {
        reason: e.to_string(),
    })?;
    let digest = bundle.digest();
    match expected {
        Some(expected) if expected != digest => Err(ModelError::WrongDigest {
            reason: format!(
                "model digest: expected {}, found {}",
                hexadecimal(&expected),
                hexadecimal(&digest)
            ),
        }),
        _ => Ok(Arc::new(Model { bundle })),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    // Whatever an app gives as a digest, an error need not repeat more of it.
    let shown = bytes.iter().take(32);
    shown.map(|b| format!("{b:02x}")).collect()
}
