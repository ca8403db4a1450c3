"""A lever of one's own: a letter from the committee to some adults before every council session."""

from dataclasses import dataclass

import numpy as np

from consensus_sim.dynamics import LETTER
from consensus_sim.interventions import Intervention, setting
from consensus_sim.randomness import uniforms_at


@dataclass(kw_only=True, eq=False)
class LetterCampaign(Intervention):
    """敬邀信: writes to `letters` adults drawn at random before each council session."""

    letters: int = setting(0, 100_000, "letters a session", integer=True)

    def invite(self, model, event):
        if event.channel.name == "council" and self.letters:
            draw = uniforms_at(model.key("letter_campaign", sub=event.number), model.adults)
            chosen = model.adults[np.argsort(draw)[: self.letters]]
            event.asked.append((LETTER, np.sort(chosen).astype(np.int32)))
            self.count_event()
