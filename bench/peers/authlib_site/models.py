"""The tables: Authlib's own for clients, codes and tokens, and those of people and their consents."""

import os
import time

from authlib.integrations.sqla_oauth2 import OAuth2AuthorizationCodeMixin, OAuth2ClientMixin, OAuth2TokenMixin
from sqlalchemy import Column, ForeignKey, Integer, String, create_engine, event
from sqlalchemy.orm import declarative_base, relationship, scoped_session, sessionmaker

engine = create_engine(f"sqlite:///{os.environ['PEER_DATABASE']}", connect_args={"timeout": 30})
Session = scoped_session(sessionmaker(engine, expire_on_commit=False))
Base = declarative_base()


@event.listens_for(engine, "connect")
def durable(connection, record):
    """Each acknowledged write is on disk."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


class Person(Base):
    __tablename__ = "person"
    id = Column(Integer, primary_key=True)
    name = Column(String(40), unique=True, nullable=False)
    password = Column(String(200), nullable=False)

    def get_user_id(self):
        return self.id


class Client(Base, OAuth2ClientMixin):
    __tablename__ = "client"
    id = Column(Integer, primary_key=True)


class Code(Base, OAuth2AuthorizationCodeMixin):
    __tablename__ = "code"
    id = Column(Integer, primary_key=True)
    person_id = Column(ForeignKey("person.id"))
    person = relationship(Person, lazy="joined")


class Token(Base, OAuth2TokenMixin):
    __tablename__ = "token"
    id = Column(Integer, primary_key=True)
    user_id = Column(ForeignKey("person.id"))
    person = relationship(Person, lazy="joined")

    def is_refresh_token_active(self):
        return not self.refresh_token_revoked_at and self.issued_at + 90 * 86400 > time.time()


class Consent(Base):
    __tablename__ = "consent"
    person_id = Column(ForeignKey("person.id"), primary_key=True)
    client_id = Column(String(48), primary_key=True)
    scope = Column(String(200), nullable=False)
