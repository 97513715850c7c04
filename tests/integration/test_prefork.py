"""The preforking test helper: a forked process behaves like a fresh one."""

import json
import os
import signal
import subprocess
from pathlib import Path

import prefork
import pytest

PROBE = """
import gc, json, locale, os, resource, signal, sys, threading, time
signals = {each.name: str(signal.getsignal(each)) for each in signal.Signals}
signals = {name: text.split(" at 0x")[0] for name, text in signals.items()}
streams = (sys.stdin, sys.stdout, sys.stderr)
looks = [
    [each.name, each.mode, each.encoding, each.errors, each.newlines, each.line_buffering, each.write_through]
    + [type(each.buffer).__name__, each is getattr(sys, f"__{name}__")]
    for name, each in zip(("stdin", "stdout", "stderr"), streams)
]
handles = {}
for number in sorted(map(int, os.listdir("/proc/self/fd"))):
    try:
        handles[number] = os.readlink(f"/proc/self/fd/{number}").split(":")[0]
    except OSError:
        pass
print(json.dumps({
    "arguments": sys.argv, "path": sys.path, "folder": os.getcwd(), "variables": dict(os.environ),
    "name": __name__, "main": sys.modules["__main__"].__name__, "package": __package__, "flags": list(sys.flags),
    "signals": signals, "mask": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])), "streams": looks,
    "handles": handles, "threads": [len(os.listdir("/proc/self/task")), threading.active_count()],
    "main": threading.current_thread() is threading.main_thread(),
    "collects": [gc.isenabled(), gc.get_threshold()],
    "group": [os.getpgid(0), os.getsid(0)], "zone": [time.tzname, time.timezone], "locale": locale.getlocale(),
    "limits": resource.getrlimit(resource.RLIMIT_NOFILE), "nice": os.nice(0), "dump": sys.getrecursionlimit(),
}))
print("told", file=sys.stderr)
"""
ENVIRONMENT = {"PATH": os.environ["PATH"], "TZ": "Asia/Tokyo", "HOME": "/nowhere", "LC_ALL": "C.UTF-8"}


def ended(folder: Path, code: str, *, fresh: bool, **variables: str) -> tuple[int, str, str]:
    """Run a module with this code to its end."""
    (folder / "probe.py").write_text(code, "utf-8")
    with prefork.start(["a", "b c"], folder, {**ENVIRONMENT, **variables}, fresh=fresh, module="probe") as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode is not None
    return process.returncode, out, err


@pytest.mark.parametrize("variables", [{}, {"PYTHONUNBUFFERED": "1"}, {"LC_ALL": "C"}, {"PYTHONIOENCODING": "latin-1"}])
def test_a_forked_process_has_the_same_environment_as_a_fresh_one(tmp_path: Path, variables: dict[str, str]) -> None:
    """Arguments, paths, variables, signals, streams, file handles, threads and limits are the same in both."""
    at = {"PYTHONPATH": str(Path(prefork.__file__).parents[2]), **variables}
    code, out, err = ended(tmp_path, PROBE, fresh=True, **at)
    assert (code, err) == (0, "told\n")
    code, forked, err = ended(tmp_path, PROBE, fresh=False, **at)
    assert (code, err) == (0, "told\n")
    assert json.loads(forked) == json.loads(out)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("import sys; sys.exit(7)", 7),
        ("import sys; sys.exit('no')", 1),
        ("raise ValueError", 1),
        ("import os; os._exit(5)", 5),
        ("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL),
        ("import os; os.kill(os.getpid(), 2)", -signal.SIGINT),
        ("import atexit; atexit.register(print, 'the end')", 0),
        ("import threading, time; threading.Thread(target=lambda: time.sleep(0.1) or print('after')).start()", 0),
    ],
)
def test_a_forked_process_ends_like_a_fresh_one(tmp_path: Path, text: str, code: int) -> None:
    """The exit code, the output and the last line of the traceback are the same in both."""
    at = {"PYTHONPATH": str(Path(prefork.__file__).parents[2])}
    fresh, forked = (ended(tmp_path, text, fresh=each, **at) for each in (True, False))
    assert (fresh[0], fresh[1]) == (forked[0], forked[1])
    assert fresh[0] == code
    assert fresh[2].splitlines()[-1:] == forked[2].splitlines()[-1:]


def test_a_forked_process_can_be_waited_for_and_killed(tmp_path: Path) -> None:
    """`wait` with a timeout, `kill` and `communicate` work as with subprocess."""
    (tmp_path / "probe.py").write_text("import time; print('here', flush=True); time.sleep(60)", "utf-8")
    at = {**ENVIRONMENT, "PYTHONPATH": str(Path(prefork.__file__).parents[2])}
    with prefork.start([], tmp_path, at, module="probe") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        process.kill()
        assert process.communicate(timeout=60) == ("", "")
        assert (process.returncode, process.poll(), process.wait()) == (-signal.SIGKILL,) * 3
        process.kill()
    assert not Path(f"/proc/{process.pid}").exists()
