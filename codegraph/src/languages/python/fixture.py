"""Keeps todos.

Second paragraph.
"""
import os.path
import json as js
from . import errors
from ..store import Store, open_store as opened
from typing import *

LIMIT = 10
registry: "Registry" = None


def retry(times: int = 3):
    """Tries again."""
    def wrap(function):
        return function
    return wrap


class Base(object):
    kind = "base"

    def save(self):
        raise NotImplementedError


@dataclass
class Todo(Base, errors.Mixin, Generic[T]):
    """A todo."""

    title: str = ""

    def __init__(self, store: Store, other: Optional["Other"] = None):
        super().__init__()
        self.store = opened(store)
        self.cache = js.Cache()

    @retry(times=5)
    @property
    def _open(self):
        if self.title and not self.done:
            for line in os.path.walk(self.title):
                self.store.put(line)
        return [f(x) for x in self.lines() if x or self.kind]

    @staticmethod
    async def make(a, b):
        todo = Todo(a)
        todo.save()
        return helpers[0](b).run()


if __name__ == "__main__":
    Todo.make(1, 2)
