from datetime import timedelta

import pytest
from headgate_kernel.jobs.claims import claim_due
from headgate_kernel.jobs.draining import run_due_jobs
from headgate_kernel.jobs.running import JobRunner
from headgate_kernel.notify import Message, send_message, send_now
from headgate_kernel.notify.smtp import Smtp
from headgate_sdk.clock import ManualClock
from headgate_sdk.errors import AuthFailed, ConfigError, Invalid, NotReady
from headgate_sdk.jobs import GiveUp

HOUR = timedelta(hours=1)


def to(address="lin@shop.example", **changes) -> Message:
    values = {"channel": "email", "to": address, "template": "test", "values": {}, "locale": "en"}
    return Message(**(values | changes))


def plain(server) -> str:
    return f"smtp://127.0.0.1:{server.port}?from=post@headgate.example&starttls=off"


@pytest.fixture
def post(mail, with_email):
    """The kernel with the plain server."""
    return with_email(plain(mail))


async def ask(kernel, message, tenant_id=0):
    async with kernel.databases.platform_scope() as db:
        return await send_message(db, message, now=kernel.clock.now())


async def states(kernel) -> list[tuple[str, str]]:
    async with kernel.databases.platform_scope() as db:
        return [tuple(row) for row in await db.fetch("SELECT state, coalesce(error::text, '') FROM job")]


async def test_a_mail_has_its_words_as_text_and_as_html_in_the_readers_language(post, mail):
    await ask(post, to(locale="zh_CN"))
    await run_due_jobs(post)
    (got,) = mail.script.taken
    assert got["subject"] == "来自Headgate的测试消息"
    assert got["to"] == "lin@shop.example"
    assert got["from"] == "Headgate <post@headgate.example>"
    assert got["content-language"] == "zh-CN"
    text, html = (part.get_content() for part in got.iter_parts())
    assert "看到这段文字，说明消息可以送达。" in text
    assert "看到这段文字，说明消息可以送达。" in html
    assert 'lang="zh-CN"' in html


async def test_a_mail_comes_in_the_name_of_the_distributor(post, mail, tenant):
    await ask(post, to(tenant_id=tenant.info.id))
    await run_due_jobs(post)
    assert mail.script.taken[0]["from"] == f'"{tenant.info.name}" <post@headgate.example>'.replace('"', "")
    assert mail.script.taken[0]["subject"] == f"Test message from {tenant.info.name}"


async def test_in_a_tenants_transaction_a_message_is_the_tenants(post, tenant):
    async with post.context(tenant) as ctx:
        await send_message(ctx.db, to(), now=ctx.clock.now())
    (outcome,) = await run_due_jobs(post)
    assert outcome.claim.tenant_id == tenant.info.id


async def test_a_refusal_for_good_is_a_dead_letter_at_once(post, mail):
    mail.script.rcpt = "550 5.1.1 No such mailbox"
    await ask(post, to())
    await run_due_jobs(post)
    ((state, error),) = await states(post)
    assert state == "dead"
    assert "550 5.1.1 No such mailbox" in error


async def test_a_refusal_of_what_it_says_is_a_dead_letter_too(post, mail):
    mail.script.data = "554 5.7.1 Looks like spam"
    await ask(post, to())
    await run_due_jobs(post)
    assert [state for state, _ in await states(post)] == ["dead"]


async def test_a_server_that_says_later_is_asked_again_later(mail, with_email, kernel):
    """Greylisting: the first delivery from a stranger is put off."""
    clock = ManualClock(kernel.clock.now())
    post = with_email(plain(mail), clock)
    mail.script.rcpt = "451 4.7.1 Greylisted, come back in 5 minutes"
    await ask(post, to())
    for _ in range(4):
        await run_due_jobs(post)
        clock.moment += timedelta(seconds=1)
    assert [state for state, _ in await states(post)] == ["ready"]
    mail.script.rcpt = ""
    clock.moment += HOUR
    await run_due_jobs(post)
    assert len(mail.script.taken) == 1
    assert await states(post) == []


async def test_what_is_put_off_for_days_is_given_up(mail, with_email, kernel):
    clock = ManualClock(kernel.clock.now())
    post = with_email(plain(mail), clock)
    mail.script.rcpt = "451 4.7.1 Greylisted"
    await ask(post, to())
    while (await states(post))[0][0] == "ready":
        await run_due_jobs(post)
        clock.moment += 6 * HOUR
    ((state, error),) = await states(post)
    assert state == "dead"
    assert '"days": "3"' in error
    assert clock.moment - kernel.clock.now() > timedelta(days=3)


async def test_a_server_that_is_away_is_asked_again(with_email, mail):
    post = with_email("smtp://127.0.0.1:1?from=post@headgate.example&starttls=off")
    await ask(post, to())
    await run_due_jobs(post)
    assert [state for state, _ in await states(post)] == ["ready"]


async def test_a_line_that_breaks_after_the_text_leads_to_the_same_message_again(mail, with_email, kernel):
    """Nobody can know whether it was taken; its id tells the receiver that it is the same one."""
    clock = ManualClock(kernel.clock.now())
    post = with_email(plain(mail), clock)
    mail.script.hang_up_after_data = 1
    await ask(post, to())
    await run_due_jobs(post)
    clock.moment += HOUR
    await run_due_jobs(post)
    first, second = mail.script.taken
    assert first["message-id"] == second["message-id"]
    assert first["date"] == second["date"]
    assert await states(post) == []


async def test_what_was_taken_is_not_sent_again_when_the_worker_dies_before_it_says_so(post, mail, kernel):
    await ask(post, to())
    (claim,) = (await claim_due(kernel.databases, now=kernel.clock.now(), most=1)).jobs
    await JobRunner(post).run(claim)
    assert len(await states(post)) == 1
    await run_due_jobs(post, now=kernel.clock.now() + HOUR)
    assert len(mail.script.taken) == 1
    assert await states(post) == []


async def test_no_value_can_write_a_header(post, mail, tenant):
    wicked = "x\r\nBcc: everybody@shop.example\r\n\r\nBuy now"
    async with post.databases.platform_scope() as db:
        await db.execute("UPDATE tenant SET name = $2 WHERE id = $1", tenant.info.id, wicked)
    await ask(post, to(tenant_id=tenant.info.id))
    await run_due_jobs(post)
    (got,) = mail.script.taken
    assert got["bcc"] is None
    assert got["subject"] == "Test message from x Bcc: everybody@shop.example Buy now"
    assert mail.script.taken[0]["to"] == "lin@shop.example"


@pytest.mark.parametrize(
    "address",
    ["", "lin", "lin@", "a@b.example, c@d.example", "lin@shop.example\r\nBcc: x@y.example", "a b@c.example",
     "<lin@shop.example>"],
    ids=["empty", "no domain", "half", "two", "line end", "space", "brackets"],
)  # fmt: skip
async def test_what_is_no_address_is_refused_before_anything_is_promised(post, address):
    with pytest.raises(Invalid) as caught:
        await ask(post, to(address))
    assert caught.value.field == "to"
    assert await states(post) == []


async def test_what_a_value_says_is_text_in_html_too(kernel, tenant):
    from headgate_kernel.notify.messages import SendMessage
    from headgate_kernel.notify.wording import put_in_words
    from headgate_sdk.ids import new_id
    from msgspec.structs import replace

    info = replace(tenant.info, name="<script>alert(1)</script> & Co")
    job = SendMessage(new_id(), kernel.clock.now(), to())
    notice = put_in_words(job, kernel.catalogue, info)
    assert "<script>" not in notice.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Co" in notice.html
    assert notice.subject == "Test message from <script>alert(1)</script> & Co"


@pytest.mark.parametrize("tls", ["starttls", "wrapped"])
async def test_mail_travels_over_tls_that_is_checked(start_server, with_email, tls):
    server = await start_server(tls)
    scheme = "smtps" if tls == "wrapped" else "smtp"
    url = f"{scheme}://shop:right%20p%40ss@localhost:{server.port}?from=post@headgate.example"
    with pytest.raises(NotReady, match="certificate"):  # nobody vouches for this one
        await send_now(with_email(url), to())
    await send_now(with_email(f"{url}&ca={server.ca}"), to())
    assert server.script.secured == [True]
    assert server.script.signed_in == ["shop"]


async def test_a_server_without_tls_gets_no_mail_unless_it_is_meant(mail, with_email):
    with pytest.raises(NotReady):
        await send_now(with_email(f"smtp://127.0.0.1:{mail.port}?from=post@headgate.example"), to())
    assert mail.script.taken == []


async def test_a_wrong_password_is_told_as_that(start_server, with_email):
    server = await start_server("wrapped")
    url = f"smtps://shop:wrong@localhost:{server.port}?from=post@headgate.example&ca={server.ca}"
    with pytest.raises(AuthFailed, match="HEADGATE_EMAIL") as caught:
        await send_now(with_email(url), to())
    assert "wrong" not in str(caught.value)


async def test_a_sender_that_is_refused_is_a_matter_of_settings(post, mail):
    mail.script.sender = "553 5.7.1 Not your address"
    with pytest.raises(ConfigError, match=r"553 5\.7\.1 Not your address"):
        await send_now(post, to())


async def test_a_refusal_is_told_at_once_to_who_waits_for_it(post, mail):
    mail.script.rcpt = "550 no"
    with pytest.raises(GiveUp, match="550 no"):
        await send_now(post, to())


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("smtp://mail.example", "address that mail comes from"),
        ("smtp://mail.example:http?from=a@b.example", "address that mail comes from"),
        ("smtp://mail.example?from=a@b.example&starttls=perhaps", "'required' or 'off'"),
        ("smtp://u:secret@mail.example?from=a@b.example&starttls=off", "may not travel without TLS"),
        ("smtp://mail.example?from=a@b.example&cc=x", "unknown option: cc"),
        ("smtps://mail.example?from=a@b.example&ca=/no/such/file", "/no/such/file"),
    ],
    ids=["no sender", "no port", "starttls", "password", "option", "certificates"],
)
def test_a_setting_that_cannot_work_is_refused_in_words_without_the_password(url, words):
    with pytest.raises(ConfigError, match=words) as caught:
        Smtp.from_url(url, "HEADGATE_EMAIL")
    assert "secret" not in str(caught.value)
    assert "HEADGATE_EMAIL" in str(caught.value)
