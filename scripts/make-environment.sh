#!/bin/sh
# Make a virtual environment and install what one purpose needs. Run in the project's folder.
#
#   make-environment.sh FOLDER demo     Slugline alone
#   make-environment.sh FOLDER dev      Slugline and the dev group of pyproject.toml
#   make-environment.sh FOLDER bench    Slugline and benchmarks/requirements.txt
#
# An environment that works is kept and brought up to date. PYTHON names the interpreter for a new one.
set -eu

folder=$1
purpose=$2

# The last line of the check fails for an environment that was copied or moved here with the checkout
# (a long path stands in the second or third line of the script, not in the first).
is_usable() {
    [ -x "$folder/bin/python" ] &&
        "$folder/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null &&
        head -n 3 "$folder/bin/pip" 2>/dev/null | grep -qF "$PWD/$folder/"
}

if ! is_usable; then
    python=$(sh scripts/find-python.sh)
    echo "Making $folder with $python"
    "$python" -m venv --clear "$folder"
fi

install() {
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
}

case $purpose in
    demo) install --editable . ;;
    dev)
        # `--group` came with pip 25.1; Python 3.11 and 3.12 bring an older one.
        install --upgrade 'pip>=25.1'
        install --editable . --group dev
        ;;
    bench) install --editable . --requirement benchmarks/requirements.txt ;;
    *) echo "make-environment.sh: unknown purpose $purpose (demo, dev, bench)" >&2; exit 2 ;;
esac
