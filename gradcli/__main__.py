"""`gradcli` and `python -m gradcli`."""

from __future__ import annotations

from typing import NoReturn

from gradcli.ending import silent_interrupt


def main() -> NoReturn:
    silent_interrupt()
    from gradcli.cli import main as command

    command()


if __name__ == "__main__":
    main()
