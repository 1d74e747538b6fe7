"""Who may do what: one table of acts, roles and how far each reaches. What does not stand here is denied."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum

OFFICER, UNIT_HEAD, SUPERVISOR = "officer", "unit_head", "supervisor"
CONTENT_EDITOR, MAINTAINER, ADMINISTRATOR = "content_editor", "maintainer", "administrator"

ROLES = {
    OFFICER: "Cán bộ xử lý",
    UNIT_HEAD: "Phụ trách đơn vị",
    SUPERVISOR: "Giám sát",
    CONTENT_EDITOR: "Biên tập nội dung",
    MAINTAINER: "Bảo trì trợ lý",
    ADMINISTRATOR: "Quản trị hệ thống",
}

READ, WORK, ASSIGN, OPEN_CONTACT, NAME = (
    "complaint.read",
    "complaint.work",
    "complaint.assign",
    "complaint.open_contact",
    "complaint.name",
)
READ_AUDIT, MANAGE, REVIEW = "audit.read", "accounts.manage", "review.label"
SEE_MODELS, SEE_GAPS = "models.see", "content.gaps"


class Scope(Enum):
    """How far a permission reaches. Who is named in a complaint, and their head, are left out of every one."""

    # The own unit's, what is assigned to oneself, and what nobody has yet; of one's kinds.
    UNIT = 1
    ALL = 2


GRANTS: dict[str, dict[str, Scope]] = {
    READ: {OFFICER: Scope.UNIT, UNIT_HEAD: Scope.UNIT, SUPERVISOR: Scope.ALL},
    WORK: {OFFICER: Scope.UNIT, UNIT_HEAD: Scope.UNIT, SUPERVISOR: Scope.ALL},
    ASSIGN: {OFFICER: Scope.UNIT, UNIT_HEAD: Scope.UNIT, SUPERVISOR: Scope.ALL},
    OPEN_CONTACT: {OFFICER: Scope.UNIT, UNIT_HEAD: Scope.UNIT, SUPERVISOR: Scope.ALL},
    NAME: {SUPERVISOR: Scope.ALL},
    MANAGE: {ADMINISTRATOR: Scope.ALL},
    READ_AUDIT: {ADMINISTRATOR: Scope.ALL, SUPERVISOR: Scope.ALL},
    REVIEW: {MAINTAINER: Scope.ALL},
    SEE_MODELS: {MAINTAINER: Scope.ALL},
    SEE_GAPS: {MAINTAINER: Scope.ALL, CONTENT_EDITOR: Scope.ALL},
}
# Without the second step none of these log in.
NEEDS_SECOND_STEP = frozenset({ADMINISTRATOR})


def may(roles: Collection[str], act: str) -> bool:
    """Whether one of these roles allows an act at all."""
    return scope_of(roles, act) is not None


def scope_of(roles: Collection[str], act: str) -> Scope | None:
    """How far these roles let an act reach, None when not at all."""
    scopes = [scope for role, scope in GRANTS.get(act, {}).items() if role in roles]
    return max(scopes, key=lambda scope: scope.value, default=None)
