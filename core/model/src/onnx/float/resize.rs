//! Resampling: along each axis a matrix, or for nearest neighbours a choice of elements.

use tract_onnx::pb::tensor_proto::DataType;

use super::super::proto::Attrs;
use super::super::Result;
use super::builder::Builder;
use super::reduce::{along, matrix};
use super::value::{Call, Value};
use crate::graph::Graph;
use crate::shape::elements;

/// One axis that changes.
struct Axis {
    axis: usize,
    from: usize,
    to: usize,
    scale: f64,
    /// The part of the axis that `tf_crop_and_resize` reads.
    roi: (f64, f64),
}

/// What the attributes say.
struct Method<'a> {
    mode: &'a str,
    coordinates: &'a str,
    nearest: &'a str,
    cubic: f64,
    exclude_outside: bool,
    extrapolation: f64,
}

impl<'a> Method<'a> {
    fn read(attrs: &Attrs<'a>, opset: i64) -> Self {
        // The first version had neither attribute, and these meanings.
        let (coordinates, nearest) = if opset < 11 {
            ("asymmetric", "floor")
        } else {
            ("half_pixel", "round_prefer_floor")
        };
        let number = |name: &str, default: f64| attrs.float(name).map_or(default, f64::from);
        Self {
            mode: attrs.text("mode", "nearest"),
            coordinates: attrs.text("coordinate_transformation_mode", coordinates),
            nearest: attrs.text("nearest_mode", nearest),
            cubic: number("cubic_coeff_a", -0.75),
            exclude_outside: attrs.int("exclude_outside", 0) != 0,
            extrapolation: number("extrapolation_value", 0.0),
        }
    }

    /// Where an element of the result is in the input.
    fn source(&self, call: &Call<'_>, a: &Axis, x: usize) -> Result<f64> {
        let (from, to, x) = (a.from as f64, a.to as f64, x as f64);
        let half = (x + 0.5) / a.scale - 0.5;
        Ok(match self.coordinates {
            "half_pixel" => half,
            "half_pixel_symmetric" => {
                let adjustment = to / (a.scale * from);
                half + from / 2.0 * (1.0 - adjustment)
            }
            "pytorch_half_pixel" => {
                if a.to > 1 {
                    half
                } else {
                    0.0
                }
            }
            "align_corners" => {
                if a.to > 1 {
                    x * (from - 1.0) / (to - 1.0)
                } else {
                    0.0
                }
            }
            "asymmetric" => x / a.scale,
            "tf_crop_and_resize" => {
                let (start, end) = a.roi;
                if a.to > 1 {
                    start * (from - 1.0) + x * (end - start) * (from - 1.0) / (to - 1.0)
                } else {
                    0.5 * (start + end) * (from - 1.0)
                }
            }
            other => {
                let reason = format!("coordinate_transformation_mode {}", other.escape_debug());
                return Err(call.refuse(reason));
            }
        })
    }

    fn nearest(&self, call: &Call<'_>, at: f64) -> Result<f64> {
        Ok(match self.nearest {
            "round_prefer_floor" => (at - 0.5).ceil(),
            "round_prefer_ceil" => (at + 0.5).floor(),
            "floor" => at.floor(),
            "ceil" => at.ceil(),
            _ => return Err(call.invalid("nearest_mode", "a mode of the standard")),
        })
    }

    /// Weights of the elements around a place, the first of them at the returned position.
    fn taps(&self, at: f64) -> (f64, Vec<f64>) {
        let (floor, t) = (at.floor(), at - at.floor());
        if self.mode == "linear" {
            return (floor, vec![1.0 - t, t]);
        }
        let a = self.cubic;
        let near = |d: f64| ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0;
        let far = |d: f64| ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a;
        let taps = vec![far(1.0 + t), near(t), near(1.0 - t), far(2.0 - t)];
        (floor - 1.0, taps)
    }
}

pub(crate) fn resize(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let attrs = call.attrs(&[
        "antialias",
        "axes",
        "coordinate_transformation_mode",
        "cubic_coeff_a",
        "exclude_outside",
        "extrapolation_value",
        "keep_aspect_ratio_policy",
        "mode",
        "nearest_mode",
        "scales",
    ])?;
    if attrs.int("antialias", 0) != 0 {
        return Err(call.refuse("antialias; export the model without it"));
    }
    let x = call.input(0)?;
    let axes: Vec<usize> = match attrs.ints("axes") {
        Some(axes) => {
            call.axes(axes, x.rank())?;
            let axes = axes.iter().map(|&a| call.axis(a, x.rank()));
            axes.collect::<Result<_>>()?
        }
        None => (0..x.rank()).collect(),
    };
    let upsample = call.node.op_type == "Upsample" || call.opset < 11;
    let (scales, sizes, roi) = if upsample {
        (call.constant(1)?, None, None)
    } else {
        (call.constant(2)?, call.constant(3)?, call.constant(1)?)
    };
    let old: Option<Vec<f64>> = attrs
        .floats("scales")
        .map(|v| v.iter().map(|&v| f64::from(v)).collect());
    let given = |v: Option<&[f64]>| v.filter(|v| !v.is_empty()).map(<[f64]>::to_vec);
    let (scales, sizes, roi) = (given(scales).or(old), given(sizes), given(roi));
    let method = Method::read(&attrs, call.opset);
    let policy = attrs.text("keep_aspect_ratio_policy", "stretch");
    let changes = changes(call, x, &axes, scales, sizes, roi.as_deref(), policy)?;
    let mut shape = x.shape.clone();
    for a in &changes {
        if let Some(d) = shape.get_mut(a.axis) {
            *d = a.to;
        }
        if method.mode != "nearest" && a.from != a.to {
            elements(&[a.from, a.to], || format!("node `{}`: weights", call.name))?;
        }
    }
    elements(&shape, || format!("node `{}`", call.name))?;
    let mut y = x.clone();
    let mut inside: Option<Value> = None;
    for a in &changes {
        let crop = method.coordinates == "tf_crop_and_resize";
        if a.from == a.to && a.scale == 1.0 && !crop {
            continue;
        }
        let places: Result<Vec<f64>> = (0..a.to).map(|i| method.source(call, a, i)).collect();
        let places = places?;
        y = resample(g, call, &y, a, &method, &places)?;
        if crop {
            let last = (a.from - 1) as f64;
            let bits = places
                .iter()
                .map(|&p| f64::from(u8::from(p >= 0.0 && p <= last)));
            let mut shape = vec![1; x.rank()];
            if let Some(d) = shape.get_mut(a.axis) {
                *d = a.to;
            }
            let bits = Value::constant(&shape, bits.collect(), DataType::Bool);
            inside = Some(match inside {
                None => bits,
                Some(other) => g.mul(&other, &bits)?,
            });
        }
    }
    match inside {
        None => Ok(y),
        Some(bits) => {
            let outside = Value::uniform(x.rank(), method.extrapolation, x.elem);
            g.choose(&bits, &y, &outside)
        }
    }
}

fn changes(
    call: &Call<'_>,
    x: &Value,
    axes: &[usize],
    scales: Option<Vec<f64>>,
    sizes: Option<Vec<f64>>,
    roi: Option<&[f64]>,
    policy: &str,
) -> Result<Vec<Axis>> {
    let count = axes.len();
    let wrong = || {
        call.invalid(
            "scales, sizes",
            "one of them, with a number above 0 for each axis",
        )
    };
    let (scales, exact) = match (scales, sizes) {
        (Some(scales), None) => (scales, None),
        (None, Some(sizes)) => {
            let dims = axes.iter().map(|&a| x.dim(a) as f64);
            let scales: Vec<f64> = sizes.iter().zip(dims).map(|(s, d)| s / d).collect();
            match policy {
                "stretch" => (scales, Some(sizes)),
                // One scale for all axes; half an element rounds up.
                "not_larger" | "not_smaller" => {
                    let pick = if policy == "not_larger" {
                        f64::min
                    } else {
                        f64::max
                    };
                    let scale = scales.into_iter().reduce(pick).unwrap_or(1.0);
                    let round = |&a: &usize| (scale * x.dim(a) as f64 + 0.5).floor();
                    (vec![scale; count], Some(axes.iter().map(round).collect()))
                }
                _ => return Err(call.invalid("keep_aspect_ratio_policy", "a known policy")),
            }
        }
        _ => return Err(wrong()),
    };
    if scales.len() != count || exact.as_ref().is_some_and(|e| e.len() != count) {
        return Err(wrong());
    }
    let mut changes = Vec::with_capacity(count);
    for (i, (&axis, &scale)) in axes.iter().zip(&scales).enumerate() {
        let from = x.dim(axis);
        let to = match exact.as_ref().and_then(|e| e.get(i)) {
            Some(&size) => size,
            None => (from as f64 * scale).floor(),
        };
        if !(scale > 0.0 && to >= 1.0 && to <= Graph::MAX_ELEMENTS as f64) {
            return Err(wrong());
        }
        let at = |i: usize| roi.and_then(|r| r.get(i)).copied();
        changes.push(Axis {
            axis,
            from,
            to: to as usize,
            scale,
            roi: (at(i).unwrap_or(0.0), at(i + count).unwrap_or(1.0)),
        });
    }
    Ok(changes)
}

fn resample(
    g: &mut Builder,
    call: &Call<'_>,
    x: &Value,
    a: &Axis,
    method: &Method<'_>,
    places: &[f64],
) -> Result<Value> {
    let clamp = |p: f64| p.clamp(0.0, (a.from - 1) as f64) as usize;
    match method.mode {
        "nearest" => {
            let near = |&p: &f64| Ok(clamp(method.nearest(call, p)?));
            let places: Result<Vec<usize>> = places.iter().map(near).collect();
            g.pick(x, a.axis, places?)
        }
        "linear" | "cubic" => {
            let mut columns: Vec<Vec<(usize, f64)>> = Vec::with_capacity(places.len());
            for &place in places {
                let (first, mut taps) = method.taps(place);
                let position = |i: usize| first + i as f64;
                if method.exclude_outside {
                    let inside = |i: usize| position(i) >= 0.0 && position(i) < a.from as f64;
                    let outside = taps.iter_mut().enumerate().filter(|(i, _)| !inside(*i));
                    outside.for_each(|(_, t)| *t = 0.0);
                    let sum: f64 = taps.iter().sum();
                    taps.iter_mut().for_each(|t| *t /= sum);
                }
                let taps = taps.into_iter().enumerate();
                columns.push(taps.map(|(i, t)| (clamp(position(i)), t)).collect());
            }
            let element = |row: usize, column: usize| {
                let taps = columns.get(column).map_or(&[][..], Vec::as_slice);
                taps.iter().filter(|t| t.0 == row).map(|t| t.1).sum()
            };
            let weights = matrix(call, a.from, a.to, element)?;
            along(g, x, a.axis, &weights)
        }
        other => Err(call.refuse(format!("mode {}", other.escape_debug()))),
    }
}
