"""Clients of S3, one for each entry of `credentials`, and how its answers are read: objects, and errors with a remedy.

No other module sees access keys, and this one shows none. No message of a service is repeated: it may name an access
key, and a service may say anything. Services that speak S3 leave fields out, or write them in their own way. MD5 is
used as S3 uses it, never for security. boto3 is imported when the first client is made.
"""

import contextlib
import os
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from mtc.core.background import LowSpeedLimit
from mtc.core.errors import ObjectChangedError, PermanentError, StepError, TransientError
from mtc.core.model import SourceObject
from mtc.sources.settings import Credentials

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class Access:
    """What is being done, for errors: the entry of credentials, the URL, and the permission that is needed."""

    login: str
    where: str
    permission: str


_DENIED = "access denied"
_KEYS = "the service does not accept the keys"
_REGION = "the bucket is in another region"

# Codes of https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; for answers
# without a body, to HEAD, the code is the status.
_PERMANENT: Mapping[str, tuple[str, str]] = {
    "AccessDenied": (_DENIED, "give {login} the permission {permission}"),
    "AllAccessDisabled": (_DENIED, "give {login} the permission {permission}"),
    "401": (_DENIED, "check the keys of {login}"),
    "403": (_DENIED, "give {login} the permission {permission}"),
    "InvalidAccessKeyId": (_KEYS, "check access_key_id of {login}"),
    "SignatureDoesNotMatch": (_KEYS, "check secret_access_key of {login}"),
    "InvalidToken": (_KEYS, "check session_token of {login}"),
    "ExpiredToken": ("the session has expired", "renew the session of {login}"),
    "TokenRefreshRequired": ("the session has expired", "renew the session of {login}"),
    "RequestTimeTooSkewed": ("the service says that the clock is wrong", "set this machine's clock"),
    "NoSuchBucket": ("there is no such bucket", "check the bucket's name, and endpoint_url of {login}"),
    "InvalidBucketName": ("the name of the bucket is not valid", "check the bucket's name"),
    "PermanentRedirect": (_REGION, "set region in {login} to that of the bucket"),
    "AuthorizationHeaderMalformed": (_REGION, "set region in {login} to that of the bucket"),
    "IllegalLocationConstraintException": (_REGION, "set region in {login} to that of the bucket"),
    "301": (_REGION, "set region in {login} to that of the bucket"),
    "InvalidObjectState": (
        "the object is in an archived storage class and cannot be read",
        "restore it (s3:RestoreObject), or leave its day out",
    ),
}

_CHANGED = {"PreconditionFailed", "412", "NoSuchKey", "NoSuchVersion", "404"}

_TRANSIENT = {
    *("BadDigest", "IncompleteBody", "InternalError", "OperationAborted", "ConditionalRequestConflict"),
    *("RequestTimeout", "RequestTimeoutException", "ServiceUnavailable", "SlowDown", "BandwidthLimitExceeded"),
    *("Throttling", "ThrottlingException", "TooManyRequests", "TooManyRequestsException"),
    *("RequestLimitExceeded", "RequestThrottled", "NoSuchUpload", "InvalidPart"),
}

# Classes of botocore, the most specific first: what happened, and a remedy. Those without one are transient.
_BOTOCORE: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("ProfileNotFound",), "there is no such profile", "check profile of {login} against ~/.aws/config"),
    (
        ("NoCredentialsError", "PartialCredentialsError"),
        "there are no credentials",
        "no usable keys were found for {login}: give a key pair, a profile, or anonymous: true",
    ),
    (
        ("SSOError", "LoginError", "CredentialRetrievalError", "TokenRetrievalError"),
        "signing in failed",
        "sign in again for {login}",
    ),
    (("ResponseParserError",), "the answer cannot be read: was it the service that answered, or a proxy?", ""),
    (("FlexibleChecksumError", "ChecksumError"), "the object was damaged on its way", ""),
    (("HTTPClientError", "ConnectionError", "IncompleteReadError"), "the connection failed", ""),
)


@contextlib.contextmanager
def explaining(access: Access) -> Iterator[None]:
    """Turn what boto3 raises inside into `StepError`s; the original is dropped, as it may contain access keys."""
    import ssl  # noqa: PLC0415 - heavy: loaded when used

    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    from botocore.parsers import ResponseParserError  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    try:
        yield
    except ClientError as error:
        raise _of_answer(error, access) from None
    except BotoCoreError as error:
        raise _of_client(error, access) from None
    except (HTTPError, ConnectionError, TimeoutError, ssl.SSLError) as error:
        raise TransientError(f"the connection failed ({type(error).__name__})", where=access.where) from None
    except (ResponseParserError, LookupError, TypeError, ValueError, ArithmeticError, RuntimeError) as error:
        what = f"the service's answer cannot be read ({type(error).__name__})"  # boto3 lets such errors through
        hint = f"check endpoint_url of {access.login}: is this S3?"
        raise TransientError(what, where=access.where, hint=hint) from None


def code_of(error: "ClientError") -> str:
    """The service's error code, safe to show."""
    return re.sub(r"[^A-Za-z0-9]", "", str(error.response.get("Error", {}).get("Code", "")))[:60] or "unknown"


def status_of(error: "ClientError") -> int:
    """The HTTP status of an error; 0 if there is none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _of_answer(error: "ClientError", access: Access) -> StepError:
    code, status = code_of(error), status_of(error)
    shown = f" ({code})" if code != str(status) else f" (status {status})"
    if code in _PERMANENT:
        what, hint = _PERMANENT[code]
        return PermanentError(what + shown, where=access.where, hint=_fill(hint, access))
    if code in _CHANGED or status == 412:  # noqa: PLR2004 - HTTP's own number
        return ObjectChangedError(f"the object is not there as it was listed{shown}", where=access.where)
    if code in _TRANSIENT or status >= 500 or status == 429:  # noqa: PLR2004 - HTTP's own numbers
        return TransientError(f"the service cannot answer now{shown}", where=access.where)
    if status in {401, 403}:
        return PermanentError(_DENIED + shown, where=access.where, hint=_fill(_PERMANENT["403"][1], access))
    hint = _fill("check the URL, and region and endpoint_url of {login}", access)
    return PermanentError(f"the service refuses the request{shown}", where=access.where, hint=hint)


def _of_client(error: "BotoCoreError", access: Access) -> StepError:
    names = [kind.__name__ for kind in type(error).__mro__]
    if "SSLError" in names and "CERTIFICATE" in str(error).upper():
        hint = "check endpoint_url, and this machine's certificates (AWS_CA_BUNDLE)"
        return PermanentError("the service's certificate is not trusted", where=access.where, hint=hint)
    for kinds, what, hint in _BOTOCORE:
        if any(kind in names for kind in kinds):
            shown = f"{what} ({names[0]})"
            if hint:
                return PermanentError(shown, where=access.where, hint=_fill(hint, access))
            return TransientError(shown, where=access.where)
    hint = _fill("check {login} and the URL", access)
    return PermanentError(f"the request cannot be made ({names[0]})", where=access.where, hint=hint)


def _fill(hint: str, access: Access) -> str:
    return hint.format(login=access.login, permission=access.permission or "that this takes")


_MIB = 1 << 20
_READING = LowSpeedLimit(60, 64 << 10)
_CALLING = LowSpeedLimit(900, 1)


@dataclass(frozen=True, slots=True)
class Tuning:
    """How S3 is used. Times are seconds, sizes bytes.

    `single` is the largest upload in one request, `copied` the largest server-side copy in one (S3 allows 5 GB); `part`
    and `copied_part` are the sizes of parts above that. `page` is how many keys a page of a listing has.
    `reading` limits how slow a download may be, `calling` how long a listing's page or a copy may make no progress.
    """

    connect_timeout: float = 10
    read_timeout: float = 60
    attempts: int = 4
    page: int = 1000
    single: int = 64 * _MIB
    part: int = 16 * _MIB
    copied: int = 5_000_000_000
    copied_part: int = 512 * _MIB
    reading: LowSpeedLimit = _READING
    calling: LowSpeedLimit = _CALLING


DEFAULT_TUNING = Tuning()
"""How S3 is used by default."""


@dataclass(frozen=True, slots=True)
class Login:
    """An entry of `credentials`; without a name, boto3's default search for credentials."""

    name: str
    credentials: Credentials = field(repr=False)

    def __str__(self) -> str:
        return f"credentials.{self.name}" if self.name else "boto3's own search for credentials"


@dataclass(slots=True)
class Clients:
    """Makes one client for each entry, which all threads share: boto3's clients are thread-safe."""

    _made: dict[tuple[int, Login, Tuning], "S3Client"] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def get(self, login: Login, tuning: Tuning) -> "S3Client":
        """The client of an entry. A forked process gets another one, as connections cannot be shared."""
        key = (os.getpid(), login, tuning)
        with self._lock:
            if key not in self._made:
                self._made[key] = _client(login, tuning)
            return self._made[key]


def service_of(client: "S3Client") -> str:
    """The service that a client talks to. All regions of Amazon are one, as they copy from one another."""
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
        # uploads carry an MD5, which every service checks; downloads are checked where possible
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
                aws_access_key_id=_secret(credentials.access_key_id),
                aws_secret_access_key=_secret(credentials.secret_access_key),
                aws_session_token=_secret(credentials.session_token),
                region_name=credentials.region,
                profile_name=credentials.profile,
            )
            return session.client("s3", endpoint_url=credentials.endpoint_url, config=config)
        except ValueError:
            hint = f"check endpoint_url and region of {login}"
            raise PermanentError("the address of the S3 service is not valid", where=access.where, hint=hint) from None


def _secret(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


Answer = Mapping[str, Any]
"""An answer as boto3 gives it, or an entry of a listing; it may lack any field."""


def etag_of(answer: Answer) -> str:
    """The ETag without quotes and without the `W/` of a weak one; empty where there is none."""
    return str(answer.get("ETag") or "").removeprefix("W/").strip('"')


def size_of(answer: Answer, name: str = "ContentLength") -> int | None:
    """The size in bytes; None where there is none, or it is not valid."""
    size = answer.get(name)
    return size if isinstance(size, int) and size >= 0 else None


def is_another(answer: Answer, obj: SourceObject) -> bool:
    """Whether an answer shows another version of the object than the listed one."""
    etag, size = etag_of(answer), size_of(answer)
    return bool(etag and obj.etag and etag != obj.etag) or (size is not None and size != obj.size)


def is_encrypted(answer: Answer) -> bool:
    """Whether the object is encrypted with a key of KMS or of the customer, so that its ETag is no digest."""
    return str(answer.get("ServerSideEncryption") or "").startswith("aws:kms") or bool(
        answer.get("SSECustomerAlgorithm")
    )


def is_listing(page: Answer) -> bool:
    """Whether an answer is a page of a listing: it has keys, or the fields of a listing without keys."""
    if page.get("Contents") or page.get("CommonPrefixes"):
        return True
    return ("IsTruncated" in page or "Name" in page) and not page.get("KeyCount")
