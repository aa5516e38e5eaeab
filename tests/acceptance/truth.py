"""Facts about a tree, computed without mcpd: by git, by universal-ctags, by Python's own parser and by searching."""

import ast
import json
import re
import subprocess
from collections import Counter, defaultdict
from pathlib import Path


class Tree:
    def __init__(self, root, endings):
        self.root = Path(root)
        listed = self.git("ls-files", "--cached", "--others", "--exclude-standard").splitlines()
        self.files = sorted(path for path in listed if path.endswith(endings) and (self.root / path).is_file())

    def git(self, *words):
        return subprocess.run(["git", "-C", self.root, *words], check=True, capture_output=True, text=True).stdout

    def every(self):
        """Files of every language that the projects have."""
        listed = self.git("ls-files").splitlines()
        return [path for path in listed if path.endswith((".py", ".ts", ".js", ".java", ".kt"))]

    def text(self, path):
        return (self.root / path).read_text(encoding="utf-8", errors="replace")

    def lines(self, path):
        return self.text(path).splitlines()

    def head(self):
        return self.git("rev-parse", "HEAD").strip()

    def churn(self):
        """In how many commits each file changed."""
        return Counter(line for line in self.git("log", "--name-only", "--format=").splitlines() if line)

    def tags(self):
        """What universal-ctags finds in files of every language, by file."""
        tool = ["ctags", "--output-format=json", "--fields=+neKSl", "-f", "-", *self.git("ls-files").splitlines()]
        out = subprocess.run(tool, cwd=self.root, check=True, capture_output=True, text=True).stdout
        found = defaultdict(list)
        for line in out.splitlines():
            tag = json.loads(line)
            if tag["_type"] == "tag":
                found[tag["path"]].append(tag)
        return found

    def matching(self, pattern, files=None):
        """(file, line, match) of a regular expression, line by line."""
        pattern = re.compile(pattern)
        return [
            (path, number, match)
            for path in (files or self.files)
            for number, line in enumerate(self.lines(path), 1)
            for match in [pattern.search(line)]
            if match
        ]


def python(tree):
    """What Python's own parser knows of each file: its functions, documentation and imports."""
    return {path: Module(path, ast.parse(tree.text(path))) for path in tree.files}


FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Module:
    def __init__(self, path, tree):
        self.path, self.tree = path, tree
        self.functions = [Function(node, name) for name, node in named(tree, "")]
        self.classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


def named(node, outer):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*FUNCTIONS, ast.ClassDef)):
            name = f"{outer}.{child.name}" if outer else child.name
            if isinstance(child, FUNCTIONS):
                yield name, child
            yield from named(child, name)
        else:
            yield from named(child, outer)


class Function:
    def __init__(self, node, name):
        self.name, self.line, self.node = name, node.lineno, node

    def given(self):
        """What a caller gives: parameters without the receiver."""
        arguments = self.node.args
        every = [*arguments.posonlyargs, *arguments.args, arguments.vararg, *arguments.kwonlyargs, arguments.kwarg]
        return [one.arg for one in every if one and one.arg not in ("self", "cls")]

    def own_lines(self):
        """Lines from its name on, without the documentation and without what is defined inside."""
        inside = [child for child in ast.walk(self.node) if child is not self.node and isinstance(child, (*FUNCTIONS, ast.ClassDef))]
        taken = set()
        for child in inside:
            begin = min([child.lineno, *(one.lineno for one in child.decorator_list)])
            taken.update(range(begin, child.end_lineno + 1))
        if ast.get_docstring(self.node) is not None:
            documentation = self.node.body[0]
            taken.update(range(documentation.lineno, documentation.end_lineno + 1))
        return self.node.end_lineno - self.line + 1 - len(taken)
