"""Finding SKUs by what people type: Chinese words, pinyin, initials, codes, maker's codes, barcode tails.

PostgreSQL's own parsers know no Chinese and trigrams cannot serve two-character words, so a SKU is indexed
under tokens of our own. Each token starts with the tenant's number, which keeps one tenant's words apart from
another's in the shared index; the function `trade_search` filters by tenant besides.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from uuid import UUID

from headgate_sdk.context import Context
from headgate_sdk.ids import TenantId
from pypinyin import Style, lazy_pinyin

BARCODE_TAILS = (4, 5, 6, 8)
STOPPED = "#stopped"
"""Token of a SKU that is no longer sold; `#` cannot be typed, so nobody asks for it by accident."""

_CJK = r"\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUNS = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+")
_CHINESE = re.compile(rf"[{_CJK}]")
_TIMES = re.compile(r"(?<=\d)\s*[×*]\s*(?=\d)")
_PARTS = re.compile(r"\d+|\D+")
_MAX_WORD = 24
_MAX_INITIALS = 12
_MAX_QUERY_TOKENS = 12
_MAX_QUERY = 200


def fold(text: str) -> str:
    """Make spellings that look alike alike: full width, case, accents, and × or * between numbers as x."""
    decomposed = _TIMES.sub("x", unicodedata.normalize("NFKD", text))
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    return unicodedata.normalize("NFC", bare).casefold()


def index_tokens(
    *, name: str, spec: str = "", code: str = "", maker_code: str = "", barcode: str = ""
) -> set[str]:
    """Give every token under which a SKU is found, without the tenant."""
    tokens: set[str] = set()
    for run in _RUNS.findall(fold(f"{name} {spec}")):
        tokens.update(_chinese_tokens(run) if _CHINESE.match(run) else _word_tokens(run))
    for text in (code, maker_code):
        folded = fold(text)
        for run in _RUNS.findall(folded):
            tokens.update(_chinese_tokens(run) if _CHINESE.match(run) else _word_tokens(run))
        if joined := "".join(_RUNS.findall(folded)):
            tokens.add(joined[:_MAX_WORD])
    digits = "".join(_RUNS.findall(fold(barcode)))
    if digits:
        tokens.add(digits[:_MAX_WORD])
        tokens.update(digits[-tail:] for tail in BARCODE_TAILS if len(digits) >= tail)
    return tokens


def index_text(tenant_id: TenantId, tokens: set[str], *, stopped: bool) -> str:
    """Write tokens for the index: each behind the tenant's number, separated by spaces."""
    marks = {STOPPED} if stopped else set()
    return " ".join(sorted(f"{tenant_id:d}.{token}" for token in tokens | marks))


def search_query(tenant_id: TenantId, text: str, *, include_stopped: bool = False) -> str | None:
    """Turn what somebody typed into a tsquery, all of whose words must match; None when it holds no word.

    Only letters, digits and Chinese characters survive, each word in quotes, so nothing that is typed can be
    read as an operator.
    """
    terms: list[str] = []
    for term, is_prefix in _query_terms(fold(text[:_MAX_QUERY])):
        quoted = f"'{tenant_id:d}.{term}'"
        written = f"{quoted}:*" if is_prefix else quoted
        if written not in terms:
            terms.append(written)
        if len(terms) == _MAX_QUERY_TOKENS:
            break
    if not terms:
        return None
    if not include_stopped:
        terms.append(f"!'{tenant_id:d}.{STOPPED}'")
    return " & ".join(terms)


async def find_skus(
    ctx: Context,
    text: str,
    *,
    limit: int,
    after: tuple[str, UUID] | None = None,
    include_stopped: bool = False,
) -> list[UUID]:
    """Give ids of the SKUs that match, by name; `after` is the name and id of the last one seen."""
    query = search_query(ctx.tenant.id, text, include_stopped=include_stopped)
    if query is None:
        return []
    sort, last = after or (None, None)
    rows = await ctx.db.fetch("SELECT sku_id FROM trade_search($1, $2, $3, $4)", query, limit, sort, last)
    return [row[0] for row in rows]


def _query_terms(folded: str) -> Iterator[tuple[str, bool]]:
    for run in _RUNS.findall(folded):
        if not _CHINESE.match(run):
            yield run[:_MAX_WORD], True
        elif len(run) == 1:
            yield run, True
        else:
            for start in range(len(run) - 1):
                yield run[start : start + 2], False


def _chinese_tokens(run: str) -> Iterator[str]:
    yield run[-1]
    for start in range(len(run) - 1):
        yield run[start : start + 2]
    syllables, initials = _pinyin(run)
    for start in range(len(run)):
        yield "".join(syllables[start:])[:_MAX_WORD]
        yield "".join(initials[start:])[:_MAX_INITIALS]


def _word_tokens(word: str) -> Iterator[str]:
    """Give the word and its tails from each change between letters and digits: m6x20, 6x20, x20, 20."""
    start = 0
    for part in _PARTS.findall(word):
        yield word[start:][:_MAX_WORD]
        start += len(part)


@lru_cache(maxsize=20_000)
def _pinyin(run: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give one syllable and one initial for each character of a run of Chinese."""
    syllables = lazy_pinyin(run, errors=list)  # type: ignore[arg-type] # one item for each unknown character
    initials = lazy_pinyin(run, style=Style.FIRST_LETTER, errors=list)  # type: ignore[arg-type]
    return tuple(syllables), tuple(initials)
