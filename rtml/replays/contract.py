"""What attacks, workloads and operators' actions are: YAML files, checked before anything is started.

A value in ``{braces}`` inside a shell text is the address of a workload (``{infra}``, ``{app}``);
it is filled in when the lab is up. An unknown key is an error that names the file, the key and the
nearest known one. Sittings are `rtml.replays.scenario`'s.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from rtml.findings.attack import TECHNIQUE
from rtml.schema import KINDS

__all__ = ["Action", "Attack", "Expectation", "Load", "Name", "Seconds", "Step", "Strict", "Workload"]

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,40}$")]
Seconds = Annotated[float, Field(gt=0, le=7200)]


class Strict(BaseModel):
    """A model that refuses what it does not know, and is never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(Strict):
    """One shell command line, a request to the workload's own service, or a pause; exactly one of them.

    Examples
    --------
    >>> Step(run="id", wait=2.0)
    Traceback (most recent call last):
    ...
    pydantic_core._pydantic_core.ValidationError: ...
    """

    run: str | None = None
    ask: str | None = None
    wait: Seconds | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Step:
        if sum(value is not None for value in (self.run, self.ask, self.wait)) != 1:
            raise ValueError("a step has either run or ask or wait")
        return self

    @property
    def text(self) -> str:
        """What is typed or asked; empty for a pause."""
        return self.run or self.ask or ""


class Expectation(Strict):
    """An event that the capture must hold after the attack: its kind, and regular expressions.

    Every expression given must be found (``re.search``) in the column of that name. ``dst_port``
    is compared as text too.
    """

    kind: str
    exe: str | None = None
    path: str | None = None
    path_to: str | None = None
    domain: str | None = None
    dst_port: str | None = None
    dst_ip: str | None = None
    request: str | None = None
    socket_path: str | None = None
    cmdline: str | None = None

    @field_validator("dst_port", mode="before")
    @classmethod
    def _text(cls, value: object) -> object:
        return str(value) if isinstance(value, int) else value

    @field_validator("kind")
    @classmethod
    def _event_kind(cls, value: str) -> str:
        if value not in KINDS:
            raise ValueError(f"{value!r} is no event kind; known: {', '.join(KINDS)}")
        return value

    @field_validator(
        "exe", "path", "path_to", "domain", "dst_port", "dst_ip", "request", "socket_path", "cmdline"
    )
    @classmethod
    def _expression(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"{value!r} is no regular expression: {error}") from error
        return value

    def patterns(self) -> dict[str, str]:
        """Return the expressions that were given, by column."""
        return {k: v for k, v in self.model_dump(exclude={"kind"}).items() if v is not None}


class Attack(Strict):
    """One harmless attack: what it does, where, how long, and what a sensor must have seen.

    ``grade`` says how hard it is to tell from work: 1 loud; 2 renamed, padded or slow; 3 imitation (only
    programs, paths and destinations that this workload's own operators and jobs use); 4 inside the
    service process, which executes nothing; 5 spread over replicas or over the whole sitting; null where
    nobody graded it.

    ``entry`` is the way in: ``exec`` types into a shell, ``rce`` comes through the injectable endpoint,
    ``service`` makes requests that the workload's own service honours, ``rollout`` is in a new version
    of the image (the scenario's roll-out names the attack). ``catalogue`` are the actions and tests of
    others that it stands for (see `rtml.replays.coverage`).

    An attack over several ``replicas``, or with ``spread: sitting``, has no pauses: each step is a part, done
    at the next replica, with a label of its own (``id~1``, ``id~2`` …; they count as one attack). Its
    clean-up follows every part. Fails when a step has no end: ``seconds`` bounds each part, and the
    whole of other attacks; what still runs then is killed and the attack is marked incomplete.
    """

    id: Name
    technique: str = Field(pattern=f"^{TECHNIQUE}$")
    name: str
    family: str
    grade: int | None = Field(None, ge=1, le=5)
    workload: Name
    entry: Literal["exec", "rce", "service", "rollout"]
    user: int | None = None
    quiet: bool = False
    replicas: int = Field(1, ge=1, le=8)
    spread: Literal["once", "sitting"] = "once"
    needs: list[str] = []
    steps: list[Step] = Field(min_length=1)
    seconds: Seconds
    expects: list[Expectation] = Field(min_length=1)
    cleanup: str | None = None
    catalogue: list[str] = []
    author: str | None = Field(None, min_length=2)
    written: dt.date | None = None
    references: list[str] = []
    harmless: str = Field(min_length=10)

    @property
    def parts(self) -> int:
        """How many parts it has; 1: it is done in one go at one place."""
        return len(self.steps) if self.replicas > 1 or self.spread == "sitting" else 1

    @model_validator(mode="after")
    def _bounded(self) -> Attack:
        waits = sum(step.wait or 0 for step in self.steps)
        if self.parts > 1 and waits:
            raise ValueError("the parts of a spread attack are set apart by the sitting; leave out wait")
        if waits >= self.seconds:
            raise ValueError(f"the pauses alone take {waits:g} s, the attack may take less")
        if self.replicas > len(self.steps):
            raise ValueError(f"{self.replicas} replicas need as many steps")
        if self.spread == "sitting" and self.parts == 1:
            raise ValueError("one step cannot be spread over the sitting")
        return self

    @model_validator(mode="after")
    def _enters(self) -> Attack:
        asked = any(step.ask for step in self.steps)
        typed = any(step.run for step in self.steps)
        if asked and self.entry != "service":
            raise ValueError("only an attack that enters by service may ask")
        if typed and self.entry in ("service", "rollout"):
            raise ValueError(f"an attack that enters by {self.entry} runs no commands")
        if self.cleanup and self.entry in ("service", "rollout"):
            raise ValueError(f"an attack that enters by {self.entry} has no shell to clean up with")
        return self

    @model_validator(mode="after")
    def _graded(self) -> Attack:
        if self.grade is None:
            return self
        if (self.parts > 1 or self.entry == "rollout") != (self.grade == 5):
            raise ValueError(
                "grade 5 is for attacks over several replicas or over the sitting, and only they"
            )
        if self.entry == "service" and self.grade < 4:
            raise ValueError("an attack inside the service process is of grade 4 at least")
        return self


class Load(Strict):
    """Requests that every client sends to a workload: ``rate`` per second on average.

    The rate swings slowly, has quiet stretches and bursts; ``what`` are the paths, statements or
    commands to choose from.
    """

    kind: Literal["http", "redis", "postgres", "queue", "mqtt"]
    port: int = Field(ge=1, le=65535)
    rate: float = Field(gt=0, le=50)
    what: list[str] = Field(min_length=1)


class Action(Strict):
    """A benign thing that an operator does in a container by ``exec``: the hard negatives.

    ``every`` is the mean time between two, over all replicas of a workload together. In the list of
    ``operators.yml`` ``where`` names the workloads where it is done.
    """

    what: str
    run: str
    every: Seconds = 300
    where: list[Name] = []
    user: int | None = None
    seconds: Seconds = 60


class Workload(Strict):
    """A kind of container: image, command, what it shares with infra, its load, operator actions.

    ``image`` is a key of ``images.yml``. A scenario says how many of it run: ``name-1``,
    ``name-2`` …; all carry the workload's name. ``ready`` is a port that opens when it serves, within
    ``patience`` seconds.
    """

    name: Name
    image: Name
    command: list[str] = Field(min_length=1)
    user: int | str | None = None
    role: Literal["workload", "infrastructure"] = "workload"
    memory: str = "512m"
    env: dict[str, str] = {}
    shares: dict[str, str] = {}
    ready: int | None = None
    patience: Seconds = 30
    load: list[Load] = []
    actions: list[Action] = []
