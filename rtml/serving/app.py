"""The server as an application: batches in, an answer when they are on disk; a sentence for every refusal."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from rtml.serving import otlp
from rtml.serving.bodies import JSON, LINES, as_lines, content_type, unpacked
from rtml.serving.counts import Counts
from rtml.serving.intakes import Intakes
from rtml.serving.journal import Batch, Outcome
from rtml.serving.limits import Limits, Pace, Room
from rtml.serving.policy import Policy, where
from rtml.serving.refusing import Refusal

__all__ = ["Desk", "application"]

_LONGEST_KEY = 200


@dataclass
class Desk:
    """What takes batches: the policy, the limits, and the captures."""

    policy: Policy
    limits: Limits
    intakes: Intakes
    counts: Counts = field(default_factory=Counts)
    pace: Pace = field(default_factory=Pace)
    room: Room = field(init=False)

    def __post_init__(self) -> None:
        """Make the room."""
        self.room = Room(self.limits)

    async def events(self, request: Request) -> Response:
        """Take lines of a sensor."""

        async def lines(body: bytes) -> bytes:
            content_type(request.headers.get("content-type"), LINES)
            return body

        outcome, repeated = await self._taken(request, lines)
        told = outcome.model_dump(exclude={"digest"}) | {"repeated": repeated}
        if outcome.lines and outcome.rejected >= outcome.lines:
            told["error"] = f"nothing of this batch could be read: {outcome.told()}"
            return _json(422, told)
        return _json(200, told)

    async def logs(self, request: Request) -> Response:
        """Take logs of OpenTelemetry."""
        kind = content_type(request.headers.get("content-type"), otlp.KINDS)

        async def lines(body: bytes) -> bytes:
            return await run_in_threadpool(otlp.lines_of, body, kind)

        outcome, _ = await self._taken(request, lines)
        return Response(otlp.answered(outcome, kind), media_type=kind)

    async def _taken(
        self, request: Request, lines: Callable[[bytes], Awaitable[bytes]]
    ) -> tuple[Outcome, bool]:
        client = self.policy.who(request.headers.get("authorization"))
        place = where(client, request.query_params)
        key, name = _key(request), "" if client is None else client.name
        with self.room.held(name) as take:
            body = await self._body(request, take)
            encoding = request.headers.get("content-encoding")
            text = await run_in_threadpool(unpacked, body, encoding, self.limits.unpacked)
            take(max(0, len(text) - len(body)))
            self.pace.spend(name, None if client is None else client.bytes_per_second, len(text))
            raw = as_lines(await lines(text))
            if not raw:
                return Outcome(lines=0), False
            batch = Batch(client=name, key=key, raw=raw)
            offered = await run_in_threadpool(self.intakes.offer, place, batch)
            outcome, repeated = await asyncio.wrap_future(offered)
        if repeated:
            self.counts.repeated()
        else:
            self.counts.taken(outcome.lines, outcome.rejected, len(raw))
        return outcome, repeated

    async def _body(self, request: Request, take: Callable[[int], None]) -> bytes:
        """Read a body, as long and as slowly as is allowed."""
        long = f"a body has at most {self.limits.body:,} bytes; send smaller batches"
        length = request.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self.limits.body:
            raise Refusal(413, long)
        parts, size = [], 0
        try:
            async with asyncio.timeout(self.limits.patience):
                async for part in request.stream():
                    size += len(part)
                    if size > self.limits.body:
                        raise Refusal(413, long)
                    take(len(part))
                    parts.append(part)
        except TimeoutError:
            seconds = f"{self.limits.patience:g} s"
            raise Refusal(408, f"the body did not come within {seconds}", {"Connection": "close"}) from None
        return b"".join(parts)

    async def ready(self, request: Request) -> Response:
        """Tell whether batches are taken: not too much waits, and some capture can be written.

        One that cannot is no reason to turn everybody away.
        """
        del request
        ok = not self.room.full and (len(self.intakes) > 0 or not self.intakes.failing)
        return PlainTextResponse("ready\n" if ok else "behind\n", 200 if ok else 503)

    async def live(self, request: Request) -> Response:
        """Tell that the server answers."""
        del request
        return PlainTextResponse("live\n")

    async def metrics(self, request: Request) -> Response:
        """Return what was counted."""
        del request
        text = self.counts.text(
            requests_total=0,
            waiting_bytes=self.room.total,
            captures=len(self.intakes),
            captures_failing=len(self.intakes.failing),
        )
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4")


def application(desk: Desk) -> Starlette:
    """Return the application; captures are opened at its start and closed at its end."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await run_in_threadpool(desk.intakes.resume)
        yield
        await run_in_threadpool(desk.intakes.close)

    def counted(take: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            answer = await _sentence(take, request)
            desk.counts.answered(answer.status_code)
            return answer

        return endpoint

    routes = [
        Route("/v1/events", counted(desk.events), methods=["POST"]),
        Route("/v1/logs", counted(desk.logs), methods=["POST"]),
        Route("/ready", desk.ready),
        Route("/live", desk.live),
        Route("/metrics", desk.metrics),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


async def _sentence(take: Callable[[Request], Awaitable[Response]], request: Request) -> Response:
    """Answer, or say in one sentence why not; a stack goes to the log, never to a client."""
    try:
        return await take(request)
    except Refusal as refusal:
        return _json(refusal.status, {"error": refusal.sentence}, refusal.headers)
    except ClientDisconnect:
        return _json(400, {"error": "the connection ended before the body did"})
    except Exception:
        sys.stderr.write(traceback.format_exc())
        told = "the batch could not be written; send it again later"
        return _json(503, {"error": told}, {"Retry-After": "5"})


def _key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not (0 < len(key) <= _LONGEST_KEY and key.isprintable()):
        raise Refusal(400, f"an Idempotency-Key has 1 to {_LONGEST_KEY} printable letters")
    return key


def _json(status: int, told: dict[str, object], headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(told), status, headers, media_type=JSON)
