#!/bin/sh
# Run the suite on every Python of 3.11, 3.12 and 3.13 that the machine has, except the one in .venv.
# Each has its own environment, .venv-3.12 and so on. They run side by side, since a test mostly waits for a server or a clock, and
# what each printed comes when it has ended. All are run even when one fails. Arguments go to pytest.
# What one Python is enough for (tests/conftest.py says what) ran on the one in .venv.
set -eu

used=$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
interpreters=$(sh scripts/find-python.sh all)
failed=
passed="$used"
versions=
outputs=$(mktemp -d)
trap 'rm -rf "$outputs"' EXIT
# What runs in the background does not hear Ctrl+C.
trap 'kill $(cut -d" " -f2 "$outputs/processes") 2>/dev/null; exit 130' INT TERM

# Two words a line: version and path.
IFS='
'
for line in $interpreters; do
    version=${line%% *}
    if [ "$version" = "$used" ]; then continue; fi
    make --no-print-directory ".venv-$version/.installed-dev" PYTHON="${line#* }"
    ".venv-$version/bin/python" -m pytest -m "not once" "$@" >"$outputs/$version" 2>&1 &
    echo "$version $!" >>"$outputs/processes"
    versions="$versions $version"
done
if [ -n "$versions" ]; then
    echo "== Tests on Python$versions"
    while read -r line; do
        version=${line%% *}
        if wait "${line#* }"; then passed="$passed $version"; else failed="$failed $version"; fi
        echo "== Python $version"
        cat "$outputs/$version"
    done <"$outputs/processes"
fi

if [ -n "$failed" ]; then
    echo "The suite failed on Python$failed" >&2
    exit 1
fi
echo "The suite passed on Python $passed"
