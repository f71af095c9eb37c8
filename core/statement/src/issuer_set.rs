//! The issuer set: a Merkle tree of depth 20 over issuer public keys, and its JSON file.

use std::collections::HashMap;

use ark_bn254::Fr;
use ark_ff::AdditiveGroup;
use serde::{Deserialize, Serialize};

use crate::eddsa::PublicKey;
use crate::error::{Error, Result};
use crate::poseidon::{hash, Domain};

/// Depth of the issuer tree.
pub const TREE_DEPTH: usize = 20;
/// Most issuers of a set.
pub const MAX_ISSUERS: usize = 1 << TREE_DEPTH;
/// Bytes of a JSON file with `n` keys: `{"issuers":[` `]}` and 128 digits, two quotes, a comma each.
const fn json_bytes(n: usize) -> usize {
    14 + 131 * n - if n > 0 { 1 } else { 0 }
}

/// Leaf of a key: `H(x, y)`.
pub fn leaf(key: &PublicKey) -> Fr {
    hash(Domain::IssuerKey, &[key.x(), key.y()])
}

/// Inner node: `H(left, right)`.
pub fn node(left: &Fr, right: &Fr) -> Fr {
    hash(Domain::IssuerNode, &[*left, *right])
}

/// A leaf's way to the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MerklePath {
    /// Position of the leaf, below 2^20. Bit i, lowest first, tells whether the node at height i is a
    /// right child.
    pub index: u32,
    /// The other child at each height, bottom up.
    pub siblings: [Fr; TREE_DEPTH],
}

impl MerklePath {
    /// The root that this path leads to from `leaf`.
    pub fn root(&self, leaf: &Fr) -> Fr {
        let mut current = *leaf;
        for (height, sibling) in self.siblings.iter().enumerate() {
            current = if (self.index >> height) & 1 == 1 {
                node(sibling, &current)
            } else {
                node(&current, sibling)
            };
        }
        current
    }

    /// The index as bits, lowest first.
    pub fn index_bits(&self) -> [bool; TREE_DEPTH] {
        core::array::from_fn(|i| (self.index >> i) & 1 == 1)
    }
}

/// Public keys that a relying party trusts, in a fixed order (a later key is appended, so that
/// earlier ones keep their place). Leaves beyond the last key are 0.
#[derive(Debug, Clone)]
pub struct IssuerSet {
    keys: Vec<PublicKey>,
    positions: HashMap<[u8; PublicKey::BYTES], u32>,
    /// `levels[h]`: the nodes at height h that are not an empty subtree; h from 0 to 20.
    levels: Vec<Vec<Fr>>,
    /// `empty[h]`: root of an empty subtree of height h.
    empty: [Fr; TREE_DEPTH + 1],
}

impl IssuerSet {
    /// The set of these keys, in this order.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for none or more than 2^20 keys, [`Error::Duplicate`] for a repeated one.
    pub fn new(keys: Vec<PublicKey>) -> Result<Self> {
        if keys.is_empty() || keys.len() > MAX_ISSUERS {
            return Err(Error::OutOfRange {
                field: "number of issuers",
                expected: "1 to 2^20",
            });
        }
        let mut positions = HashMap::with_capacity(keys.len());
        for (position, key) in keys.iter().enumerate() {
            if positions.insert(key.to_bytes(), position as u32).is_some() {
                return Err(Error::Duplicate {
                    field: "issuers",
                    position,
                });
            }
        }
        let mut empty = [Fr::ZERO; TREE_DEPTH + 1];
        let mut levels = Vec::with_capacity(TREE_DEPTH + 1);
        let mut level: Vec<Fr> = keys.iter().map(leaf).collect();
        let mut blank = Fr::ZERO;
        for slot in empty.iter_mut() {
            *slot = blank;
            let parents = level
                .chunks(2)
                .map(|pair| match pair {
                    [l, r] => node(l, r),
                    [l] => node(l, &blank),
                    _ => blank,
                })
                .collect();
            levels.push(core::mem::replace(&mut level, parents));
            blank = node(&blank, &blank);
        }
        Ok(Self {
            keys,
            positions,
            levels,
            empty,
        })
    }

    /// The keys, in order.
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    /// The root: instance word 3.
    pub fn root(&self) -> Fr {
        self.node_at(TREE_DEPTH, 0)
    }

    fn node_at(&self, height: usize, position: usize) -> Fr {
        let present = self.levels.get(height).and_then(|l| l.get(position));
        let blank = self.empty.get(height);
        present.or(blank).copied().unwrap_or(Fr::ZERO)
    }

    /// The path of a key.
    ///
    /// # Errors
    /// [`Error::UnknownIssuer`] if the key is not in the set.
    pub fn path(&self, key: &PublicKey) -> Result<MerklePath> {
        let index = *self
            .positions
            .get(&key.to_bytes())
            .ok_or(Error::UnknownIssuer)?;
        let siblings =
            core::array::from_fn(|height| self.node_at(height, (index as usize >> height) ^ 1));
        Ok(MerklePath { index, siblings })
    }

    /// The canonical JSON file: `{"issuers":["<x and y, 128 lower-case hexadecimal digits>",..]}`
    /// without white space, and a line feed at the end.
    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(json_bytes(self.keys.len()) + 1);
        out.push_str("{\"issuers\":[");
        for (i, key) in self.keys.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            out.push('"');
            out.push_str(&hex::encode(key.to_bytes()));
            out.push('"');
        }
        out.push_str("]}\n");
        out
    }

    /// Reads what [`IssuerSet::to_json`] writes.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if too long, [`Error::BadText`] if not the canonical text, a key's own
    /// error, and those of [`IssuerSet::new`].
    pub fn from_json(text: &str) -> Result<Self> {
        if text.len() > json_bytes(MAX_ISSUERS) + 1 {
            return Err(Error::OutOfRange {
                field: "issuer set",
                expected: "at most 2^20 keys",
            });
        }
        let bad = Error::BadText {
            field: "issuer set",
            expected:
                "{\"issuers\":[..]} with 128 lower-case hexadecimal digits a key, no white space \
                       but a line feed at the end",
        };
        let file: SetFile<'_> = serde_json::from_str(text).map_err(|_| bad.clone())?;
        let mut keys = Vec::with_capacity(file.issuers.len());
        for digits in &file.issuers {
            let mut bytes = [0u8; PublicKey::BYTES];
            hex::decode_to_slice(digits, &mut bytes).map_err(|_| bad.clone())?;
            keys.push(PublicKey::from_bytes(&bytes)?);
        }
        let set = Self::new(keys)?;
        if set.to_json() != text {
            return Err(bad);
        }
        Ok(set)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SetFile<'a> {
    #[serde(borrow)]
    issuers: Vec<&'a str>,
}
