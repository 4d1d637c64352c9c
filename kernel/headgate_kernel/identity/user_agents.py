"""What a browser says it is, in words; it may say anything, so it is never more than a hint."""

import re

from headgate_sdk.i18n import N_

_BROWSERS = {
    "MicroMessenger": N_("WeChat"),
    "wxwork": "WeCom",
    "DingTalk": N_("DingTalk"),
    "Edg": "Edge",
    "OPR/": "Opera",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
"""Marks in the order in which they are looked for: most programs name others too."""

_SYSTEMS = {
    "HarmonyOS": "HarmonyOS",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X": "Mac",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}
_PROGRAM = re.compile(r"[A-Za-z][\w.-]{1,30}(?=/|$)")


def device_words(user_agent: str) -> tuple[str, str]:
    """Give browser and device of a user agent in words, as far as it tells; never more than a hint."""
    browser = next((name for mark, name in _BROWSERS.items() if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS.items() if mark in user_agent), "")
    if not browser and not user_agent.startswith("Mozilla"):
        program = _PROGRAM.match(user_agent)
        browser = program.group() if program else ""
    return browser, system
