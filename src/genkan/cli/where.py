"""genkan where: the address and the data folder that the settings give, for whoever starts the site. Opens nothing."""

from pathlib import Path

from genkan.cli.output import say
from genkan.cli.workbench import DataDir, load_settings, told


@told
def where(*, data_dir: DataDir = None) -> None:
    """Print the site's address, then its data folder, one a line, as this terminal's settings give them.

    Example: genkan where
    """
    settings = load_settings(data_dir)
    say(settings.public.text)
    say(str(Path(settings.data_dir).absolute()))
