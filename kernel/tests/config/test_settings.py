"""Settings of the process, and errors that name the variable."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from headgate_kernel.config import Settings
from headgate_kernel.runtime import database_settings
from headgate_sdk.errors import ConfigError

KEY = "k" * 40


def settings(tmp_path, **environment):
    return Settings.from_environment(
        {f"HEADGATE_{name}": value for name, value in environment.items()}, data_dir=tmp_path
    )


def test_without_variables_everything_has_a_value(tmp_path):
    read = settings(tmp_path)
    assert (read.database_url, read.domain, read.workers, read.secure_cookies) == ("", "localhost", 1, False)
    assert read.data_dir == tmp_path
    assert len(read.secret_key) >= 32


def test_variables_are_read(tmp_path):
    read = settings(
        tmp_path, DATABASE_URL="postgresql://db/x", DOMAIN=" Orders.Example ", WORKERS="3", PG_BIN="/usr/bin",
        SECRET_KEY=KEY,
    )  # fmt: skip
    assert (read.domain, read.workers, read.secure_cookies) == ("orders.example", 3, True)
    assert (read.pg_bin, read.secret_key) == (Path("/usr/bin"), KEY.encode())
    database = database_settings(read)
    assert (database.url, database.app_url, database.data_dir) == ("postgresql://db/x", None, tmp_path)


def test_empty_variables_count_as_unset(tmp_path):
    read = settings(tmp_path, DOMAIN="", WORKERS="", SECRET_KEY="", PG_BIN="", DATA_DIR="")
    assert (read.domain, read.workers, read.pg_bin) == ("localhost", 1, None)


def test_the_data_directory_comes_from_the_variable_and_the_argument_overrules_it(tmp_path):
    environment = {"HEADGATE_DATA_DIR": str(tmp_path / "a")}
    assert Settings.from_environment(environment).data_dir == tmp_path / "a"
    assert Settings.from_environment(environment, data_dir=tmp_path / "b").data_dir == tmp_path / "b"


def test_a_relative_data_directory_is_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Settings.from_environment({"HEADGATE_DATA_DIR": "data"}).data_dir == tmp_path / "data"


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", "²", " 2"])
def test_a_wrong_number_names_its_variable(tmp_path, text):
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path, WORKERS=text)
    assert "HEADGATE_WORKERS" in str(caught.value)
    assert text in str(caught.value)


def test_a_short_key_names_its_variable_and_is_not_repeated(tmp_path):
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path, SECRET_KEY="hunter2")
    assert "HEADGATE_SECRET_KEY" in str(caught.value)
    assert "32" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_the_key_is_made_once_for_this_account_only(tmp_path):
    first, second = settings(tmp_path / "new"), settings(tmp_path / "new")
    assert first.secret_key == second.secret_key
    assert stat.S_IMODE((tmp_path / "new" / "secret.key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["secret.key"]
    assert settings(tmp_path / "other").secret_key != first.secret_key


def test_processes_that_start_together_agree_on_the_key(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: settings(tmp_path).secret_key, range(64)))
    assert len(keys) == 1


def test_a_damaged_key_is_not_used(tmp_path):
    (tmp_path / "secret.key").write_text("")
    with pytest.raises(ConfigError, match=r"secret\.key is damaged"):
        settings(tmp_path)


def test_a_data_directory_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path / "file" / "below")
    assert str(tmp_path / "file" / "below") in str(caught.value)
    assert "--data-dir" in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_closed_data_directory_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ConfigError, match="cannot be used"):
        settings(tmp_path)
