// Builds every vector file as an object. Nothing here is random: the same input gives the same file.
import * as st from "./statement.mjs";

const { F, R, L, hex } = st;

function poseidon() {
  const cases = [];
  for (const t of [3, 6, 13]) {
    const states = [
      Array(t).fill(0n),
      Array(t).fill(R - 1n),
      Array.from({ length: t }, (_, i) => BigInt(i)),
    ];
    for (let n = 0; n < 6; n++) {
      const state = Array.from({ length: t }, (_, i) => st.element(`poseidon/${t}/${n}/${i}`));
      if (n < 2) state[0] = 0n; // the plain hash
      states.push(state);
    }
    for (const state of states) {
      cases.push({ state: state.map(hex), permuted: st.permute(state).map(hex) });
    }
  }
  return { made_by: st.CREATED_BY, cases };
}

function sign(label, msg) {
  const seed = st.stream(`seed/${label}`, 32);
  const { R8, S } = st.eddsa.signPoseidon(seed, F.e(msg));
  const key = st.eddsa.prv2pub(seed).map((c) => F.toObject(c));
  return { seed, key, msg, r8: R8.map((c) => F.toObject(c)), s: S };
}

function eddsa() {
  const cases = [];
  const add = (note, expect, c) => {
    const accepted = st.verify(c);
    // "strict": circomlibjs accepts it, Verilens must not.
    const fits = { valid: accepted, invalid: !accepted, strict: accepted }[expect];
    if (!fits) throw new Error(`${note}: circomlibjs says ${accepted}`);
    const { key, msg, r8, s } = c;
    cases.push({ note, expect, key: key.map(hex), msg: hex(msg), r8: r8.map(hex), s: hex(s) });
  };
  const messages = [0n, 1n, R - 1n, L, L - 1n, L + 1n, (R - 1n) / 2n];
  messages.forEach((msg, i) => add(`message edge ${i}`, "valid", sign(`edge/${i}`, msg)));
  for (let i = 0; i < 24; i++) {
    add(`signature ${i}`, "valid", sign(`plain/${i}`, st.element(`msg/${i}`)));
  }
  const good = sign("base", st.element("base message"));
  const other = sign("other", st.element("base message"));
  const neg = ([x, y]) => [(R - x) % R, y];
  add("base", "valid", good);
  add("message + 1", "invalid", { ...good, msg: good.msg + 1n });
  add("S + 1", "invalid", { ...good, s: (good.s + 1n) % L });
  add("S - 1", "invalid", { ...good, s: (good.s + L - 1n) % L });
  add("S negated", "invalid", { ...good, s: L - good.s });
  add("S + l", "invalid", { ...good, s: good.s + L });
  add("S + 2 l", "invalid", { ...good, s: good.s + 2n * L });
  add("S = 0", "invalid", { ...good, s: 0n });
  add("S = l", "invalid", { ...good, s: L });
  add("S = l - 1", "invalid", { ...good, s: L - 1n });
  add("S of another signature", "invalid", { ...good, s: other.s });
  add("R8 negated", "invalid", { ...good, r8: neg(good.r8) });
  add("R8 of another signature", "invalid", { ...good, r8: other.r8 });
  add("R8 off the curve", "invalid", { ...good, r8: [good.r8[0], (good.r8[1] + 1n) % R] });
  add("R8 coordinates swapped", "invalid", { ...good, r8: [good.r8[1], good.r8[0]] });
  add("R8 the identity", "invalid", { ...good, r8: [0n, 1n] });
  add("R8 = (0, 0)", "invalid", { ...good, r8: [0n, 0n] });
  add("key of another issuer", "invalid", { ...good, key: other.key });
  add("key negated", "invalid", { ...good, key: neg(good.key) });
  add("key off the curve", "invalid", { ...good, key: [good.key[0], (good.key[1] + 1n) % R] });
  add("key = (0, 0)", "invalid", { ...good, key: [0n, 0n] });

  // Keys of small order: R8 = r·Base8 and S = r satisfy the equation for every message.
  const B = st.eddsa.babyJub;
  const r = BigInt("0x" + st.stream("small order nonce", 30).toString("hex"));
  const r8 = B.mulPointEscalar(B.Base8, r).map((c) => F.toObject(c));
  const order8 = B.mulPointEscalar(B.Generator, L);
  for (let i = 0; i < 8; i++) {
    const key = B.mulPointEscalar(order8, i).map((c) => F.toObject(c));
    add(`key of small order, ${i} times an order-8 point`, "strict", { key, msg: good.msg, r8, s: r });
  }
  // A key with a component of small order: 8A is the same, so circomlibjs accepts signatures by it.
  for (let i = 1; i < 8; i++) {
    const seed = st.stream("mixed", 32);
    const small = B.mulPointEscalar(order8, i);
    const { r8, s, key } = signWithShiftedKey(seed, small, good.msg);
    add(`key with a component of small order, ${i}`, "strict", { key, msg: good.msg, r8, s });
  }
  return { made_by: st.CREATED_BY, cases };
}

function signWithShiftedKey(seed, small, msg) {
  const B = st.eddsa.babyJub;
  const a = BigInt("0x" + seed.toString("hex")) % L;
  const nonce = BigInt("0x" + st.stream("mixed nonce", 40).toString("hex")) % L;
  const key = B.addPoint(B.mulPointEscalar(B.Base8, a), small).map((c) => F.toObject(c));
  const r8 = B.mulPointEscalar(B.Base8, nonce).map((c) => F.toObject(c));
  const h = st.permute([0n, ...r8, ...key, msg])[0];
  return { key, r8, s: (nonce + h * 8n * a) % L };
}

function points() {
  const B = st.eddsa.babyJub;
  const toHex = (p) => p.map((c) => hex(F.toObject(c)));
  const multiples = [0n, 1n, 2n, 3n, 8n, L - 1n, L, L + 1n].map((n) => ({
    scalar: hex(n),
    point: toHex(B.mulPointEscalar(B.Base8, n)),
  }));
  const order8 = B.mulPointEscalar(B.Generator, L);
  const small = Array.from({ length: 8 }, (_, i) => toHex(B.mulPointEscalar(order8, i)));
  return { made_by: st.CREATED_BY, order: hex(L), multiples, small_order: small };
}

function tensor(name, type, shape, label) {
  const size = { uint8: 1, bool: 1, int8: 1, int16: 2, int32: 4 }[type];
  const data = Buffer.from(st.stream(label, shape.reduce((a, b) => a * b, size)));
  if (type === "bool") data.forEach((b, i) => (data[i] = b & 1));
  return { name, type, shape, data };
}

function statement() {
  const hashes = [];
  for (const use of ["holder", "capture", "nullifier", "issuer-key", "issuer-node", "payload", "output"]) {
    for (let n = 1; n <= 5; n++) {
      const inputs = Array.from({ length: n }, (_, i) => st.element(`hash/${use}/${n}/${i}`));
      hashes.push({ use, inputs: inputs.map(hex), out: hex(st.hash(use, inputs)) });
    }
  }
  const sponges = [0, 1, 10, 11, 12, 13, 22, 23, 24, 25, 47, 60].flatMap((n) => {
    const elems = Array.from({ length: n }, (_, i) => st.element(`sponge/${n}/${i}`));
    const zeros = Array(n).fill(0n);
    return [elems, zeros].map((e) => ({ use: "payload", elems: e.map(hex), out: hex(st.sponge("payload", e)) }));
  });
  const holderSecret = st.element("holder secret");
  const holder = st.hash("holder", [holderSecret]);
  const scope = st.textToField("scope of the vectors");
  const issuer = st.stream("seed/statement", 32);
  const captures = [
    ["iris/left/v1", 1700000000n, [tensor("image", "uint8", [1, 1, 5, 7], "a")]],
    ["iris/left/v1", 0n, [tensor("image", "uint8", [31], "b")]],
    ["iris/right/v1", (1n << 64n) - 1n, [tensor("image", "uint8", [32], "c"), tensor("mask", "bool", [2, 16], "d")]],
    ["skin/v2", 1n, [
      tensor("b-b", "int16", [3, 4], "e"), tensor("b", "int32", [9], "f"), tensor("b/b", "int8", [62], "g"),
      tensor("b.b", "uint8", [], "h"), tensor("b_b", "bool", [1, 1, 1, 1, 1, 1, 1, 1], "i"), tensor("a", "int8", [93], "j"),
    ]],
  ].map(([schema, capturedAt, tensors], i) => {
    const salt = st.stream(`salt/${i}`, 31);
    const digest = st.captureDigest({ schema, tensors, salt, holder, capturedAt });
    const { R8, S } = st.eddsa.signPoseidon(issuer, F.e(digest));
    return {
      schema,
      captured_at: capturedAt.toString(),
      salt: salt.toString("hex"),
      tensors: tensors.map((t) => ({ ...t, data: t.data.toString("hex") })),
      payload_digest: hex(st.payloadDigest(tensors)),
      digest: hex(digest),
      // Nobody signs, and everybody knows: no salt, no holder.
      public_digest: hex(st.captureDigest({ schema, tensors, salt: Buffer.alloc(31), holder: 0n, capturedAt })),
      nullifier: hex(st.hash("nullifier", [digest, holderSecret, scope])),
      r8: R8.map((c) => hex(F.toObject(c))),
      s: hex(S),
    };
  });
  const keys = Array.from({ length: 6 }, (_, i) => sign(`issuer/${i}`, 0n).key);
  const sets = [1, 2, 3, 5, 6].map((n) => ({
    keys: keys.slice(0, n).map((k) => k.map(hex)),
    root: hex(st.issuerRoot(keys.slice(0, n))),
  }));
  const bits = (label, n) => [...st.stream(label, n)].map((b) => b & 1);
  const blinding = st.element("blinding");
  const outputs = [
    [{ name: "code", kind: "bits", shape: [1], values: [1] }],
    [{ name: "code", kind: "bits", shape: [248], values: bits("248", 248) }],
    [{ name: "code", kind: "bits", shape: [249], values: bits("249", 249) }],
    [{ name: "code", kind: "bits", shape: [2, 300], values: bits("600", 600) }, { name: "mask", kind: "bits", shape: [300], values: bits("300", 300) }],
    [{ name: "logits", kind: "ints", shape: [3], values: [-1, 0, 2147483647] }, { name: "flag", kind: "bits", shape: [], values: [0] }],
  ].map((list) => {
    const { n, words, commitment } = st.outputCommitment(list, blinding);
    return { outputs: list, n: Number(n), words: words.map(hex), commitment: hex(commitment) };
  });
  const words = ["eddsa-babyjubjub-poseidon", "ecdsa-p256-sha256"].flatMap((scheme) =>
    ["committed", "revealed"].map((mode) => ({ scheme, mode, word: hex(st.statementWord(scheme, mode)) })),
  );
  const unsigned = ["committed-input", "public-input", "committed-model"].flatMap((subject) =>
    ["committed", "revealed"].map((mode) => ({ subject, mode, word: hex(st.statementWord(subject, mode)) })),
  );
  return {
    made_by: st.CREATED_BY,
    holder_secret: hex(holderSecret),
    holder: hex(holder),
    scope_text: "scope of the vectors",
    scope: hex(scope),
    issuer: st.eddsa.prv2pub(issuer).map((c) => hex(F.toObject(c))),
    blinding: hex(blinding),
    hashes,
    sponges,
    captures,
    sets,
    outputs,
    statement_words: words,
    unsigned_statement_words: unsigned,
  };
}

export const files = {
  "poseidon.json": poseidon,
  "eddsa.json": eddsa,
  "points.json": points,
  "statement.json": statement,
};
export const directory = new URL("../vectors/circomlib/", import.meta.url);
export const render = (value) => JSON.stringify(value, null, 1) + "\n";
