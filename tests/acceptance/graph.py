"""The tools of family code, against git, universal-ctags and searches."""

from kit import equal, holds, near

# What universal-ctags calls a type and what runs, in the languages of the projects.
TYPES = {"class", "interface", "enum"}


async def check(client, tree, project, name):
    files = {path: len(tree.lines(path)) for path in tree.files}
    own = await client.ask("analyze_codebase", project_name=name, project_path=str(tree.root))
    stats = own["stats"]
    equal("files of the language", stats["languages"][project.language], len(files))
    equal("status", own["status"], "done")
    equal("added", own["incremental"]["added"], stats["total_files"])
    again = await client.ask("analyze_codebase", project_name=name, project_path=str(tree.root))
    equal("a second run reads nothing", list(again["incremental"].values())[:3], [0, 0, 0])

    tags = tree.tags()
    every = [tag for tags_of in tags.values() for tag in tags_of]
    classes = sum(tag["kind"] == "class" and tag["language"].lower() == project.language for tag in every)
    found = stats["entities_by_type"]["class"]
    # Files of other languages have some, too, and what is one there is not agreed upon.
    if list(stats["languages"]) == [project.language]:
        near("classes", found, classes, 0.02)
    holds(f"classes, at least {classes}", found >= 0.98 * classes, found)

    await shape(client, tree, project, files)
    await names(client, tree, project, tags)
    await links(client, tree, project)


async def shape(client, tree, project, files):
    architecture = await client.ask("query_architecture")
    equal("commit", architecture["freshness"]["commit"], tree.head())
    equal("languages", architecture["project"]["languages"][project.language], len(files))
    listed, offset = {}, 0
    while offset is not None:
        page = await client.ask("list_modules", limit=100, offset=offset)
        listed.update({module["path"]: module for module in page["modules"]})
        offset = page.get("next_offset")
    mine = {path: module["lines"] for path, module in listed.items() if path.endswith(project.endings)}
    equal("every file is listed, with its lines", mine, files)
    holds("modules lean on others", architecture["modules"][0]["fan_in"] > 0, architecture["modules"][:2])


async def names(client, tree, project, tags):
    wanted = [
        (path, tag["line"])
        for path, found in tags.items()
        for tag in found
        if tag["name"] == project.type and tag["kind"] in TYPES
    ]
    found = await client.ask("find_entity", entity_name=project.type, entity_type="class")
    exact = [(one["file_path"], one["line_number"]) for one in found["entities"] if one["name"] == project.type]
    equal(f"where {project.type} is", sorted(exact), sorted(wanted))

    of_file = [tag for tag in tags[project.file] if tag["kind"] == "class"]
    module = await client.ask("explain_module", file_path=project.file)
    equal("classes of the file", module["summary"]["classes"] >= len(of_file), True)
    equal("lines of the file", module["summary"]["lines"], len(tree.lines(project.file)))
    outline = await client.ask("get_file_outline", file_path=project.file)
    at = {(one["name"], one["line_number"]) for one in outline["outline"]}
    missing = [tag["name"] for tag in of_file if (tag["name"], tag["line"]) not in at]
    equal("classes that the outline lacks", missing, [])
    await client.refused("explain_module", "not_found", project_id=client.project, file_path="no/such.file")
    await client.refused("find_entity", "invalid_arguments", project_id=client.project, entity_name="x", limit=0)


async def links(client, tree, project):
    calls = {(path, line) for path, line, _ in tree.matching(project.calls)}
    traced = await client.ask("trace_function_calls", function_name=project.function, direction="callers", depth=1)
    equal("the function", traced["root"]["file_path"], project.function_file)
    sites = {(one["file_path"], line) for one in traced["caller_tree"] for line in one["call_sites"]}
    equal(f"where {project.function} is called", sites, calls)

    inherits = {match[1] for _, _, match in tree.matching(project.inherits)}
    found = await client.ask("search_code_pattern", pattern="inherits_from", target=project.base, limit=200)
    direct = {one["name"] for one in found["results"] if one.get("distance", 1) == 1}
    equal(f"what inherits from {project.base}", direct >= inherits, True)

    depends = await client.ask("find_dependencies", entity_name=project.file)
    # A file that uses what another defines names it somewhere.
    defined = {tag["name"] for tag in tree.tags()[project.file]}
    for one in depends["depended_by"]:
        path = one["source"].split("#")[0]
        holds(f"{path} names something of {project.file}", any(name in tree.text(path) for name in defined), one)
    inside = [one["line"] for one in depends["depends_on"]]
    holds("what it depends on is named in its lines", max(inside) <= len(tree.lines(project.file)), inside)
    explored = await client.ask("explore_code", question=project.goal)
    files = [one["file_path"] for one in explored["definitions"]]
    holds(f"{project.goal_file} is about {project.goal!r}", project.goal_file in files, files)
