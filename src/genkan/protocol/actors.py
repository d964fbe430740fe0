"""Who acts, as the audit names them, and from where: the address travels with the name through every decision."""


class Actor(str):
    """The audit's name of somebody who came over the network, and their address; a command has the plain name."""

    __slots__ = ("address",)
    address: str

    def __new__(cls, name: str, address: str) -> "Actor":
        """The name is the text; two of the same name are equal wherever they are."""
        made = super().__new__(cls, name)
        made.address = address
        return made


def address_of(actor: str) -> str:
    """From where somebody acts; empty for who sits at the machine itself."""
    return actor.address if isinstance(actor, Actor) else ""
