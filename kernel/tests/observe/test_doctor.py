"""The doctor sees what is wrong and says what to do."""

import msgspec
from headgate_kernel.config import Settings
from headgate_kernel.observe import doctor
from headgate_kernel.plugins.host import PluginHost


async def findings(settings, host):
    return [finding async for finding in doctor.examine(settings, host)]


async def examined(kernel, check):
    return await check(kernel.settings, kernel.host, kernel.databases)


async def test_a_sound_database_passes(kernel, operator):
    for check in doctor.DATABASE_CHECKS:
        found = await examined(kernel, check)
        assert [str(f) for f in found if f.verdict != "ok"] == []


async def test_a_key_that_others_may_read_is_a_failure(kernel, tmp_path):
    (tmp_path / "secret.key").write_text("x" * 64)
    (tmp_path / "secret.key").chmod(0o644)
    settings = Settings(
        data_dir=tmp_path, secret_key=b"x" * 32, database_url="postgresql://nobody@127.0.0.1:9/none"
    )
    found = await findings(settings, kernel.host)
    assert any(f.verdict == "failure" and "chmod 600" in str(f) for f in found)


async def test_a_database_that_does_not_answer_is_told_in_words(kernel, tmp_path):
    settings = Settings(
        data_dir=tmp_path, secret_key=b"x" * 32, database_url="postgresql://nobody@127.0.0.1:9/none"
    )
    found = await findings(settings, kernel.host)
    assert found[-1].verdict == "failure"
    assert "does not answer" in str(found[-1])


async def test_more_workers_than_the_server_has_connections_for_is_a_failure(kernel):
    settings = msgspec.structs.replace(kernel.settings, workers=64)
    found = await doctor._check_connections(settings, kernel.host, kernel.databases)
    assert found[0].verdict == "failure"
    assert "HEADGATE_WORKERS" in str(found[0])


async def test_a_table_that_is_left_open_is_a_failure(kernel, monkeypatch):
    async def faults(_):
        return ["x_note: row-level security is not enabled and forced."]

    monkeypatch.setattr(doctor, "lint_isolation", faults)  # the lint itself is tested with the database
    found = await examined(kernel, doctor._check_isolation)
    assert [str(f) for f in found] == ["x_note: row-level security is not enabled and forced."]


def test_a_plugin_that_is_left_out_is_told(kernel):
    plugin = msgspec.structs.replace(
        kernel.host.installed[0], problem="It needs SDK {sdk}.", problem_params={"sdk": "9"}
    )
    host = PluginHost([])
    host.installed = [plugin]
    found = doctor._check_plugins(host)
    assert "It needs SDK 9." in str(found[0])
