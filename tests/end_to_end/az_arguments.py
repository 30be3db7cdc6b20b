"""Reads command lines of az with Azure CLI's own parser, runs nothing, and prints what each argument would get.

One JSON array of words a line on stdin; one JSON object a line on stdout, or `{"error": ...}`.
"""

import io
import json
import sys
from contextlib import redirect_stderr

import jmespath
from azure.cli.core import get_default_cli
from azure.cli.core.commands import _expand_file_prefixed_files


def parsed(words):
    cli = get_default_cli()
    invoker = cli.invocation_cls(
        cli_ctx=cli,
        parser_cls=cli.parser_cls,
        commands_loader_cls=cli.commands_loader_cls,
        help_cls=cli.help_cls,
    )
    cli.invocation = invoker
    words = _expand_file_prefixed_files(words)
    loader = invoker.commands_loader
    loader.load_command_table(words)
    first_option = next(i for i, word in enumerate(words) if word.startswith("-"))
    name = " ".join(words[:first_option])
    invoker.data["command_string"] = name
    loader.load_arguments(name)
    invoker.parser.cli_ctx = cli
    invoker.parser.load_command_table(loader)
    options = set()
    for argument in loader.command_table[name].arguments.values():
        options.update(str(option) for option in argument.options_list or [])
    options.update(["--query", "--output"])
    for word in words[first_option:]:
        if word.startswith("--") and word not in options:
            raise ValueError(f"{name} has no {word}")
    namespace = vars(invoker.parser.parse_args(words))
    found = {}
    for key, value in namespace.items():
        # Generated commands keep what an argument got as operations.
        operations = getattr(value, "_ops", None)
        if operations:
            value = operations[-1][1]
        if not key.startswith("_") and isinstance(value, (str, list, dict)):
            found[key] = value
    if "--query" in words:
        jmespath.compile(words[words.index("--query") + 1])
    return found


for line in sys.stdin:
    complaints = io.StringIO()
    try:
        with redirect_stderr(complaints):
            answer = parsed(json.loads(line))
    except SystemExit:
        answer = {"error": complaints.getvalue() or "refused"}
    except Exception as error:
        answer = {"error": repr(error)}
    print(json.dumps(answer))
