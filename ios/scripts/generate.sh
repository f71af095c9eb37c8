#!/usr/bin/env bash
# Writes the generated part of the Swift package anew from the library, or checks that it is what would be written.
#
#   ios/scripts/generate.sh [--check]
set -euo pipefail
cd "$(dirname "$0")/../.."
case ${1:-} in
"" | --check) ;;
*)
  sed -n '2,4s/^# \{0,1\}//p' "$0"
  [ "$1" = --help ]
  exit
  ;;
esac

built=${CARGO_TARGET_DIR:-target}/release
cargo build --release --locked -p verilens-ffi
library=$built/libverilens_ffi.so
[ -f "$library" ] || library=$built/libverilens_ffi.dylib
written=$(mktemp -d)
trap 'rm -rf "$written"' EXIT
cargo run --release --locked --quiet -p verilens-bindgen --bin uniffi-bindgen -- \
  generate "$library" --no-format --language swift --out-dir "$written"
# The template leaves blanks at ends of lines.
sed -i.bak -e 's/[[:blank:]]*$//' "$written/VerilensFFI.swift" "$written/CVerilens.h"

# The module map is our own: it names the library to link on Linux.
if [ "${1:-}" = --check ]; then
  diff -u ios/Sources/VerilensFFI/VerilensFFI.swift "$written/VerilensFFI.swift" &&
    diff -u ios/Sources/CVerilens/CVerilens.h "$written/CVerilens.h" || {
    echo "ios/scripts/generate.sh: the generated Swift is out of date: run it without --check, and commit" >&2
    exit 1
  }
else
  cp "$written/VerilensFFI.swift" ios/Sources/VerilensFFI/
  cp "$written/CVerilens.h" ios/Sources/CVerilens/
fi
