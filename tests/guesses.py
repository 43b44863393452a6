"""What a reader's file of predictions holds, and where a notebook looks for it."""

import json
import os
from importlib import import_module


def guesses_in(file):
    """The guesses without their times."""
    found = json.loads(file.read_text("utf-8"))
    return {name: dated[0] if isinstance(dated, list) else dated for name, dated in found.items()}


def start_in(folder, monkeypatch):
    """Work in a folder as a notebook does whose kernel was started there."""
    ledger = import_module("unet_complexity.checks.ledger")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(ledger, "_folder", folder)
    monkeypatch.setattr(ledger, "_start", os.stat(folder))
    return folder / "my-predictions.json"
