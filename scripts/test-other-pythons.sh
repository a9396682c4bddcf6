#!/bin/sh
# Run the suite on every Python of 3.11, 3.12 and 3.13 that the machine has, except the one in .venv.
# Each has its own environment, .venv-3.12 and so on. All are run even when one fails. Arguments go to pytest.
# What one Python is enough for (tests/conftest.py says what) ran on the one in .venv.
set -eu

used=$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
interpreters=$(sh scripts/find-python.sh all)
failed=
passed="$used"

# Two words a line: version and path.
IFS='
'
for line in $interpreters; do
    version=${line%% *}
    if [ "$version" = "$used" ]; then continue; fi
    echo "== Tests on Python $version"
    make --no-print-directory ".venv-$version/.installed-dev" PYTHON="${line#* }"
    if ".venv-$version/bin/python" -m pytest -m "not once" "$@"; then
        passed="$passed $version"
    else
        failed="$failed $version"
    fi
done

if [ -n "$failed" ]; then
    echo "The suite failed on Python$failed" >&2
    exit 1
fi
echo "The suite passed on Python $passed"
