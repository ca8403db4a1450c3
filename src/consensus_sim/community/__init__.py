"""Communities: places, population and network, and the spec that they are built from.

`load_community("case_study")` gives the case study's community of about 16,000 residents,
`load_community("teaching")` one of about 400; `build_community(spec)` gives any other. A `Community` holds
`places` (estates, buildings, units, dwellings; grids, micro-grids), `population` (one column per attribute
of the residents) and `network` (ties of six kinds as sparse rows). `Community.marginals()` sets what the
spec asks for against what came out; `save_community` and `open_community` keep a community in a folder that
several processes can map into memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from consensus_sim.lazy import lazy

if TYPE_CHECKING:
    from consensus_sim.community.community import Community, build_community, load_community
    from consensus_sim.community.network import Network, TieKind
    from consensus_sim.community.places import Places
    from consensus_sim.community.population import Employment, Population
    from consensus_sim.community.spec import CommunitySpec, read_spec
    from consensus_sim.community.spec_files import available
    from consensus_sim.community.store import open_community, save_community

__all__ = [
    "Community",
    "CommunitySpec",
    "Employment",
    "Network",
    "Places",
    "Population",
    "TieKind",
    "available",
    "build_community",
    "load_community",
    "open_community",
    "read_spec",
    "save_community",
]
__getattr__, __dir__ = lazy(
    __name__,
    {
        "community": "Community build_community load_community",
        "network": "Network TieKind",
        "places": "Places",
        "population": "Employment Population",
        "spec": "CommunitySpec read_spec",
        "spec_files": "available",
        "store": "open_community save_community",
    },
)
