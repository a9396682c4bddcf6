#!/bin/sh
# Print the Python that the project uses, or with `all` one interpreter for each minor version, newest last.
#
#   find-python.sh          one path; PYTHON=... in the environment is taken when it is new enough
#   find-python.sh all      lines of "3.12 /path/to/python3.12"
#
# Every candidate is run before it is believed: a pyenv shim exists for each version that pyenv knows,
# and fails when that version is not the chosen one; Debian's python3 may lack `ensurepip`.
set -eu

# The two modules are what `python -m venv` needs. sys.executable is the file behind a shim or an alias.
question='
import sys, venv, ensurepip
if sys.version_info < (3, 11): sys.exit(1)
print("%d.%d" % sys.version_info[:2], sys.executable)
'

describe() {
    "$1" -c "$question" 2>/dev/null
}

pyenv_folders() {
    for folder in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin; do
        if [ -d "$folder" ]; then echo "$folder"; fi
    done
}

# Names on PATH come first, so that what the user has chosen wins.
candidates() {
    for name in "$@"; do
        command -v "$name" || true
    done
    for name in "$@"; do
        pyenv_folders | while read -r folder; do
            if [ -x "$folder/$name" ]; then echo "$folder/$name"; fi
        done
    done
}

first_of() {
    candidates "$@" | while read -r candidate; do
        if describe "$candidate"; then break; fi
    done
}

print_all() {
    for version in 3.11 3.12 3.13; do
        first_of "python$version"
    done
}

print_one() {
    if [ -n "${PYTHON:-}" ]; then
        # What the interpreter itself says about the failure is shown: a shim's message names the cure.
        answer=$("$PYTHON" -c "$question") || {
            echo "PYTHON=$PYTHON cannot be used: Slugline needs Python 3.11 or later, with the modules venv and ensurepip." >&2
            exit 1
        }
        echo "${answer#* }"
        return
    fi
    answer=$(first_of python3 python3.13 python3.12 python3.11)
    if [ -z "$answer" ] && command -v uv >/dev/null 2>&1; then
        answer="- $(uv python find '>=3.11' 2>/dev/null || true)"
    fi
    if [ -z "${answer#- }" ]; then
        echo "No Python 3.11 or later with the modules venv and ensurepip was found (tried python3, python3.13, python3.12, python3.11)." >&2
        echo "Install one (on Debian: apt-get install python3 python3-venv), or name it: make PYTHON=/path/to/python3.12" >&2
        exit 1
    fi
    echo "${answer#* }"
}

case "${1:-one}" in
    one) print_one ;;
    all) print_all ;;
    *) echo "usage: find-python.sh [one | all]" >&2; exit 2 ;;
esac
