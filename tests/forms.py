"""Reads the forms of a page and sends them as a browser would: hidden fields, the button pressed."""

from html.parser import HTMLParser

import httpx
import msgspec


class Form(msgspec.Struct):
    """A form as it stands on a page.

    Args:
        action: where it goes.
        fields: names with values, in order; what is not ticked is left out.
        buttons: labels with the name and value that pressing sends along.
    """

    action: str
    id: str = ""
    fields: list[tuple[str, str]] = []
    buttons: list[tuple[str, str, str]] = []


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.elsewhere: list[tuple[str, tuple[str, str, str]]] = []
        self._form: Form | None = None
        self._button: list[str] | None = None
        self._textarea: list[str] | None = None

    def handle_starttag(self, tag, attrs):
        got = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(got.get("action", ""), got.get("id", ""), [], [])
            self.forms.append(self._form)
        elif tag == "button" and got.get("type", "submit") == "submit" and "disabled" not in got:
            self._button = [got.get("name", ""), got.get("value", ""), got.get("form", ""), ""]
        elif self._form is None:
            return
        elif tag == "input" and got.get("name"):
            kind = got.get("type", "text")
            if kind not in {"checkbox", "radio"} or "checked" in got:
                self._form.fields.append((got["name"], got.get("value", "on" if kind == "checkbox" else "")))
        elif tag == "textarea" and got.get("name"):
            self._textarea = [got["name"], ""]

    def handle_data(self, data):
        for open_tag in (self._button, self._textarea):
            if open_tag is not None:
                open_tag[-1] += data

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        elif tag == "textarea" and self._textarea is not None:
            assert self._form is not None
            self._form.fields.append((self._textarea[0], self._textarea[1]))
            self._textarea = None
        elif tag == "button" and self._button is not None:
            name, value, form, label = self._button
            button = (" ".join(label.split()), name, value)
            if form:
                self.elsewhere.append((form, button))
            elif self._form is not None:
                self._form.buttons.append(button)
            self._button = None


def forms_of(page: httpx.Response) -> list[Form]:
    """Give all forms of a page, with the buttons that stand elsewhere and name them."""
    reader = _Reader()
    reader.feed(page.text)
    for form_id, button in reader.elsewhere:
        next(form for form in reader.forms if form.id == form_id).buttons.append(button)
    return reader.forms


async def press(client: httpx.AsyncClient, page: httpx.Response, label: str, **typed: str) -> httpx.Response:
    """Press the first button with this label; gives the page that follows.

    Raises:
        AssertionError: the page has no such button that can be pressed, or the form no such field.
    """
    for form in forms_of(page):
        for found, name, value in form.buttons:
            if found == label:
                assert {field for field, _ in form.fields} >= typed.keys()
                fields = [(field, typed.get(field, text)) for field, text in form.fields]
                data: dict[str, list[str]] = {}
                for field, text in (*fields, *([(name, value)] if name else [])):
                    data.setdefault(field, []).append(text)
                return await client.post(form.action, data=data, follow_redirects=True)
    labels = [button[0] for form in forms_of(page) for button in form.buttons]
    raise AssertionError(f"no button {label!r} on {page.url}; there are {labels}")
