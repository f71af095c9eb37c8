// Writes tests/vectors/circomlib/*.json.
import { mkdirSync, writeFileSync } from "node:fs";
import { directory, files, render } from "./vectors.mjs";

mkdirSync(directory, { recursive: true });
for (const [name, make] of Object.entries(files)) writeFileSync(new URL(name, directory), render(make()));
process.exit(0);
