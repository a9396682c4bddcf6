"""The benchmark's modules lie beside the package, and are not installed."""

import sys
from importlib import import_module
from pathlib import Path

BENCHMARKS = str(Path(__file__).parents[2] / "benchmarks")

# Only for as long as it takes to import what is tested: some names, such as servers and pages, mean something else to other tests.
sys.path.append(BENCHMARKS)
for name in ("results", "targets", "report", "chart"):
    import_module(name)
sys.path.remove(BENCHMARKS)
