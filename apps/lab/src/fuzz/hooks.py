"""Hooks of `npm run fuzz`: valid cases name what the project holds, and each request has an Idempotency-Key of its own.

Cases that are meant to be refused are left alone, but for waiting: no worker runs.
"""

import json
import uuid
from pathlib import Path

import schemathesis
from schemathesis.generation import GenerationMode

SEEDED = json.loads(Path("seeded.json").read_text())
FIELDS = SEEDED["fields"]
PATHS = SEEDED["paths"]


@schemathesis.hook
def filter_case(context, case):
    # Like every HTTP server, the service ignores headers that it does not know.
    return "x-schemathesis-unknown-property" not in {name.lower() for name in case.headers or {}}


@schemathesis.hook
def before_call(context, case, kwargs):
    if isinstance(case.body, dict) and isinstance(case.body.get("wait"), (int, float)):
        case.body["wait"] = min(case.body["wait"], 0)
    if case.headers and 1 <= len(case.headers.get("Idempotency-Key", "")) <= 255:
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    # What the seeded project holds stays: other cases read it.
    if case.method != "DELETE" and case.path_parameters:
        case.path_parameters.update(PATHS.get(case.path, {}))
    if case.query:
        case.query.update({name: FIELDS[name] for name in case.query if name in FIELDS})
    case.body = with_seeded(case.body)


def with_seeded(part):
    if isinstance(part, list):
        return [with_seeded(item) for item in part]
    if not isinstance(part, dict):
        return part
    return {
        name: FIELDS[name] if name in FIELDS and isinstance(value, str) else with_seeded(value)
        for name, value in part.items()
    }
