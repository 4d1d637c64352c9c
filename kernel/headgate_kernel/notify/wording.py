"""Messages in words: one template gives the subject, the plain text and the HTML.

The first line of `web/templates/messages/<template>.txt` is the subject. Empty lines part paragraphs; a line
that is nothing but an address becomes a link. A text message is all of it in one line.
"""

import re
from typing import TYPE_CHECKING

from headgate_sdk.context import TenantInfo
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from headgate_kernel.notify.messages import Message, SendMessage
from headgate_kernel.notify.providers import Notice

if TYPE_CHECKING:
    from headgate_kernel.i18n import Catalogue

PLATFORM_NAME = "Headgate"
PLATFORM_COLOUR = "#0b6e4f"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_ADDRESS = re.compile(r"https?://\S+")

_environment = Environment(
    loader=PackageLoader("headgate_kernel", "web/templates/messages"),
    autoescape=False,  # noqa: S701 (plain text; the HTML is made from it by `_markup`, which escapes all of it)
    undefined=StrictUndefined,
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
)
_pages = Environment(
    loader=PackageLoader("headgate_kernel", "web/templates/messages"), autoescape=True, auto_reload=False
)


def put_in_words(job: SendMessage, catalogue: "Catalogue", tenant: TenantInfo | None) -> Notice:
    """Render a message.

    Args:
        job: the message with its id and date.
        catalogue: translations.
        tenant: in whose name it is sent; None for the platform.
    """
    message = job.message
    sender = _one_line(tenant.name if tenant else PLATFORM_NAME)
    subject, text = _text(message, catalogue, sender)
    html = _pages.get_template("_frame.html").render(
        locale=message.locale.replace("_", "-"),
        sender=sender,
        colour=tenant.brand_colour if tenant else PLATFORM_COLOUR,
        subject=subject,
        paragraphs=[(_markup(part), bool(_ADDRESS.fullmatch(part))) for part in re.split(r"\n{2,}", text)],
    )
    return Notice(id=job.id, at=job.at, message=message, sender=sender, subject=subject, text=text, html=html)


def _text(message: Message, catalogue: "Catalogue", sender: str) -> tuple[str, str]:
    values = {name: _one_line(value) for name, value in message.values.items()}
    rendered = _environment.get_template(f"{message.template}.txt").render(
        values, _=lambda text: catalogue.translate(message.locale, text), sender=sender
    )
    subject, _, body = rendered.partition("\n")
    if message.channel == "sms":  # which has no subject of its own
        body = _one_line(rendered)
    return _one_line(subject), body.strip()


def _one_line(text: str) -> str:
    """Take out line ends and other controls: a value can begin neither a header nor a paragraph."""
    return " ".join(_CONTROL.sub(" ", text).split())


def _markup(paragraph: str) -> Markup:
    return Markup("<br>").join(escape(line) for line in paragraph.split("\n"))
