"""Logins: folding, phones and their countries, and what may become one."""

import pytest
from headgate_kernel.identity.logins import channel_of, check_login, fold_login, region_of
from headgate_sdk.errors import Invalid


@pytest.mark.parametrize("login", ["", "   ", "x" * 201])
def test_a_login_that_cannot_be_one_names_its_field(login):
    with pytest.raises(Invalid) as caught:
        fold_login(login)
    assert caught.value.field == "login"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Zhou@Jincheng.Example ", "zhou@jincheng.example"),
        ("ＺＨＯＵ", "zhou"),
        ("13800138000", "+8613800138000"),
        ("138 0013 8000", "+8613800138000"),
        ("+86 138-0013-8000", "+8613800138000"),
        ("１３８００１３８０００", "+8613800138000"),
        ("0371-6512 3456", "+8637165123456"),
        ("8001", "8001"),
        ("12345678", "12345678"),
        ("warehouse.2", "warehouse.2"),
    ],
)
def test_one_login_however_it_is_typed(typed, kept):
    assert fold_login(typed) == kept
    assert fold_login(kept) == kept


def test_a_number_without_a_country_is_of_the_tenants():
    assert fold_login("0151 23456789", region_of("Europe/Berlin")) == "+4915123456789"
    assert fold_login("+8613800138000", region_of("Europe/Berlin")) == "+8613800138000"


@pytest.mark.parametrize(
    ("timezone", "region"),
    [("Asia/Shanghai", "CN"), ("Europe/London", "GB"), ("UTC", "CN"), ("Nowhere", "CN")],
)
def test_a_time_zone_tells_the_country(timezone, region):
    assert region_of(timezone) == region


@pytest.mark.parametrize("login", ["zhou@jincheng.cn", "13800138000", "warehouse-2", "周师傅的店", "8001"])
def test_what_may_become_a_login(login):
    assert check_login(login) == fold_login(login)


@pytest.mark.parametrize(
    ("login", "words"),
    [
        ("zhou@", "not an e-mail address"),
        ("zhou@@x.cn", "not an e-mail address"),
        ("zhou @x.cn", "not an e-mail address"),
        ("zhou@localhost", "not an e-mail address"),
        ("+86 138 0013 80", "not a phone number. Write one from another country"),
        ("ab", "3 to 40"),
        ("-ab", "3 to 40"),
        ("a b c", "3 to 40"),
        ("<script>", "3 to 40"),
    ],
)
def test_what_may_not(login, words):
    with pytest.raises(Invalid, match=words) as caught:
        check_login(login)
    assert caught.value.field == "login"


@pytest.mark.parametrize(
    ("login", "channel"), [("a@b.cn", "email"), ("+8613800138000", "sms"), ("8001", None), ("zhou", None)]
)
def test_how_somebody_is_reached(login, channel):
    assert channel_of(login) == channel
