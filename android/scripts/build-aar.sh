#!/usr/bin/env bash
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: android/scripts/build-aar.sh [--native-only] [--help]

Builds libverilens_ffi.so for arm64-v8a, armeabi-v7a and x86_64, checks it, and packs the AAR.

  --native-only   only the libraries, into android/verilens/src/main/jniLibs

Needs: Rust with the three Android targets, cargo-ndk 3 or 4 (cargo install cargo-ndk), the Android SDK (ANDROID_HOME) with the NDK of
gradle/libs.versions.toml, and Gradle 8.13 or later with a JDK 17. Writes:
  android/verilens/build/outputs/aar/verilens-release.aar
  android/verilens/build/repository                        the same as a Maven repository, with dependencies
TEXT
}

fail() {
  echo "build-aar.sh: $*" >&2
  exit 2
}

native_only=
for argument in "$@"; do
  case $argument in
    --native-only) native_only=1 ;;
    --help | -h) usage && exit ;;
    *) usage >&2 && fail "unknown argument: $argument" ;;
  esac
done

cd "$(dirname "$0")/../.."
declare -A triples=([arm64-v8a]=aarch64-linux-android [armeabi-v7a]=armv7-linux-androideabi [x86_64]=x86_64-linux-android)
abis=(arm64-v8a armeabi-v7a x86_64)
min_sdk=$(sed -n 's/^min-sdk = "\(.*\)"/\1/p' android/gradle/libs.versions.toml)
ndk_version=$(sed -n 's/^ndk = "\(.*\)"/\1/p' android/gradle/libs.versions.toml)

command -v cargo >/dev/null || fail "cargo is missing: https://rustup.rs"
cargo ndk --version >/dev/null 2>&1 || fail "cargo-ndk is missing: cargo install cargo-ndk"
: "${ANDROID_NDK_HOME:=${ANDROID_HOME:-}/ndk/$ndk_version}"
[ -f "$ANDROID_NDK_HOME/source.properties" ] ||
  fail "no NDK in $ANDROID_NDK_HOME: sdkmanager 'ndk;$ndk_version', and set ANDROID_HOME or ANDROID_NDK_HOME"
export ANDROID_NDK_HOME
bin=$(echo "$ANDROID_NDK_HOME"/toolchains/llvm/prebuilt/*/bin)
[ -x "$bin/llvm-readelf" ] || fail "no llvm-readelf in $bin"
for abi in "${abis[@]}"; do
  if command -v rustup >/dev/null && ! rustup target list --installed | grep -qx "${triples[$abi]}"; then
    fail "the Rust target is missing: rustup target add ${triples[$abi]}"
  fi
done

jni=$PWD/android/verilens/src/main/jniLibs
targets=()
for abi in "${abis[@]}"; do targets+=(-t "$abi"); done
rm -rf "$jni"
# One kind of library: with the crate's Rust library beside it, as `cargo build` makes it, cargo leaves LTO out.
# Pages of 16 KB, which new devices have; NDK 28 aligns so by itself, older ones and the 32-bit ABI do not.
RUSTFLAGS="${RUSTFLAGS:-} -C link-arg=-Wl,-z,max-page-size=16384" \
  cargo ndk "${targets[@]}" --platform "$min_sdk" -o "$jni" rustc \
  --profile mobile --locked -p verilens-ffi --lib --crate-type cdylib

printf '\n%-14s %12s %12s  %s\n' ABI stripped gzip alignment
for abi in "${abis[@]}"; do
  library=$jni/$abi/libverilens_ffi.so
  [ -f "$library" ] || fail "$library was not built"
  # Symbols go to a file beside, for crash reports; AGP would strip, too, but then the report would be of another file.
  mkdir -p "android/verilens/build/symbols/$abi"
  cp "$library" "android/verilens/build/symbols/$abi/"
  "$bin/llvm-strip" --strip-unneeded "$library"
  alignments=$("$bin/llvm-readelf" --program-headers --wide "$library" | awk '$1 == "LOAD" { print $NF }' | sort -u)
  [ -n "$alignments" ] || fail "$library has no segment to load"
  for alignment in $alignments; do
    [ $((alignment)) -ge 16384 ] || fail "$library: a segment is aligned to $alignment, expected 0x4000 or more"
  done
  "$bin/llvm-readelf" --dyn-syms --wide "$library" | grep -q ' ffi_verilens_ffi_uniffi_contract_version$' ||
    fail "$library does not export uniffi's functions"
  printf '%-14s %12d %12d  %s\n' "$abi" "$(wc -c <"$library")" "$(gzip -9 -c "$library" | wc -c)" "${alignments//$'\n'/ }"
done
[ -z "$native_only" ] || exit 0

cd android
gradle=gradle
[ ! -x ./gradlew ] || gradle=./gradlew
command -v "$gradle" >/dev/null || fail "Gradle is missing: https://gradle.org/install"
"$gradle" --console=plain :verilens:assembleRelease :verilens:publishReleasePublicationToLocalRepository
ls -l verilens/build/outputs/aar/verilens-release.aar
