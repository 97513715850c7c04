"""The settings of an archive and of credentials in a manifest. Nothing here reads a file or a clock."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field, SecretStr, model_validator

from mtc.core.frozen_model import Model


class Archive(Model):
    """Where imported objects are copied to."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"url": "archive/{site}/{date:%Y/%m/%d}/{name}"}]},
    )

    url: Annotated[str, Field(min_length=1, examples=["s3://acme-archive/{site}/{date:%Y/%m/%d}/{name}"])]
    """A folder's path or an `s3://` URL with `{name}` or `{key}`, `{site}` and `{date:FORMAT}`."""
    credentials: Annotated[str, Field(min_length=1)] | None = None
    """Which entry of `credentials` writes to this archive."""


class Credentials(Model):
    """One set of credentials for S3: a key pair, a profile or `anonymous`. With none of these, boto3 searches."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"access_key_id": "${PULL_KEY}", "secret_access_key": "${PULL_SECRET}", "region": "eu-west-1"},
            ]
        },
    )

    access_key_id: SecretStr | None = None
    """The access key, as `${NAME}` or `${file:PATH}`."""
    secret_access_key: SecretStr | None = None
    """The secret key, as `${NAME}` or `${file:PATH}`."""
    session_token: SecretStr | None = None
    """The token of a temporary key pair."""
    profile: Annotated[str, Field(min_length=1)] | None = None
    """A profile of `~/.aws/config`."""
    anonymous: bool = False
    """Send requests unsigned, for public buckets."""
    region: Annotated[str, Field(min_length=1, examples=["eu-west-1"])] | None = None
    """The region of the buckets."""
    endpoint_url: Annotated[str, Field(pattern=r"^https?://", examples=["https://minio.example.org"])] | None = None
    """The address of an S3-compatible service."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError("access_key_id and secret_access_key go together")
        if sum((self.access_key_id is not None, self.profile is not None, self.anonymous)) > 1:
            raise ValueError("a key pair, a profile and anonymous exclude one another")
        return self
