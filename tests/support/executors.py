"""Every executor that the contract tests start. Add new ones to this list."""

from collections.abc import Callable, Mapping

from mtc.engine.executors import Executor, Handler, InlineExecutor, PoolExecutor, StageRunners

Make = Callable[[StageRunners, Handler], Executor]

EXECUTORS: Mapping[str, Make] = {
    "inline": InlineExecutor,
    "pool of 1": lambda runners, handler: PoolExecutor(runners, handler, 1),
    "pool of 3": lambda runners, handler: PoolExecutor(runners, handler, 3),
}
