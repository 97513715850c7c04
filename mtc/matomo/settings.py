"""What a manifest says of a Matomo server: where it is, how to sign in, and how gently hits are sent to it. No I/O."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, SecretStr, model_validator

from mtc.core.frozen_model import Duration, Model
from mtc.matomo.server_address import server_name

Dimension = Literal["host", "method", "protocol", "status", "user", "query"]
DimensionId = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,3}$", examples=["1"])]


class Matomo(Model):
    """The Matomo server that hits are delivered to, and that statistics come from."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "url": "https://stats.example.org",
                    "token": "${file:/run/secrets/matomo_token}",
                    "dimensions": {"1": "host", "2": "status"},
                }
            ]
        },
    )

    url: Annotated[str, Field(pattern=r"^https?://", examples=["https://stats.example.org"])]
    """The address of the server."""
    token: SecretStr
    """An API token of a user with write access to the sites, as `${NAME}` or `${file:PATH}`."""
    name: Annotated[str, Field(min_length=1, max_length=200, examples=["stats.example.org"])] | None = None
    """The name of this server in the state file. By default its address. If the server moves, write the old address
    here, so that nothing is delivered twice."""
    username: Annotated[str, Field(min_length=1)] | None = None
    """The user name of HTTP basic authentication in front of Matomo."""
    password: SecretStr | None = None
    """The password of HTTP basic authentication, as `${NAME}` or `${file:PATH}`."""
    ca_bundle: Annotated[str, Field(min_length=1, examples=["/etc/ssl/our-ca.pem"])] | None = None
    """A file with the certificates that the server's is verified with. Its path is relative to the project."""
    tracker: Annotated[str, Field(pattern=r"^[A-Za-z0-9._/-]+\.php$", examples=["piwik.php"])] = "matomo.php"
    """The path of the tracker script; `piwik.php` for an old server."""
    jobs: Annotated[int, Field(ge=1, le=64)] = 2
    """How many requests run at the same time. mtc uses fewer while the server answers slowly."""
    batch: Annotated[int, Field(ge=1, le=5000)] = 500
    """How many hits a request contains."""
    settle: Duration = "120s"
    """How long the server may still work on a request that failed or got no answer. It must be longer than PHP's time
    limit and that of any proxy in front of Matomo. Hits that are not found in Matomo are sent again only after this
    time."""
    timeout: Duration = "300s"
    """How long to wait for an answer."""
    dimensions: Annotated[dict[DimensionId, Dimension], Field(examples=[{"1": "host", "2": "status"}])] = {}  # noqa: RUF012 (pydantic copies it)
    """Custom dimensions with the scope "action": each one's number in Matomo, and the part of a request it stores."""

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        return self

    @property
    def server(self) -> str:
        """What the state file calls the server: the same for `http` and `https`, with or without `index.php`."""
        return self.name or server_name(self.url)
