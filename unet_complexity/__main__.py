"""What a network costs, from the command line: :mod:`unet_complexity.engineering.command`."""

import gc
import sys

from unet_complexity.engineering.command import main

if __name__ == "__main__":
    gc.disable()  # the process is over soon, and looking for garbage takes a fifth of its time
    status = main()
    gc.freeze()  # nor is any looked for at the exit
    sys.exit(status)
