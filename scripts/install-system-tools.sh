#!/bin/sh
# Install programs that Python packages cannot bring: install-system-tools.sh node npm redis-server postgresql chromium wrk
#
# A program that is there is left alone. A missing one is installed on Debian as root; elsewhere a line says
# what is missing, and what needs it skips or says so itself. CI has to have everything, so there it is a failure.
set -eu

is_here() {
    case $1 in
        # Debian keeps the programs of the server out of the path.
        postgresql) command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 ;;
        *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

missing=
for tool in "$@"; do
    is_here "$tool" || missing="$missing $tool"
done
if [ -z "$missing" ]; then exit 0; fi

packages=
for tool in $missing; do
    case $tool in
        node) packages="$packages nodejs" ;;
        npm | redis-server | postgresql | chromium | wrk) packages="$packages $tool" ;;
        *) echo "install-system-tools.sh: no Debian package is known for $tool" >&2; exit 2 ;;
    esac
done

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing$packages (Debian packages)"
    export DEBIAN_FRONTEND=noninteractive
    if apt-get update -qq && apt-get install -y -qq --no-install-recommends $packages </dev/null >/dev/null; then exit 0; fi
fi

echo "Not on this machine:$missing. On Debian: sudo apt-get install$packages" >&2
if [ -n "${CI:-}" ]; then exit 1; fi
