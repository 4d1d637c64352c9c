"""Catalogues, and which language a browser wants."""

import pytest
from headgate_kernel.i18n import LOCALES, Catalogue


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue(["headgate_kernel", "headgate_sample"])


def test_words_of_the_kernel_and_of_plugins_are_found(catalogue):
    assert catalogue.translate("zh_CN", "Sign in") == "登录"
    assert catalogue.translate("zh_CN", "Notes") == "便条"


def test_english_is_the_source_and_unknown_words_stay(catalogue):
    assert catalogue.translate("en", "Notes") == "Notes"
    assert catalogue.translate("zh_CN", "No such words") == "No such words"
    assert catalogue.translate("tlh", "Notes") == "Notes"


def test_the_first_package_that_knows_a_text_wins(tmp_path, monkeypatch):
    for package, word in (("first_words", "一"), ("second_words", "二")):
        folder = tmp_path / package / "locale"
        folder.mkdir(parents=True)
        (tmp_path / package / "__init__.py").touch()
        (folder / "zh_CN.po").write_text(
            'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
            f'msgid "One"\nmsgstr "{word}"\n\n#, fuzzy\nmsgid "Guess"\nmsgstr "{word}"\n\n'
            'msgid "Empty"\nmsgstr ""\n'
        )
    monkeypatch.syspath_prepend(tmp_path)
    catalogue = Catalogue(["first_words", "second_words"])
    assert catalogue.translate("zh_CN", "One") == "一"
    assert catalogue.translate("zh_CN", "Guess") == "Guess"
    assert catalogue.translate("zh_CN", "Empty") == "Empty"


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh_CN"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("fr, en;q=0.5, zh;q=0.7", "zh_CN"),
        ("fr; q=0.9, en ; q = 0.5", "en"),
        ("EN", "en"),
        ("en;q=0, zh;q=0.1", "zh_CN"),
        ("en;q=abc, zh;q=0.1", "zh_CN"),
        ("zh-Hant-TW", "zh_CN"),
        ("enm, fr", None),
        ("*", None),
        ("", None),
        (",;=,;q=", None),
        ("en;q=nan", None),
    ],
)
def test_the_browsers_wish_is_matched(catalogue, wanted, chosen):
    assert catalogue.choose(wanted) == chosen


def test_equal_wishes_keep_their_order(catalogue):
    assert catalogue.choose("zh, en") == "zh_CN"
    assert catalogue.choose("en, zh") == "en"


def test_every_language_has_its_own_name():
    assert LOCALES == {"zh_CN": "中文", "en": "English"}


@pytest.mark.parametrize(
    ("wanted", "text"), [("en", "There is nothing here"), ("zh", "这里什么也没有"), ("", "这里什么也没有")]
)
async def test_an_unknown_host_answers_in_the_browsers_language(browse, wanted, text):
    answer = await browse("unknown.localhost", **{"accept-language": wanted}).get("/")
    assert text in answer.text


async def test_the_console_speaks_the_browsers_language_and_a_cookie_overrules_it(browse):
    console = browse("console.localhost", **{"accept-language": "zh-CN"})
    assert "登录" in (await console.get("/sign-in")).text
    console.cookies.set("headgate_locale", "en")
    assert "Sign in" in (await console.get("/sign-in")).text


async def test_a_tenants_pages_speak_its_language_whatever_the_browser_wants(browse, tenant):
    page = await browse(f"{tenant.info.slug}.localhost", **{"accept-language": "zh-CN"}).get("/sign-in")
    assert "Sign in" in page.text
