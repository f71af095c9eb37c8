// The sealed file written a second time, over libsodium and Node's HMAC, from docs/vault.md alone.
// `node vault.mjs --write` writes core/vault/tests/frozen; only for a new format version.
import { createHmac } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import sodium from "libsodium-wrappers";

await sodium.ready;

const folder = new URL("../../core/vault/tests/frozen/", import.meta.url);
const plain = (name) => readFileSync(new URL(`../../core/statement/tests/frozen/${name}`, import.meta.url));
const kept = (name) => readFileSync(new URL(name, folder));

const le = (bytes, x) => {
  const out = Buffer.alloc(bytes);
  out.writeUIntLE(x, 0, Math.min(bytes, 6));
  return out;
};
const counted = (text) => [le(2, Buffer.byteLength(text)), Buffer.from(text)];
const mac = (key, ...parts) =>
  createHmac("sha256", key).update(Buffer.concat(parts.map((p) => Buffer.from(p)))).digest().subarray(0, 16);

/** Everything that precedes the ciphertext, and the associated data. */
function head({ key, nonce, kind, schema, id }, plainBytes) {
  const header = Buffer.concat([Buffer.from("VLNSSEAL"), le(4, 1), le(8, 57 + plainBytes + 16)]);
  const subject = [Buffer.from([kind]), ...counted(schema), ...counted(id)];
  const checks = [
    mac(key, "verilens/vault/v1/key", nonce),
    mac(key, "verilens/vault/v1/subject", nonce, ...subject),
  ];
  return {
    start: Buffer.concat([header, Buffer.from([kind]), nonce, ...checks]),
    associated: Buffer.concat([Buffer.from("verilens/vault/v1/data"), header, ...checks, ...subject]),
  };
}

function seal(file, content) {
  const { start, associated } = head(file, content.length);
  const text = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(content, associated, null, file.nonce, file.key);
  return Buffer.concat([start, text]);
}

function open(file, sealed) {
  const nonce = sealed.subarray(21, 45);
  const { start, associated } = head({ ...file, nonce }, sealed.length - 93);
  if (!sealed.subarray(0, 77).equals(start)) throw new Error("checks");
  return Buffer.from(
    sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, sealed.subarray(77), associated, nonce, file.key),
  );
}

const vector = {
  made_by: "libsodium-wrappers 0.8.4",
  key: Buffer.from(Array.from({ length: 32 }, (_, i) => 255 - 7 * i)).toString("hex"),
  schema: "iris/left/v1",
  id: "a frozen capture, \u00e9",
  capture_nonce: "c1".repeat(24),
  holder_nonce: "c2".repeat(24),
};
const bytes = (hex) => Buffer.from(hex, "hex");

/** Both files of a vector: what they are sealed for, and what is in them. */
const filesOf = ({ key, schema, id, capture_nonce, holder_nonce }) => ({
  "capture.vls": {
    of: { key: bytes(key), nonce: bytes(capture_nonce), kind: 1, schema, id },
    content: plain("capture.vlc"),
  },
  "holder.vls": {
    of: { key: bytes(key), nonce: bytes(holder_nonce), kind: 2, schema: "", id: "" },
    content: plain("holder.vlh"),
  },
});

/** Calls `check(holds, what)` for each thing that must hold. */
export function checkVault(check) {
  const committed = kept("vector.json").toString();
  check(committed === JSON.stringify(vector, null, 2) + "\n", "vault: vector.json is what this script writes");
  for (const [name, { of, content }] of Object.entries(filesOf(JSON.parse(committed)))) {
    const sealed = kept(name);
    check(sealed.equals(seal(of, content)), `vault: libsodium seals ${name}`);
    check(open(of, sealed).equals(content), `vault: libsodium opens ${name}`);
    const bad = Buffer.from(sealed);
    bad[bad.length - 1] ^= 1;
    let refused = false;
    try {
      open(of, bad);
    } catch {
      refused = true;
    }
    check(refused, `vault: libsodium refuses an altered ${name}`);
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  if (process.argv[2] !== "--write") throw new Error("usage: node vault.mjs --write");
  writeFileSync(new URL("vector.json", folder), JSON.stringify(vector, null, 2) + "\n");
  for (const [name, { of, content }] of Object.entries(filesOf(vector))) {
    writeFileSync(new URL(name, folder), seal(of, content));
  }
}
