"""Everything wrong in a blueprint is told at once, with file, line, column and path; nothing is written."""

import re
import tomllib
from datetime import date

import pytest
import tomlkit
from headgate_kernel.plugins.host import Implementation
from headgate_kernel.tenancy.blueprints import InvalidBlueprint, apply_blueprint, check_folder, read_blueprint
from headgate_kernel.tenancy.blueprints.positions import Positions
from headgate_sdk.errors import NotFound
from hypothesis import given
from hypothesis import strategies as st


def told(caught, folder):
    """Give the problems as `line:column path: words`."""
    return [str(problem).removeprefix(f"{folder}/tenant.toml:") for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('currency = "CNY"\n', "", "2:1: profile.currency: currency is missing."),
        ('currency = "CNY"', "currency = 5", "5:12: profile.currency: Write a text in quotation marks"),
        (
            'name = "Blue"',
            'nmae = "Blue"',
            "4:1: profile.nmae: Nothing is called nmae here. Did you mean name?",
        ),
        (
            'kind = "staff"',
            'kind = "stuff"',
            "33:8: people[0].kind: There is no 'stuff' here. Did you mean 'staff'?",
        ),
        (
            'kind = "staff"',
            'kind = "boss"',
            "people[0].kind: 'boss' is not possible. Choose one of: customer, staff.",
        ),
        ('enabled = ["sample-extra"]', 'enabled = "sample"', "10:11: plugins.enabled: Write a list"),
        ("[plugins]", "[plugins", "9:9: This is not TOML: Expected ']'"),
        ('permissions = ["*"]', "permissions = [1]", "15:16: roles[0].permissions[0]: Write a text"),
        (
            "[plugins]",
            "[extra]\na = 1\n[plugins]",
            "9:1: extra: Nothing is called extra here. There is: profile",
        ),
        (
            'steps = ["sample-extra.photo", "sample.check"]',
            'steps = [["sample.check", 7]]',
            "steps[0][1]: Write a text",
        ),
        ('slug = "{slug}"', 'slug = "No!"', "3:8: profile.slug: 'No!' cannot be a short name"),
        ("Asia/Shanghai", "Asia/Nowhere", "6:12: profile.timezone: 'Asia/Nowhere' is not a time zone"),
        (
            'locale = "en"',
            'locale = "fr"',
            "7:10: profile.locale: 'fr' is not possible. Choose one of: en, zh_CN.",
        ),
        ('["sample-extra"]', '["ghost"]', "10:12: plugins.enabled[0]: The plugin ghost is not installed."),
        (
            '["sample-extra"]',
            '["sample-extar"]',
            "plugins.enabled[0]: The plugin sample-extar is not installed. Did you",
        ),
        (
            '"headgate.people.read"]',
            '"headgate.people.reed"]',
            "permission headgate.people.reed. Did you mean headgate.people.read?",
        ),
        (
            'roles = ["buyer"]',
            'roles = ["chief"]',
            "40:10: people[1].roles[0]: The role chief is not defined.",
        ),
        ('roles = ["buyer"]', 'roles = ["byer"]', "The role byer is not defined. Did you mean buyer?"),
        ('roles = ["buyer"]', 'roles = ["clerk"]', "what only the distributor's staff may"),
        (
            '"sample.check"]',
            '"sample.chek"]',
            '28:32: flow."sample.ticket".steps[1]: No plugin that is switched on has the step sample.chek.',
        ),
        ('"sample.check"]', '"sample.check", "sample.check"]', "steps[2]: sample.check is here twice."),
        (
            '[flow."sample.ticket"]',
            '[flow."sample.tocket"]',
            "has a flow for sample.tocket. Did you mean sample.ticket?",
        ),
        (
            '["sample-extra"]',
            '["sample"]',
            "steps[0]: No plugin that is switched on has the step sample-extra.photo",
        ),
        ('key = "clerk"', 'key = "owner"', "roles[1].key: owner is here twice."),
        ('"buyer@{slug}', '"BOSS@{slug}', "people[1].login: boss@"),
        ("[plugins]", "[settings.sample]\nlines = 0\n[plugins]", "settings.sample.lines: The least is 1."),
        (
            "[plugins]",
            '[settings.sample]\npaper = "white "\n[plugins]',
            "There is no 'white ' here. Did you mean 'white'?",
        ),
        (
            "[plugins]",
            '[settings.sample]\nmargin = "wide"\n[plugins]',
            "settings.sample.margin: Write a decimal number",
        ),
        (
            "[plugins]",
            '[settings.sample]\nkey = "123"\n[plugins]',
            "settings.sample.key: A secret never stands in the file",
        ),
        (
            "[plugins]",
            '[settings.sample]\nkey = { secret = "env:HG_NO_SUCH" }\n[plugins]',
            "settings.sample.key: The environment has no HG_NO_SUCH.",
        ),
        (
            "[plugins]",
            '[settings.sample]\nkey = { secret = "file:/no/such" }\n[plugins]',
            "The file /no/such cannot be read",
        ),
        (
            "[plugins]",
            "[settings.lone]\na = 1\n[plugins]",
            "settings.lone: The plugin lone is not switched on",
        ),
        (
            "[plugins]",
            "[settings.sample-extra]\na = 1\n[plugins]",
            "The plugin sample-extra has no settings.",
        ),
        ("[profile]", 'plan = "no-such"\n[profile]', "2:8: plan: There is no plan no-such."),
        (
            "[plugins]",
            '[[price_levels]]\nkey = "a"\nname = "b"\ndiscount = "0"\n[plugins]',
            "price_levels: No plugin that is switched on keeps this.",
        ),
    ],
)
async def test_a_problem_names_its_place_and_what_to_do(kernel, write, slug, old, new, expected):
    folder = write((old.replace("{slug}", slug), new.replace("{slug}", slug)))
    with pytest.raises(InvalidBlueprint) as caught:
        await apply_blueprint(kernel, folder)
    assert [one for one in told(caught, folder) if expected in one], told(caught, folder)
    assert str(caught.value) == f"{folder}/tenant.toml cannot be used. Nothing was changed."
    with pytest.raises(NotFound):
        await kernel.tenant(slug)


async def test_all_problems_are_told_at_once_those_of_shape_and_of_sense(kernel, write):
    folder = write(
        ("Asia/Shanghai", "Asia/Nowhere"),
        ('name = "Owner"', 'nmae = "Owner"'),
        ('"sample.notes.*"', '"sample.notse.*", 7'),
        ('"sample-extra.photo", ', '"sample-extra.foto", '),
        ('kind = "staff"', 'kind = "boss"'),
        ('roles = ["buyer"]', 'roles = ["byer"]'),
    )
    with pytest.raises(InvalidBlueprint) as caught:
        await check_folder(kernel, folder)
    paths = [re.search(r"\d+:\d+: ([^:]+):", one)[1] for one in told(caught, folder)]
    assert paths == [
        "profile.timezone", "roles[0].name", "roles[0].nmae", "roles[1].permissions[0]",
        "roles[1].permissions[1]", 'flow."sample.ticket".steps[0]', "people[0].kind", "people[1].roles[0]",
    ]  # fmt: skip


async def test_what_only_follows_from_a_fault_is_not_told(kernel, write):
    """Without a sound list of plugins nothing can be said about steps and settings."""
    folder = write(('enabled = ["sample-extra"]', 'enabled = "sample"'))
    with pytest.raises(InvalidBlueprint) as caught:
        await check_folder(kernel, folder)
    assert len(caught.value.problems) == 1


def test_a_blueprint_in_another_encoding_is_told(tmp_path):
    (tmp_path / "tenant.toml").write_bytes('a = 1\nname = "锦城"'.encode("gb18030"))
    with pytest.raises(InvalidBlueprint) as caught:
        read_blueprint(tmp_path)
    assert told(caught, tmp_path) == ["2:9: This is not UTF-8. Save the file as UTF-8."]


@pytest.mark.parametrize("where", ["nowhere", "tenant.toml"])
def test_a_missing_blueprint_is_told_with_its_path(write, where):
    folder = write() / where
    with pytest.raises(NotFound) as caught:
        read_blueprint(folder)
    assert str(folder / "tenant.toml") in str(caught.value)


# -- places in TOML ------------------------------------------------------------------------------------------

names = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=8)
scalars = st.one_of(
    st.integers(-(2**60), 2**60),
    st.booleans(),
    st.dates(min_value=date(1000, 1, 1)),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=20),
    st.sampled_from(['a "b" \\ c', "it's", "a\nb", "# no comment", "]", "}", "a = 1"]),
)
documents = st.dictionaries(
    names,
    st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
        max_leaves=12,
    ),
    max_size=5,
)


def paths_of(value, path=()):
    yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths_of(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from paths_of(item, (*path, number))


@given(documents)
def test_every_key_and_value_of_any_toml_has_a_place(document):
    text = tomlkit.dumps(document)
    assert Positions(text).paths() == set(paths_of(tomllib.loads(text))) - {()}


def test_places_are_found_in_every_way_of_writing():
    text = '''a.b."c d" = 1 # x
x = { p = 1, q.r = [1, { z = 'it is' }] }
d = 1979-05-27 07:32:00
s = """
multi ] = [x]
"quoted" """
l = \'\'\'raw\\\'\'\'
arr = [
  "a", # comment ]
  [1, 2,],
]
[[f]]
n = 1
[f.g]
m = 2
[[f.h]]
o = 3
[[f.h]]
o = 4
[[f]]
[[f.h]]
o = 5
[t."q.w".e]
z = 1
'''
    positions = Positions(text)
    assert positions.paths() == set(paths_of(tomllib.loads(text))) - {()}
    lines = text.splitlines()
    for path, line, begins in (
        (("x", "q", "r", 1, "z"), 2, "'it is'"), (("arr", 1, 1), 10, "2,]"), (("f", 0, "h", 1, "o"), 19, "4"),
        (("f", 1, "h", 0, "o"), 22, "5"), (("t", "q.w", "e", "z"), 24, "1"), (("s",), 4, '"""'),
    ):  # fmt: skip
        at = positions.of(path)
        assert at.line == line
        assert lines[line - 1][at.column - 1 :].startswith(begins)
    assert positions.of(("f", 1, "h", 0, "missing")).line == 21
    assert positions.of_key(("arr",)).column == 1


async def test_a_plugin_that_fails_while_it_looks_is_told_and_the_others_go_on(
    kernel, write, monkeypatch, caplog
):
    def fail(**_):
        raise RuntimeError("oops")

    monkeypatch.setattr(
        kernel.host, "implementations", lambda _: [Implementation("sample", fail, ("blueprint",))]
    )
    folder = write(("Asia/Shanghai", "Asia/Nowhere"))
    with pytest.raises(InvalidBlueprint) as caught:
        await check_folder(kernel, folder)
    assert [problem.field for problem in caught.value.problems] == ["profile.timezone", "plugins.enabled"]
    assert "oops" in caplog.text
    assert "oops" not in str(caught.value.problems[1])
