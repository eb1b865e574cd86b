"""`gradcli` and `python -m gradcli`: nothing is imported before interrupts are silent."""

import os


def main() -> None:
    try:
        from gradcli.ending import silent_interrupt

        silent_interrupt()
    except KeyboardInterrupt:
        os._exit(130)
    from gradcli.cli import main as command

    command()


if __name__ == "__main__":
    main()
