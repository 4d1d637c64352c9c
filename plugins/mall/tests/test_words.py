import ast
import re
from importlib.resources import files

import pytest
from babel.messages.pofile import read_po
from jinja2 import Environment

PACKAGE = files("headgate_mall")
TEMPLATES = sorted((PACKAGE / "templates" / "mall").iterdir(), key=lambda path: path.name)


def catalogue():
    found = {}
    for path in (PACKAGE / "locale").glob("zh_CN*.po"):
        with path.open("rb") as stream:
            found |= {message.id: message.string for message in read_po(stream) if message.id}
    return found


def msgids_of_templates():
    environment = Environment(extensions=["jinja2.ext.i18n"])
    for template in TEMPLATES:
        source = template.read_text()
        yield from (text for _, _, text in environment.extract_translations(source, ("_",)) if text)


def msgids_of_code():
    for module in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "N_":
                yield node.args[0].value


def test_every_word_is_translated_and_none_is_left_over():
    used = {*msgids_of_templates(), *msgids_of_code()}
    assert len(used) > 50
    assert set(catalogue()) == used


def test_a_translation_has_the_parameters_of_its_source():
    for source, chinese in catalogue().items():
        assert chinese
        assert set(re.findall(r"\{\w+\}", source)) == set(re.findall(r"\{\w+\}", chinese)), source


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_compiles_and_names_only_templates_that_exist(template):
    source = template.read_text()
    Environment().compile(source)
    known = {f"mall/{path.name}" for path in TEMPLATES}
    assert set(re.findall(r'"(mall/[\w.]+)"', source)) <= known
