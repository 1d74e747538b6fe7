"""Takes conversations out of Rasa's tracker store, for which Rasa itself has no way."""

from __future__ import annotations

from typing import Any

from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.runtime.trackers import TrackerFile


def add_forgetting(blueprint: Blueprint) -> None:
    """Add `DELETE …/conversations?conversation=<name>` or `?before=<seconds since 1970>[&dry_run=1]`."""

    async def forget(request: Request) -> HTTPResponse:
        agent = request.app.ctx.agent
        store = _file_of(agent.tracker_store)
        conversation, before = request.args.get("conversation"), request.args.get("before")
        if conversation:
            # A turn that is running would write its events again.
            async with agent.lock_store.lock(conversation):
                forgotten = store.delete([conversation])
        elif before:
            quiet = store.quiet_since(float(before))
            forgotten = len(quiet)
            if not request.args.get("dry_run"):
                store.delete(quiet)
        else:
            return response.json({"reason": "conversation or before"}, status=400)
        if forgotten and not request.args.get("dry_run"):
            store.scrub()
        return response.json({"forgotten": forgotten})

    blueprint.add_route(forget, "/conversations", methods=["DELETE"], name="forget")


def _file_of(store: Any) -> TrackerFile:
    # Rasa may wrap the store that endpoints.yml names.
    while not isinstance(store, TrackerFile):
        store = store._tracker_store
    return store
