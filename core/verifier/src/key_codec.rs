//! The `VKEY` file: see `docs/file-formats.md`.

use alloc::vec::Vec;

use crate::codec::{frame, put_g1, put_g2, range, scalar_to_bytes, Reader};
use crate::expression::Program;
use crate::key::{ColumnKind, Description, Lookup, PermutationColumn, Query};
use crate::Error;

/// Version 1 had one commitment for each column.
const VERSION: u32 = 2;

fn put_len(out: &mut Vec<u8>, len: usize) {
    // Validation bounds every list well below 2^16.
    out.extend_from_slice(&(len as u16).to_le_bytes());
}

fn put_queries(out: &mut Vec<u8>, queries: &[Query]) {
    put_len(out, queries.len());
    for query in queries {
        out.extend_from_slice(&query.column.to_le_bytes());
        out.extend_from_slice(&query.rotation.to_le_bytes());
    }
}

fn put_nodes(out: &mut Vec<u8>, nodes: &[u16]) {
    for node in nodes {
        out.extend_from_slice(&node.to_le_bytes());
    }
}

fn read_queries(reader: &mut Reader<'_>, field: &'static str) -> Result<Vec<Query>, Error> {
    let count = reader.u16(field)?.into();
    reader.list(count, 6, field, |r| {
        let column = r.u16(field)?;
        let rotation = i32::from_le_bytes(r.array(field)?);
        Ok(Query { column, rotation })
    })
}

fn read_bytes(reader: &mut Reader<'_>, field: &'static str) -> Result<Vec<u8>, Error> {
    let count = reader.u16(field)?.into();
    reader.list(count, 1, field, |r| r.u8(field))
}

impl Description {
    /// The canonical file. Of use only for a description that validates.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend_from_slice(&self.statement);
        out.extend_from_slice(&self.model_digest);
        out.extend_from_slice(&self.srs_digest);
        out.push(self.insecure_srs.into());
        out.extend_from_slice(&scalar_to_bytes(&self.transcript_repr));
        put_g1(&mut out, &self.g1);
        put_g2(&mut out, &self.g2);
        put_g2(&mut out, &self.s_g2);
        out.extend_from_slice(&[self.k, self.degree]);
        out.extend_from_slice(&self.blinding_factors.to_le_bytes());
        for phases in [&self.advice_phases, &self.challenge_phases] {
            put_len(&mut out, phases.len());
            out.extend_from_slice(phases);
        }
        put_len(&mut out, self.instance_lens.len());
        for len in &self.instance_lens {
            out.extend_from_slice(&len.to_le_bytes());
        }
        put_queries(&mut out, &self.advice_queries);
        put_queries(&mut out, &self.fixed_queries);
        put_queries(&mut out, &self.instance_queries);
        out.extend_from_slice(&self.fixed_columns.to_le_bytes());
        put_len(&mut out, self.permutation.len());
        for entry in &self.permutation {
            out.push(entry.kind as u8);
            out.extend_from_slice(&entry.column.to_le_bytes());
        }
        out.push(self.fold);
        put_len(&mut out, self.commitments.len());
        for point in &self.commitments {
            put_g1(&mut out, point);
        }
        self.program.put(&mut out);
        put_len(&mut out, self.gates.len());
        put_nodes(&mut out, &self.gates);
        put_len(&mut out, self.lookups.len());
        for lookup in &self.lookups {
            out.push(lookup.inputs.len() as u8);
            put_nodes(&mut out, &lookup.inputs);
            put_nodes(&mut out, &lookup.tables);
        }
        frame(b"VKEY", VERSION, &out)
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::framed(bytes, "VKEY", VERSION)?;
        let r = &mut reader;
        let description = Self {
            statement: r.array("statement")?,
            model_digest: r.array("model digest")?,
            srs_digest: r.array("SRS digest")?,
            insecure_srs: r.bool("insecure SRS flag")?,
            transcript_repr: r.scalar("transcript representative")?,
            g1: r.g1("SRS g1")?,
            g2: r.g2("SRS g2")?,
            s_g2: r.g2("SRS s_g2")?,
            k: r.u8("k")?,
            degree: r.u8("degree")?,
            blinding_factors: r.u16("blinding factors")?,
            advice_phases: read_bytes(r, "advice phases")?,
            challenge_phases: read_bytes(r, "challenge phases")?,
            instance_lens: {
                let count = r.u16("instance lengths")?.into();
                r.list(count, 4, "instance lengths", |r| r.u32("instance length"))?
            },
            advice_queries: read_queries(r, "advice queries")?,
            fixed_queries: read_queries(r, "fixed queries")?,
            instance_queries: read_queries(r, "instance queries")?,
            fixed_columns: r.u16("fixed columns")?,
            permutation: {
                let count = r.u16("permutation")?.into();
                r.list(count, 3, "permutation", read_permutation)?
            },
            fold: r.u8("fold")?,
            commitments: {
                let count = r.u16("key commitments")?.into();
                r.list(count, 64, "key commitments", |r| r.g1("key commitment"))?
            },
            program: Program::read(r)?,
            gates: {
                let count = r.u16("gates")?.into();
                r.list(count, 2, "gates", |r| r.u16("gate"))?
            },
            lookups: {
                let count = r.u16("lookups")?.into();
                r.list(count, 5, "lookups", read_lookup)?
            },
        };
        reader.finish("verifying key")?;
        Ok(description)
    }
}

fn read_permutation(reader: &mut Reader<'_>) -> Result<PermutationColumn, Error> {
    let kind = match reader.u8("permutation column kind")? {
        0 => ColumnKind::Advice,
        1 => ColumnKind::Fixed,
        2 => ColumnKind::Instance,
        other => return Err(range("permutation column kind", other.into(), 0, 2)),
    };
    Ok(PermutationColumn {
        kind,
        column: reader.u16("permutation column")?,
    })
}

fn read_lookup(reader: &mut Reader<'_>) -> Result<Lookup, Error> {
    let width = reader.u8("lookup width")?.into();
    Ok(Lookup {
        inputs: reader.list(width, 2, "lookup inputs", |r| r.u16("lookup input"))?,
        tables: reader.list(width, 2, "lookup tables", |r| r.u16("lookup table"))?,
    })
}
