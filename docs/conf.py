"""What Sphinx is told of the site.  ``python -m tools.site`` calls it on the pages here and the notebooks."""

import os

from unet_complexity import __version__, pix2pix_unet

os.environ.setdefault("KERAS_BACKEND", "jax")  # what explains a Keras layer imports Keras

project = html_title = "What does a U\N{NON-BREAKING HYPHEN}Net cost?"
author = "unet_complexity developers"
project_copyright = "2026, unet_complexity developers. Code: MIT. Text and figures: CC BY 4.0"
version = release = __version__
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "tools.site_pages"]
exclude_patterns = ["explorers/README.md"]
suppress_warnings = ["toc.not_included"]  # the teacher's pages are reached from their first

nb_execution_mode = "off"  # the outputs are committed
nb_custom_formats = {".ipynb": "tools.site_pages.read"}
nb_render_markdown_format = "myst"  # the glossary's tables hold formulas
myst_enable_extensions = ["dollarmath", "substitution"]

asked = pix2pix_unet(side=256, in_channels=3)
decoder = asked.groups("part")["decoder"]
myst_substitutions = {
    "macs": f"{asked.total().macs / 1e9:.2f}",
    "share": f"{100 * decoder.total().macs / asked.total().macs:.2f}",
}

autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False  # a layer lists what is its own
add_module_names = False
python_use_unqualified_type_names = True

html_theme = "furo"
html_static_path = ["_static"]
html_favicon = "_static/favicon.svg"
html_css_files, html_js_files = ["site.css"], ["site.js"]
html_use_index = False
html_domain_indices = False
html_math_renderer = "mathml"
html_show_search_summary = (
    False  # it would fetch pages, which a browser forbids to a page from a folder
)
html_copy_source = False
pygments_style, pygments_dark_style = "a11y-high-contrast-light", "a11y-high-contrast-dark"
