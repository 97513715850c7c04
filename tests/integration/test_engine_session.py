"""A whole `apply` in this process, with real logs and real stages: what happens while it is at work, and its end."""

import datetime as dt
import json
from pathlib import Path

import pytest
from endstate import end_state, leftovers
from logs import combined_log
from rig import Listener
from s3_faults import Fault, Proxy
from s3_server import ACCESS_KEY, SECRET_KEY, S3Server
from trial import DAYS, Trial

from mtc.core.errors import UsageError
from mtc.core.events import Event, Notice, RunFinished, RunStarted, StepFinished, StepRetried, StepStarted, Warned
from mtc.core.model import Stage, Status, StepId, Verdict
from mtc.engine import planning, recovery, session
from mtc.engine.selection import ApplyRequest, Scope
from mtc.manifest.load import load
from mtc.sources.folder import FolderArchive
from mtc.sources.url_pattern import ArchiveUrl
from mtc.state.store import Store
from mtc.verify.verify import verify

FIRST = StepId(Stage.IMPORT, "docs", DAYS[0])


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    """A project with logs."""
    return Trial.make(tmp_path / "project").with_logs()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """An applied project. Copy it, do not run it."""
    trial = Trial.make(tmp_path_factory.mktemp("applied") / "project").with_logs()
    assert apply(trial, Listener()) == 0
    return trial


@pytest.fixture
def applied(template: Trial, tmp_path: Path) -> Trial:
    """An applied project."""
    return template.copy(tmp_path / "applied")


def apply(trial: Trial, listener: Listener, *sites: str) -> int:
    """Apply the project, or some of its sites."""
    request = ApplyRequest(load(trial.root / "mtc.yaml"), Scope(sites), "mtc apply")
    return session.apply(request, listener)


def test_an_object_replaced_while_a_run_is_at_work_is_loaded_as_it_is_now(trial: Trial, tmp_path: Path) -> None:
    """It was listed, then written anew before it was read: one more try, and the end is that of the new object."""
    other = trial.copy(tmp_path / "other")

    def replaced(event: Event) -> None:
        if isinstance(event, StepStarted) and (event.step, event.attempt) == (FIRST, 1):
            rewrite(trial)

    listener = Listener(then=replaced)
    assert apply(trial, listener) == 0
    (retried,) = listener.heard(StepRetried)
    assert retried.step == FIRST
    rewrite(other)
    assert apply(other, Listener()) == 0
    assert end_state(trial.root) == end_state(other.root)
    assert leftovers(trial.root) == []


def rewrite(trial: Trial) -> None:
    """Write the first log anew."""
    trial.log(f"docs/{DAYS[0]}-a.log", combined_log(DAYS[0], "anew", 90), later=7)


def test_an_object_that_is_damaged_fails_its_day_alone_until_it_is_mended(trial: Trial, tmp_path: Path) -> None:
    """No retry helps a broken archive of gzip; a later run does, once the object is whole."""
    name = f"docs/{DAYS[1]}-b.log.gz"
    whole = (trial.root / "logs" / name).read_bytes()
    trial.log(name, whole[: len(whole) // 2], later=3)
    listener = Listener()
    assert apply(trial, listener) == 3
    assert {event.step.day for event in listener.heard(StepFinished) if event.status is Status.FAILED} == {DAYS[1]}
    assert listener.heard(StepRetried) == []
    assert leftovers(trial.root) == []
    trial.log(name, whole)
    assert apply(trial, Listener()) == 0
    other = Trial.make(tmp_path / "other").with_logs()
    assert apply(other, Listener()) == 0
    assert end_state(trial.root) == end_state(other.root)


def test_a_run_says_what_it_came_to_and_leaves_a_record(trial: Trial) -> None:
    """The last event and the file for machines agree."""
    listener = Listener()
    assert apply(trial, listener) == 0
    (begun,), (over,) = listener.heard(RunStarted), listener.heard(RunFinished)
    record = json.loads((trial.root / ".mtc" / "runs" / f"{begun.run}.json").read_text())
    assert (over.run, over.exit_code, over.done + over.empty, over.failed) == (begun.run, 0, 18 + 1, 0)
    assert (record["run"], record["exit_code"], record["counts"]["done"]) == (begun.run, 0, over.done)
    assert len(record["steps"]) == 18 + 1, "the logs hold hits of the day before the first, in Paris"
    assert over.lines == 450
    loaded = end_state(trial.root)["objects"].values()
    assert over.hits == sum(item["accounting"]["hits"] for item in loaded)


def test_a_run_with_nothing_to_do_changes_no_file(applied: Trial) -> None:
    """Not even to write the same again."""
    before = _stamps(applied.root)
    assert apply(applied, Listener()) == 0
    assert _stamps(applied.root) == before


def _stamps(root: Path) -> dict[str, tuple[int, int]]:
    files = [path for name in ("warehouse", "stats", "csv", "archive") for path in (root / name).rglob("*")]
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_ino) for path in files if path.is_file()}


def test_what_is_known_of_user_agents_may_be_lost_or_damaged(applied: Trial, trial: Trial) -> None:
    """It is kept beside the state, and decides nothing."""
    (folder,) = (applied.root / ".mtc" / "agents").iterdir()
    for file in folder.iterdir():
        file.write_bytes(file.read_bytes()[:-9] + b"damaged..")
    rewrite(applied)
    assert apply(applied, Listener()) == 0
    rewrite(trial)
    assert apply(trial, Listener()) == 0
    assert end_state(applied.root) == end_state(trial.root)
    assert leftovers(applied.root) == []


def test_a_run_of_some_sites_leaves_the_others_alone(trial: Trial) -> None:
    """And one of an unknown site is refused, with the nearest name."""
    assert apply(trial, Listener(), "shop") == 0
    assert {name.split(":")[1] for name in end_state(trial.root)["steps"]} == {"shop"}
    with pytest.raises(UsageError, match="shop"):
        apply(trial, Listener(), "shoop")


def test_a_run_after_a_killed_one_says_so(trial: Trial) -> None:
    """Whoever looks at the log of the night learns that the run before did not end by itself."""
    assert trial.apply(crash_at="import.done").code < 0
    listener = Listener()
    assert apply(trial, listener) == 0
    assert [("was killed" in notice.text) for notice in listener.heard(Notice)].count(True) == 1
    again = Listener()
    assert apply(trial, again) == 0
    assert again.heard(Notice) == []


@pytest.mark.parametrize("place", ["warehouse/.staging", ".mtc/spool", ".mtc/tmp", "stats/docs", "csv", ".mtc/runs"])
def test_what_a_killed_run_left_half_made_is_swept(place: str, trial: Trial) -> None:
    """The names are those that a killed run leaves behind, if it is killed while it writes."""
    names = {
        "stats/docs": f".{DAYS[1]}.stat.0123abcd.tmp",
        "csv": ".summary.csv.0123abcd.tmp",
        ".mtc/runs": ".20250501T000000Z-0a1b.json.0123abcd.tmp",
    }
    half_made = trial.root / place / names.get(place, "half/made.tmp")
    half_made.parent.mkdir(parents=True)
    half_made.write_bytes(b"half")
    assert apply(trial, Listener()) == 0
    assert not half_made.exists()
    assert leftovers(trial.root) == []


S3_MANIFEST = """\
version: 1
name: trial
dates: {{from: {first}, to: {last}}}
stages: [import]
source: {{url: "s3://%s/{{site}}/{{date:%%Y-%%m-%%d}}*.log", credentials: pull}}
credentials:
  pull: {{access_key_id: "%s", secret_access_key: "%s", region: us-east-1, endpoint_url: "%s"}}
run: {{jobs: {jobs}, retries: 2, backoff: 0s}}
sites:
  docs: {{}}
"""


@pytest.fixture
def remote(s3: S3Server, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trial:
    """A project whose logs lie in S3, behind a proxy that goes wrong when it is told to."""
    bucket = s3.bucket()
    for day in DAYS:
        s3.put(bucket, f"docs/{day}.log", combined_log(day, f"s3 {day}", 30))
    manifest = S3_MANIFEST % (bucket, "${{PULL_KEY}}", "${{PULL_SECRET}}", proxy.url)
    monkeypatch.setenv("PULL_KEY", ACCESS_KEY)
    monkeypatch.setenv("PULL_SECRET", SECRET_KEY)
    return Trial.make(tmp_path / "project", manifest=manifest)


def test_a_service_that_is_busy_for_a_while_costs_tries_and_no_step(remote: Trial, proxy: Proxy) -> None:
    """boto3 asks a few times by itself; when it gives up, the step is tried again."""
    proxy.faults.append(Fault(f"GET .*{DAYS[0]}", "answer", times=5))
    listener = Listener()
    assert apply(remote, listener) == 0
    assert {event.step for event in listener.heard(StepRetried)} == {FIRST}
    assert "503" in listener.heard(StepRetried)[0].error or "SlowDown" in listener.heard(StepRetried)[0].error


def test_keys_that_do_not_open_cost_one_try(remote: Trial, proxy: Proxy) -> None:
    """The step fails at once, and no key is in anything that was said or written."""
    proxy.faults.append(Fault(f"GET .*{DAYS[0]}", "answer", 403, "AccessDenied"))
    listener = Listener()
    assert apply(remote, listener) == 3
    assert listener.heard(StepRetried) == []
    (failed,) = [event for event in listener.heard(StepFinished) if event.status is Status.FAILED]
    assert (failed.step, "s3:GetObject" in failed.error) == (FIRST, True)
    written = b"".join(path.read_bytes() for path in (remote.root / ".mtc").rglob("*") if path.is_file())
    for secret in (ACCESS_KEY, SECRET_KEY):
        assert secret not in repr(listener.events)
        assert secret.encode() not in written
    proxy.faults.clear()
    assert apply(remote, Listener()) == 0


def test_days_that_have_not_ended_are_not_due(trial: Trial) -> None:
    """A clock that stands in the middle of the second day: the first is done, the others wait."""
    noon = dt.datetime.combine(DAYS[1], dt.time(12), dt.UTC)
    request = ApplyRequest(load(trial.root / "mtc.yaml"), Scope(), "mtc apply")
    listener = Listener()
    assert session.apply(request, listener, lambda: noon) == 0
    beside = FIRST.day - dt.timedelta(days=1)  # of which the first day's logs have hits, in Paris
    assert {event.step.day for event in listener.heard(StepFinished)} == {DAYS[0], beside}


def test_what_a_killed_copy_left_in_the_archive_is_swept(trial: Trial) -> None:
    """The archive is the one place where nobody would dare to clean up by hand."""
    assert trial.apply(crash_at="archive.before").code < 0
    archive = FolderArchive(trial.root, trial.root, ArchiveUrl.compile("archive/{site}/{date:%Y/%m/%d}/{name}", "docs"))
    half_made = trial.root / "archive" / "docs" / f"{DAYS[0]:%Y/%m/%d}" / f".{DAYS[0]}-a.log.{archive._mark}.tmp"
    half_made.parent.mkdir(parents=True, exist_ok=True)
    half_made.write_bytes(b"half")
    assert apply(trial, Listener()) == 0
    assert leftovers(trial.root) == []


def test_a_plan_made_while_a_run_is_at_work_tells_no_failure(trial: Trial) -> None:
    """What that run is doing is under way; after a kill the same records are interrupted tries again."""
    notes: list[str] = []
    seen: list[Verdict] = []
    project = load(trial.root / "mtc.yaml")
    request = ApplyRequest(project, Scope(), "mtc plan")

    def looked(event: Event) -> None:
        if isinstance(event, StepStarted) and not seen:
            made = planning.plan(request, notes.append)
            survey = planning.status_data(project, Scope(), notes.append, offline=False)
            for plan in (made, survey.plan):
                assert plan is not None
                seen.extend(each.verdict for each in plan.steps if each.step == event.step)

    assert apply(trial, Listener(then=looked)) == 0
    assert seen == [Verdict.UNDER_WAY] * 2
    assert any(note.startswith("another run is active: `mtc apply`") for note in notes)


def test_a_run_names_the_manifest_in_what_it_says_to_do(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command without it would mean another project; at the end of a good run stands where its results are."""
    monkeypatch.chdir(trial.root)
    listener = Listener()
    assert apply(trial, listener) == 0
    (finished,) = listener.heard(RunFinished)
    assert finished.next == "the results are in stats/ and csv/"
    project = load(trial.root / "mtc.yaml")
    assert session.command_for(project, "status") == "mtc status -m mtc.yaml"


def stray(trial: Trial) -> Path:
    """A part that the state does not list."""
    part = min((trial.root / "warehouse/hits").rglob("*.parquet"))
    other = part.with_name("0" * 20 + ".parquet")
    other.write_bytes(part.read_bytes())
    return other


@pytest.mark.parametrize(("exit_code", "looks"), [(None, True), (3, True), (1, True), (0, False)])
def test_parts_that_nothing_lists_are_laid_aside_after_a_run_that_did_not_end_well(
    applied: Trial, exit_code: int | None, *, looks: bool
) -> None:
    """Killed or failed. They are kept: of an older state file put back, they may be all that is left of their logs."""
    path = stray(applied)
    with Store.open(applied.root / ".mtc/state.db") as store:
        at = dt.datetime.now(dt.UTC)
        store.begin_run("29990101T000000Z-aaaa", manifest="m", command="mtc apply", at=at)
        if exit_code is not None:
            store.end_run("29990101T000000Z-aaaa", exit_code=exit_code, counts={}, at=at)
    before = end_state(applied.root)
    listener = Listener()
    assert apply(applied, listener) == 0
    assert end_state(applied.root) == before
    assert path.exists() is not looks
    assert path.with_name(f"{path.name}.unlisted").exists() is looks
    told = [event.text for event in listener.heard(Warned)]
    assert bool(told) is (looks and exit_code is not None)


def test_a_forgotten_import_keeps_its_parts_until_its_logs_are_read_again(applied: Trial) -> None:
    """Its log may be gone: then what was forgotten can be had back; else it is made again, and nothing is left over."""
    before = end_state(applied.root)
    recovery.forget(load(applied.root / "mtc.yaml"), [FIRST], "mtc state forget")
    aside = sorted((applied.root / "warehouse/hits").rglob("*.unlisted"))
    assert aside
    assert apply(applied, Listener()) == 0
    assert end_state(applied.root) == before
    assert not any(path.exists() for path in aside)
    assert leftovers(applied.root) == []


DAILY = """\
version: 1
dates: yesterday
{more}
source: {{url: "logs/{{site}}/{{date:%Y-%m-%d}}*.log*"}}
run: {{jobs: 1, retries: 0}}
sites: {{docs: {{}}, shop: {{}}}}
"""


def daily(root: Path, *days: dt.date, more: str = "") -> Trial:
    """A project of two sites for cron, with a log of docs on each of these days."""
    root.mkdir()
    (root / "logs").mkdir()
    (root / "mtc.yaml").write_text(DAILY.format(more=more), "utf-8")
    trial = Trial(root)
    for day in days:
        trial.log(f"docs/{day}.log", combined_log(day, f"docs {day}", 5))
    return trial


def morning(trial: Trial, day: dt.date) -> tuple[int, Listener]:
    """The run of cron on a day."""
    listener = Listener()
    request = ApplyRequest(load(trial.root / "mtc.yaml"), Scope(), "mtc apply")
    at = dt.datetime.combine(day, dt.time(7), dt.UTC)
    return session.apply(request, listener, lambda: at), listener


def test_a_run_after_days_without_one_catches_them_up(tmp_path: Path) -> None:
    """The plan says so; and the next run has nothing to catch up."""
    days = [dt.date(2025, 5, number) for number in range(1, 7)]
    trial = daily(tmp_path / "project", *days)
    assert morning(trial, dt.date(2025, 5, 2))[0] == 0
    at = dt.datetime(2025, 5, 6, 7, tzinfo=dt.UTC)
    made = planning.plan(ApplyRequest(load(trial.root / "mtc.yaml"), Scope(), "mtc plan"), print, lambda: at)
    told = {planned.step.day for planned in made.steps if any("caught up" in reason for reason in planned.reasons)}
    assert told == set(days[1:4])
    assert morning(trial, dt.date(2025, 5, 6))[0] == 0
    assert sorted(path.stem for path in (trial.root / "stats/docs").glob("*.stat")) == [str(day) for day in days[:5]]
    _, listener = morning(trial, dt.date(2025, 5, 6))
    assert listener.heard(StepStarted) == []


@pytest.mark.parametrize(("more", "code"), [("", 0), ("freshness: {error_after: 2d}", 3), ("freshness: off", 0)])
def test_logs_that_stop_coming_are_told_once_and_fail_a_run_where_the_manifest_says_so(
    more: str, code: int, tmp_path: Path
) -> None:
    """The site that never had any is not meant."""
    days = [dt.date(2025, 5, number) for number in range(1, 8)]
    trial = daily(tmp_path / "project", *days, more=more)
    for day in days:
        exit_code, listener = morning(trial, day + dt.timedelta(days=1))
        assert (exit_code, listener.heard(Warned)) == (0, [])
    exit_code, listener = morning(trial, dt.date(2025, 5, 11))
    assert exit_code == code
    told = [event.text for event in listener.heard(Warned)]
    since = "docs: no logs since those of 2025-05-07, 4 days ago: have they stopped coming?"
    assert told == ([] if more.endswith("off") else [since])
    at = dt.datetime(2025, 5, 11, 7, tzinfo=dt.UTC)
    assert (since in verify(load(trial.root / "mtc.yaml"), Scope(), lambda: at).notes) is bool(told)
