"""Everything behind the HTTP server, put together once: settings, clock, rights, database, tracker, faults."""

from tests.fake_matomo.archive import Archive
from tests.fake_matomo.clock import Clock
from tests.fake_matomo.faults import Faults
from tests.fake_matomo.later import Later
from tests.fake_matomo.rights import Rights
from tests.fake_matomo.settings import Settings, Site
from tests.fake_matomo.store import Store
from tests.fake_matomo.tracker import Tracker
from tests.fake_matomo.traffic import Traffic


class World:
    """The parts of a server, each of which knows only those that it needs."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = Clock(settings.clock_skew)
        self.rights = Rights(settings)
        self.store = Store(settings.look_back, {site.id: site.created for site in settings.sites})
        self.tracker = Tracker(settings, self.rights, self.store, self.clock)
        self.archive = Archive(settings, self.store, self.clock)
        self.faults = Faults()
        self.traffic = Traffic()
        self.later = Later()
        self.sites = {site.id: site for site in settings.sites}

    def site(self, number: int) -> Site | None:
        """A site by its id."""
        return self.sites.get(number)
