"""Reports of one row: a day in a few numbers."""

from tests.fake_matomo.figures import DayFacts
from tests.fake_matomo.tables import Row, percent


def visits_summary(day: DayFacts) -> Row:
    """`VisitsSummary.get`."""
    visits = day.visits
    count, actions = len(visits), sum(visit.actions for visit in visits)
    seconds, bounces = sum(visit.seconds for visit in visits), sum(visit.bounced for visit in visits)
    return {
        "nb_uniq_visitors": len({visit.visitor for visit in visits}),
        "nb_users": 0,
        "nb_visits": count,
        "nb_actions": actions,
        "nb_visits_converted": 0,
        "bounce_count": bounces,
        "sum_visit_length": seconds,
        "max_actions": max((visit.actions for visit in visits), default=0),
        "bounce_rate": percent(bounces, count),
        "nb_actions_per_visit": _tenths(actions / count) if count else 0,
        "avg_time_on_site": round(seconds / count) if count else 0,
    }


def actions_summary(day: DayFacts) -> Row:
    """`Actions.get`."""
    views = [[view.label for view in visit.views] for visit in day.visits]
    files = [[view.label for view in visit.downloads] for visit in day.visits]
    searches = [visit.searches for visit in day.visits]
    return {
        "nb_pageviews": sum(map(len, views)),
        "nb_uniq_pageviews": sum(len(set(labels)) for labels in views),
        "nb_downloads": sum(map(len, files)),
        "nb_uniq_downloads": sum(len(set(labels)) for labels in files),
        "nb_outlinks": 0,
        "nb_uniq_outlinks": 0,
        "nb_searches": sum(map(len, searches)),
        "nb_keywords": len({keyword for keywords in searches for keyword in keywords}),
    }


def _tenths(value: float) -> float | int:
    """One decimal, and none where it would be zero, as PHP writes it."""
    rounded = round(value, 1)
    return int(rounded) if rounded == int(rounded) else rounded
