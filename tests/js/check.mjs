// (a) The committed vectors are what circomlibjs computes today. (b) circomlibjs accepts every
// signature that Rust made: the committed rust-signatures.json, or a file given as argument. (c) libsodium seals and
// opens the vault's frozen files.
import { readFileSync } from "node:fs";
import { directory, files, render } from "./vectors.mjs";
import { R, verify } from "./statement.mjs";
import { checkVault } from "./vault.mjs";

let failed = 0;
let passed = 0;
const check = (ok, what) => {
  if (ok) passed += 1;
  else {
    failed += 1;
    console.error(`failed: ${what}`);
  }
};

for (const [name, make] of Object.entries(files)) {
  const committed = readFileSync(new URL(name, directory), "utf8");
  check(committed === render(make()), `${name} is not what circomlibjs computes`);
}

const path = process.argv[2] ?? new URL("rust-signatures.json", directory);
const { signatures } = JSON.parse(readFileSync(path, "utf8"));
check(signatures.length >= 16, "at least 16 signatures made in Rust");
for (const [i, { key, msg, r8, s }] of signatures.entries()) {
  const c = { key: key.map(BigInt), msg: BigInt(msg), r8: r8.map(BigInt), s: BigInt(s) };
  check(verify(c), `Rust signature ${i} verifies`);
  check(!verify({ ...c, msg: (c.msg + 1n) % R }), `Rust signature ${i} on another message is refused`);
}
checkVault(check);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
