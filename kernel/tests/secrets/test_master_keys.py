import stat
import sys
from pathlib import Path

import pytest
from headgate_kernel.config import Settings
from headgate_kernel.secrets import open_master_key
from headgate_kernel.secrets.command_key import CommandMasterKey
from headgate_kernel.secrets.local_keys import FileMasterKey, TextMasterKey
from headgate_sdk.errors import ConfigError, SecretUnreadable
from headgate_sdk.secrets import Secret

KEY = bytes(range(32))
CONTEXT = {"tenant": "1", "data_key": "a"}

# a service of its own: it knows versions, and binds the context as a KMS does
SERVICE = """#!{python}
import base64, hashlib, json, pathlib, sys
question = json.load(sys.stdin)
version = pathlib.Path({version!r}).read_text()
if version == "broken":
    sys.exit("the vault is sealed")
bound = json.dumps(question["context"], sort_keys=True)
def pad(key):
    return hashlib.sha256((key + bound).encode()).digest()
if question["operation"] == "wrap":
    data = base64.b64decode(question["plaintext"])
    check = hashlib.sha256(data + pad(version)).digest()[:8]
    data = bytes(a ^ b for a, b in zip(data, pad(version))) + check
    print(json.dumps({{"key_id": version, "ciphertext": base64.b64encode(data).decode()}}))
else:
    data = base64.b64decode(question["ciphertext"])
    plain = bytes(a ^ b for a, b in zip(data[:32], pad(question["key_id"])))
    if hashlib.sha256(plain + pad(question["key_id"])).digest()[:8] != data[32:]:
        sys.exit("InvalidCiphertextException")
    print(json.dumps({{"plaintext": base64.b64encode(plain).decode()}}))
"""


@pytest.fixture
def service(tmp_path) -> tuple[CommandMasterKey, Path]:
    """A program as an operator writes it, and the file that names its version."""
    version, program = tmp_path / "version", tmp_path / "kms"
    version.write_text("v1")
    program.write_text(SERVICE.format(python=sys.executable, version=str(version)))
    program.chmod(0o755)
    return CommandMasterKey(str(program)), version


async def test_a_file_is_made_at_first_need_for_this_account_only(tmp_path):
    path = tmp_path / "data" / "master.key"
    master = FileMasterKey(path)
    assert not path.exists()
    wrapped = await master.wrap(KEY, CONTEXT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert await FileMasterKey(path).unwrap(wrapped, CONTEXT) == KEY


async def test_a_new_key_of_a_file_leaves_the_old_one_for_what_it_wrapped(tmp_path):
    path = tmp_path / "master.key"
    running, command = FileMasterKey(path), FileMasterKey(path)
    old = await running.wrap(KEY, CONTEXT)
    assert await command.renew()
    new = await running.wrap(KEY, CONTEXT)  # a process that runs on takes the new key at once
    assert old.master_key_id != new.master_key_id
    for wrapped in (old, new):
        assert await running.unwrap(wrapped, CONTEXT) == KEY
        assert await command.unwrap(wrapped, CONTEXT) == KEY
    assert len(path.read_text().split()) == 2


@pytest.mark.parametrize("content", ["", "short\n", "# nothing\n"])
async def test_a_damaged_file_is_told_and_never_overwritten(tmp_path, content):
    path = tmp_path / "master.key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match=r"master\.key"):
        await FileMasterKey(path).wrap(KEY, CONTEXT)
    assert path.read_text() == content


async def test_a_file_that_everybody_can_read_is_refused(tmp_path):
    path = tmp_path / "master.key"
    await FileMasterKey(path).wrap(KEY, CONTEXT)
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        await FileMasterKey(path).wrap(KEY, CONTEXT)


async def test_texts_unwrap_what_earlier_ones_wrapped(tmp_path):
    one, two = "a" * 32, "b" * 40
    wrapped = await TextMasterKey([one], "here").wrap(KEY, CONTEXT)
    both = TextMasterKey([two, one], "here")
    assert await both.unwrap(wrapped, CONTEXT) == KEY
    assert (await both.wrap(KEY, CONTEXT)).master_key_id != wrapped.master_key_id
    with pytest.raises(SecretUnreadable, match="but here lacks it"):
        await TextMasterKey([two], "here").unwrap(wrapped, CONTEXT)
    with pytest.raises(ConfigError, match="at least 32"):
        TextMasterKey(["short"], "here")


async def test_a_wrapped_key_opens_for_its_context_only(tmp_path, service):
    for master in (FileMasterKey(tmp_path / "master.key"), TextMasterKey(["c" * 32], "here")):
        wrapped = await master.wrap(KEY, CONTEXT)
        with pytest.raises(SecretUnreadable, match="was changed or moved"):
            await master.unwrap(wrapped, CONTEXT | {"tenant": "2"})
    command, _ = service
    with pytest.raises(ConfigError, match="InvalidCiphertextException"):
        await command.unwrap(await command.wrap(KEY, CONTEXT), CONTEXT | {"tenant": "2"})


async def test_a_program_stands_for_a_key_management_service(service):
    master, version = service
    old = await master.wrap(KEY, CONTEXT)
    version.write_text("v2")
    new = await master.wrap(KEY, CONTEXT)
    assert (old.master_key_id, new.master_key_id) == ("v1", "v2")
    assert await master.unwrap(old, CONTEXT) == await master.unwrap(new, CONTEXT) == KEY
    assert KEY not in old.data


async def test_what_is_wrong_with_a_program_is_told(service, tmp_path):
    master, version = service
    version.write_text("broken")
    with pytest.raises(ConfigError, match="the vault is sealed"):
        await master.wrap(KEY, CONTEXT)
    with pytest.raises(ConfigError, match="No such file"):
        await CommandMasterKey(str(tmp_path / "nothing")).wrap(KEY, CONTEXT)
    talks = tmp_path / "talks"
    talks.write_text("#!/bin/sh\necho hello\n")
    talks.chmod(0o755)
    with pytest.raises(ConfigError, match="malformed"):
        await CommandMasterKey(str(talks)).wrap(KEY, CONTEXT)


@pytest.mark.parametrize(
    ("given", "kind"),
    [("", FileMasterKey), ("d" * 32, TextMasterKey), ("command:/opt/kms", CommandMasterKey),
     ("file:/run/secrets/master", FileMasterKey)],
)  # fmt: skip
def test_the_settings_say_which_master_key_it_is(tmp_path, given, kind):
    environment = {"HEADGATE_SECRET_KEY": "x" * 32, "HEADGATE_MASTER_KEY": given}
    settings = Settings.from_environment(environment, data_dir=tmp_path)
    assert settings.master_key == Secret(given)
    assert "d" * 32 not in repr(settings)
    assert type(open_master_key(settings)) is kind
