"""What is asked about each real project: names that its own sources define, chosen by reading them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Project:
    language: str
    # Endings of the files that count as its language.
    endings: tuple
    # A file with types in it, the type that is looked for, and the file of that type.
    file: str
    type: str
    # A function or method that nothing else is called like, in its file.
    function: str
    function_file: str
    # How a call of it is written, in a regular expression.
    calls: str
    # A type that others inherit from, and how that is written.
    base: str
    inherits: str
    # A goal, and the file that it is about.
    goal: str
    goal_file: str


PROJECTS = {
    "click": Project(
        language="python",
        endings=(".py",),
        file="src/click/types.py",
        type="IntRange",
        function="format_filename",
        function_file="src/click/utils.py",
        calls=r"(?<!def )\bformat_filename\(",
        base="ParamType",
        inherits=r"^class (\w+)\([^)]*\bParamType\b[^)]*\):",
        goal="Make shell completion for fish complete paths with spaces",
        goal_file="src/click/shell_completion.py",
    ),
    "zod": Project(
        language="typescript",
        endings=(".ts",),
        file="src/v3/types.ts",
        type="ZodError",
        function="getLengthableOrigin",
        function_file="src/v4/core/util.ts",
        calls=r"util\.getLengthableOrigin\(",
        base="ZodType",
        inherits=r"class (\w+)(?:<[^{]*)?\s+extends ZodType\b",
        goal="Report the path of the issue when a discriminated union has no matching option",
        goal_file="src/v4/core/schemas.ts",
    ),
    "cordova": Project(
        language="java",
        endings=(".java",),
        file="framework/src/org/apache/cordova/PluginManager.java",
        type="PluginManager",
        function="getStatus",
        function_file="framework/src/org/apache/cordova/PluginResult.java",
        calls=r"\.getStatus\(",
        base="CordovaPlugin",
        inherits=r"class (\w+)\s+extends\s+CordovaPlugin\b",
        goal="Let a plugin decide which requests of the web view it answers",
        goal_file="framework/src/org/apache/cordova/PluginManager.java",
    ),
}
