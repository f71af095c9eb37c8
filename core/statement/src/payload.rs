//! The payload: a capture's tensors as field elements, and where each of them stands.
//!
//! Elements: the number of tensors, then for each tensor in ascending byte order of its name
//! `[SHA-256(name), type, rank, dimensions.., words..]`. [`crate::poseidon::sponge`] prepends their
//! number, so the digest fixes every length and no two captures share an encoding.

use ark_bn254::Fr;
use zeroize::Zeroizing;

use crate::error::Result;
use crate::field::{text_to_field, word_count, words};
use crate::poseidon::{sponge, Domain};
use crate::tensor::{check_specs, Tensor, TensorSpec};

/// Where one tensor's words stand among the payload elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorLayout {
    /// Position of the tensor in the list given to [`payload_layout`].
    pub spec_index: usize,
    /// Index of the first word in the payload elements (the sponge's length element not counted).
    pub first_word: usize,
    /// Number of words: 31 bytes each, the last one zero padded.
    pub words: usize,
    /// Number of bytes.
    pub bytes: usize,
}

/// The payload of tensors with given specifications, as far as it does not depend on their data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Number of payload elements (the sponge's length element not counted).
    pub len: usize,
    /// Every element that is not a word, with its index, in ascending order.
    pub constants: Vec<(usize, Fr)>,
    /// The tensors in payload order: ascending byte order of names.
    pub tensors: Vec<TensorLayout>,
}

fn header(spec: &TensorSpec) -> impl Iterator<Item = Fr> + '_ {
    [
        text_to_field(&spec.name),
        Fr::from(spec.dtype.code()),
        Fr::from(spec.shape.len() as u64),
    ]
    .into_iter()
    .chain(spec.shape.iter().map(|d| Fr::from(*d)))
}

/// The layout of a payload. `specs` may come in any order.
///
/// # Errors
/// For a bad or repeated name, rank, shape or total size.
pub fn payload_layout(specs: &[TensorSpec]) -> Result<Layout> {
    let mut order: Vec<(usize, &TensorSpec)> = specs.iter().enumerate().collect();
    order.sort_by(|a, b| a.1.name.cmp(&b.1.name));
    check_specs(order.iter().map(|(_, s)| *s))?;

    let mut constants = vec![(0, Fr::from(specs.len() as u64))];
    let mut tensors = Vec::with_capacity(specs.len());
    let mut len = 1;
    for (spec_index, spec) in order {
        for element in header(spec) {
            constants.push((len, element));
            len += 1;
        }
        let bytes = spec.check()?;
        let words = word_count(bytes);
        tensors.push(TensorLayout {
            spec_index,
            first_word: len,
            words,
            bytes,
        });
        len += words;
    }
    Ok(Layout {
        len,
        constants,
        tensors,
    })
}

/// The payload elements of tensors that are already in ascending byte order of their names.
///
/// # Errors
/// For names out of order or repeated, too many tensors or bytes.
pub fn payload_elems(tensors: &[Tensor]) -> Result<Zeroizing<Vec<Fr>>> {
    check_specs(tensors.iter().map(Tensor::spec))?;
    let len: usize = tensors
        .iter()
        .map(|t| 3 + t.spec().shape.len() + word_count(t.data().len()))
        .sum();
    // Sized up front, so that no private word stays behind in a buffer that was outgrown.
    let mut elems = Zeroizing::new(Vec::with_capacity(1 + len));
    elems.push(Fr::from(tensors.len() as u64));
    for tensor in tensors {
        elems.extend(header(tensor.spec()));
        elems.extend(words(tensor.data()));
    }
    Ok(elems)
}

/// `sponge("payload", elems)`.
///
/// # Errors
/// Those of [`payload_elems`].
pub fn payload_digest(tensors: &[Tensor]) -> Result<Fr> {
    Ok(sponge(Domain::Payload, &payload_elems(tensors)?))
}
