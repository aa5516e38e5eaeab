"""The tools of family ai without a provider: the facts must be those that other tools and the sources give."""

from kit import equal, holds


async def check(client, tree, project, known):
    traced = await client.ask("trace_function_calls", function_name=project.function, direction="callers", depth=1)
    callers = {one["entity_id"] for one in traced["caller_tree"]}
    function = await client.ask("ai_understand_function", entity_id=traced["root"]["entity_id"])
    equal("mode", function["mode"], "caller")
    told = function["understanding"]
    equal("callers are those that are traced", {one["entity_id"] for one in told["callers"]}, callers)
    line = traced["root"]["line_number"]
    holds("the source is the file's", tree.lines(project.function_file)[line - 1] in function["source"], function["source"])
    declared = tree.lines(project.function_file)[line - 1 : line + 12]
    for parameter in told["parameters"]:
        word = parameter["declared"].replace(":", " ").replace("=", " ").split()[0]
        holds(f"parameter {word} is declared there", any(word in text for text in declared), declared)

    module = await client.ask("ai_understand_module", module_name=project.function_file)
    described = await client.ask("explain_module", file_path=project.function_file)
    users = module["understanding"]["used_by"]
    equal("who uses the module", users, described["imported_by"][: len(users)])

    architecture = await client.ask("ai_explain_architecture")
    plain = await client.ask("query_architecture")
    equal("modules", architecture["modules"], plain["modules"])
    equal("cycles", architecture["cycles"], plain["cycles"])
    holds("the report names the main module", plain["modules"][0]["path"] in architecture["explanation"], architecture["explanation"])

    briefing = await client.ask("ai_generate_resumption_briefing")
    holds("the briefing names the decision", known["decision"] in briefing["briefing"], briefing["briefing"])
    holds("the next action is the open todo", "Change them" in briefing["next_actions"][0], briefing["next_actions"])

    plan = await client.ask("ai_generate_todos_from_goal", goal=project.goal, save=True)
    equal("each todo is created", len(plan["created"]), len(plan["todos"]))
    holds(f"the plan names {project.goal_file}", any(project.goal_file in todo["title"] for todo in plan["todos"]), plan["todos"])
    kept = {todo["todo_id"]: todo for todo in (await client.ask("list_todos", limit=100))["todos"]}
    for todo, made in zip(plan["todos"], plan["created"]):
        waits = [plan["created"][place - 1] for place in todo["depends_on"]]
        equal(f"what {todo['title']!r} waits for", sorted(kept[made]["depends_on"]), sorted(waits))

    todo = await client.ask("create_todo", title=project.goal)
    steps = await client.call("ai_decompose_task", todo_id=todo["todo_id"])
    equal("steps are numbered", [step["step"] for step in steps["steps"]], list(range(1, len(steps["steps"]) + 1)))
    holds("the steps name the file", any(project.goal_file in step["title"] for step in steps["steps"]), steps["steps"])
    await client.refused("ai_decompose_task", "not_found", todo_id="no-such-todo")
    await client.refused("ai_understand_function", "not_found", project_id=client.project, entity_id="no_such_function_x")
