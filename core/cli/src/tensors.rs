//! `NAME=FILE` and `NAME:bool=FILE`: tensors of a capture from images and arrays.
use std::{path::PathBuf, str::FromStr};

use verilens_model::{
    image::read_grey_image,
    npy::{read_npy, NpyArray, NpyData},
    ModelBundle,
};
use verilens_statement::{tensor::check_name, DType, Tensor, TensorSpec};
use zeroize::Zeroizing;

use crate::{
    error::{CliError, Result},
    files,
};

/// A tensor as named on the command line.
#[derive(Clone, Debug)]
pub struct TensorArgument {
    name: String,
    /// Given explicitly.
    bits: bool,
    file: PathBuf,
}

impl FromStr for TensorArgument {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (what, file) = text
            .split_once('=')
            .ok_or("expected NAME=FILE or NAME:bool=FILE")?;
        let (name, bits) = match what.split_once(':') {
            None | Some((_, "uint8")) => (what.split(':').next().unwrap_or(what), false),
            Some((name, "bool")) => (name, true),
            Some((_, other)) => {
                return Err(format!("tensor type `{other}`: expected uint8 or bool"))
            }
        };
        check_name(name, "tensor name").map_err(|e| e.to_string())?;
        if file.is_empty() {
            return Err("expected a file after `=`".into());
        }
        Ok(Self {
            name: name.to_owned(),
            bits,
            file: file.into(),
        })
    }
}

impl TensorArgument {
    /// Reads the file. An image of H×W pixels becomes `[1,1,H,W]`; an array keeps its shape. As `bool`, every element
    /// above 0 becomes 1. Real values become bytes by the model's scale of the input of that name.
    pub fn read(&self, model: Option<&ModelBundle>) -> Result<Tensor> {
        let bytes = files::read(&self.file, files::MAX_TENSOR_FILE)?;
        let refused =
            |message: &str| CliError::Refused(format!("{}: {message}", self.file.display()));
        let (shape, mut data, dtype) = if bytes.starts_with(b"\x93NUMPY") {
            let array = read_npy(&bytes).map_err(|e| CliError::file(&self.file, e))?;
            match array.data {
                NpyData::Uint8(v) => (array.shape, v, DType::Uint8),
                NpyData::Bool(v) => (array.shape, v, DType::Bool),
                _ => {
                    let (shape, data) = self.encoded(&array, model).map_err(|e| refused(&e))?;
                    (shape, data, DType::Uint8)
                }
            }
        } else {
            let image = read_grey_image(&bytes).map_err(|e| CliError::file(&self.file, e))?;
            (
                vec![1, 1, image.height, image.width],
                image.pixels,
                DType::Uint8,
            )
        };
        let dtype = if self.bits {
            data.iter_mut().for_each(|v| *v = u8::from(*v > 0));
            DType::Bool
        } else {
            dtype
        };
        let shape = shape
            .iter()
            .map(|&d| u32::try_from(d))
            .collect::<std::result::Result<_, _>>();
        let shape = shape.map_err(|_| refused("tensor shape: expected dimensions below 2^32"))?;
        let spec = TensorSpec {
            name: self.name.clone(),
            dtype,
            shape,
        };
        Tensor::new(spec, data.to_vec()).map_err(|e| CliError::file(&self.file, e))
    }

    /// Real values as the bytes that the model reads, in the model's shape.
    fn encoded(
        &self,
        array: &NpyArray,
        model: Option<&ModelBundle>,
    ) -> std::result::Result<(Vec<usize>, Zeroizing<Vec<u8>>), String> {
        let name = &self.name;
        let model = model.ok_or(
            "npy: descr: expected uint8 or bool for a capture; with --model, real values become bytes by the model's scale",
        )?;
        let input = model.graph().inputs.iter().find(|i| i.name == *name);
        let input = input.ok_or_else(|| format!("`{name}` is no input of the model"))?;
        let scale = model.input_scale(name).ok_or_else(|| {
            format!("the model has no scale for `{name}`: its bytes are its values")
        })?;
        let values = array.reals();
        if values.len() != input.shape.iter().product::<usize>() {
            return Err(format!(
                "npy: shape {:?}: expected as many elements as {:?}, the model's input",
                array.shape, input.shape
            ));
        }
        if values.iter().any(|v| !v.is_finite()) {
            return Err("npy: data: expected finite numbers".into());
        }
        let bytes = Zeroizing::new(scale.encode(&values));
        Ok((input.shape.clone(), bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments() {
        let parse = |t: &str| t.parse::<TensorArgument>();
        let plain = parse("image=a=b.png").unwrap();
        assert_eq!(
            (plain.name.as_str(), plain.bits, plain.file),
            ("image", false, "a=b.png".into())
        );
        assert!(!parse("image:uint8=a").unwrap().bits);
        let mask = parse("mask:bool=m.png").unwrap();
        assert_eq!((mask.name.as_str(), mask.bits), ("mask", true));
        for bad in [
            "image",
            "=a",
            "Image=a",
            "image=",
            "image:float=a",
            ":bool=a",
            "image:=a",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
