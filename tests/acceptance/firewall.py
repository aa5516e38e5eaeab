"""The tools of family firewall: what was recorded is known, with its reasons, and comes back by its id."""

from kit import equal, holds, near


async def check(client, project):
    error = dict(
        error_type="install",
        error_scene=f"building {client.project} with an old toolchain",
        error_pattern={"tool": client.project, "version": ">=1.0 <2.0", "flags": ["--old", "--older"]},
        error_message=f"error: {project.type} is not supported at line 4711 of /tmp/x",
    )
    first = await client.ask("error_firewall_record", **error, block_level="block")
    equal("new", (first["is_new"], first["occurrence_count"]), (True, 1))
    again = await client.ask("error_firewall_record", **error, solution="use the new toolchain", solution_confidence=0.6)
    equal("the same error", (again["error_id"], again["is_new"], again["occurrence_count"]), (first["error_id"], False, 2))
    equal("its solution", again["solution"], "use the new toolchain")

    wanted = dict(operation_type="install", operation_params={"Tool": client.project, "version": "1.4.2", "flags": "--old"})
    verdict = await client.ask("error_firewall_check", **wanted)
    equal("verdict", (verdict["verdict"], verdict["should_block"], verdict["matched_error"]["error_id"]), ("block", True, first["error_id"]))
    equal("each key has its reason", len(verdict["why"]) >= 3, True)
    equal("the known solution", verdict["solution"], "use the new toolchain")
    wanted["operation_params"]["version"] = "2.1"
    other = await client.raw("error_firewall_check", project_id=client.project, **wanted)
    equal("another version is not blocked", (other["success"], other["should_block"]), (True, False))
    seen = await client.raw(
        "error_firewall_check", project_id=client.project, operation_type="install", operation_params={"anything": "else"},
        message=f"error: {project.type} is not supported at line 12 of /home/y",
    )
    equal("the like message warns", seen["verdict"], "warn")

    solved = await client.ask("error_firewall_record", **error, outcome="solved")
    near("trust after one success", solved["solution_confidence"], (2 * 0.6 + 1) / 3, 0.001)
    found = await client.call("error_firewall_query", error_id=first["error_id"])
    equal("by its id", found["errors"][0]["error_id"], first["error_id"])
    stats = await client.ask("error_firewall_stats")
    equal("figures", (stats["total_errors"], stats["total_occurrences"], stats["total_blocks"]), (1, 3, 1))
    holds("rates are numbers", isinstance(stats["block_rate"], float), stats["block_rate"])
    await client.refused("error_firewall_query", "not_found", error_id="no-such-error")
    await client.refused("error_firewall_record", "invalid_arguments", **error, block_level="panic")
