"""Lines of tables while they are counted: by label, with numbers and with visitors or visits that count once."""

from collections import Counter
from collections.abc import Callable, Iterable

from tests.fake_matomo.figures import View, VisitFacts

OTHERS = "Others"
"""The label of the line that sums up what lies beyond a table's limit."""


class Line:
    """A label and its numbers. `once` counts each of its values one time."""

    __slots__ = ("_seen", "label", "numbers", "url")

    def __init__(self, label: str, url: str = "") -> None:
        self.label = label
        self.url = url
        self.numbers: Counter[str] = Counter()
        self._seen: set[tuple[str, object]] = set()

    def add(self, **numbers: int) -> None:
        """Count up."""
        self.numbers.update(numbers)

    def once(self, name: str, value: object) -> None:
        """Count a value of which there may be several."""
        if (name, value) not in self._seen:
            self._seen.add((name, value))
            self.numbers[name] += 1

    def most(self, name: str, number: int) -> None:
        """Keep the largest."""
        self.numbers[name] = max(self.numbers[name], number)


class Lines:
    """Lines by label."""

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}

    def at(self, label: str, url: str = "") -> Line:
        """The line of a label."""
        if label not in self._lines:
            self._lines[label] = Line(label, url)
        return self._lines[label]

    def ranked(self, limit: int) -> list[Line]:
        """The lines with the most visits first; beyond the limit, the last one sums up the rest."""
        lines = sorted(
            self._lines.values(), key=lambda line: (-line.numbers["nb_visits"], -line.numbers["nb_hits"], line.label)
        )
        return lines if len(lines) <= limit else [*lines[: limit - 1], _sum(lines[limit - 1 :])]


def _sum(lines: list[Line]) -> Line:
    others = Line(OTHERS)
    for line in lines:
        most = max(others.numbers["max_actions"], line.numbers["max_actions"])
        others.numbers.update(line.numbers)
        others.numbers["max_actions"] = most
    return others


def visits_by(visits: Iterable[VisitFacts], label: Callable[[VisitFacts], str]) -> Lines:
    """Visits by what they have in common; an empty label leaves a visit out."""
    lines = Lines()
    for visit in visits:
        if name := label(visit):
            line = lines.at(name, visit.referrer.url)
            line.once("nb_uniq_visitors", visit.visitor)
            line.add(nb_visits=1, nb_actions=visit.actions, sum_visit_length=visit.seconds, bounce_count=visit.bounced)
            line.most("max_actions", visit.actions)
    return lines


def pages_of(visits: Iterable[VisitFacts]) -> Lines:
    """Pages, as they were viewed, entered and left."""
    lines = Lines()
    for number, visit in enumerate(visits):
        _view(lines, visit.views, number, visit.visitor)
        if visit.entry:
            entry = lines.at(visit.entry)
            entry.once("entry_nb_uniq_visitors", visit.visitor)
            entry.add(entry_nb_visits=1, entry_nb_actions=visit.actions)
            entry.add(entry_sum_visit_length=visit.seconds, entry_bounce_count=visit.bounced)
        if visit.exit:
            left = lines.at(visit.exit)
            left.once("exit_nb_uniq_visitors", visit.visitor)
            left.add(exit_nb_visits=1)
    return lines


def downloads_of(visits: Iterable[VisitFacts]) -> Lines:
    """Files, as they were downloaded."""
    lines = Lines()
    for number, visit in enumerate(visits):
        _view(lines, visit.downloads, number, visit.visitor)
    return lines


def searches_of(visits: Iterable[VisitFacts]) -> Lines:
    """What was searched for within the site."""
    lines = Lines()
    for number, visit in enumerate(visits):
        for keyword in visit.searches:
            line = lines.at(keyword)
            line.once("nb_visits", number)
            line.add(nb_hits=1)
    return lines


def _view(lines: Lines, views: tuple[View, ...], visit: int, visitor: str) -> None:
    for view in views:
        line = lines.at(view.label, view.url)
        line.once("nb_visits", visit)
        line.once("nb_uniq_visitors", visitor)
        line.add(nb_hits=1, sum_time_spent=view.spent)
