"""The committed JSON Schema."""

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from mtc.manifest.json_schema import build

COMMITTED = Path(__file__).parents[2] / "schemas/manifest.schema.json"
SCHEMA = json.loads(build())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def objects(schema: object) -> Iterator[dict[str, object]]:
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for each in schema.values():
            yield from objects(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from objects(each)


def test_the_committed_schema_is_the_one_that_the_models_make() -> None:
    """`schemas/manifest.schema.json` is generated; when this fails, write `build()` to it."""
    assert COMMITTED.read_text() == build()


def test_the_schema_is_valid_and_named() -> None:
    """It is a schema of draft 2020-12 with an identity and a title."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"].endswith("2020-12/schema")
    assert SCHEMA["$id"]
    assert SCHEMA["title"]


def test_every_object_refuses_keys_that_it_does_not_know_and_describes_its_own() -> None:
    """An editor completes, explains and catches typos everywhere."""
    for each in objects(SCHEMA):
        assert each["additionalProperties"] is False
        properties = each["properties"]
        assert isinstance(properties, dict)
        for name, setting in properties.items():
            assert "description" in setting or "$ref" in json.dumps(setting), name


@pytest.mark.parametrize(
    "data",
    [
        {"extends": "sites.yaml"},
        {"version": 1, "sites": {"docs": {"source": {"settle": "2h"}, "archive": None, "filters": {"bots": True}}}},
        {"version": 1, "environments": {"staging": {"matomo": {"token": "${T}"}, "archive": None}}},
        {"version": 1, "matomo": {"url": "${MATOMO_URL}", "token": "${T}"}},
    ],
)
def test_pieces_of_settings_are_allowed_where_something_completes_them(data: object) -> None:
    """Sites, environments and files with a base need not say everything."""
    assert VALIDATOR.is_valid(data)


@pytest.mark.parametrize(
    "data",
    [
        {"sites": {}},
        {"version": 1, "sites": {"Docs": {}}},
        {"version": 1, "environments": {"staging": {"environments": {}}}},
        {"version": 1, "dates": {"from": "2026-01-01"}},
        {"version": 1, "filters": {"bots": "yes"}},
    ],
)
def test_wrong_settings_are_refused(data: object) -> None:
    """What no base could make right is wrong at once."""
    assert not VALIDATOR.is_valid(data)
