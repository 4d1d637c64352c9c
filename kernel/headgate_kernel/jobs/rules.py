"""When a schedule fires next. Days are those of the tenant's time zone, also where clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
from headgate_sdk.jobs import Schedule


class Rule(msgspec.Struct, frozen=True):
    """A schedule as the scheduler has it.

    Args:
        when: the job and how often.
        plugin: whose it is; empty for the kernel.
        payload: JSON that the job is told.
        for_tenants: fires for each active tenant, where its plugin is active; else once for the platform.
    """

    when: Schedule
    plugin: str
    payload: str
    for_tenants: bool

    def spec(self, zone: str) -> str:
        """Write the rule down, so that a change of it, or of the tenant's zone, is noticed."""
        if self.when.every is not None:
            return f"every {self.when.every.total_seconds():g} s"
        return f"daily at {self.when.daily_at} {zone}"

    def first(self, zone: str, now: datetime, share: float) -> datetime:
        """Tell when it fires first.

        Args:
            zone: of the tenant.
            now: the time.
            share: between 0 and 1, so that not all tenants' turns come together.
        """
        if self.when.every is not None:
            return now + self.when.every * share
        return next_day_time(self.when.daily_at, zone, now)

    def following(self, zone: str, due: datetime, now: datetime) -> datetime:
        """Tell when it fires next, having been due; what was missed in between is left out."""
        if self.when.every is None:
            return next_day_time(self.when.daily_at, zone, now)
        return due + self.when.every * ((now - due) // self.when.every + 1)


def next_day_time(daily_at: str, zone: str, now: datetime) -> datetime:
    """Give the next moment after now at which clocks there show this time; once on each day.

    Where clocks are put forward over it, the moment is as long after midnight as on other days; where they
    are put back, it is the first of the two.
    """
    there = ZoneInfo(zone)
    at = time.fromisoformat(daily_at)
    day: date = now.astimezone(there).date()
    while True:
        moment = datetime.combine(day, at, tzinfo=there).astimezone(UTC)
        if moment > now:
            return moment
        day += timedelta(days=1)
