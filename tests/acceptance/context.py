"""The tools of families memory and context: what was put in comes out."""

from kit import equal, holds


async def check(client, project):
    fact = f"The {project.language} sources are released on Fridays: 每周五发布 at noon"
    stored = await client.ask("store_memory", content=fact, memory_level="long", tags=["release"])
    again = await client.ask("store_memory", content=fact)
    equal("the same fact", (again["memory_id"], again["deduplicated"]), (stored["memory_id"], True))
    for query in ("when are the sources released?", "发布"):
        found = await client.ask("retrieve_memory", query=query, top_k=3)
        equal(f"memory about {query!r}", found["memories"][0]["memory_id"], stored["memory_id"])

    session = await client.ask("start_dev_session", goals=project.goal)
    first = await client.ask("create_todo", title="Read the sources", priority=2, category="documentation")
    second = await client.ask("create_todo", title="Change them", priority=5, depends_on=[first["todo_id"]])
    next_todo = await client.ask("get_next_todo")
    equal("what to do next", next_todo["todo"]["todo_id"], first["todo_id"])
    done = await client.call("update_todo_status", todo_id=first["todo_id"], status="completed")
    equal("set free", [one["todo_id"] for one in done["unblocked"]], [second["todo_id"]])
    listed = await client.ask("list_todos", status="pending")
    equal("pending", [todo["title"] for todo in listed["todos"]], ["Change them"])

    decision = await client.ask(
        "record_design_decision", title="Keep it small", reasoning="It is read more than written", category="pattern"
    )
    decisions = await client.ask("list_design_decisions")
    equal("decisions", [one["decision_id"] for one in decisions["decisions"]], [decision["decision_id"]])
    note = await client.ask("add_project_note", category="pitfall", title="Mind", content="the edge", importance=5)
    notes = await client.ask("list_project_notes")
    equal("notes", [one["note_id"] for one in notes["notes"]], [note["note_id"]])

    ended = await client.call(
        "end_dev_session", session_id=session["session_id"], achievements="read", next_steps="change"
    )
    equal("done in the session", ended["todos_completed"], ["Read the sources"])
    figures = (await client.ask("get_project_statistics"))["statistics"]
    equal("todos", figures["todos"]["by_status"], {"completed": 1, "pending": 1})
    context = await client.ask("get_project_context")
    equal("last session", context["context"]["last_session"]["session_id"], session["session_id"])
    holds("the code is summed up", context["code_summary"]["languages"][project.language] > 0, context["code_summary"])
    await client.refused("update_todo_status", "not_found", todo_id="no-such-todo", status="completed")
    await client.refused("create_todo", "invalid_arguments", project_id=client.project, title="t", priority=9)
    await client.refused("list_todos", "unknown_project", project_id="never-used")
    return {"decision": decision["title"], "todo": second["todo_id"]}
