"""The client, and how a check fails: with what came and what was expected."""

import json


class Unexpected(Exception):
    pass


def equal(what, came, expected):
    if came != expected:
        raise Unexpected(f"{what}\n  expected: {expected!r}\n  came:     {came!r}")


def holds(what, is_so, came):
    if not is_so:
        raise Unexpected(f"{what}\n  came: {came!r}")


def near(what, came, expected, share):
    """`came` differs from `expected` by at most that share of it."""
    holds(f"{what}: within {share:.0%} of {expected}", abs(came - expected) <= share * expected, came)


class Client:
    """Calls tools of one project through an SDK's client, and notes which were called."""

    def __init__(self, session, project, fields):
        self.session, self.project, self.fields, self.called = session, project, fields, set()

    async def raw(self, name, **arguments):
        result = await self.session.call_tool(name, arguments)
        result = result.model_dump(mode="json", by_alias=True)
        answer = result["structuredContent"]
        equal(f"{name}: text of content[0]", json.loads(result["content"][0]["text"]), answer)
        equal(f"{name}: isError", bool(result.get("isError")), not answer["success"])
        return answer

    async def call(self, name, **arguments):
        """Calls a tool, which must succeed and bring the fields that people use of it."""
        answer = await self.raw(name, **arguments)
        holds(f"{name}: succeeds", answer["success"], answer)
        missing = [field for field in self.fields[name] if not has(answer, field)]
        equal(f"{name}: fields that are missing", missing, [])
        self.called.add(name)
        return answer

    async def ask(self, name, **arguments):
        """The same about the project."""
        return await self.call(name, project_id=self.project, **arguments)

    async def refused(self, name, code, **arguments):
        answer = await self.raw(name, **arguments)
        equal(f"{name} with {arguments}: code", (answer.get("error") or {}).get("code"), code)
        holds(f"{name}: says what to do next", answer["error"].get("hint"), answer)


def has(answer, path):
    """Whether a field is there: `a.b` is b of a, `a[].b` is b of each of a, of which there is at least one."""
    head, _, rest = path.partition(".")
    name, is_list = head.removesuffix("[]"), head.endswith("[]")
    if not isinstance(answer, dict) or name not in answer:
        return False
    value = answer[name]
    if is_list:
        return isinstance(value, list) and len(value) > 0 and all(not rest or has(one, rest) for one in value)
    return not rest or has(value, rest)
