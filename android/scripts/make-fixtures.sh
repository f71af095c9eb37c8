#!/usr/bin/env bash
# Makes the files that the sample app and the device test bundle: the iris model, an eye's capture, its holder and issuers, and an
# INSECURE reference string. Needs Rust.
set -euo pipefail
cd "$(dirname "$0")/../.."
for module in android/sample/src/main android/verilens/src/androidTest; do
  mkdir -p "$module/assets"
done
assets=android/sample/src/main/assets
cargo run --release --locked -p verilens-tests --example sdk_fixtures -- "$assets" >/dev/null
rm -f "$assets"/{capture_other_issuer.vlc,holder_other.vlh,srs_small.bin,proof_revealed.vlp,verifying_revealed.vlk}
cp "$assets"/* android/verilens/src/androidTest/assets/
ls -l "$assets"
