"""What a network costs, from the command line: :mod:`unet_complexity.engineering.command`."""

import sys

from unet_complexity.engineering.command import main

if __name__ == "__main__":
    sys.exit(main())
