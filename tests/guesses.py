"""What a reader's file of predictions holds."""

import json


def guesses_in(file):
    """The guesses without their times."""
    found = json.loads(file.read_text("utf-8"))
    return {name: dated[0] if isinstance(dated, list) else dated for name, dated in found.items()}
