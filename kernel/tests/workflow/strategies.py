"""Random flows out of the sample step types: every legal arrangement can come up."""

from headgate_sdk.workflow import FlowSettings, PhaseSettings, StepSetting
from hypothesis import strategies as st

from .samples import PHASES, STEPS


@st.composite
def flows(draw) -> FlowSettings:
    """Deal each step into a legal phase and a group there, on or off, or leave it out."""
    groups: dict[str, dict[int, list[StepSetting]]] = {phase.id: {} for phase in PHASES}
    for step in draw(st.permutations(STEPS)):
        where = draw(st.sampled_from((*step.phases, None)))
        if where is not None:
            setting = StepSetting(step.id, enabled=draw(st.booleans()))
            groups[where].setdefault(draw(st.integers(0, 2)), []).append(setting)
    return FlowSettings(
        tuple(
            PhaseSettings(phase, tuple(tuple(members) for _, members in sorted(dealt.items())))
            for phase, dealt in groups.items()
        )
    )
