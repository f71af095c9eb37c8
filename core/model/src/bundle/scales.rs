//! What a bundle says of its integers' meaning: after the outputs, a scale or none for each input, then for each output.

use super::{BundleError, Result};
use crate::graph::Graph;
use crate::scale::{InputScale, Scale};
use crate::wire::{Reader, Writer};

/// Scales of a model's ends, one or none each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scales {
    pub inputs: Vec<Option<InputScale>>,
    pub outputs: Vec<Option<Scale>>,
}

impl Scales {
    /// None at all.
    pub fn none(graph: &Graph) -> Self {
        Self {
            inputs: vec![None; graph.inputs.len()],
            outputs: vec![None; graph.outputs.len()],
        }
    }

    /// Whether there is any: a bundle without scales has the older version.
    pub fn any(&self) -> bool {
        self.inputs.iter().any(Option::is_some) || self.outputs.iter().any(Option::is_some)
    }

    /// Checks that there is one entry for each end, and that pairs match the last axis.
    pub fn check(&self, graph: &Graph) -> Result<()> {
        let err = |end: String, expected| Err(BundleError::Scale { end, expected });
        if self.inputs.len() != graph.inputs.len() || self.outputs.len() != graph.outputs.len() {
            return err("all inputs and outputs".into(), "one entry each");
        }
        for (input, scale) in graph.inputs.iter().zip(&self.inputs) {
            if scale.as_ref().is_some_and(|s| !s.fits(&input.shape)) {
                return err(
                    format!("input `{}`", input.name),
                    "one pair, or one for each element of the last axis",
                );
            }
        }
        Ok(())
    }

    pub fn write(&self, w: &mut Writer) {
        for scale in &self.inputs {
            match scale {
                None => w.uint(0),
                Some(scale) => {
                    let one = scale.scales().len() == 1;
                    w.uint(if one { 1 } else { 2 });
                    if !one {
                        w.size(scale.scales().len());
                    }
                    scale.scales().iter().for_each(|&s| w.real(s));
                    scale.zeros().iter().for_each(|&z| w.real(z));
                }
            }
        }
        for scale in &self.outputs {
            match scale {
                None => w.uint(0),
                Some(scale) => {
                    w.uint(1);
                    w.real(scale.scale());
                    w.real(scale.zero());
                }
            }
        }
    }

    pub fn read(r: &mut Reader<'_>, graph: &Graph) -> Result<Self> {
        let mut scales = Self::none(graph);
        for scale in &mut scales.inputs {
            let field = "input scale";
            let pairs = match r.uint(field)? {
                0 => continue,
                1 => 1,
                2 => match r.count(InputScale::MAX_PAIRS, field)? {
                    0 | 1 => return Err(BundleError::NonCanonical { field }),
                    pairs => pairs,
                },
                code => return Err(BundleError::UnknownCode { field, code }),
            };
            let list = |r: &mut Reader<'_>| {
                (0..pairs)
                    .map(|_| r.real(field))
                    .collect::<Result<Vec<f64>>>()
            };
            let (steps, zeros) = (list(r)?, list(r)?);
            let read = InputScale::per_feature(steps, zeros);
            *scale = Some(read.map_err(|_| BundleError::NonCanonical { field })?);
        }
        for scale in &mut scales.outputs {
            let field = "output scale";
            *scale = match r.uint(field)? {
                0 => None,
                1 => {
                    let read = Scale::new(r.real(field)?, r.real(field)?);
                    Some(read.map_err(|_| BundleError::NonCanonical { field })?)
                }
                code => return Err(BundleError::UnknownCode { field, code }),
            };
        }
        Ok(scales)
    }
}
