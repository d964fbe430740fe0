"""genkan completion: what a shell needs to complete commands and options by the tab key."""

from typing import Annotated, Literal

from cyclopts import Parameter


def completion(
    shell: Annotated[Literal["bash", "zsh", "fish"], Parameter(help="Which shell the script is for.")], /
) -> None:
    """Print a script by which a shell completes genkan's commands and options.

    Example: genkan completion bash
    """
    # The whole of the commands is described in the script, so that pressing the key starts no program.
    from genkan.cli.root import app  # noqa: PLC0415 - this command is one of its own

    print(app.generate_completion(prog_name="genkan", shell=shell))
