"""Totals as formulas, as the package prints and counts them: a picture must show the same."""

from unet_complexity.explorers.unets import templates, unets

LETTERS = {
    "N": "side",
    "C_in": "in_channels",
    "C_out": "out_channels",
    "g": "base_filters",
    "k": "kernel_size",
    "L": "depth",
    "q": "doublings",
}
NAMES = {"params": "parameters", "macs": "MACs", "memory": "activation elements"}


def filled(network, letters, totals):
    """Each total as four texts: name, formula in letters, in numbers ("" if it has none), and value."""
    names = {letter: letter for letter in letters}
    texts = []
    for name, form in templates(network).items():
        in_letters, in_numbers = form.format(**names), form.format(**letters)
        both = ["", ""] if in_letters == in_numbers else [in_letters, in_numbers]
        texts.append([NAMES[name], *both, f"{totals[name]:,}"])
    return texts


def of_levels(explorer):
    """The totals of a LevelsExplorer's network."""
    if explorer.family == "classic":
        shape = f"classic {explorer.up}"
    else:
        shape = f"pix2pix {'capped' if explorer.depth >= explorer.doublings + 2 else 'rising'}"
    letters = {letter: getattr(explorer, name) for letter, name in LETTERS.items()}
    return filled(unets()[shape], letters, explorer.numbers)
