"""The pages of the log, its files, and the API."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from headgate_kernel.audit.export import harmless
from headgate_kernel.audit.jobs import verify_one
from headgate_kernel.audit.reading import AuditFilter, read_page
from headgate_kernel.audit.sealing import seal_chain
from headgate_kernel.audit.telling import Line, lines_of
from headgate_kernel.audit.words import KERNEL_DEEDS
from headgate_kernel.jobs.kinds import NoDetails
from headgate_sdk.context import Actor
from headgate_sdk.ids import new_id
from headgate_sdk.testing.deeds import deeds_of

MEI = Actor("staff", "Mei", membership_id=new_id(), person_id=new_id())
HELPED = Actor("staff", "Mei", membership_id=new_id(), operator="Otto", operator_id=new_id())


async def audit(kernel, tenant, actor: Actor, action: str, subject: str, **details: object) -> None:
    async with kernel.databases.tenant_scope(tenant.info.id) as db:
        ctx = kernel.make_context(tenant, actor, db, request_id="r-123", address="192.0.2.9")
        await ctx.audit(action, subject, **details)


@pytest.fixture
async def page_of(client_for, tenant):
    """Reads a page of the owner's log."""
    client = await client_for(tenant, "owner")

    async def read(**query: str) -> str:
        answer = await client.get("/settings/audit", params=query)
        assert answer.status_code == 200, answer.text[-2000:]
        return answer.text

    return read


# -- what a page shows -------------------------------------------------------------------------------------


async def test_an_entry_shows_what_it_was_before_and_after_and_who_did_it(kernel, tenant, page_of):
    await audit(kernel, tenant, HELPED, "role.change", "Clerk", before={"name": "A"}, after={"name": "<b>"},
                reason="wish of the owner")  # fmt: skip
    page = await page_of()
    assert "<b>Role changed</b>" in page
    assert "<del>A</del>" in page
    assert "<ins>&lt;b&gt;</ins>" in page
    assert "wish of the owner" in page
    assert "done by Otto, operator" in page
    assert "r-123" in page
    assert "192.0.2.9" in page


async def test_an_action_that_nobody_named_is_shown_as_it_is(kernel, tenant, page_of):
    await audit(kernel, tenant, MEI, "test.unheard_of", "thing")
    assert "<b>test.unheard_of</b>" in await page_of()


async def test_the_page_tells_how_far_the_log_is_sealed_and_whether_it_is_whole(
    kernel, tenant, page_of, owner
):
    await audit(kernel, tenant, MEI, "test.deed", "thing")
    assert "Nothing is sealed yet." in await page_of()
    await seal_chain(kernel.databases, tenant.info.id)
    page = await page_of()
    assert "Sealed up to #" in page
    assert "Not verified yet" in page
    await verify_one(kernel, tenant.info.id, NoDetails())
    assert "Found whole up to #" in await page_of()
    await owner.execute("UPDATE audit_entry SET subject = 'x' WHERE tenant_id = $1 AND action = 'test.deed'",
                        tenant.info.id)  # fmt: skip
    await verify_one(kernel, tenant.info.id, NoDetails())
    page = await page_of()
    assert "The log is not whole: Entry #" in page
    assert "Found whole" not in page


async def test_only_those_who_may_read_it_see_it(client_for, tenant):
    for path in ("/settings/audit", "/settings/audit/export", "/api/v1/audit"):
        assert (await (await client_for(tenant, "writer")).get(path)).status_code == 403
        assert (await (await client_for(tenant)).get(path)).status_code in {303, 401}


# -- filters -----------------------------------------------------------------------------------------------


async def test_filters_leave_what_matches(kernel, tenant, page_of):
    await audit(kernel, tenant, MEI, "role.create", "Clerk 1", after={"name": "Stock"})
    await audit(kernel, tenant, HELPED, "role.delete", "Clerk 2")
    for query, ones in (
        ({"person": "mei"}, {"1", "2"}),
        ({"person": "OTTO"}, {"2"}),
        ({"person": str(MEI.membership_id)}, {"1"}),
        ({"person": "nobody"}, set()),
        ({"action": "role.create"}, {"1"}),
        ({"subject": "Clerk 2"}, {"2"}),
        ({"q": "stock"}, {"1"}),
        ({"q": "r-123"}, {"1", "2"}),
        ({"q": "lerk", "action": "role.delete"}, {"2"}),
    ):
        page = await page_of(**query)
        assert {one for one in "12" if f">Clerk {one}</a>" in page} == ones, query


async def test_days_are_those_of_the_distributor(kernel, tenant, page_of):
    await audit(kernel, tenant, MEI, "test.deed", "today's")
    there = datetime.now(UTC) + timedelta(hours=8)  # Asia/Shanghai
    today, tomorrow = f"{there:%Y-%m-%d}", f"{there + timedelta(days=1):%Y-%m-%d}"
    yesterday = f"{there - timedelta(days=1):%Y-%m-%d}"
    assert "today&#39;s" in await page_of(since=today, until=today)
    assert "today&#39;s" not in await page_of(since=tomorrow)
    assert "today&#39;s" not in await page_of(until=yesterday)
    assert "today&#39;s" in await page_of(since=(datetime.now(UTC) - timedelta(minutes=1)).isoformat())


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"since": "yesterday"}, "is neither a day like"),
        ({"until": "2026-02-30"}, "is neither a day like"),
        ({"since": "1969-01-01"}, None),
        ({"until": "9999-12-31"}, "is neither a day like"),
        ({"before": "page 2"}, "is not where a page begins"),
        ({"q": "x" * 201}, "at most 200 characters"),
    ],
)
async def test_a_filter_that_cannot_be_read_is_told(client_for, tenant, query, words):
    client = await client_for(tenant, "owner")
    for path in ("/settings/audit", "/api/v1/audit"):
        answer = await client.get(path, params=query)
        assert answer.status_code == (422 if words else 200)
        assert (words or "") in answer.text


async def test_pages_follow_each_other_without_gaps(kernel, tenant, client_for):
    for number in range(7):
        await audit(kernel, tenant, MEI, "test.deed", f"n{number}")
    client, found, query = await client_for(tenant, "owner"), [], {"limit": "3", "action": "test.deed"}
    while True:
        answer = (await client.get("/api/v1/audit", params=query)).json()
        found += [item["subject"] for item in answer["items"]]
        if answer["next"] is None:
            break
        query["before"] = answer["next"]
    assert found == [f"n{number}" for number in reversed(range(7))]


async def test_a_search_that_finds_little_says_how_far_it_has_looked(kernel, tenant):
    await audit(kernel, tenant, MEI, "test.rare", "old")
    for number in range(10):
        await audit(kernel, tenant, MEI, "test.deed", f"n{number}")
    wanted, found, looked = AuditFilter(action="test.rare"), [], 0
    page = None
    async with kernel.context(tenant) as ctx:
        while page is None or page.next:
            more = {"before": page.next} if page else {}
            page = await read_page(ctx.db, tenant.info.id, wanted, span=4, **more)
            found += [entry.subject for entry in page.entries]
            looked += 1
            assert (page.looked_back_to is None) == (page.next is None)
    assert found == ["old"]
    assert looked >= 3


# -- files and the API -------------------------------------------------------------------------------------


async def test_the_log_is_taken_along_as_a_spreadsheet_and_as_lines(kernel, tenant, client_for):
    for number in range(3):
        await audit(
            kernel, tenant, HELPED, "test.deed", "=cmd|' /C calc'!A0", before=number, after=number + 1
        )
    await seal_chain(kernel.databases, tenant.info.id)
    client = await client_for(tenant, "owner")
    sheet = await client.get("/settings/audit/export", params={"form": "csv", "action": "test.deed"})
    assert sheet.headers["content-disposition"].endswith('.csv"')
    assert sheet.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(sheet.content.decode("utf-8-sig"))))
    assert [json.loads(row["details"])["after"] for row in rows] == [1, 2, 3]
    assert {row["subject"] for row in rows} == {"'=cmd|' /C calc'!A0"}
    assert {(row["actor"], row["operator"]) for row in rows} == {("Mei", "Otto")}
    lines = await client.get("/settings/audit/export", params={"form": "jsonl", "action": "test.deed"})
    told = [json.loads(line) for line in lines.text.splitlines()]
    assert [one["details"] for one in told] == [{"before": n, "after": n + 1} for n in range(3)]
    assert told[0]["subject"] == "=cmd|' /C calc'!A0"
    assert [str(one["number"]) for one in told] == [row["number"] for row in rows]
    assert all(len(one["hash"]) == 64 for one in told)
    newest = (await client.get("/api/v1/audit", params={"limit": "1"})).json()["items"][0]
    assert (newest["action"], newest["details"]["filters"]) == ("audit.export", {"action": "test.deed"})


async def test_a_file_holds_every_entry_however_many_pieces_it_is_read_in(
    kernel, tenant, client_for, monkeypatch
):
    monkeypatch.setattr("headgate_kernel.audit.export.PIECE", 2)
    for number in range(5):
        await audit(kernel, tenant, MEI, "test.deed", f"n{number}")
    lines = await (await client_for(tenant, "owner")).get(
        "/settings/audit/export", params={"form": "jsonl", "action": "test.deed"}
    )
    assert [json.loads(line)["subject"] for line in lines.text.splitlines()] == [f"n{n}" for n in range(5)]


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1+1", "'=1+1"),
        (" @SUM(A1)", "' @SUM(A1)"),
        ("-5", "'-5"),
        ("\tx", "'\tx"),
        ("Mei", "Mei"),
        ("", ""),
    ],
)
def test_no_cell_of_a_spreadsheet_is_a_formula(cell, safe):
    assert harmless(cell) == safe


async def test_the_api_tells_all_of_an_entry(kernel, tenant, client_for):
    await audit(kernel, tenant, HELPED, "test.deed", "thing", before=None, after={"price": "1.50"})
    await seal_chain(kernel.databases, tenant.info.id)
    answer = await (await client_for(tenant, "owner")).get("/api/v1/audit", params={"subject": "thing"})
    (item,) = answer.json()["items"]
    assert item["actor"] == {
        "name": "Mei", "kind": "staff", "membership_id": str(HELPED.membership_id), "person_id": None
    }  # fmt: skip
    assert item["operator"] == {"name": "Otto", "person_id": str(HELPED.operator_id)}
    assert item["details"] == {"before": None, "after": {"price": "1.50"}}
    assert (item["request_id"], item["address"]) == ("r-123", "192.0.2.9")
    assert item["number"] > 0


# -- the console -------------------------------------------------------------------------------------------


async def test_operators_see_their_own_deeds_and_whose_log_is_not_whole(
    kernel, tenant, browse, operator, owner
):
    await audit(kernel, tenant, MEI, "test.deed", "thing")
    await seal_chain(kernel.databases, tenant.info.id)
    await owner.execute(
        "DELETE FROM audit_entry WHERE tenant_id = $1 AND action = 'test.deed'", tenant.info.id
    )
    await verify_one(kernel, tenant.info.id, NoDetails())
    console = browse("console.localhost")
    assert (await console.get("/console/audit")).status_code == 303
    await console.post("/sign-in", data={"login": operator, "password": "correct horse battery"})
    page = await console.get("/console/audit", params={"subject": tenant.info.slug})
    assert page.status_code == 200
    assert "<b>Audit log found not whole</b>" in page.text
    assert "Logs of these distributors were found not whole: " in page.text
    assert tenant.info.slug in page.text
    sheet = await console.get("/console/audit/export", params={"subject": tenant.info.slug})
    assert "audit.not_whole" in sheet.text
    assert (await console.get("/console/audit", params={"since": "x"})).status_code == 422


# -- words -------------------------------------------------------------------------------------------------


def test_every_deed_of_the_kernel_has_words():
    unnamed = {
        action: where for action, where in deeds_of("headgate_kernel").items() if action not in KERNEL_DEEDS
    }
    assert not unnamed, "name them in headgate_kernel/audit/words.py"


@pytest.mark.parametrize(
    ("details", "lines"),
    [
        ({"before": 1, "after": 2}, [Line("", "1", "2")]),
        ({"before": {"a_b": 1, "c": 3}, "after": {"a_b": 2, "c": 3}}, [Line("A b", "1", "2")]),
        (
            {"before": None, "after": {"name": "x", "active": True}},
            [Line("Name", None, "x"), Line("Active", None, "Yes")],
        ),
        ({"before": {"name": "x"}}, [Line("Name", "x", "–")]),
        ({"roles": ["a", "b"], "reason": "", "n": 0}, [Line("Roles", None, "a, b"), Line("N", None, "0")]),
        ({"after": ["x" * 400]}, [Line("", "–", "x" * 300 + "…")]),
        ({"kept": {"a": [1, 2]}}, [Line("Kept", None, "A: 1, 2")]),
        ([1, 2], [Line("", None, "1, 2")]),
    ],
)
def test_details_are_told_in_lines(details, lines):
    class Told:
        pass

    entry = Told()
    entry.details = json.dumps(details)
    assert lines_of(entry, str) == lines
