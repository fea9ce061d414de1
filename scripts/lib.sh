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
  # The driver is for the Python tests.
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable "$root${extra:+[$extra]}" \
    --config-settings=cmake.define.PAIS_BUILD_DRIVER="$([[ "$extra" == dev ]] && echo ON || echo OFF)"
  touch -r "$started" "$stamp" "$stamp$extra"
  rm "$started"
}

# matrix_env FOLDER REQUIREMENT…: an environment in .venv-matrix/FOLDER with other versions of what PAIS builds on. It
# sees the PAIS of .venv, which install_pais has put there: nothing is compiled, and it is the very same core.
matrix_env() {
  local env="$root/.venv-matrix/$1" ours theirs found
  shift
  if [[ "$(cat "$env/.complete" 2>/dev/null)" != "$*" ]]; then
    "$venv/bin/python" -m venv --clear "$env" &&
      "$env/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile "$@" &&
      echo "$*" >"$env/.complete" || return 1
  fi
  ours="$(site_packages "$venv")"
  theirs="$(site_packages "$env")"
  for found in "$ours"/pais "$ours"/pais-*.dist-info "$ours"/_*pais.*; do
    ln -sfn "$found" "$theirs/"
  done
  ln -sfn "$venv/bin/pais-host" "$env/bin/"
  printf '#!%s\nfrom pais.cli import app\n\napp()\n' "$env/bin/python" >"$env/bin/pais"
  chmod +x "$env/bin/pais"
}

site_packages() {
  "$1/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'
}

# py_tests PYTHON ARGUMENT…: pytest, in a process more than there are cores: tests often wait. As in C++, what fails on
# a machine that is late has a second try, and is named.
py_tests() {
  local outcome=0 python="$1" cache="build/pytest-$(basename "$(dirname "$(dirname "$1")")")"
  shift
  "$python" -m pytest -o cache_dir="$cache" -n "$(($(nproc) + 1))" --dist worksteal "$@" || outcome=$?
  ((outcome == 1)) || return "$outcome"
  echo "A second try for what has failed:"
  "$python" -m pytest -o cache_dir="$cache" --last-failed --last-failed-no-failures=none "$@"
}

# matrix_tests FOLDER ARGUMENT…: the tests that meet pydantic-ai, in that environment.
matrix_tests() {
  local python="$root/.venv-matrix/$1/bin/python"
  shift
  "$python" -c 'import pydantic_ai; print("pydantic-ai", pydantic_ai.__version__)'
  py_tests "$python" --quiet "$@"
}

cpp_configure() {
  cd "$root" && cmake --preset "$1" --log-level=WARNING >/dev/null
}

# cpp_build PRESET [--target TARGET…]: configures and builds.
cpp_build() {
  cpp_configure "$1" && cmake --build --preset "$@" -- --quiet
}

# cpp_tests PRESET: builds and runs the C++ tests of one preset. On a machine that is late a test may miss a deadline: it
# has a second try, and is named when it needed that.
cpp_tests() {
  local preset="$1" outcome=0
  say "C++ tests: $preset"
  (
    cpp_build "$preset"
    ctest --preset "$preset" >"build/$preset/tests.log" 2>&1 || outcome=$?
    grep -v ' Passed \|^ *Start ' "build/$preset/tests.log" || true
    # What a sanitizer found stays found, though it was not seen again.
    ! grep -q 'Sanitizer: \|: runtime error: ' "build/$preset/tests.log" || outcome=1
    exit "$outcome"
  )
}

# cpp_files: every C++ file of ours, each ended by a NUL.
cpp_files() {
  find "$root/cpp" "$root/tests/cpp" "$root/bench" \( -name '*.cpp' -o -name '*.h' \) -print0
}

# peer_env FOLDER REQUIREMENT: an environment in .venv-peers/FOLDER with a program of others that tests talk to. It knows
# nothing of PAIS.
peer_env() {
  local env="$root/.venv-peers/$1"
  [[ ! -e "$env/.complete" ]] || return 0
  "${PYTHON:-python3}" -m venv --clear "$env" &&
    "$env/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile "$2" &&
    touch "$env/.complete"
}

# peer_envs: all of them, side by side. Without LiteLLM its one test is skipped; the others are needed.
peer_envs() {
  local jobs=()
  peer_env mcp-1 'mcp==1.30.*' & jobs=($!)
  peer_env mcp-2 'mcp==2.3.*' & jobs+=($!)
  peer_env fastmcp 'fastmcp==4.1.*' & jobs+=($!)
  peer_env litellm 'litellm[proxy]==1.106.*' || echo "LiteLLM could not be installed."
  all_of "${jobs[@]}" || die "the environments of the MCP servers could not be made"
}

# all_of PID…: waits for each; fails when one has failed.
all_of() {
  local job failed=0
  for job in "$@"; do
    wait "$job" || failed=1
  done
  return "$failed"
}
