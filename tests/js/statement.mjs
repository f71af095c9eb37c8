// The statement's hashes written a second time, over circomlibjs, from docs/statement.md alone.
import { createHash } from "node:crypto";
import { buildEddsa, buildPoseidon } from "circomlibjs";

export const eddsa = await buildEddsa();
export const poseidon = await buildPoseidon();
export const F = poseidon.F;
export const R = F.p;
export const L = eddsa.babyJub.subOrder;
export const CREATED_BY = "circomlibjs 0.1.7";

export const hex = (x) => "0x" + BigInt(x).toString(16).padStart(64, "0");
export const sha256 = (data) => createHash("sha256").update(data).digest();

/** Digest to field: the top 3 bits cleared, big-endian. */
export const digestToField = (digest) =>
  BigInt("0x" + digest.toString("hex")) & ((1n << 253n) - 1n);
export const textToField = (text) => digestToField(sha256(Buffer.from(text, "utf8")));
export const domain = (use) => textToField("verilens/v1/" + use);

/** The whole state after one permutation of [first, ...rest]. */
export const permute = ([first, ...rest]) =>
  poseidon(rest.map((x) => F.e(x)), F.e(first), rest.length + 1).map((x) => F.toObject(x));

export function hash(use, inputs) {
  const rate = inputs.length <= 2 ? 2 : 5;
  const padded = [...inputs, ...Array(rate - inputs.length).fill(0n)];
  return permute([domain(use), ...padded])[0];
}

export function sponge(use, elems) {
  const list = [BigInt(elems.length), ...elems];
  while (list.length % 12) list.push(0n);
  let state = [domain(use), ...Array(12).fill(0n)];
  for (let i = 0; i < list.length; i += 12) {
    state = permute(state.map((s, j) => (j ? (s + list[i + j - 1]) % R : s)));
  }
  return state[0];
}

export function bytesToWords(bytes) {
  const words = [];
  for (let i = 0; i < bytes.length; i += 31) {
    words.push([...bytes.subarray(i, i + 31)].reduceRight((acc, b) => acc * 256n + BigInt(b), 0n));
  }
  return words;
}

export const TYPES = { uint8: 1n, bool: 2n, int8: 3n, int16: 4n, int32: 5n };

export function payloadDigest(tensors) {
  const sorted = [...tensors].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  const elems = [BigInt(sorted.length)];
  for (const { name, type, shape, data } of sorted) {
    elems.push(textToField(name), TYPES[type], BigInt(shape.length), ...shape.map(BigInt));
    elems.push(...bytesToWords(data));
  }
  return sponge("payload", elems);
}

export const captureDigest = ({ schema, tensors, salt, holder, capturedAt }) =>
  hash("capture", [textToField(schema), payloadDigest(tensors), bytesToWords(salt)[0], holder, capturedAt]);

export function issuerRoot(keys) {
  let level = keys.map(([x, y]) => hash("issuer-key", [x, y]));
  let empty = 0n;
  for (let height = 0; height < 20; height++) {
    const next = [];
    for (let i = 0; i < level.length; i += 2) {
      next.push(hash("issuer-node", [level[i], level[i + 1] ?? empty]));
    }
    level = next;
    empty = hash("issuer-node", [empty, empty]);
  }
  return level[0];
}

export function outputCommitment(outputs, blinding) {
  const words = [];
  let n = 0n;
  for (const { kind, values } of outputs) {
    n += BigInt(values.length);
    if (kind === "ints") {
      words.push(...values.map((v) => (BigInt(v) + R) % R));
      continue;
    }
    for (let i = 0; i < values.length; i += 248) {
      words.push(values.slice(i, i + 248).reduce((acc, bit, j) => acc + (BigInt(bit) << BigInt(j)), 0n));
    }
  }
  return { n, words, commitment: sponge("output", [n, ...words, blinding]) };
}

export const statementWord = (scheme, mode) => domain(`${scheme}/${mode}`);

/** circomlibjs' own verdict on integers. */
export const verify = ({ key, msg, r8, s }) =>
  eddsa.verifyPoseidon(F.e(msg), { R8: r8.map((c) => F.e(c)), S: s }, key.map((c) => F.e(c)));

/** Bytes that anyone can make again: SHA-256 of a label and a counter. */
export function stream(label, length) {
  const blocks = [];
  for (let i = 0; i * 32 < length; i++) blocks.push(sha256(Buffer.from(`${label}/${i}`)));
  return Buffer.concat(blocks).subarray(0, length);
}
export const element = (label) => BigInt("0x" + stream(label, 48).toString("hex")) % R;
