"""Takes conversations out of Rasa's tracker store, for which Rasa itself has no way."""

from __future__ import annotations

from typing import Any

from rasa.core.tracker_store import SQLTrackerStore
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse


def add_forgetting(blueprint: Blueprint) -> None:
    """Add `DELETE …/conversations?conversation=<name>` or `?before=<seconds since 1970>[&dry_run=1]`."""

    async def forget(request: Request) -> HTTPResponse:
        agent = request.app.ctx.agent
        store = _sql_store(agent.tracker_store)
        conversation, before = request.args.get("conversation"), request.args.get("before")
        if conversation:
            # A turn that is running would write its events again.
            async with agent.lock_store.lock(conversation):
                forgotten = _delete(store, [conversation])
        elif before:
            quiet = _quiet_since(store, float(before))
            forgotten = len(quiet)
            if not request.args.get("dry_run"):
                _delete(store, quiet)
        else:
            return response.json({"reason": "conversation or before"}, status=400)
        if forgotten and not request.args.get("dry_run"):
            _scrub(store)
        return response.json({"forgotten": forgotten})

    blueprint.add_route(forget, "/conversations", methods=["DELETE"], name="forget")


def _sql_store(store: Any) -> SQLTrackerStore:
    # Rasa wraps the store that endpoints.yml names.
    while not isinstance(store, SQLTrackerStore):
        store = store._tracker_store
    return store


def _delete(store: SQLTrackerStore, conversations: list[str]) -> int:
    deleted = 0
    with store.session_scope() as session:
        for conversation in conversations:
            events = session.query(store.SQLEvent).filter(store.SQLEvent.sender_id == conversation)
            deleted += events.delete(synchronize_session=False)
        session.commit()
    return deleted


def _quiet_since(store: SQLTrackerStore, moment: float) -> list[str]:
    event = store.SQLEvent
    with store.session_scope() as session:
        known = {name for (name,) in session.query(event.sender_id).distinct()}
        heard = {name for (name,) in session.query(event.sender_id).filter(event.timestamp >= moment).distinct()}
    return sorted(known - heard)


def _scrub(store: SQLTrackerStore) -> None:
    """Leave no byte of deleted events in an SQLite file.

    Rasa's event loop stands still meanwhile, as in each of its own writes: another connection's lock at the same
    moment would make it lose a turn.
    """
    if store.engine.dialect.name != "sqlite":
        return
    connection = store.engine.raw_connection()
    try:
        connection.isolation_level = None
        connection.cursor().execute("VACUUM")
    finally:
        connection.close()
