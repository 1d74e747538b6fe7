"""One search over everything the bot knows: reviewed procedures and imported records of the national portal."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from bot.catalogue.imported import ImportedName
from bot.catalogue.model import Name, Procedure
from bot.catalogue.national import SURE, NationalSearch
from bot.catalogue.search import Hit, ProcedureSearch
from bot.text.codes import PROCEDURE_CODE

# The two searches are weighed as experts: share of the one to this power, times share of the other to the rest of 1.
# A softmax of this temperature makes shares of the imported records' nearness. No reviewed procedure is ruled out by
# its own record's being far, nor all records by reviewed procedures' being near. Chosen on tests/catalogue/dev/.
REVIEWED, TEMPERATURE, LEAST_OF_RECORD, LEAST_ELSEWHERE = 0.3, 0.1, 0.2, 0.05
_LOOKED_AT = 30


class CombinedSearch:
    """Ranks reviewed and imported procedures together; a record of a reviewed procedure is that procedure.

    Args:
        national: None where nothing was imported.
    """

    def __init__(self, reviewed: ProcedureSearch, national: NationalSearch | None) -> None:
        self._reviewed = reviewed
        self._national = national

    def find(self, text: str, limit: int = 10) -> list[Hit]:
        """The procedures a message may be about, best first, each once; scores from 0 to 1."""
        if self._national is None or self._reviewed.by_code(text):
            return self._reviewed.find(text, limit)
        coded = PROCEDURE_CODE.findall(text)
        named = [name for code in coded for name in self._national.by_code(code)]
        if named:
            return [Hit(name, 1.0) for name in named[:limit]]
        reviewed = {hit.procedure.key: hit for hit in self._reviewed.find(text, limit=_LOOKED_AT)}
        elsewhere = max(LEAST_ELSEWHERE, 1 - sum(hit.score for hit in reviewed.values()))
        imported = self._national.find(text, limit=_LOOKED_AT)
        nearness = np.array([hit.score for hit in imported])
        # The best of far ones is far, however much nearer than the rest.
        shares = softmax(nearness / TEMPERATURE) * np.minimum(1, nearness / SURE) if imported else []
        items: dict[str, Procedure | Name] = {key: hit.procedure for key, hit in reviewed.items()}
        codes: dict[str, str] = {}
        near: dict[str, float] = {}
        for hit, share in zip(imported, shares, strict=True):
            item = reviewed_of(self._reviewed, hit.procedure) or hit.procedure
            items.setdefault(item.key, item)
            codes.setdefault(item.key, hit.procedure.codes[0])
            near[item.key] = near.get(item.key, 0.0) + float(share)
        scores = {}
        for key, item in items.items():
            belief, share = elsewhere, near.get(key, 0.0)
            if not isinstance(item, ImportedName):
                belief = reviewed[key].score if key in reviewed else 0.0
                share = max(share, LEAST_OF_RECORD)
            scores[key] = belief**REVIEWED * share ** (1 - REVIEWED)
        best = sorted(scores, key=lambda key: -scores[key])[:limit]
        return [Hit(items[key], scores[key], codes.get(key)) for key in best]

    def find_imported(self, text: str, limit: int = 10) -> list[Hit]:
        """The imported procedures nearest to a message, best first; the reviewed one where there is one."""
        found: dict[str, Hit] = {}
        for hit in self._national.find(text, limit=_LOOKED_AT) if self._national else ():
            item = reviewed_of(self._reviewed, hit.procedure) or hit.procedure
            found.setdefault(item.key, Hit(item, min(1.0, hit.score), hit.procedure.codes[0]))
        return list(found.values())[:limit]


def reviewed_of(search: ProcedureSearch, name: Name | Procedure) -> Procedure | Name | None:
    """The reviewed procedure that an imported record stands behind."""
    return next(iter(search.by_code(" ".join(name.codes))), None)
