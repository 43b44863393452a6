"""A picture drawn anew keeps the elements that are the same, and looks as if drawn for the first time."""

import random
from importlib.resources import files

STATIC = files("unet_complexity.explorers") / "static"
HELPERS = "const h = (tag) => document.createElement(tag);\n"
ALL = """(pictures) => {
    const place = document.body.appendChild(h("div")), fresh = h("div"), show = pictureIn(place);
    return pictures.map((picture) => {
        const before = new Set(place.querySelectorAll("*"));
        show(picture);
        fresh.innerHTML = picture;
        const now = [...place.firstChild.children];
        return [place.innerHTML, fresh.innerHTML, now.filter((one) => before.has(one)).length];
    });
}"""
ELEMENTS = [
    '<rect x="1" y="2" class="a &gt; b" />',
    '<g class="mark" aria-label="&quot;x&quot; &lt;b&gt;"><g><rect x="3"/></g><text>1 &amp; 2</text></g>',
    *(f'<text x="{i}">{i}</text>' for i in range(10)),
    "<text></text>",
    '<path d="M1 2h3"/>',
]


def picture(elements, height=100):
    inner = "".join(elements)
    return f'<svg viewBox="0 0 10 {height}" aria-label="of {height}">{inner}</svg>'


def drawn(page, pictures):
    page.goto("about:blank")
    page.add_script_tag(content=HELPERS + (STATIC / "redraw.js").read_text("utf-8"))
    return page.evaluate(ALL, pictures)


def test_whatever_was_there_before_the_picture_is_the_one_that_was_asked_for(page):
    chance = random.Random(7)
    pictures = [
        picture(chance.choices(ELEMENTS, k=chance.randrange(12)), chance.choice((50, 100)))
        for _ in range(400)
    ]
    pictures += [
        picture(
            chance.sample(ELEMENTS, chance.randrange(6, len(ELEMENTS))), chance.choice((50, 100))
        )
        for _ in range(400)
    ]
    assert [(shown, wanted) for shown, wanted, _ in drawn(page, pictures) if shown != wanted] == []


def test_elements_that_are_the_same_stay(page):
    texts = [f"<text>{i}</text>" for i in range(10)]
    changed = [*texts[:4], "<text>new</text>", *texts[5:]]
    added = ["<g><text>first</text></g>", *changed]
    other = [f'<rect x="{i}"/>' for i in range(8)] + added[:2]
    pictures = [picture(one) for one in (texts, changed, added, texts, other)]
    assert [stay for _, _, stay in drawn(page, pictures)] == [0, 9, 10, 9, 0]
