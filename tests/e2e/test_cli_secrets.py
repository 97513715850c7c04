"""A secret given as ${NAME} is in no output, state file, run record or crash log, whatever goes wrong."""

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
    """A port of this machine where nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(autouse=True)
def _fresh(place: Place) -> None:
    """Variables and tracebacks are those of a process that imports everything itself."""
    place.fresh = True


@pytest.fixture
def bucket(place: Place, closed_port: int) -> Place:
    """A project whose logs lie in a bucket that cannot be reached."""
    text = MANIFEST.replace("logs/{site}/", "s3://acme-logs/{site}/").replace(
        "*.log*\n", "*.log*\n  credentials: pull\n"
    )
    token = place.write("token", TOKEN + "\n")
    place.manifest(text + CREDENTIALS.format(port=closed_port, token=token))
    place.environment |= ENVIRONMENT
    return place


def assert_nowhere(place: Place, *outputs: Done) -> None:
    """Neither in what was said nor in any file; the file that holds the token itself left out."""
    for name, content in place.content(".").items():
        if name != "token":
            for value in (KEY, SECRET, TOKEN):
                assert value.encode() not in content, name
    for done in outputs:
        for value in (KEY, SECRET, TOKEN):
            assert value not in done.out + done.err


def test_a_bucket_that_cannot_be_reached_gives_no_secret_away(bucket: Place) -> None:
    """Nor does anything that tells of it afterwards."""
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
    assert_nowhere(bucket, done, *told)


def test_a_crash_log_has_secrets_masked(full: Place) -> None:
    """Also when the very error holds them, in the spelling of a URL or not."""
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
    assert_nowhere(full, done)


def test_a_manifest_that_is_not_valid_shows_no_secret(bucket: Place) -> None:
    """Problems quote the line as it is written, with the name."""
    text = (bucket.root / "manifests/daily.yaml").read_text("utf-8")
    bucket.manifest(text.replace("session_token", "sesion_token").replace("region: eu", "regoin: eu"))
    done = bucket.mtc("apply", code=2)
    assert "sesion_token" in done.err
    assert_nowhere(bucket, done)


def test_a_secret_written_into_the_manifest_is_not_repeated(bucket: Place) -> None:
    """Somebody has put the value itself there: what mtc says of it does not spread it."""
    text = (bucket.root / "manifests/daily.yaml").read_text("utf-8")
    written = "hunter2-hunter2-hunter2"
    bucket.manifest(text.replace("${PULL_SECRET}", written))
    for command in (("plan",), ("validate",)):
        done = bucket.start(*command)
        out, err = done.communicate(timeout=60)
        assert written not in out + err
