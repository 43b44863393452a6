"""What the project's maintainers run, and its tests import; no part of the installed package."""
