"""A small web program that speaks the chat page's side of the server, held in memory, for the tests of the page."""

from __future__ import annotations

import asyncio
import uuid
from datetime import datetime, timezone
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.site.pages import page_routes

COOKIE = "conversation"
LONG_ANSWER = (
    "Để đăng ký khai sinh cho con, anh/chị cần:\n"
    "• Tờ khai đăng ký khai sinh\n"
    "• Giấy chứng sinh do nơi sinh cấp\n"
    "Xem bản đầy đủ: https://dichvucong.gov.vn/."
)


class Stub:
    """Conversations, what the page posted, and the faults a test asks for."""

    def __init__(self) -> None:
        self.conversations: dict[str, list[dict[str, Any]]] = {}
        self.client_ids: list[str] = []
        self.posted: list[dict[str, Any]] = []
        self.feedback: list[dict[str, Any]] = []
        self.refusals: list[tuple[int, dict[str, Any]]] = []
        self.answer_delay = 0.05
        self.answer_text = LONG_ANSWER
        self.answer_buttons = [{"id": "b7f3a1", "title": "Lệ phí"}, {"id": "b7f3a2", "title": "Nộp ở đâu?"}]
        self.silent = False
        self.typing: set[str] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.last_id = 0
        self.more = False

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/web/messages", self.take_message, methods=["POST"]),
                Route("/api/web/messages", self.list_messages, methods=["GET"]),
                Route("/api/web/feedback", self.take_feedback, methods=["POST"]),
                *page_routes(),
            ]
        )

    def conversation_of(self, request: Request) -> tuple[str, list[dict[str, Any]]]:
        name = request.cookies.get(COOKIE) or str(uuid.uuid4())
        return name, self.conversations.setdefault(name, [])

    def reply(self, name: str, payload: Any, status: int = 200) -> Response:
        response = JSONResponse(payload, status_code=status)
        response.set_cookie(COOKIE, name, httponly=True, samesite="strict")
        return response

    async def take_message(self, request: Request) -> Response:
        name, messages = self.conversation_of(request)
        body = await request.json()
        self.posted.append(body)
        if self.refusals:
            status, error = self.refusals.pop(0)
            return self.reply(name, error, status)
        client_id = str(uuid.UUID(body["client_id"]))
        known = [message for message in messages if message.get("client_id") == client_id]
        if known:
            return self.reply(name, {"id": int(known[0]["key"].removeprefix("in-"))}, 202)
        turn = self.add(messages, "in", {"from": "citizen", "text": self.text_of(body), "client_id": client_id})
        self.client_ids.append(client_id)
        task = asyncio.create_task(self.answer(name, messages, turn))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return self.reply(name, {"id": turn}, 202)

    def text_of(self, body: dict[str, Any]) -> str:
        titles = {button["id"]: button["title"] for button in self.answer_buttons}
        return str(body.get("text") or titles[body["button"]])

    def add(self, messages: list[dict[str, Any]], kind: str, message: dict[str, Any]) -> int:
        self.last_id += 1
        at = datetime.now(tz=timezone.utc).isoformat()
        messages.append({"key": f"{kind}-{self.last_id}", "number": self.last_id, "at": at, **message})
        return self.last_id

    async def answer(self, name: str, messages: list[dict[str, Any]], turn: int) -> None:
        self.typing.add(name)
        await asyncio.sleep(self.answer_delay)
        self.typing.discard(name)
        if self.silent:
            return
        question = next(message for message in messages if message["key"] == f"in-{turn}")
        extra = {"buttons": self.answer_buttons, "turn": turn, "rate": True, "feedback": None}
        extra["answers"] = question["client_id"]
        self.add(messages, "out", {"from": "bot", "text": self.answer_text, **extra})

    async def list_messages(self, request: Request) -> Response:
        name, messages = self.conversation_of(request)
        # A page that knows where it is is told only what the bot says, as by the real server.
        known = request.query_params["after"]
        new = messages if not known else []
        end = asyncio.get_running_loop().time() + min(25, int(request.query_params["wait"]))
        while not new:
            new = [message for message in messages if message["from"] == "bot" and message["number"] > int(known or 0)]
            if new or asyncio.get_running_loop().time() >= end or await request.is_disconnected():
                break
            await asyncio.sleep(0.02)
        shown = [{key: value for key, value in message.items() if key != "number"} for message in new]
        cursor = str(max([int(known or 0), *(one["number"] for one in new if one["from"] == "bot")]))
        more = {"more": True} if self.more and not known else {}
        return self.reply(name, {"messages": shown, "cursor": cursor, "typing": name in self.typing, **more})

    async def take_feedback(self, request: Request) -> Response:
        _, messages = self.conversation_of(request)
        body = await request.json()
        self.feedback.append(body)
        for message in messages:
            if message.get("turn") == body["turn"]:
                message["feedback"] = body["value"]
        if body["value"] == "not_mine":
            text = "Em hiểu chưa đúng. Ý anh/chị là việc nào dưới đây?"
            self.add(messages, "out", {"from": "bot", "text": text, "turn": None, "rate": False, "buttons": []})
        return Response(status_code=204)
