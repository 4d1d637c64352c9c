"""`plans.toml`: the one that ships is sound; what is wrong in another is told all at once, with its place."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
from headgate_kernel.tenancy.plan_files import not_installed, plans_schema, read_plans
from headgate_sdk.errors import InvalidFields, NotFound

SHIPPED = Path(__file__).parents[3] / "tenants" / "plans.toml"

SOUND = """
[[plans]]
key = "free"
name = { en = "Free", zh_CN = "免费版" }
plugins = ["sample"]
requests = { per_second = 5, burst = 50, at_once = 10 }
[plans.limits]
orders = { soft = 4, hard = 5 }

[[plans]]
key = "all"
name = { en = "All", zh_CN = "全部" }
plugins = "*"
"""


@pytest.fixture
def told(plugin_host, tmp_path):
    """Gives what is said of a text."""

    def read(text: str) -> list[str]:
        path = tmp_path / "plans.toml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InvalidFields) as caught:
            read_plans(path, plugin_host)
        return [str(problem).removeprefix(f"{path}:") for problem in caught.value.problems]

    return read


def test_the_shipped_plans_are_sound_and_their_schema_is_that_of_the_code(plugin_host):
    plans = read_plans(SHIPPED, plugin_host)
    assert plans[0].key == "free"
    assert plans[-1].requests is None
    schema = json.loads((SHIPPED.parent / "plans.schema.json").read_text("utf-8"))
    jsonschema.validate(tomllib.loads(SHIPPED.read_text("utf-8")), schema)
    assert schema == json.loads(json.dumps(plans_schema()))


def test_a_sound_file_gives_its_plans_in_order(plugin_host, tmp_path):
    (tmp_path / "p.toml").write_text(SOUND, encoding="utf-8")
    free, everything = read_plans(tmp_path / "p.toml", plugin_host)
    assert (free.limits.orders.soft, free.limits.orders.hard, free.limits.members.hard) == (4, 5, None)
    assert free.allows("sample")
    assert not free.allows("lone")
    assert everything.allows("whatever comes")
    assert free.title("zh_CN") == "免费版"


def test_everything_that_is_wrong_is_told_with_line_and_column(told):
    assert told(
        SOUND.replace("soft = 4", 'soft = "4"').replace("burst", "brust").replace('"*"', '"all"')
    ) == [
        "6:12: plans[0].requests.burst: burst is missing.",
        "6:30: plans[0].requests.brust: Nothing is called brust here. Did you mean burst?",
        "8:19: plans[0].limits.orders.soft: Write a whole number here.",
        "13:11: plans[1].plugins: '" + "all' is not possible. Choose one of: *.",
    ]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('key = "all"', 'key = "free"', "There are two plans with the key free."),
        ("soft = 4", "soft = 6", "The soft limit is above the hard one."),
        ("burst = 50", "burst = 4", "A burst below the rate"),
        ('["sample"]', '["sample-extra"]', "sample-extra needs sample, which the plan does not allow."),
        ("hard = 5", "hard = 0", "The least is 1."),
        ("[[plans]]", "[[plans", "This is not TOML"),
        ('key = "all"', 'key = "All of it"', "is not of the form"),
    ],
)
def test_contradictions_are_told(told, old, new, words):
    assert any(words in one for one in told(SOUND.replace(old, new)))


def test_a_file_without_plans_is_told(told):
    assert told("title = 'none'")[0].endswith("plans is missing.")


def test_a_missing_file_is_told(plugin_host, tmp_path):
    with pytest.raises(NotFound, match="There are no plans at"):
        read_plans(tmp_path / "nothing.toml", plugin_host)


def test_plugins_that_are_not_here_are_allowed_and_named(plugin_host, tmp_path):
    (tmp_path / "p.toml").write_text(
        SOUND.replace('["sample"]', '["sample", "erp-kingdee"]'), encoding="utf-8"
    )
    assert not_installed(read_plans(tmp_path / "p.toml", plugin_host), plugin_host) == ["erp-kingdee"]
