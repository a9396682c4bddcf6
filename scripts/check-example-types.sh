#!/bin/sh
# Check the types of every example, and of a template that has modules of its own, with mypy --strict and pyright, as its user
# would: from its own folder.
#
# mypy gets one folder of files at a time. "[user]" is no package name, so mypy sees the files below such a folder as
# top-level modules, and two of the same name in one run would be an error.
set -eu

project=$PWD
export PYRIGHT_PYTHON_IGNORE_WARNINGS=1

check_with_mypy() {
    find . -name '*.py' -exec dirname {} \; | sort -u | while IFS= read -r folder; do
        "$project/.venv/bin/mypy" --strict --explicit-package-bases --no-error-summary --cache-dir "$project/.mypy_cache/examples" \
            "$folder"/*.py </dev/null || exit 1
    done
}

# PYTHONPATH reaches pyright through the interpreter that it asks: the example's folder is where its imports start.
check_with_pyright() {
    PYTHONPATH=$PWD "$project/.venv/bin/pyright" --pythonpath "$project/.venv/bin/python" .
}

for example in examples/*/ src/slugline/starters/nextjs/; do
    if [ ! -d "$example" ]; then continue; fi
    echo "Types of $example"
    (cd "$example" && check_with_mypy && check_with_pyright)
done
