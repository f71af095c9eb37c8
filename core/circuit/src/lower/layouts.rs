//! How the bytes of inputs are cut into lines and runs, and what a layer's padded rows are made of.
//!
//! A layer reads rows `P[0], P[1], …` of bytes and constants. Each is described as *segments*: a whole column of a line of the input
//! (a residue of its bytes modulo an element's distance `e`) that covers the positions `before..before + columns` of the row, as far as
//! the row reaches. So a row may begin or end inside a line (Slice), have constants around a line (Pad) or several lines
//! (circular Pad, Concat), and consecutive elements may be `e` bytes apart (a transposed image). It must not leave out or replace
//! a part of a line in its middle: the run sums that enter a layer's identity are of whole lines. Several ways to cut an input into
//! lines are tried, the cheapest that fits is taken. Lines of one byte fit everything, at a circuit row a byte.
use std::collections::{BTreeMap, HashMap};

use verilens_model::Graph;

use super::sources::{Origin, Source};
use crate::chip::pixels::{PixelShape, MAX_STRIDE};

/// Most segments in a row.
const MAX_SEGMENTS: usize = 1 << 12;
/// Most distances between elements that are tried.
const MAX_DISTANCES: usize = 4;
/// Most lengths of lines that are tried because the input stands in such lines already.
const MAX_WIDTHS: usize = 16;

/// One of an input's layouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LayoutId {
    /// Position among the graph's inputs.
    pub input: usize,
    /// Position among the input's layouts.
    pub variant: usize,
}

/// A line's column inside a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Layout of the input.
    pub layout: LayoutId,
    /// Line.
    pub line: usize,
    /// Byte in an element: which of the line's columns.
    pub lane: usize,
    /// Position in the row of the column's first element.
    pub before: isize,
    /// Elements of the column.
    pub columns: usize,
    /// Bytes from one element to the next.
    pub element: usize,
}

impl Segment {
    /// Whether the segment is one turn of the circle that `other` begins.
    pub fn continues(&self, other: &Self) -> bool {
        let turns = (self.before - other.before).rem_euclid(other.columns.max(1) as isize) == 0;
        turns
            && Self {
                before: other.before,
                ..*self
            } == *other
    }
}

/// The layouts of all inputs.
#[derive(Clone, Debug)]
pub struct Layouts {
    dims: Vec<Vec<usize>>,
    shapes: Vec<Vec<PixelShape>>,
}

/// How often a layer's rows are multiplied out, to weigh layouts against each other.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    /// Column stride.
    pub stride: usize,
    /// Columns of the kernel.
    pub kernel: usize,
    /// Columns of the output.
    pub columns: usize,
    /// Channels times rows of the output.
    pub runs: usize,
}

impl Layouts {
    /// No layout yet.
    pub fn new(graph: &Graph) -> Self {
        Self {
            dims: graph.inputs.iter().map(|i| i.shape.clone()).collect(),
            shapes: vec![Vec::new(); graph.inputs.len()],
        }
    }

    /// Gives inputs that no layer reads one line, to be packed only.
    pub fn complete(&mut self) {
        for (dims, shapes) in self.dims.iter().zip(&mut self.shapes) {
            if shapes.is_empty() {
                shapes.push(PixelShape {
                    rows: 1,
                    width: dims.iter().product(),
                    stride: 1,
                });
            }
        }
    }

    /// The layouts of each input.
    pub fn shapes(&self) -> &[Vec<PixelShape>] {
        &self.shapes
    }

    /// The segments of rows that one layer reads; layouts are made as needed.
    pub fn resolve(
        &mut self,
        rows: &[&[Source]],
        reader: Reader,
    ) -> Result<Vec<Vec<Segment>>, String> {
        let mut used = BTreeMap::<usize, Seen>::new();
        for row in rows {
            let mut last = None;
            for source in *row {
                let here = match source.origin {
                    Origin::Input { input, index } => Some((input as usize, index as usize)),
                    Origin::Constant => None,
                    Origin::Node { .. } => {
                        return Err("a layer on top of another layer cannot be proved yet".into())
                    }
                };
                if let Some((input, index)) = here {
                    used.entry(input).or_default().next(last, (input, index));
                }
                last = here;
            }
            used.values_mut().for_each(Seen::end);
        }
        let mut out = vec![Vec::new(); rows.len()];
        for (input, seen) in used {
            self.resolve_input(input, &seen, rows, reader, &mut out)?;
        }
        for segments in &mut out {
            segments.sort_by_key(|s| s.before);
        }
        Ok(out)
    }

    fn resolve_input(
        &mut self,
        input: usize,
        seen: &Seen,
        rows: &[&[Source]],
        reader: Reader,
        out: &mut [Vec<Segment>],
    ) -> Result<(), String> {
        let mut best: Option<(usize, PixelShape, usize, Vec<Vec<Cut>>)> = None;
        let mut why = String::new();
        for (distance, width) in self.candidates(input, seen) {
            // Lines of one byte are the last resort.
            if width == 1 && best.is_some() {
                break;
            }
            let shape = self.shape(input, width, distance, reader.stride);
            if !shape.is_supported() {
                why = format!(
                    "column stride {} over elements {distance} bytes apart; at most {MAX_STRIDE} bytes can be stepped over",
                    reader.stride
                );
                continue;
            }
            match cut_all(rows, input, distance, width) {
                Ok(cuts) => {
                    let cost = self.cost(input, shape, width / distance, &cuts, reader);
                    if best.as_ref().is_none_or(|(least, ..)| cost < *least) {
                        best = Some((cost, shape, distance, cuts));
                    }
                }
                // What the last resort fails at says little.
                Err(reason) if width > 1 || why.is_empty() => why = reason,
                Err(_) => {}
            }
        }
        let Some((_, shape, distance, cuts)) = best else {
            return Err(why);
        };
        let layout = self.intern(input, shape);
        for (segments, cuts) in out.iter_mut().zip(cuts) {
            segments.extend(cuts.into_iter().map(|cut| Segment {
                layout,
                line: cut.line,
                lane: cut.lane,
                before: cut.before,
                columns: shape.width / distance,
                element: distance,
            }));
        }
        Ok(())
    }

    /// Distances between elements with lengths of lines that may fit, in bytes.
    fn candidates(&self, input: usize, seen: &Seen) -> Vec<(usize, usize)> {
        let dims = self.dims.get(input).map_or(&[][..], Vec::as_slice);
        let len: usize = dims.iter().product();
        let mut widths: Vec<usize> = (0..dims.len())
            .map(|axis| dims.iter().skip(axis).product())
            .collect();
        let there = self.shapes.get(input).map_or(&[][..], Vec::as_slice);
        let mut known: Vec<usize> = there.iter().map(|s| s.width).collect();
        known.sort_unstable_by_key(|&width| std::cmp::Reverse(width));
        known.dedup();
        widths.extend(known.into_iter().take(MAX_WIDTHS));
        let mut found = Vec::new();
        for distance in seen.distances() {
            let longest = seen.longest.saturating_mul(distance);
            for width in widths.iter().copied().chain([longest]) {
                let fits = width.is_multiple_of(distance) && len.is_multiple_of(width.max(1));
                if fits && width >= distance && !found.contains(&(distance, width)) {
                    found.push((distance, width));
                }
            }
        }
        if !found.contains(&(1, 1)) {
            found.push((1, 1));
        }
        found.sort_by_key(|candidate| (candidate.1 == 1, candidate.1));
        found
    }

    /// Lines of `width` bytes, read in steps of `stride` elements. In a line no longer than a step any step is the same, so the
    /// line's length stands for it.
    fn shape(&self, input: usize, width: usize, distance: usize, stride: usize) -> PixelShape {
        let len: usize = self.dims.get(input).map_or(0, |d| d.iter().product());
        PixelShape {
            rows: len / width.max(1),
            width,
            stride: distance.saturating_mul(stride).min(width),
        }
    }

    /// Circuit rows that a layout costs: its own, and those of extra outputs.
    fn cost(
        &self,
        input: usize,
        shape: PixelShape,
        columns: usize,
        cuts: &[Vec<Cut>],
        reader: Reader,
    ) -> usize {
        let known = self.shapes.get(input).is_some_and(|s| s.contains(&shape));
        let own = if known { 0 } else { shape.total_rows() };
        let befores = || cuts.iter().flatten().map(|c| c.before);
        let spread = befores().max().unwrap_or(0) - befores().min().unwrap_or(0);
        let reach = (columns + reader.kernel + spread.unsigned_abs()) / reader.stride.max(1);
        let extras = reach.saturating_sub(reader.columns).div_ceil(8);
        own.saturating_add(extras.saturating_mul(reader.runs))
    }

    fn intern(&mut self, input: usize, shape: PixelShape) -> LayoutId {
        let shapes = &mut self.shapes[input];
        let variant = shapes.iter().position(|s| *s == shape).unwrap_or_else(|| {
            shapes.push(shape);
            shapes.len() - 1
        });
        LayoutId { input, variant }
    }
}

/// What is seen of an input in a layer's rows.
#[derive(Default)]
struct Seen {
    /// Distances between neighbours, with their number.
    distances: BTreeMap<usize, usize>,
    /// Elements of the longest progression.
    longest: usize,
    /// Distance and elements of the progression that is going on.
    current: (usize, usize),
}

impl Seen {
    fn next(&mut self, last: Option<(usize, usize)>, here: (usize, usize)) {
        let distance = last
            .filter(|last| last.0 == here.0)
            .and_then(|last| here.1.checked_sub(last.1))
            .filter(|&d| d != 0);
        match distance {
            Some(d) if self.current.0 == d => self.current.1 += 1,
            Some(d) => self.current = (d, 2),
            None => self.current = (0, 1),
        }
        if let Some(d) = distance {
            // Rows of a bounded number of elements; a few distances are enough to tell a layout.
            if self.distances.len() < 1 << 10 || self.distances.contains_key(&d) {
                *self.distances.entry(d).or_default() += 1;
            }
        }
        self.longest = self.longest.max(self.current.1);
    }

    fn end(&mut self) {
        self.current = (0, 0);
    }

    /// The commonest first.
    fn distances(&self) -> Vec<usize> {
        let mut list: Vec<_> = self.distances.iter().map(|(d, n)| (*n, *d)).collect();
        list.sort_by_key(|&(n, d)| (std::cmp::Reverse(n), d));
        list.into_iter().take(MAX_DISTANCES).map(|e| e.1).collect()
    }
}

/// A segment before it has a layout.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Cut {
    line: usize,
    lane: usize,
    before: isize,
}

/// [`cut`] for all rows, if they are of no more segments than the largest circuit has rows.
fn cut_all(
    rows: &[&[Source]],
    input: usize,
    distance: usize,
    width: usize,
) -> Result<Vec<Vec<Cut>>, String> {
    let mut all = Vec::with_capacity(rows.len());
    let mut count = 0;
    for row in rows {
        let cuts = cut(row, input, distance, width)?;
        count += cuts.len();
        if count > 1 << crate::MAX_K {
            return Err(TOO_MANY.into());
        }
        all.push(cuts);
    }
    Ok(all)
}

const TOO_MANY: &str = "elements of too many places in its rows";

/// What of `input` stands in a row, for elements `distance` bytes apart in lines of `width` bytes.
fn cut(row: &[Source], input: usize, distance: usize, width: usize) -> Result<Vec<Cut>, String> {
    let mut found: Vec<(Cut, usize)> = Vec::new();
    let mut places: HashMap<Cut, usize> = HashMap::new();
    for (x, source) in row.iter().enumerate() {
        let Origin::Input { input: of, index } = source.origin else {
            continue;
        };
        if of as usize != input {
            continue;
        }
        let (line, within) = (index as usize / width, index as usize % width);
        let here = Cut {
            line,
            lane: within % distance,
            before: x as isize - (within / distance) as isize,
        };
        if let Some(last) = found.last_mut().filter(|last| last.0 == here) {
            last.1 += 1;
            continue;
        }
        let at = *places.entry(here).or_insert(found.len());
        if let Some(known) = found.get_mut(at) {
            known.1 += 1;
        } else if found.len() < MAX_SEGMENTS {
            found.push((here, 1));
        } else {
            return Err(TOO_MANY.into());
        }
    }
    let columns = (width / distance) as isize;
    for (cut, count) in &found {
        let from = cut.before.max(0);
        let to = (cut.before + columns).min(row.len() as isize);
        if to - from != *count as isize {
            return Err(
                "a part of an image row is left out or replaced between other elements".into(),
            );
        }
    }
    Ok(found.into_iter().map(|f| f.0).collect())
}
