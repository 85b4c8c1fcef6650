"""The rules of the house, as tests: sizes, names, imports, dependencies, and that every name is shown and tested."""

import ast
import importlib.metadata
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import earmark
from earmark.components.catalogue import COMPONENTS, FILLS
from earmark.data.catalogue import DATASETS
from earmark.explain.catalogue import METHODS
from earmark.explain.gradient.catalogue import GRADIENT_METHODS
from earmark.explain_global.editing.catalogue import EDITS
from earmark.listen.masks import MASKS
from earmark.metrics.catalogue import METRICS
from earmark.metrics.planted.catalogue import PLANTED

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src" / "earmark").rglob("*.py"))
NEVER_INSTALLED = {"torchvision", "torchaudio", "torchcodec"}
DUMPING_GROUNDS = {"utils", "util", "helpers", "helper", "common", "misc", "core", "base", "tools", "stuff"}


def lines_of(path):
    return len(path.read_text(encoding="utf-8").splitlines())


def test_files_are_short():
    lengths = {str(path.relative_to(ROOT)): lines_of(path) for path in SOURCES if path.name != "__init__.py"}
    assert {name: n for name, n in lengths.items() if n > 450} == {}
    assert statistics.median(lengths.values()) <= 150


def test_no_dumping_grounds():
    names = {path.stem for path in SOURCES} | {path.parent.name for path in SOURCES}
    assert names & DUMPING_GROUNDS == set()


def test_every_module_says_what_it_is_for():
    assert [str(path) for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))] == []


def test_public_names_have_docstrings():
    missing = []
    for path in SOURCES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            named = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
            if named and not ast.get_docstring(node):
                missing.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert missing == []


def broad(handler):
    names = {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)} if handler.type else set()
    return handler.type is None or bool(names & {"Exception", "BaseException", "EarmarkError"})


def test_no_swallowed_exceptions_and_no_assert_for_input():
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            quiet = isinstance(node, ast.ExceptHandler) and all(
                isinstance(s, ast.Pass | ast.Continue) for s in node.body
            )
            swallowed = quiet and broad(node)
            if swallowed or isinstance(node, ast.Assert):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert found == []


def test_importing_earmark_and_its_command_line_stays_light():
    code = (
        "import sys, earmark, earmark.cli.main\n"
        "heavy = {'torch', 'matplotlib', 'numpy', 'scipy', 'librosa', 'soundfile', 'jinja2'} & set(sys.modules)\n"
        "sys.exit(f'imported: {sorted(heavy)}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def required(name, extras=(), seen=None):
    """Names of all distributions that an installation of ``name`` brings, through all of its dependencies."""
    seen = {} if seen is None else seen
    key = canonicalize_name(name)
    new = set(extras) - seen.get(key, set())
    if key in seen and not new:
        return seen
    seen.setdefault(key, set()).update(extras)
    try:
        requirements = importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:
        return seen
    for text in requirements:
        requirement = Requirement(text)
        environments = [{"extra": extra} for extra in ("", *extras)]
        if requirement.marker is None or any(requirement.marker.evaluate(e) for e in environments):
            required(requirement.name, requirement.extras, seen)
    return seen


def test_nothing_requires_what_does_not_import_beside_a_cpu_torch():
    extras = importlib.metadata.metadata("earmark").get_all("Provides-Extra")
    names = required("earmark", extras)
    assert "torch" in names
    assert "llvmlite" in names  # reached through librosa and numba: the walk is transitive
    assert NEVER_INSTALLED & set(names) == set()


def pins():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    parsed = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(requirement.name): requirement for requirement in parsed}


def test_constraints_pin_every_installed_requirement_exactly():
    pinned = pins()
    assert all(re.fullmatch(r"==[^*,]+", str(requirement.specifier)) for requirement in pinned.values())
    assert NEVER_INSTALLED & set(pinned) == set()
    assert str(pinned["torch"].specifier) == "==2.13.0"
    extras = importlib.metadata.metadata("earmark").get_all("Provides-Extra")
    installed = {canonicalize_name(d.name) for d in importlib.metadata.distributions()}
    cuda = re.compile(r"nvidia-|cuda-|triton$")  # torch names these itself, and a CPU build has none
    needed = {name for name in required("earmark", extras) if name in installed and not cuda.match(name)}
    assert needed - set(pinned) - {"earmark"} == set()


def test_the_installed_torch_satisfies_its_pin():
    assert pins()["torch"].specifier.contains(importlib.metadata.version("torch"))


def mentions(folder, suffixes):
    if not folder.is_dir():
        return ""
    files = [p for p in sorted(folder.rglob("*")) if p.suffix in suffixes and p != Path(__file__)]
    return "\n".join(p.read_text(encoding="utf-8") for p in files)


DOCS = mentions(ROOT / "docs", {".md"})
TESTS = mentions(ROOT / "tests", {".py"})


@pytest.mark.parametrize(
    "entry",
    [*METHODS, *GRADIENT_METHODS, *COMPONENTS, *FILLS, *DATASETS, *MASKS, *METRICS, *EDITS, *PLANTED],
    ids=lambda entry: entry.name,
)
def test_every_registered_name_is_documented_tested_and_loads(entry):
    registries = (METHODS, GRADIENT_METHODS, COMPONENTS, FILLS, DATASETS, MASKS, METRICS, EDITS, PLANTED)
    registry = next(r for r in registries if entry.name in r and r.entry(entry.name) is entry)
    assert callable(registry.get(entry.name))
    assert f"`{entry.name}`" in DOCS, "name it in docs/, in backticks"
    thing = entry.target.partition(":")[2]
    assert re.search(rf"\b{thing}\b|[\"']{entry.name}[\"']", TESTS), "no test names it"


def test_the_public_interface_is_what_it_says():
    assert sorted(earmark.__all__) == list(earmark.__all__)
    assert dir(earmark) == sorted([*earmark.__all__, "__version__"])
    for name in earmark.__all__:
        assert getattr(earmark, name).__module__.startswith("earmark."), name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        earmark.nothing  # noqa: B018
    assert earmark.__version__ == importlib.metadata.version("earmark")
