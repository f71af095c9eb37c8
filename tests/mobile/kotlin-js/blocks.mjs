// node blocks.mjs PAGE OUT SAMPLE: takes the Kotlin code blocks out of a page, so that they can be compiled.
//
// ```kotlin            a file of its own, for the JVM and Android        -> OUT/jvm
// ```kotlin android    a file of its own that needs Android's classes    -> OUT/android
// ```kotlin FILE.kt    part of a file of the sample app, word for word   (checked here)
// ```kotlin gradle     part of a build script                            (not compiled)
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [page, out, sample] = process.argv.slice(2);
const text = readFileSync(page, "utf8");
const files = readdirSync(sample, { recursive: true }).filter((f) => f.endsWith(".kt"));
const found = { jvm: 0, android: 0, sample: 0, gradle: 0 };

for (const [, info, code] of text.matchAll(/^```kotlin *([^\n]*)\n([\s\S]*?)^```$/gm)) {
  const line = text.slice(0, text.indexOf(code)).split("\n").length;
  if (info === "gradle") {
    found.gradle++;
  } else if (info.endsWith(".kt")) {
    const file = files.find((f) => f.endsWith(info));
    if (!file) throw new Error(`${page}:${line}: no ${info} in ${sample}`);
    if (!readFileSync(join(sample, file), "utf8").includes(code)) throw new Error(`${page}:${line}: not as in ${file}`);
    found.sample++;
  } else {
    const kind = { "": "jvm", android: "android" }[info];
    if (!kind) throw new Error(`${page}:${line}: unknown kind of block: ${info}`);
    mkdirSync(join(out, kind), { recursive: true });
    writeFileSync(join(out, kind, `Block${++found[kind]}.kt`), `package quickstart\n\n${code}`);
  }
}
for (const [kind, count] of Object.entries(found)) if (!count) throw new Error(`${page}: no block of kind ${kind}`);
console.log(JSON.stringify(found));
