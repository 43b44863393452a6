"""What a network costs, from the command line: :mod:`unet_complexity.engineering.command`."""

from unet_complexity.engineering.command import run

if __name__ == "__main__":
    run()
