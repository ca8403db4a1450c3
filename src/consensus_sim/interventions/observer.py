"""协商观察员: a Party member of the backbone watches tempers and who has not spoken, and asks for pauses (F38,
P22).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from consensus_sim.council.meeting import Help
from consensus_sim.interventions.base import DOSE, Intervention, setting


@dataclass(kw_only=True, eq=False)
class Observer(Intervention):
    """Sends `observers` to every sitting: turns are handed round more evenly and heat is lower. One does what
    can be done; more do not do more.
    """

    observers: int = setting(0, 20, "persons a sitting", integer=True, dose=DOSE)

    def on_start(self, model: Any) -> None:
        p = model.parameters.support
        if self.observers:
            model.rules.help[self.name] = Help(turn_sharing=p.observer_turns, calm=p.observer_calm)

    def on_end(self, model: Any) -> None:
        model.rules.help.pop(self.name, None)

    def on_attended(self, model: Any, event: Any) -> None:
        if self.observers and event.topics and not event.channel.online:
            self.count_event(self.observers)
