"""Clients of S3, one for each entry of a manifest's credentials. The only place that sees keys; it shows none.

boto3 is imported when the first client is made, not before.
"""

import os
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mtc.errors import PermanentError
from mtc.manifest.models import Credentials
from mtc.sources.s3_errors import Access, explaining
from mtc.waiting import Patience

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MIB = 1 << 20
_READING = Patience(60, 64 << 10)
_CALLING = Patience(900, 1)


@dataclass(frozen=True, slots=True)
class Tuning:
    """How S3 is used. Times are seconds, sizes bytes.

    `single` is the largest upload sent in one request, `copied` the largest server-side copy made in one (S3 allows
    5 GB); `part` and `copied_part` are the sizes of parts above that. `page` is how many keys a listing asks for.
    `reading` is how slow a download may be, `calling` how long a listing's page and a copy may be without a sign.
    """

    connect_timeout: float = 10
    read_timeout: float = 60
    attempts: int = 4
    page: int = 1000
    single: int = 64 * _MIB
    part: int = 16 * _MIB
    copied: int = 5_000_000_000
    copied_part: int = 512 * _MIB
    reading: Patience = _READING
    calling: Patience = _CALLING


USUAL = Tuning()
"""How S3 is used when nothing else is asked for."""


@dataclass(frozen=True, slots=True)
class Login:
    """An entry of `credentials`; without a name, boto3's own search."""

    name: str
    credentials: Credentials = field(repr=False)

    def __str__(self) -> str:
        return f"credentials.{self.name}" if self.name else "boto3's own search for credentials"


@dataclass(slots=True)
class Clients:
    """Makes clients, once for each entry, and hands the same one to every thread: boto3's clients allow that."""

    _made: dict[tuple[int, Login, Tuning], "S3Client"] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def get(self, login: Login, tuning: Tuning) -> "S3Client":
        """Give the client of an entry. A forked process gets its own, as connections cannot be shared."""
        key = (os.getpid(), login, tuning)
        with self._lock:
            if key not in self._made:
                self._made[key] = _client(login, tuning)
            return self._made[key]


def service_of(client: "S3Client") -> str:
    """Which service a client speaks to: the regions of Amazon's are one, as they copy from one another."""
    url = client.meta.endpoint_url
    host = url.split("://", 1)[-1].split("/", 1)[0]
    for amazon in (".amazonaws.com", ".amazonaws.com.cn"):
        if host.endswith(amazon):
            return amazon
    return url


def _client(login: Login, tuning: Tuning) -> "S3Client":
    import boto3  # noqa: PLC0415 - heavy: loaded when used
    from botocore import UNSIGNED  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    credentials = login.credentials
    config = Config(
        connect_timeout=tuning.connect_timeout,
        read_timeout=tuning.read_timeout,
        retries={"mode": "standard", "total_max_attempts": tuning.attempts},
        max_pool_connections=64,
        tcp_keepalive=True,
        # what is sent carries an MD5 of ours, which every service knows; what comes is checked where it can be
        request_checksum_calculation="when_required",
        response_checksum_validation="when_supported",
        s3={"addressing_style": "path"} if credentials.endpoint_url else None,
    )
    if credentials.anonymous:
        config = config.merge(Config(signature_version=UNSIGNED))
    access = Access(str(login), credentials.endpoint_url or "S3", "")
    with explaining(access):
        try:
            session = boto3.session.Session(
                aws_access_key_id=_secret(credentials, "access_key_id"),
                aws_secret_access_key=_secret(credentials, "secret_access_key"),
                aws_session_token=_secret(credentials, "session_token"),
                region_name=credentials.region,
                profile_name=credentials.profile,
            )
            return session.client("s3", endpoint_url=credentials.endpoint_url, config=config)
        except ValueError:
            hint = f"check endpoint_url and region of {login}"
            raise PermanentError("the address of the S3 service is not valid", where=access.where, hint=hint) from None


def _secret(credentials: Credentials, name: str) -> str | None:
    secret = getattr(credentials, name)
    return None if secret is None else str(secret.get_secret_value())
