import msgspec
import pytest
from headgate_kernel.config import Settings
from headgate_kernel.jobs.draining import run_due_jobs
from headgate_kernel.notify import Message, send_message, send_now
from headgate_kernel.notify.sending import KEPT, forget_old_messages
from headgate_kernel.notify.sent import list_sent
from headgate_kernel.runtime import Kernel
from headgate_sdk.clock import ManualClock
from headgate_sdk.errors import ConfigError, Invalid

SMS = Message(channel="sms", to="+8613800138000", template="test", values={}, locale="zh_CN")


async def sent(kernel, to):
    async with kernel.databases.platform_scope() as db:
        return [one for one in (await list_sent(db)).items if one.recipient == to]


async def test_tests_find_what_was_sent_in_memory(kernel):
    async with kernel.databases.platform_scope() as db:
        await send_message(db, SMS, now=kernel.clock.now())
    assert kernel.notices.to(SMS.to) == []
    await run_due_jobs(kernel, [0])
    (notice,) = kernel.notices.to(SMS.to)
    assert notice.text == "来自Headgate的测试消息 看到这段文字，说明消息可以送达。"


async def test_the_console_shows_messages_in_the_terminal_and_to_the_operator(with_email, capsys):
    kernel = with_email("console:")
    message = Message(channel="email", to="lin@console.example", template="test", values={}, locale="en")
    await send_now(kernel, message)
    assert "lin@console.example: Test message from Headgate" in capsys.readouterr().err
    (noted,) = await sent(kernel, message.to)
    assert (noted.subject, noted.body) == (
        "Test message from Headgate", "If you read this, messages reach you.",
    )  # fmt: skip


async def test_words_of_messages_that_left_are_kept_nowhere(kernel, with_email, mail, caplog, capsys):
    post = with_email(f"smtp://127.0.0.1:{mail.port}?from=post@headgate.example&starttls=off")
    message = Message(channel="email", to="lin@left.example", template="test", values={}, locale="en")
    with caplog.at_level("DEBUG", logger="headgate_kernel"):
        await send_now(post, message)
    (noted,) = await sent(kernel, message.to)
    assert (noted.template, noted.subject, noted.body) == ("test", None, None)
    assert "messages reach you" not in caplog.text + "".join(capsys.readouterr())
    assert len(mail.script.taken) == 1


async def test_notes_of_what_was_sent_are_forgotten_in_time(kernel):
    clock = ManualClock(kernel.clock.now())
    later = Kernel(kernel.settings, kernel.databases, kernel.host, clock)
    message = msgspec.structs.replace(SMS, to="+4930123456789")
    await send_now(later, message)
    await forget_old_messages(later)
    assert len(await sent(kernel, message.to)) == 1
    clock.moment += KEPT * 1.01
    await forget_old_messages(later)
    assert await sent(kernel, message.to) == []


@pytest.mark.parametrize(
    "number", ["13800138000", "+86 138 0013 8000", "+0123456789", "+86138\n", "lin@x.example"]
)
async def test_what_is_no_phone_number_is_refused(kernel, number):
    with pytest.raises(Invalid, match="is not a phone number"):
        await send_now(kernel, msgspec.structs.replace(SMS, to=number))


async def test_a_template_that_wants_a_value_does_not_go_without_it(kernel):
    bare = msgspec.structs.replace(SMS, template="invitation")
    async with kernel.databases.platform_scope() as db:
        await send_message(db, bare, now=kernel.clock.now())
    (outcome,) = await run_due_jobs(kernel, [0])
    assert outcome.error.params["kind"] == "UndefinedError"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("HEADGATE_EMAIL", "http://mail.example", "must be one of console:, smtp"),
        ("HEADGATE_SMS", "smtp://mail.example?from=a@b.example", "must be one of console:"),
    ],
)
def test_an_unknown_provider_is_refused_when_the_process_starts(kernel, tmp_path, name, value, words):
    settings = Settings.from_environment({name: value}, data_dir=tmp_path)
    with pytest.raises(ConfigError, match=words) as caught:
        Kernel(settings, kernel.databases, kernel.host)
    assert name in str(caught.value)


def test_without_settings_messages_go_to_the_terminal_and_jobs_run(tmp_path):
    settings = Settings.from_environment({}, data_dir=tmp_path)
    assert (settings.email, settings.sms, settings.jobs) == ("console:", "console:", True)
    assert Settings.from_environment({"HEADGATE_JOBS": "off"}, data_dir=tmp_path).jobs is False
