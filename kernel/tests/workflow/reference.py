"""The rules of a flow told a second time, as simply as they can be, to hold the engine against.

It shares nothing with the engine: flows are the plain settings, an instance is what people would note on
paper.
"""

from dataclasses import dataclass, field

from headgate_sdk.workflow import FlowSettings

from .samples import PHASES


def places(settings: FlowSettings) -> dict[str, tuple[int, int]]:
    """Where each switched-on step stands: (phase, group), counted from 0."""
    order = [phase.id for phase in PHASES]
    return {
        setting.step: (order.index(phase.phase), number)
        for phase in settings.phases
        for number, group in enumerate(phase.groups)
        for setting in group
        if setting.enabled
    }


@dataclass
class Paper:
    """One instance on paper."""

    flow: FlowSettings
    behind: set[str] = field(default_factory=set)
    closed: int = 0
    ended: bool = False

    def todo(self) -> dict[str, tuple[int, int]]:
        return {
            step: place
            for step, place in places(self.flow).items()
            if step not in self.behind and place[0] >= self.closed
        }

    def close_what_is_finished(self) -> None:
        while self.closed < len(PHASES) and all(place[0] != self.closed for place in self.todo().values()):
            self.closed += 1

    def open(self) -> set[str]:
        todo = self.todo()
        if self.ended or not todo:
            return set()
        nearest = min(todo.values())
        return {step for step, place in todo.items() if place == nearest}

    def resolve(self, step: str) -> None:
        assert step in self.open()
        self.behind.add(step)
        self.close_what_is_finished()

    def reject(self) -> None:
        here = {step for step, place in places(self.flow).items() if place[0] == self.closed}
        self.behind -= here

    def move(self, flow: FlowSettings) -> None:
        self.flow = flow
        self.close_what_is_finished()

    def complete(self, phases: int) -> None:
        while self.closed < phases:
            self.resolve(min(self.open()))
