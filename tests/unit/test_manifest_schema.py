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


def test_the_committed_schema_is_generated_from_the_models() -> None:
    """If this fails, generate `schemas/manifest.schema.json` again."""
    assert COMMITTED.read_text() == build()


def test_the_schema_is_valid_and_has_an_id() -> None:
    """It is a schema of draft 2020-12 with an identifier and a title."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"].endswith("2020-12/schema")
    assert SCHEMA["$id"]
    assert SCHEMA["title"]


def test_every_object_refuses_unknown_keys_and_describes_its_own() -> None:
    """An editor completes keys, explains them and finds typos everywhere."""
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
def test_partial_settings_are_allowed_where_others_complete_them(data: object) -> None:
    """Sites, environments and files with a base need not be complete."""
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
def test_invalid_settings_are_refused(data: object) -> None:
    """They are invalid whatever the base contains."""
    assert not VALIDATOR.is_valid(data)
