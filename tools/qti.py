"""Questions for a learning platform: QTI 1.2, which Canvas and others import, and GIFT, which Moodle imports.

QTI 1.2 is the IMS consortium's *Question and Test Interoperability*, ASI binding of 2002; GIFT is Moodle's own form.
"""

import io
import re
import zipfile
from xml.etree import ElementTree as ET

from unet_complexity.checks.quiz import Question

NAMESPACE = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"
CONTENT = "http://www.imsglobal.org/xsd/imscp_v1p1"
DATE = (2000, 1, 1, 0, 0, 0)  # the same questions make the same bytes
LETTERS = "abcd"


def package(name: str, title: str, asked: list[Question]) -> bytes:
    """Return the zip that a platform imports.

    Args:
        name: the identifier of the test and of its file, letters, digits and hyphens.
        title: what the platform shows.
        asked: the questions, each with four options.
    """
    manifest = _node("manifest", identifier=f"{name}-manifest", xmlns=CONTENT)
    _node("organizations", manifest)
    resources = _node("resources", manifest)
    file = f"{name}.xml"
    resource = _node("resource", resources, identifier=name, type="imsqti_xmlv1p2", href=file)
    _node("file", resource, href=file)
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        for member, tree in (("imsmanifest.xml", manifest), (file, assessment(name, title, asked))):
            text = ET.tostring(tree, encoding="UTF-8", xml_declaration=True)
            archive.writestr(zipfile.ZipInfo(member, DATE), text, zipfile.ZIP_DEFLATED)
    return kept.getvalue()


def assessment(name: str, title: str, asked: list[Question]) -> ET.Element:
    """Return the questions as one QTI assessment with one section."""
    root = _node("questestinterop", xmlns=NAMESPACE)
    whole = _node("assessment", root, ident=name, title=title)
    section = _node("section", whole, ident=f"{name}-section")
    for place, question in enumerate(asked, start=1):
        item = _node("item", section, ident=f"{name}-{place}", title=f"Question {place}")
        _add(item, question)
    return root


def _add(item: ET.Element, question: Question) -> None:
    """Add what is shown, what is right, and a sentence for each option."""
    fields = _node("qtimetadata", _node("itemmetadata", item))
    for label, entry in (("question_type", "multiple_choice_question"), ("points_possible", "1")):
        field = _node("qtimetadatafield", fields)
        _node("fieldlabel", field, label)
        _node("fieldentry", field, entry)
    presentation = _node("presentation", item)
    _material(presentation, question.asked)
    response = _node("response_lid", presentation, ident="response", rcardinality="Single")
    choices = _node("render_choice", response)
    processing = _node("resprocessing", item)
    _node("decvar", _node("outcomes", processing), varname="SCORE", vartype="Decimal",
          minvalue="0", maxvalue="100")  # fmt: skip
    for place, (option, why) in enumerate(question.options.items()):
        letter = LETTERS[place]
        _material(_node("response_label", choices, ident=letter), option)
        condition = _node("respcondition", processing, **{"continue": "Yes"})
        chosen = _node("conditionvar", condition)
        _node("varequal", chosen, letter, respident="response")
        if place == question.right:
            _node("setvar", condition, "100", action="Set", varname="SCORE")
        _node("displayfeedback", condition, feedbacktype="Response", linkrefid=f"why-{letter}")
        feedback = _node("itemfeedback", item, ident=f"why-{letter}")
        _material(_node("flow_mat", feedback), why or "Yes.")


def _material(parent: ET.Element, text: str) -> None:
    _node("mattext", _node("material", parent), plain(text), texttype="text/plain")


def _node(
    tag: str, parent: ET.Element | None = None, text: str | None = None, **more: str
) -> ET.Element:
    node = ET.Element(tag, more) if parent is None else ET.SubElement(parent, tag, more)
    node.text = text
    return node


def plain(text: str) -> str:
    """Return a question's text without its marks for code."""
    return text.replace("`", "")


def gift(asked: list[Question]) -> str:
    """Return the questions as a file for Moodle's question bank."""
    return (
        "\n\n".join(
            f"::Question {place}::{_escaped(question.asked)} {{\n{_options(question)}\n}}"
            for place, question in enumerate(asked, start=1)
        )
        + "\n"
    )


def _options(question: Question) -> str:
    lines = []
    for place, (option, why) in enumerate(question.options.items()):
        sign = "=" if place == question.right else "~"
        lines.append(f"  {sign}{_escaped(option)}#{_escaped(why or 'Yes.')}")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return re.sub(r"([~=#{}:\\])", r"\\\1", plain(text))
