#!/bin/sh
# Install the npm packages of tests/npm, with which Slugline is compared.
#
# Without npm or its registry a line says so, and the tests that need the packages skip; in CI that is a failure.
set -eu
cd "$(dirname "$0")/../tests/npm"

if command -v npm >/dev/null 2>&1; then
    echo "Installing the npm packages that the tests compare with"
    for attempt in 1 2 3; do
        # Not `npm ci`: it wants every optional package of other systems in the lock, also those that a registry does not carry.
        if npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel error; then
            touch node_modules/.package-lock.json
            exit 0
        fi
        sleep $((attempt * 2))
    done
fi

echo "The npm packages of tests/npm are not installed: there is no npm, or it could not have them." >&2
if [ -n "${CI:-}" ]; then exit 1; fi
