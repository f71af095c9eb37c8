#!/usr/bin/env bash
# Makes ios/build/CVerilens.xcframework, which Package.swift takes on Apple systems. Needs a Mac.
#
#   ios/scripts/build-xcframework.sh [--debug] [--macos]
#
#   --debug   an unoptimised library (proofs take minutes)
#   --macos   also for this Mac itself, so that `swift test` runs on it
#   --help    this text
#
# Device (arm64) and simulator (arm64, x86_64). The framework has no debug symbols; they are in ios/build/symbols, one file for each
# architecture: keep them with the release, for crash reports. Prints the size that it adds to an app.
set -euo pipefail
cd "$(dirname "$0")/../.."

profile=mobile macos=
for argument in "$@"; do
  case $argument in
  --debug) profile=dev ;;
  --macos) macos=1 ;;
  --help | -h)
    sed -n '2,11s/^# \{0,1\}//p' "$0"
    exit
    ;;
  *)
    echo "build-xcframework: unknown argument $argument (see --help)" >&2
    exit 2
    ;;
  esac
done

missing() {
  echo "build-xcframework: $1" >&2
  exit 2
}
[ "$(uname)" = Darwin ] || missing "this needs a Mac: Apple's linker and xcodebuild exist nowhere else"
command -v xcodebuild >/dev/null || missing "xcodebuild is missing: install Xcode 16 or later"
xcrun --sdk iphoneos --show-sdk-path >/dev/null 2>&1 || missing "the iOS SDK is missing: open Xcode once, or run xcode-select -s"
command -v cargo >/dev/null || missing "cargo is missing: install Rust from https://rustup.rs"
command -v rustup >/dev/null || missing "rustup is missing: it brings the libraries of the iOS targets"

targets=(aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios)
[ -z "$macos" ] || targets+=(aarch64-apple-darwin x86_64-apple-darwin)
rustup target add "${targets[@]}"

# The least version that the package supports, for the few C objects of the standard library.
export IPHONEOS_DEPLOYMENT_TARGET=15.0 MACOSX_DEPLOYMENT_TARGET=13.0
# Line tables: function names and lines for crash reports, nothing more.
export CARGO_PROFILE_MOBILE_DEBUG=line-tables-only
folder=$profile
[ "$profile" != dev ] || folder=debug
built=${CARGO_TARGET_DIR:-target}
for target in "${targets[@]}"; do
  echo "== $target"
  cargo rustc --locked --profile "$profile" -p verilens-ffi --lib --crate-type staticlib --target "$target"
done

out=ios/build
rm -rf "$out/CVerilens.xcframework" "$out/symbols" "$out/headers" "$out/libraries"
# In a folder of its own: Xcode copies the headers of all frameworks into one place.
mkdir -p "$out/headers/CVerilens" "$out/symbols" "$out/libraries"/{ios,simulator,macos}
cp ios/Sources/CVerilens/CVerilens.h "$out/headers/CVerilens/"
printf 'module CVerilens {\n    header "CVerilens.h"\n    export *\n}\n' >"$out/headers/CVerilens/module.modulemap"


for target in "${targets[@]}"; do
  library=$out/libraries/$target.a
  cp "$built/$target/$folder/libverilens_ffi.a" "$library"
  gzip -9 -c "$library" >"$out/symbols/$target.a.gz"
  xcrun strip -S -x "$library" 2>/dev/null || xcrun strip -S "$library"
done
library() { echo "$out/libraries/$1"; }
xcrun lipo -create "$(library aarch64-apple-ios.a)" -output "$(library ios/libverilens_ffi.a)"
xcrun lipo -create "$(library aarch64-apple-ios-sim.a)" "$(library x86_64-apple-ios.a)" \
  -output "$(library simulator/libverilens_ffi.a)"
parts=(-library "$(library ios/libverilens_ffi.a)" -headers "$out/headers"
  -library "$(library simulator/libverilens_ffi.a)" -headers "$out/headers")
if [ -n "$macos" ]; then
  xcrun lipo -create "$(library aarch64-apple-darwin.a)" "$(library x86_64-apple-darwin.a)" \
    -output "$(library macos/libverilens_ffi.a)"
  parts+=(-library "$(library macos/libverilens_ffi.a)" -headers "$out/headers")
fi
xcodebuild -create-xcframework "${parts[@]}" -output "$out/CVerilens.xcframework"

# An archive is far larger than what the linker takes from it: link all that the package calls, as an app would.
echo "== size"
target=aarch64-apple-ios
exported=$(sed -n 's/.*[ *]\(uniffi_[a-z0-9_]*\|ffi_verilens_[a-z0-9_]*\)(.*/-Wl,-u,_\1/p' "$out/headers/CVerilens/CVerilens.h" | sort -u)
# shellcheck disable=SC2086
xcrun --sdk iphoneos clang -arch arm64 -miphoneos-version-min=15.0 -dynamiclib -Wl,-dead_strip $exported \
  "$(library $target.a)" -framework Security -framework Foundation -o "$out/libraries/linked.dylib"
xcrun strip -S -x "$out/libraries/linked.dylib"
bytes=$(stat -f %z "$out/libraries/linked.dylib")
echo "$target: $bytes bytes in an app (archive: $(stat -f %z "$(library $target.a)") bytes)"
rm -rf "$out/libraries" "$out/headers"
echo "$out/CVerilens.xcframework"
