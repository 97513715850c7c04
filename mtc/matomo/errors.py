"""What can go wrong between mtc and a Matomo server. Every message is free of secrets.

NotSentError            nothing can have reached the server: it may be sent again
UnknownOutcomeError     it may have: only a read may be repeated, hits have to be looked up
ApiError                the server answered a call with an error
├── ServerBusyError         it may pass
└── CallRefusedError        it will not
    ├── TokenRefusedError       the token is wrong, expired or missing
    ├── NoRightError            the token may not do that
    ├── UnknownSiteError        there is no such site
    └── NotMatomoError          somebody else answered: a redirect, a login page, a web server
LookupUnsureError       whether a batch is stored cannot be told
"""

from mtc.errors import PermanentError, StepError, TransientError


class NotSentError(TransientError):
    """Nothing can have reached the server: no name, no connection, no TLS, refused by a proxy."""


class UnknownOutcomeError(TransientError):
    """It broke after sending had begun: the server may have done it or not."""


class ApiError(StepError):
    """The server answered a call with an error."""


class ServerBusyError(ApiError, TransientError):
    """An error that may pass. `retry_after` is how many seconds the server asks to wait, if it does."""

    def __init__(self, what: str, *, where: str = "", hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(what, where=where, hint=hint)
        self.retry_after = retry_after


class CallRefusedError(ApiError, PermanentError):
    """The same call would be answered the same way."""


class TokenRefusedError(CallRefusedError):
    """The token is wrong, expired or missing."""


class NoRightError(CallRefusedError):
    """The token may not do that, or the method does not exist there."""


class UnknownSiteError(CallRefusedError):
    """There is no site of that number."""


class NotMatomoError(CallRefusedError):
    """What answered does not look like Matomo."""


class LookupUnsureError(PermanentError):
    """The server lists too few actions of a visit to tell whether a batch is stored."""
