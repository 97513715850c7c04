"""The kernel's lock on an open file: taken, or only looked at. Neither waits for an owner; looking keeps nobody out.

There is no way to see such a lock but to try one. Whoever looks takes a shared lock and gives it back at once; whoever
takes the lock tells that from an owner's, which is never shared, and waits it out.
"""

import errno
import fcntl
import time

NO_FLOCK = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}
"""What a file system says that cannot lock files."""

_HELD = {errno.EWOULDBLOCK, errno.EACCES}
_MOMENT = 0.001
_MOMENTS = 5_000


def take(handle: int) -> bool:
    """Lock the file; False when an owner has it.

    Raises OSError where it cannot be locked.
    """
    for _ in range(_MOMENTS):
        if _try(handle, fcntl.LOCK_EX):
            return True
        if is_held(handle):
            return False
        time.sleep(_MOMENT)
    return False


def is_held(handle: int) -> bool:
    """Whether an owner has the file locked, through another handle.

    Raises OSError where it cannot be locked.
    """
    if not _try(handle, fcntl.LOCK_SH):
        return True
    fcntl.flock(handle, fcntl.LOCK_UN)  # closing it would not do, while a child that was just forked has it too
    return False


def _try(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise
    return True
