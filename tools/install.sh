#!/bin/sh
# Makes .venv from the lock named by $1 (runtime or dev) and installs genkan in it; does nothing when that is already so.
set -eu
cd "$(dirname "$0")/.."

refuse() { echo "genkan: $1" >&2; exit 2; }

case "${1:-}" in
    runtime) lock=requirements.lock ;;
    dev) lock=requirements-dev.lock ;;
    *) refuse "say what to install: runtime or dev" ;;
esac

inputs() { pwd; cat "$2" pyproject.toml; }
is_installed() { inputs "$1" "$2" | cmp -s - ".venv/installed-$1"; }

# The development lock holds the runtime's versions and more, so it serves for both.
is_installed dev requirements-dev.lock && exit 0
[ "$1" = runtime ] && is_installed runtime requirements.lock && exit 0

if ! [ -x .venv/bin/python ]; then
    # The distribution's Python first: it is built with optimisations that one built by hand often lacks.
    python= lacking=
    for candidate in ${PYTHON:-/usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11}; do
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        "$candidate" -c 'import ensurepip, venv' 2>/dev/null && python=$candidate && break
        lacking=$candidate
    done
    [ -n "$python$lacking" ] || refuse "Python 3.11 or newer is needed; on Debian or Ubuntu: apt install python3 python3-venv"
    [ -n "$python" ] || refuse "$lacking cannot make virtual environments; on Debian or Ubuntu: apt install python3-venv"
    echo "Making .venv with $("$python" --version)"
    "$python" -m venv .venv
fi

echo "Installing what $lock names (once; the next start skips this)"
rm -f .venv/installed-*
# Wheels only: building from source would fetch build tools that no lock names.
.venv/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r "$lock"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
inputs "$1" "$lock" > ".venv/installed-$1"
