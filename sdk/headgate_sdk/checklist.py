"""What a new distributor has still to do, told by facts: `headgate_checklist` gives the items of a plugin."""

import msgspec


class ChecklistItem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do before the first orders come.

    Args:
        key: `<plugin>.<noun>`, e.g. `trade.catalogue`.
        title: English msgid, two or three words.
        description: English msgid, one sentence: what it is good for.
        href: the one page where it is done.
        done: as the facts are; nobody ticks it by hand.
        position: among the others, the smallest first; the kernel's own stand at 10 (logo), 50 (flow) and
            60 (staff).
    """

    key: str
    title: str
    description: str
    href: str
    done: bool
    position: int = 100
