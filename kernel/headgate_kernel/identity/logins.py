"""What people sign in with: an e-mail address, a phone number or a user name, in the form that is kept."""

import re
import unicodedata
from typing import Literal

import phonenumbers
from babel.core import get_global
from email_validator import EmailNotValidError, validate_email
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_

HOME_REGION = "CN"
"""Where a phone number without a country's code is from, unless the tenant's time zone says otherwise."""
LONGEST = 200

_PHONE_LIKE = re.compile(r"\+?[0-9][0-9 ().-]{5,}")
_KEPT_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_NAME = re.compile(r"[^\W_][\w.-]{2,39}")


def fold_login(login: str, region: str = HOME_REGION) -> str:
    """Bring a login into the form in which it is kept and looked up.

    Args:
        login: as typed.
        region: country of phone numbers without a country's code (ISO 3166).

    Raises:
        Invalid: empty or absurdly long.
    """
    folded = unicodedata.normalize("NFKC", login).strip().casefold()
    if not folded or len(folded) > LONGEST:
        raise Invalid(N_("Give an e-mail address, a phone number or a user name."), field="login")
    return _phone(folded, region) or folded


def check_login(login: str, region: str = HOME_REGION) -> str:
    """Fold a login that somebody wants to have from now on.

    Raises:
        Invalid: it is no e-mail address, no phone number and no user name; says what is wrong.
    """
    folded = fold_login(login, region)
    if "@" in folded:
        try:
            address = validate_email(folded, check_deliverability=False, test_environment=True)
        except EmailNotValidError:
            raise Invalid(
                N_("'{login}' is not an e-mail address such as name@company.cn."), field="login", login=login
            ) from None
        return address.normalized.casefold()
    if channel_of(folded) == "sms" or _NAME.fullmatch(folded):
        return folded
    if _PHONE_LIKE.fullmatch(folded):
        raise Invalid(
            N_("'{login}' is not a phone number. Write one from another country with its code, like +49."),
            field="login", login=login,
        )  # fmt: skip
    raise Invalid(
        N_("A user name has 3 to 40 letters, digits, dots or hyphens, and begins with a letter or digit."),
        field="login",
    )


def channel_of(login: str) -> Literal["email", "sms"] | None:
    """Tell how somebody is reached at a folded login; None for a user name."""
    if "@" in login:
        return "email"
    return "sms" if _KEPT_PHONE.fullmatch(login) else None


def region_of(timezone: str) -> str:
    """Give the country of a time zone, for phone numbers that are typed without their country."""
    region = get_global("zone_territories").get(timezone, HOME_REGION)
    return region if region in phonenumbers.SUPPORTED_REGIONS else HOME_REGION


def _phone(folded: str, region: str) -> str | None:
    if not _PHONE_LIKE.fullmatch(folded):
        return None
    try:
        number = phonenumbers.parse(folded, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
