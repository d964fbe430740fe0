"""genkan deploy: writes files for container engines. What is in them is ``genkan.ops.deployment``'s."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from genkan.cli.output import say
from genkan.cli.workbench import SET_UP, DataDir, Stop, served_settings, told
from genkan.ops import deployment

app = cyclopts.App(name="deploy")

Into = Annotated[Path, Parameter(help="The folder to write into; it is made.")]
Image = Annotated[str, Parameter(help="The image's name, with its tag.")]


@app.command
@told
def compose(*, into: Into = Path(), image: Image = "genkan", data_dir: DataDir = None) -> None:
    """Write compose.yaml: this site with its settings on one host, on PostgreSQL behind Caddy.

    Example: genkan deploy compose --into site --image registry.example.com/genkan:0.1.0
    """
    settings = served_settings(data_dir)
    _write(into, deployment.compose(settings, image))
    say(f"beside it: genkan proxy caddy --upstream genkan:{settings.port} --log-file /dev/stdout > Caddyfile")


@app.command
@told
def kubernetes(*, into: Into = Path(), image: Image = "genkan", data_dir: DataDir = None) -> None:
    """Write the files of a Kubernetes deployment of this site with its settings; apply them in the order told.

    A secret.yaml that is there stays as it is: it has your secrets by then.

    Example: genkan deploy kubernetes --into site --image registry.example.com/genkan:0.1.0
    """
    _write(into, deployment.kubernetes(served_settings(data_dir), image))


def _write(into: Path, files: Mapping[str, str]) -> None:
    try:
        into.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            place = into / name
            if name == deployment.SECRETS and place.exists():
                say(f"kept {place}")
                continue
            place.write_text(text, "utf-8")
            say(f"wrote {place}")
    except OSError as problem:
        raise Stop(f"{problem.filename} cannot be written: {problem.strerror}", SET_UP) from None
