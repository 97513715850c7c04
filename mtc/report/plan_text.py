"""A plan as text or JSON: counts first, then what is to do and why, then what will not be done now.

Shows what the planner decided; judges nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from mtc.core.model import Stage, StepId, Verdict
from mtc.core.quantities import size
from mtc.core.sanitize import one_line
from mtc.plan.neighbours import NOT_WHOLE
from mtc.plan.work import CsvWork, ImportWork, Plan, PlannedStep, StatWork
from mtc.report.event_text import plan_counts
from mtc.report.terminal import PLAIN, Terminal, Tone
from mtc.report.text import count, day_list, first_few, json_document, plural, table

_TONES = {
    Verdict.FAILED: Tone.BAD,
    Verdict.BLOCKED: Tone.WARN,
    Verdict.COUNTED_TWICE: Tone.BAD,
    Verdict.WOULD_LOSE: Tone.BAD,
}
_MOST_SITES = 5
_NOT_WORK = (Verdict.COUNTED_TWICE, Verdict.WOULD_LOSE, Verdict.BLOCKED, Verdict.NOT_DUE)


@dataclass(frozen=True, slots=True)
class Group:
    """Steps of one stage with the same verdict: of one site, or of several with the same cause."""

    stage: Stage
    site: str
    verdict: Verdict
    steps: tuple[PlannedStep, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """The first few of the steps' reasons."""
        return first_few(one_line(reason) for step in self.steps for reason in step.reasons)


def group(steps: Iterable[PlannedStep]) -> tuple[Group, ...]:
    """Group steps by stage, site and verdict, in the order of their first step."""
    grouped: dict[tuple[Stage, str, Verdict], list[PlannedStep]] = {}
    for step in steps:
        grouped.setdefault((step.step.stage, step.step.site, step.verdict), []).append(step)
    merged: dict[tuple[object, ...], list[Group]] = {}
    for key, steps_of_key in grouped.items():
        each = Group(*key, tuple(steps_of_key))
        cause = each.reasons if each.verdict.is_stuck else (each.site,)
        merged.setdefault((each.stage, each.verdict, cause), []).append(each)
    return tuple(_merged(groups) for groups in merged.values())


def _merged(groups: Sequence[Group]) -> Group:
    """Merge groups that have the same cause."""
    sites = ", ".join(first_few((each.site for each in groups), _MOST_SITES))
    return replace(groups[0], site=sites, steps=tuple(step for each in groups for step in each.steps))


def plan_summary(plan: Plan, name: str) -> str:
    """The plan on one line: `plan of daily: 30 steps, 12 to do (10 new, 2 failed), 18 up to date`."""
    return (
        f"plan of {one_line(name)}: {plan_counts({verdict.value: number for verdict, number in plan.count().items()})}"
    )


def plan_text(plan: Plan, name: str, terminal: Terminal = PLAIN) -> str:
    """The plan for people: a summary, counts by stage and verdict, and the groups to do, blocked and not due."""
    lines = [plan_summary(plan, name)]
    if plan.steps:
        lines += ["", *_counts(plan)]
    lines += _section("to do", plan.work, terminal)
    followers = _followers(plan)
    for verdict in _NOT_WORK:
        steps = [step for step in plan.steps if step.verdict is verdict and step.step not in followers]
        lines += _section(verdict.value, steps, terminal)
    lines += _section(NOT_WHOLE, [_without_title(step) for step in plan.steps if _is_not_whole(step)], terminal)
    if followers:
        lines.append(f"  and {plural(len(followers), 'step')} behind these")
    return "\n".join(lines)


def _is_not_whole(step: PlannedStep) -> bool:
    """Whether a step has nothing to do now, but may still get hits from the logs of a neighbouring day."""
    return step.verdict is Verdict.UP_TO_DATE and any(reason.startswith(NOT_WHOLE) for reason in step.reasons)


def _without_title(step: PlannedStep) -> PlannedStep:
    """The step with reasons that do not repeat the title of their section."""
    return replace(step, reasons=tuple(reason.removeprefix(f"{NOT_WHOLE}: ") for reason in step.reasons))


def _followers(plan: Plan) -> set[StepId]:
    """Blocked steps whose cause is a blocked earlier stage of the same site and day."""
    stuck = {planned.step for planned in plan.steps if planned.verdict.is_stuck}
    order = tuple(Stage)

    def waits(step: StepId) -> bool:
        earlier = (StepId(stage, step.site, step.day) for stage in order[: order.index(step.stage)])
        return any(each in stuck for each in earlier)

    return {planned.step for planned in plan.steps if planned.verdict is Verdict.BLOCKED and waits(planned.step)}


def _counts(plan: Plan) -> list[str]:
    verdicts = tuple(plan.count())
    rows = [["", *(verdict.value for verdict in verdicts)]]
    for stage in Stage:
        counts = _of_stage(plan, stage).count()
        if counts:
            rows.append([stage.value, *(count(counts[verdict]) if verdict in counts else "-" for verdict in verdicts)])
    return table(rows, right=frozenset(range(1, len(verdicts) + 1)))


def _section(title: str, steps: Sequence[PlannedStep], terminal: Terminal) -> list[str]:
    groups = group(steps)
    if not groups:
        return []
    heads = table([_head(item) for item in groups])
    lines = ["", terminal.paint(title, Tone.HEAD)]
    for item, head in zip(groups, heads, strict=True):
        lines.append(f"  {terminal.paint(head, _TONES.get(item.verdict, Tone.PLAIN))}")
        lines += [f"      {reason}" for reason in item.reasons]
    return lines


def _head(item: Group) -> list[str]:
    days = day_list(step.step.day for step in item.steps)
    verdict = [item.verdict.value] if item.verdict.is_work else []
    return [item.stage.value, one_line(item.site), *verdict, days, _amount(item.steps)]


def _amount(steps: Sequence[PlannedStep]) -> str:
    works = [step.work for step in steps]
    imports = [work for work in works if isinstance(work, ImportWork)]
    parts = [part for work in works if isinstance(work, StatWork) for part in work.parts]
    loads = [item for work in imports for item in work.load]
    archives = sum(len(work.archive) for work in imports)
    delivers = sum(work.to_deliver for work in imports)
    drops = sum(len(work.drop) for work in imports)
    noun = "slice" if loads and all(item.slice is not None for item in loads) else "object"
    amounts = (
        f"{plural(len(loads), noun)}, {size(sum(item.size for item in loads))}" if loads else "",
        f"{count(delivers)} to deliver" if delivers else "",
        f"{count(archives)} to archive" if archives else "",
        f"{count(drops)} to take out" if drops else "",
        f"{plural(len(parts), 'part')}, {plural(sum(part.hits for part in parts), 'hit')}" if parts else "",
    )
    return ", ".join(text for text in amounts if text)


def plan_json(plan: Plan, name: str) -> str:
    """The plan as one JSON document: counts by stage and verdict, then every step in the plan's order."""
    counts = {
        stage.value: {verdict.value: number for verdict, number in _of_stage(plan, stage).count().items()}
        for stage in Stage
        if _of_stage(plan, stage).steps
    }
    steps = [_step_json(step) for step in plan.steps]
    return json_document(
        {"manifest": name, "steps": len(steps), "work": len(plan.work), "counts": counts, "plan": steps}
    )


def _of_stage(plan: Plan, stage: Stage) -> Plan:
    return Plan(tuple(step for step in plan.steps if step.step.stage is stage))


def _step_json(step: PlannedStep) -> dict[str, object]:
    return {
        "step": str(step.step),
        "stage": step.step.stage.value,
        "site": step.step.site,
        "day": step.step.day.isoformat(),
        "verdict": step.verdict.value,
        "reasons": list(step.reasons),
        "inputs": len(step.inputs),
        "cost": step.cost,
        "work": _work_json(step.work),
    }


def _work_json(work: ImportWork | StatWork | CsvWork | None) -> dict[str, object] | None:
    match work:
        case ImportWork():
            load = {"load": len(work.load), "size": sum(item.size for item in work.load)}
            deliver = {"deliver": work.to_deliver} if work.deliver else {}
            return {**load, "archive": len(work.archive), "drop": len(work.drop), "keep": len(work.keep), **deliver}
        case StatWork():
            return {"parts": len(work.parts), "hits": sum(part.hits for part in work.parts)}
        case CsvWork():
            return {"stat": work.stat}
        case None:
            return None
