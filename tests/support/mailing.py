"""Who can have a mail written, read from the source: the functions that call the outbox, and those that call these."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
OUTBOX = frozenset({"portal.notifications.outbox.send", "portal.notifications.outbox.send_to_address"})


def functions_that_mail() -> set[str]:
    """By module and name. A method is found by its name alone, whichever row it is called on."""
    modules = dict(_modules())
    methods = _methods(modules)
    uses: dict[str, set[str]] = defaultdict(set)
    for module, tree in modules.items():
        known = _known_names(module, tree)
        for function in _functions(tree):
            uses[f"{module}.{function.name}"] |= set(_used(function, known, methods))
    found = set(OUTBOX)
    while more := {name for name, used in uses.items() if used & found} - found:
        found |= more
    return found


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((ROOT / "portal").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        yield name.removesuffix(".__init__"), ast.parse(path.read_text())


def _functions(tree: ast.AST) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def _methods(modules: dict[str, ast.Module]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for module, tree in modules.items():
        for node in ast.walk(tree):
            for method in node.body if isinstance(node, ast.ClassDef) else ():
                if isinstance(method, ast.FunctionDef):
                    found[method.name].add(f"{module}.{method.name}")
    return found


def _known_names(module: str, tree: ast.Module) -> dict[str, str]:
    """What a name means in the module: what it has imported, and its own functions."""
    known = {function.name: f"{module}.{function.name}" for function in _functions(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            known |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return known


def _used(function: ast.AST, known: dict[str, str], methods: dict[str, set[str]]) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Name):
            yield known.get(node.id, "")
        elif isinstance(node, ast.Attribute):
            yield from methods.get(node.attr, ())
            if isinstance(node.value, ast.Name):
                yield f"{known.get(node.value.id, '')}.{node.attr}"
