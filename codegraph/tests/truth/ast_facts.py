"""Prints what Python's own parser finds in its standard library: files, definitions and calls, by tabs."""

import ast
import os
import sys
import sysconfig
import warnings

warnings.simplefilter("ignore")
root = sysconfig.get_path("stdlib")
out = []
for folder, folders, files in os.walk(root):
    folders[:] = sorted(name for name in folders if name not in ("site-packages", "__pycache__"))
    for name in sorted(files):
        if not name.endswith(".py"):
            continue
        path = os.path.join(folder, name)
        try:
            with open(path, "rb") as file:
                tree = ast.parse(file.read())
        except (SyntaxError, ValueError, RecursionError):
            continue
        out.append(f"file\t{path}\t0")
        for node in ast.walk(tree):
            if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                out.append(f"definition\t{node.name}\t{node.lineno}")
            elif isinstance(node, ast.Call):
                if isinstance(node.func, ast.Name):
                    out.append(f"call\t{node.func.id}\t{node.func.end_lineno}")
                elif isinstance(node.func, ast.Attribute):
                    out.append(f"call\t{node.func.attr}\t{node.func.end_lineno}")
sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
print("\n".join(out))
