"""What a sitting is, one YAML file: who is up, for how long, what changes, which attacks come when."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rtml.replays.contract import Name, Seconds, Strict

__all__ = ["Change", "Hard", "Lossy", "Rollout", "Scale", "Scenario", "moved"]


class Rollout(Strict):
    """All replicas of a workload are replaced, one by one, by image version ``version``.

    1 rolls back, 3 is the poisoned version of those images that have one; then ``attack`` names what it
    does. ``replicas`` bounds how many are replaced: the others go on with the old version.
    """

    workload: Name
    at: float = Field(ge=0)
    version: Literal[1, 2, 3] = 2
    replicas: int = Field(20, ge=1, le=20)
    attack: Name | None = None

    @model_validator(mode="after")
    def _poisoned(self) -> Rollout:
        if (self.version == 3) != (self.attack is not None):
            raise ValueError("version 3 is the poisoned one: it, and only it, has an attack")
        return self


class Lossy(Strict):
    """A stretch in which the sensor has a ring buffer too small for its load."""

    at: float = Field(ge=0)
    seconds: Seconds
    pages: Literal[1, 2, 4] = 1


class Scale(Strict):
    """A workload grows to ``to`` replicas, five seconds apart, and ``seconds`` later shrinks back.

    One that the scenario does not start is new then, hence immature for all who learn; it stays
    where ``seconds`` is null.
    """

    workload: Name
    at: float = Field(ge=0)
    to: int = Field(ge=1, le=12)
    seconds: Seconds | None = None


class Change(Strict):
    """Something new that operators do from ``at`` on: an action of ``changes.yml``.

    Once at every replica, ``gap`` seconds apart; or, where it is a ``habit``, again and again at
    random replicas, as often as the action says.
    """

    what: str
    workload: Name
    at: float = Field(ge=0)
    gap: Seconds = 20
    habit: bool = False


class Hard(Strict):
    """A moment that an attack is forced into.

    ``lossy``: while the sensor has too small a buffer. ``fresh``: in a container that is replaced for it and
    has just started. ``immature``: in ``workload``, which came up in the middle of the sitting. ``beside``:
    while an operator works in the same container. ``rollout``: while its replicas are replaced.
    """

    when: Literal["lossy", "fresh", "immature", "beside", "rollout"]
    workload: Name | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> Hard:
        if (self.when == "immature") != (self.workload is not None):
            raise ValueError("immature, and only it, names the workload that is new then")
        return self


class Scenario(Strict):
    """One sitting: which workloads, how long, which attacks, what happens to images and sensor.

    ``seconds`` count from the end of the start-up; attacks begin after ``warmup``, at random times
    in random order, up to ``parallel`` at once; ``pace`` divides their pauses. ``moments`` forces some of
    them into a hard one. ``restarts`` is the mean time between two restarts of a container (0: none),
    ``node_restarts`` the times at which all but databases is restarted, one after the other. ``drift`` is the
    mean time between two changes of a partner's address (0: none). With ``beside`` operators work also where
    an attack goes on. ``pages`` (of 4 KiB, a power of two) is the size of the sensor's ring buffer of each
    CPU. Where the machine is slow, time runs up to ``stretch`` times slower. ``sensors`` are those that watch
    at once.
    """

    name: Name
    seed: int = Field(0, ge=0)
    seconds: Seconds
    warmup: float = Field(10, ge=0)
    actions: bool = True
    workloads: dict[str, Annotated[int, Field(ge=1, le=20)]]
    attacks: list[str] = []
    moments: dict[str, Hard] = {}
    parallel: int = Field(2, ge=1, le=8)
    pace: float = Field(1.0, gt=0, le=20)
    restarts: float = Field(0, ge=0)
    node_restarts: list[Annotated[float, Field(ge=0)]] = []
    beside: bool = False
    rollouts: list[Rollout] = []
    scales: list[Scale] = []
    changes: list[Change] = []
    drift: float = Field(0, ge=0)
    lossy: list[Lossy] = []
    pages: int = Field(8192, ge=1, le=65536)
    stretch: float = Field(2.0, ge=1, le=4)
    sensors: list[Literal["bpftrace", "audit"]] = ["bpftrace"]

    @model_validator(mode="after")
    def _has_its_moments(self) -> Scenario:
        for name, hard in self.moments.items():
            if name not in self.attacks:
                raise ValueError(f"moments: {name!r} is none of the attacks")
            if hard.when == "lossy" and not self.lossy:
                raise ValueError(f"moments: {name!r} wants a lossy stretch, there is none")
            if hard.workload and hard.workload not in {scale.workload for scale in self.scales}:
                raise ValueError(
                    f"moments: {name!r} wants {hard.workload!r}, which `scales` does not bring up"
                )
        return self


def moved(scenario: Scenario) -> list[str]:
    """Name the workloads that a scenario brings up in the middle of its time.

    Examples
    --------
    >>> whole = {"name": "s", "seconds": 60, "workloads": {"app": 1}}
    >>> moved(Scenario.model_validate(whole | {"scales": [{"workload": "promo", "at": 9, "to": 2}]}))
    ['promo']
    """
    return sorted({scale.workload for scale in scenario.scales} - set(scenario.workloads))
