"""The tools of family quality, against git and against readings of our own: what is found, what it counts, and the life of
an issue while its source changes."""

import asyncio
import re
from pathlib import PurePath

from kit import equal, holds
from truth import python

# The most that is well, as the configuration has it by default.
LINES, PARAMETERS = 100, 7
TESTS = re.compile(r"(^|/)(tests?|__tests__|spec|testing)/|(^|/)test_|_test\.|\.test\.|\.spec\.|conftest")
MOVED = 100


async def check(client, tree, project):
    first = await client.ask("detect_code_smells", limit=500)
    equal("all are new", first["changes"]["new"], first["total_issues"])
    equal("severities add up", sum(first["by_severity"].values()), first["total_issues"])
    again = await client.ask("detect_code_smells", limit=500)
    equal("a second run finds the same", ids(again), ids(first))
    equal("a second run changes nothing", (again["changes"]["new"], again["changes"]["fixed"]), (0, 0))
    issues = await listed(client, status="open")
    equal("what is listed is what was found", len(issues), first["total_issues"])
    if project.language == "python":
        against_python(issues, python(tree))

    await debt(client, tree)
    await life(client, tree, issues)
    await lines_move(client, tree)
    await client.refused("resolve_quality_issue", "not_found", issue_id="no-such-issue")
    await client.refused("ignore_quality_issue", "not_found", issue_id="no-such-issue")
    await client.refused("detect_code_smells", "invalid_arguments", project_id=client.project, smell_types=["bad_luck"])
    bare = f"{client.project}-bare"
    await client.call("create_todo", project_id=bare, title="there is no code yet")
    for tool in ("detect_code_smells", "assess_technical_debt", "identify_debt_hotspots", "generate_quality_report"):
        await client.refused(tool, "not_indexed", project_id=bare)


def ids(detected):
    return sorted(issue["issue_id"] for found in detected["issues"].values() for issue in found)


async def listed(client, **filters):
    issues, offset = [], 0
    while offset is not None:
        page = await client.ask("list_quality_issues", limit=500, offset=offset, **filters)
        issues += page["issues"]
        offset = page.get("next_offset")
    return issues


def against_python(issues, modules):
    def found(kind):
        return {(one["file"], one["line"]) for one in issues if one["type"] == kind}

    mine = [(path, one) for path, module in modules.items() if not TESTS.search(path) for one in module.functions]
    many = {(path, one.line) for path, one in mine if len(one.given()) > PARAMETERS}
    equal("long parameter lists", found("long_parameter_list"), many)
    long = {(path, one.line) for path, one in mine if one.own_lines() > LINES}
    equal("long functions", found("long_function"), long)


async def debt(client, tree):
    assessed = await client.ask("assess_technical_debt")
    known = {name: one for name, one in assessed["breakdown"].items() if one["score"] is not None}
    for name, one in assessed["breakdown"].items():
        holds(f"{name} has evidence and a formula", one["evidence"] and one["formula"], one)
    weights = {"code_quality": 0.4, "test_quality": 0.25, "documentation": 0.15, "dependencies": 0.1, "todos": 0.1}
    mean = sum(weights[name] * one["score"] for name, one in known.items()) / sum(weights[name] for name in known)
    holds(f"the whole is the mean {mean:.3f}", abs(assessed["overall_score"] - mean) < 0.02, assessed["overall_score"])

    code = assessed["breakdown"]["code_quality"]["evidence"]
    tests = assessed["breakdown"]["test_quality"]["evidence"]
    marks = assessed["breakdown"]["todos"]["evidence"]
    equal("lines of code and tests are all lines", code["code_lines"] + tests["test_lines"], marks["lines"])
    comments = tree.matching(r"(#|//|^\s*\*|/\*).*\b(TODO|FIXME|HACK|XXX)\b", tree.every())
    holds(f"markers, {len(comments)} by searching", abs(marks["markers"] - len(comments)) <= 2, marks)

    spots = await client.ask("identify_debt_hotspots", top_k=50)
    churn = tree.churn()
    for spot in spots["hotspots"]:
        equal(f"commits that changed {spot['file']}", spot["commits"], churn[spot["file"]])
    scores = [spot["debt_score"] for spot in spots["hotspots"]]
    equal("the worst stands first", scores, sorted(scores, reverse=True))

    await client.ask("assess_technical_debt")
    trends = await client.ask("get_quality_trends", days=7)
    equal("snapshots", trends["data_points"], 2)
    equal("nothing changed in between", trends["trend_direction"], "stable")
    equal("commit of a snapshot", trends["trends"][-1]["commit"], tree.head())
    report = await client.ask("generate_quality_report")
    equal("the latest snapshot", report["snapshot_id"], trends["trends"][-1]["snapshot_id"])
    text = report["report"]
    holds("tables, a spark line and the worst spot", "|---" in text and re.search("[▁-█]{2}", text) and spots["hotspots"][0]["file"] in text, text)
    judged = await client.ask("ai_analyze_code_quality")
    scores = {name: one["score"] for name, one in assessed["breakdown"].items()}
    equal("its scores are those that were assessed", judged["scores"], scores | {"overall": assessed["overall_score"]})
    equal("it begins with the worst spot", judged["top_recommendations"][0]["about"], spots["hotspots"][0]["file"])
    again = await client.ask("get_quality_trends", days=7)
    equal("neither takes a snapshot", again["data_points"], 2)


async def noticed(client):
    """Waits until what was written is read again for an answer: a look over a tree that took long counts for a while."""
    async with asyncio.timeout(60):
        while not (await client.ask("list_modules"))["freshness"]["refreshed"]:
            await asyncio.sleep(0.02)


async def life(client, tree, issues):
    """An issue is fixed in the source, one is resolved and returns, one is ignored and stays so."""
    alone = [one for one in issues if "#" in one["entity_id"] and one["type"] in ("long_function", "high_complexity", "long_parameter_list")]
    fixed = alone[0]
    gone = {one["issue_id"] for one in issues if one["entity_id"] == fixed["entity_id"]}
    entity = (await client.ask("find_entity", entity_name=fixed["entity_id"]))["entities"][0]
    path = tree.root / fixed["file"]
    before = path.read_text()
    lines = before.splitlines(keepends=True)
    path.write_text("".join(lines[: entity["line_number"] - 1] + lines[entity["end_line"] :]))
    await noticed(client)
    after = await client.ask("detect_code_smells", limit=500)
    holds("what is gone from the source is closed", gone.isdisjoint(ids(after)) and after["changes"]["fixed"] >= len(gone), after["changes"])
    closed = {one["issue_id"]: one for one in await listed(client, status="resolved")}
    holds("it is resolved", gone <= set(closed), sorted(closed))
    path.write_text(before)
    await noticed(client)
    back = await client.ask("detect_code_smells", limit=500)
    holds("what returns is the same issue", gone <= set(ids(back)) and back["changes"]["reopened"] >= len(gone), back["changes"])

    ignored, resolved = [one["issue_id"] for one in alone if one["issue_id"] not in gone][:2]
    equal("ignored", (await client.call("ignore_quality_issue", issue_id=ignored))["status"], "ignored")
    equal("resolved", (await client.call("resolve_quality_issue", issue_id=resolved, resolved_by="me"))["status"], "resolved")
    again = await client.ask("detect_code_smells", limit=500)
    holds("an ignored one stays ignored, a resolved one returns", ignored not in ids(again) and resolved in ids(again), again["changes"])
    equal("it is listed as ignored", [one["issue_id"] for one in await listed(client, status="ignored")], [ignored])


async def lines_move(client, tree):
    """Code moves a hundred lines down: the same issues, at other lines."""
    before = {one["issue_id"]: one for one in await listed(client, status="open")}
    file = max({one["file"] for one in before.values()}, key=lambda path: sum(one["file"] == path for one in before.values()))
    comment = "#" if PurePath(file).suffix == ".py" else "//"
    path = tree.root / file
    path.write_text(f"{comment} moved\n" * MOVED + path.read_text())
    await noticed(client)
    again = await client.ask("detect_code_smells", limit=500)
    equal("nothing is new, nothing is fixed", (again["changes"]["new"], again["changes"]["fixed"]), (0, 0))
    after = {one["issue_id"]: one for one in await listed(client, status="open")}
    equal("the same issues", sorted(after), sorted(before))
    inside = [one for one in after.values() if one["file"] == file and "#" in one["entity_id"]]
    holds("at other lines", inside and all(one["line"] == before[one["issue_id"]]["line"] + MOVED for one in inside), inside[:3])
