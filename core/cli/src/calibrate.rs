//! Samples that a model is quantised on, and the scales of its inputs as named on the command line.
use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use verilens_model::{
    float::{FloatGraph, FloatInput},
    image::read_grey_image,
    npy::read_npy,
    quant::{capture_name, Sample},
    InputScale,
};

use crate::{
    error::{CliError, Result},
    files,
};

/// Most values of all samples together.
const MAX_VALUES: usize = 1 << 26;

/// `NAME=SCALE[,ZERO]`.
#[derive(Clone, Debug)]
pub struct ScaleArgument {
    name: String,
    scale: InputScale,
}

impl FromStr for ScaleArgument {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (name, numbers) = text.split_once('=').ok_or("expected NAME=SCALE[,ZERO]")?;
        let (scale, zero) = numbers.split_once(',').unwrap_or((numbers, "0"));
        let number = |text: &str| match text.split_once('/') {
            // 1/255 is what people mean by it.
            Some((a, b)) => Some(a.trim().parse::<f64>().ok()? / b.trim().parse::<f64>().ok()?),
            None => text.trim().parse().ok(),
        };
        let (Some(scale), Some(zero)) = (number(scale), number(zero)) else {
            return Err("expected numbers, such as image=1/255 or speed=0.5,128".into());
        };
        Ok(Self {
            name: name.to_owned(),
            scale: InputScale::uniform(scale, zero).map_err(|e| e.to_string())?,
        })
    }
}

/// The scales by the inputs' names in the file.
pub fn scales(graph: &FloatGraph, given: &[ScaleArgument]) -> Result<Vec<(String, InputScale)>> {
    given
        .iter()
        .map(|argument| {
            let name = &argument.name;
            let input = graph.inputs.iter().find(|i| is_called(i, name));
            let input = input.ok_or_else(|| {
                let known: Vec<&str> = graph.inputs.iter().map(|i| i.name.as_str()).collect();
                CliError::Refused(format!(
                    "--input-scale {name}: no input of the model; its inputs are {}",
                    known.join(", ")
                ))
            })?;
            Ok((input.name.clone(), argument.scale.clone()))
        })
        .collect()
}

fn is_called(input: &FloatInput, name: &str) -> bool {
    input.name == name || capture_name(&input.name) == name
}

/// Reads the samples of a folder.
///
/// If each input has a file `NAME.npy`, its first axis counts the samples. Otherwise the model must have one input, and every `.npy`,
/// `.png` and `.pgm` file is a sample of it, in the order of their names; an array with one axis more holds several. An image's pixels are
/// the bytes that a device will sign: the model sees what the input's scale makes of them.
pub fn samples(
    graph: &FloatGraph,
    folder: &Path,
    scales: &[(String, InputScale)],
) -> Result<Vec<Sample>> {
    let named: Vec<PathBuf> = graph
        .inputs
        .iter()
        .map(|i| folder.join(format!("{}.npy", capture_name(&i.name).replace('/', "_"))))
        .collect();
    let values = if named.iter().all(|path| path.is_file()) {
        let inputs = graph.inputs.iter().zip(&named);
        let read = inputs.map(|(input, path)| array(input, path));
        let lists = read.collect::<Result<Vec<_>>>()?;
        together(lists, folder)?
    } else {
        let [input] = graph.inputs.as_slice() else {
            let names: Vec<String> = named.iter().map(|p| p.display().to_string()).collect();
            return Err(CliError::Refused(format!(
                "{}: the model has {} inputs: expected {}, each with an axis of samples first",
                folder.display(),
                graph.inputs.len(),
                names.join(", ")
            )));
        };
        let scale = scales.iter().find(|(name, _)| *name == input.name);
        single(input, folder, scale.map(|(_, s)| s))?
    };
    if values.is_empty() {
        return Err(CliError::Refused(format!(
            "{}: no samples: expected .npy, .png or .pgm files",
            folder.display()
        )));
    }
    Ok(values.into_iter().map(|inputs| Sample { inputs }).collect())
}

/// One list for each input, from a list of samples for each.
fn together(lists: Vec<Vec<Vec<f64>>>, folder: &Path) -> Result<Vec<Vec<Vec<f64>>>> {
    let count = lists.first().map_or(0, Vec::len);
    if lists.iter().any(|l| l.len() != count) {
        let counts: Vec<String> = lists.iter().map(|l| l.len().to_string()).collect();
        return Err(CliError::Refused(format!(
            "{}: as many samples of each input expected, found {}",
            folder.display(),
            counts.join(" and ")
        )));
    }
    let mut samples = vec![Vec::with_capacity(lists.len()); count];
    for list in lists {
        samples.iter_mut().zip(list).for_each(|(s, v)| s.push(v));
    }
    Ok(samples)
}

/// All files of a folder as samples of one input.
fn single(
    input: &FloatInput,
    folder: &Path,
    scale: Option<&InputScale>,
) -> Result<Vec<Vec<Vec<f64>>>> {
    let entries = std::fs::read_dir(folder).map_err(CliError::io(folder))?;
    let mut paths = entries
        .map(|e| e.map(|e| e.path()).map_err(CliError::io(folder)))
        .collect::<Result<Vec<PathBuf>>>()?;
    paths.sort();
    let mut samples = vec![];
    let mut total = 0usize;
    for path in paths {
        let kind = path.extension().and_then(|e| e.to_str());
        let read = match kind.map(str::to_ascii_lowercase).as_deref() {
            Some("npy") => array(input, &path)?,
            Some("png" | "pgm") => vec![image(input, &path, scale)?],
            _ => continue,
        };
        total += read.iter().map(Vec::len).sum::<usize>();
        if total > MAX_VALUES {
            return Err(CliError::Refused(format!(
                "{}: more than 2^26 values of samples; a few hundred samples are enough",
                folder.display()
            )));
        }
        samples.extend(read.into_iter().map(|v| vec![v]));
    }
    Ok(samples)
}

/// One sample, or several along an axis before the input's.
fn array(input: &FloatInput, path: &Path) -> Result<Vec<Vec<f64>>> {
    let bytes = files::read(path, files::MAX_TENSOR_FILE)?;
    let array = read_npy(&bytes).map_err(|e| CliError::file(path, e))?;
    let expected: usize = input.shape.iter().product();
    let values = array.reals();
    let several = match array.shape.split_first() {
        Some((_, rest)) => rest.iter().product::<usize>() == expected,
        None => false,
    };
    if !several && values.len() != expected {
        return Err(CliError::Refused(format!(
            "{}: shape {:?}: expected {:?}, or an axis of samples and then as many elements",
            path.display(),
            array.shape,
            input.shape
        )));
    }
    Ok(values
        .chunks(expected.max(1))
        .map(<[f64]>::to_vec)
        .collect())
}

fn image(input: &FloatInput, path: &Path, scale: Option<&InputScale>) -> Result<Vec<f64>> {
    let bytes = files::read(path, files::MAX_TENSOR_FILE)?;
    let image = read_grey_image(&bytes).map_err(|e| CliError::file(path, e))?;
    let expected: usize = input.shape.iter().product();
    if image.pixels.len() != expected {
        return Err(CliError::Refused(format!(
            "{}: an image of {}x{} pixels: the input `{}` has the shape {:?}",
            path.display(),
            image.height,
            image.width,
            input.name,
            input.shape
        )));
    }
    Ok(match scale {
        Some(scale) => scale.real(&image.pixels),
        None => InputScale::exact().real(&image.pixels),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scale_arguments() {
        let parse = |t: &str| t.parse::<ScaleArgument>();
        let plain = parse("image=1/255").unwrap();
        assert_eq!(
            (plain.name.as_str(), plain.scale.scales()),
            ("image", &[1.0 / 255.0][..])
        );
        let shifted = parse("a.b=0.5,-3").unwrap();
        assert_eq!(shifted.scale, InputScale::uniform(0.5, -3.0).unwrap());
        for bad in [
            "image",
            "image=",
            "image=x",
            "image=0",
            "image=-1",
            "image=1,",
            "image=1/0",
            "image=nan",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
