# What the scripts share: where things are, the Python environment, one run of the C++ tests. Sourced, never run.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
venv="$root/.venv"

# Another checkout of the same sources finds what this one has compiled.
export CCACHE_BASEDIR="$root" CCACHE_NOHASHDIR=1

say() { printf '\n== %s\n' "$*"; }

die() {
  printf 'Error: %s\n' "$*" >&2
  exit 1
}

# install_pais [EXTRA]: puts PAIS into .venv, in place, so that a change of the Python code is there at once. Does
# nothing when no C++ and no build file has changed since the last time.
install_pais() {
  local extra="${1:-}" python="${PYTHON:-python3}" changed started
  local stamp="$venv/.pais-installed"
  if [[ ! -x "$venv/bin/python" ]]; then
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
      die "Python 3.11 or newer is needed; name one with PYTHON=/path/to/python3"
    "$python" -m venv "$venv"
  fi
  if [[ -e "$stamp$extra" ]]; then
    changed="$(cd "$root" && find CMakeLists.txt cmake cpp pyproject.toml -newer "$stamp$extra" -print -quit)"
    [[ -n "$changed" ]] || return 0
  fi
  say "Building and installing PAIS into .venv (minutes the first time, seconds after)"
  started="$(mktemp)"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable "$root${extra:+[$extra]}"
  touch -r "$started" "$stamp" "$stamp$extra"
  rm "$started"
}

# cpp_tests PRESET: configures, builds and runs the C++ tests of one preset.
cpp_tests() {
  local preset="$1"
  say "C++ tests: $preset"
  (
    cd "$root"
    cmake --preset "$preset" --log-level=WARNING >/dev/null
    cmake --build --preset "$preset" -- --quiet
    ctest --preset "$preset"
  )
}

# cpp_files: every C++ file of ours, each ended by a NUL.
cpp_files() {
  find "$root/cpp" "$root/tests/cpp" "$root/bench" \( -name '*.cpp' -o -name '*.h' \) -print0
}
