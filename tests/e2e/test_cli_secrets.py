"""A secret given as ${NAME} is in no output, state file, run record or crash log, even after errors."""

import os
import socket

import pytest
from e2e_project import MANIFEST, Done, Place

KEY = "AKIASECRETSECRET0"
SECRET = "s3cret/with+signs=and%20more"
TOKEN = "0123456789abcdef0123456789abcdef"
ENVIRONMENT = {"PULL_KEY": KEY, "PULL_SECRET": SECRET, "MATOMO_TOKEN": TOKEN}
CREDENTIALS = """\
credentials:
  pull:
    access_key_id: ${{PULL_KEY}}
    secret_access_key: ${{PULL_SECRET}}
    session_token: ${{file:{token}}}
    region: eu-west-1
    endpoint_url: http://127.0.0.1:{port}
"""


@pytest.fixture
def closed_port() -> int:
    """A local port without a listener."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(autouse=True)
def _fresh(place: Place) -> None:
    """Commands import everything in a new process, so that variables and tracebacks are their own."""
    place.fresh = True


@pytest.fixture
def bucket(place: Place, closed_port: int) -> Place:
    """A project whose logs are in an unreachable bucket."""
    text = MANIFEST.replace("logs/{site}/", "s3://acme-logs/{site}/").replace(
        "*.log*\n", "*.log*\n  credentials: pull\n"
    )
    token = place.write("token", TOKEN + "\n")
    place.manifest(text + CREDENTIALS.format(port=closed_port, token=token))
    place.environment |= ENVIRONMENT
    return place


def assert_no_secrets(place: Place, *outputs: Done) -> None:
    """Assert that no secret is in the outputs or in any file except the token file."""
    for name, content in place.content(".").items():
        if name != "token":
            for value in (KEY, SECRET, TOKEN):
                assert value.encode() not in content, name
    for done in outputs:
        for value in (KEY, SECRET, TOKEN):
            assert value not in done.out + done.err


def test_an_unreachable_bucket_reveals_no_secret(bucket: Place) -> None:
    """Neither the failed run nor the commands that show it later contain a secret."""
    done = bucket.mtc("apply", code=3)
    assert "cannot be listed" in done.err
    told = [
        bucket.mtc("plan", "--json"),
        bucket.mtc("status", "--json"),
        bucket.mtc("why", "import:docs:2026-05-01"),
        bucket.mtc("state", "show", "import:docs:2026-05-01"),
        bucket.mtc("state", "export"),
        bucket.mtc("validate"),
    ]
    assert_no_secrets(bucket, done, *told)


def test_secrets_in_a_crash_log_are_masked(full: Place) -> None:
    """Secrets in the exception itself are masked, plain or URL-encoded."""
    full.environment |= ENVIRONMENT
    full.manifest(
        MANIFEST.replace(
            "archive/{site}/{date:%Y/%m/%d}/{name}\n", "s3://acme/{site}/{date:%Y-%m-%d}/{name}\n  credentials: pull\n"
        )
        + CREDENTIALS.format(port=9, token=full.write("token", TOKEN))
    )
    full.write(
        "broken/duckdb.py",
        "import os, urllib.parse\n"
        "secret = os.environ['PULL_SECRET']\n"
        "raise RuntimeError(f'{secret} and {urllib.parse.quote(secret)} of {os.environ[\"PULL_KEY\"]}')\n",
    )
    path = os.pathsep.join([str(full.root / "broken"), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = full.mtc("apply", code=1, PYTHONPATH=path)
    [log] = (full.root / ".mtc").glob("crash-*.log")
    assert "RuntimeError: *** and *** of ***" in log.read_text("utf-8")
    assert_no_secrets(full, done)


def test_an_invalid_manifest_reveals_no_secret(bucket: Place) -> None:
    """Problems quote the line as written, with the variable's name."""
    text = (bucket.root / "manifests/daily.yaml").read_text("utf-8")
    bucket.manifest(text.replace("session_token", "sesion_token").replace("region: eu", "regoin: eu"))
    done = bucket.mtc("apply", code=2)
    assert "sesion_token" in done.err
    assert_no_secrets(bucket, done)


def test_a_secret_written_into_the_manifest_is_not_shown(bucket: Place) -> None:
    """A secret written into the manifest is not shown."""
    text = (bucket.root / "manifests/daily.yaml").read_text("utf-8")
    written = "hunter2-hunter2-hunter2"
    bucket.manifest(text.replace("${PULL_SECRET}", written))
    for command in (("plan",), ("validate",)):
        done = bucket.start(*command)
        out, err = done.communicate(timeout=60)
        assert written not in out + err
