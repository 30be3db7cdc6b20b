"""Checks pipelines, and the steps that pages show, against Azure Pipelines' own schema, with this task among the known ones."""

import importlib.resources
import json
import pathlib
import re
import sys
import textwrap

import jsonschema
import ruamel.yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]


def this_task():
    """The schema of our task, from its manifest."""
    manifest = json.loads((ROOT / "task/task.json").read_text())
    # The manifest's own is stamped when the task is laid out.
    major = re.search(r'^version = "(\d+)', (ROOT / "Cargo.toml").read_text(), re.MULTILINE).group(1)
    inputs = {}
    for declared in manifest["inputs"]:
        rule = {"enum": list(declared["options"])} if declared["type"] == "pickList" else {"type": "string"}
        for name in [declared["name"], *declared.get("aliases", [])]:
            inputs[name] = rule
    return {
        "properties": {
            "task": {"pattern": f"^{manifest['name']}@{major}$"},
            "inputs": {"type": "object", "properties": inputs, "additionalProperties": False},
        },
        "required": ["task", "inputs"],
    }


def schema():
    package = importlib.resources.files("check_jsonschema.builtin_schemas.vendor")
    known = json.loads((package / "azure-pipelines.json").read_text())
    task = known["definitions"]["task"]
    task["anyOf"].append(this_task())
    task["properties"]["task"]["anyOf"].append(this_task()["properties"]["task"])
    return known


def scalars_as_texts(node):
    """The service reads numbers and truths as texts; its schema says so."""
    if isinstance(node, dict):
        return {str(key): scalars_as_texts(value) for key, value in node.items()}
    if isinstance(node, list):
        return [scalars_as_texts(value) for value in node]
    if isinstance(node, bool):
        return str(node).lower()
    return node if node is None else str(node)


def deepest(error):
    """The most telling of the errors below one."""
    below = [deepest(inner) for inner in error.context or ()]
    return max([error, *below], key=lambda found: len(found.absolute_path))


def pipelines(name):
    """The texts to check, each with its place."""
    text = pathlib.Path(name).read_text(encoding="utf-8")
    if not name.endswith(".md"):
        return [(name, text)]
    blocks = [textwrap.dedent(block) for block in re.findall(r"^ *```yaml\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)]
    steps = [block if block.startswith("steps:") else f"steps:\n{block}" for block in blocks]
    return [(f"{name}, block {number + 1}", block) for number, block in enumerate(steps)]


def main(names):
    validator = jsonschema.Draft7Validator(schema())
    reader = ruamel.yaml.YAML(typ="safe")
    bad = False
    for place, text in (pipeline for name in names for pipeline in pipelines(name)):
        try:
            read = scalars_as_texts(reader.load(text))
        except ruamel.yaml.YAMLError as error:
            bad = True
            print(f"{place}: {error}")
            continue
        for error in validator.iter_errors(read):
            found = deepest(error)
            bad = True
            print(f"{place}: {'/'.join(map(str, found.absolute_path))}: {found.message[:300]}")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
