"""The steps of a Change: administration, sessions, consents, stops. All of them happen or none."""

from collections.abc import Callable, Mapping
from typing import Any

from genkan.protocol import certificate_records as c
from genkan.protocol import identity_steps as i
from genkan.protocol import key_steps as k
from genkan.protocol import outcomes as o
from genkan.protocol import passkey_steps as p
from genkan.protocol import phone_check_steps as v
from genkan.protocol import recovery_steps as r
from genkan.protocol import signin_steps as s
from genkan.protocol.moment_steps import Mark, Moment
from genkan.protocol.records import Standing
from genkan.store import rows
from genkan.store.database import Database
from genkan.store.sqlite_certificates import CertificateWrites
from genkan.store.sqlite_identities import IdentityWrites
from genkan.store.sqlite_passkeys import PasskeyWrites
from genkan.store.sqlite_phone_checks import PhoneCheckWrites
from genkan.store.sqlite_recovery import RecoveryWrites
from genkan.store.sqlite_sign_in import SignInWrites
from genkan.store.sqlite_stops import StopWrites
from genkan.store.sqlite_texts import TextIds
from genkan.store.sqlite_tokens import TokenWrites

_ADD_ACCOUNT = """
    INSERT INTO accounts (name, folded, display_name, email, permission, groups, standing, version, locale, time_zone,
        id, stop, created_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_PUT_ACCOUNT = """
    UPDATE accounts SET name = ?, folded = ?, display_name = ?, email = ?, permission = ?, groups = ?,
        standing = ?, version = ?, locale = ?, time_zone = ?
    WHERE id = ? AND version = ? AND NOT EXISTS (SELECT 1 FROM accounts o WHERE o.folded = ? AND o.id <> ?)
"""
_SET_PASSWORD = """
    INSERT INTO passwords (account, hash, changed_at) SELECT number, ?, ? FROM accounts WHERE id = ?
    ON CONFLICT (account) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at
"""
_NO_PASSWORD = "DELETE FROM passwords WHERE account = (SELECT number FROM accounts WHERE id = ?)"
_ADD_LINK = """
    INSERT INTO links (name, kind, redirects, permission, consent, introspect, pkce_required, plain_pkce, standing,
        absolute_lifetime, version, secret, previous_secret, previous_secret_until, ways, max_age, id, client_id, stop,
        created_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_PUT_LINK = """
    UPDATE links SET name = ?, kind = ?, redirects = ?, permission = ?, consent = ?, introspect = ?, pkce_required = ?,
        plain_pkce = ?, standing = ?, absolute_lifetime = ?, version = ?, secret = ?, previous_secret = ?,
        previous_secret_until = ?, ways = ?, max_age = ?
    WHERE id = ? AND version = ?
"""
_END_UNDER = """
    UPDATE grants INDEXED BY grants_by_account SET state = 1, reason = ?, ended_at = ? WHERE state = 0
    AND account = (SELECT number FROM accounts WHERE id = ?) AND link = (SELECT number FROM links WHERE id = ?)
"""
# The site's version moves at the end of a Change; within it, it is what the Change was decided on.
_TURN_MOBILE = "UPDATE site SET mobile_enabled = ?, mobile_link_id = ? WHERE version = ?"
_NAME_SITE = "UPDATE site SET title = ? WHERE version = ?"
_CONSENT = """
    INSERT INTO consents (account, link, mark, scope, given_at)
    SELECT a.number, l.number, ?1, ?2, ?3 FROM accounts a CROSS JOIN links l
    LEFT JOIN consents c ON c.account = a.number AND c.link = l.number
    WHERE a.id = ?4 AND l.id = ?5 AND (?6 OR COALESCE(c.mark, 0) = ?1)
    ON CONFLICT (account, link) DO UPDATE SET mark = excluded.mark, scope = excluded.scope, given_at = excluded.given_at
"""
_OPEN_SESSION = """
    INSERT INTO sessions (account, id, account_stop, method, auth_time, created_at, last_seen, expires_at, user_agent,
        address, certificate, source, upstream_sid)
    SELECT number, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM accounts WHERE id = ?
"""
_CLOSE_SESSION = "DELETE FROM sessions WHERE id = ?"
_PUT_GUESSES = """
    INSERT INTO guesses (key, due, failures)
    SELECT ?1, ?2, ?3 WHERE COALESCE((SELECT failures FROM guesses WHERE key = ?1), 0) = ?3 - 1
    ON CONFLICT (key) DO UPDATE SET due = excluded.due, failures = excluded.failures
"""
_FORGET_GUESSES = "DELETE FROM guesses WHERE key = ?"
_SPEND = "INSERT INTO spent (digest, expires_at) VALUES (?, ?) ON CONFLICT DO NOTHING"
_ADD_KEY = """
    INSERT INTO api_keys
        (id, name, digest, permission, created_at, expires_at, revoked_at, maker, adopted_by, adopted_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_ADOPT_KEY = """
    UPDATE api_keys SET adopted_by = ?, adopted_at = ?, expires_at = ?
    WHERE id = ? AND revoked_at IS NULL AND COALESCE(adopted_by, maker, -1) = ?
"""
_REVOKE_KEY = "UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL"
# Of two first rings, made at two places at once, one is the site's.
_MOVE_RING = """
    UPDATE site SET ring_version = ?1, ring_fingerprint = ?2
    WHERE ring_version < ?1 OR (ring_version = ?1 AND ring_fingerprint = ?2)
"""
_START_SETUP = "UPDATE site SET setup_digest = ?"
_SETUPS = "SELECT setup_digest FROM site"
_ADMINISTRATOR = "SELECT EXISTS (SELECT 1 FROM accounts WHERE standing = 0 AND permission >= 3)"
_KEEP_ADMINISTRATOR = "UPDATE site SET has_administrator = ?1 WHERE has_administrator <> ?1"
# An administrator who allows healing knows of the loss: it is not told again until a new one is found.
_DECIDE_LOSS = "UPDATE site SET heal_until = ?, restored_at = ?, behind_since = 0"
_MARK = {
    Moment.FOUNDED: "UPDATE site SET founded_at = ?",
    Moment.BACKED_UP: "UPDATE site SET backed_up_at = ?",
    Moment.CLOCK_ACCEPTED: "UPDATE site SET clock_accepted_at = ?",
}
_ANNOUNCE = "UPDATE site SET served_url = ?, served_version = ?, served_at = ?"
_NUMBER = "SELECT number FROM accounts WHERE id = ?"
_ERASE_GRANTS = """
    UPDATE grants INDEXED BY grants_by_account SET device = NULL, user_agent = 0, address = '', network = 0
    WHERE account = ?
"""
_ERASE_SESSIONS = "DELETE FROM sessions WHERE account = ?"
_ERASE_CONSENTS = "DELETE FROM consents WHERE account = ?"
_ERASE_IDENTITIES = "DELETE FROM identities WHERE account = ?"
_ERASE_TRIES = "DELETE FROM failed_tries WHERE account = ?"
_ERASE_CODES = "DELETE FROM recovery_codes WHERE account = ?"
_MOVE_SITE = "UPDATE site SET version = version + 1"


class Steps:
    """Runs a Change inside the writer's transaction, under a savepoint of its own."""

    def __init__(self, db: Database, ids: TextIds, tokens: TokenWrites, stops: StopWrites) -> None:
        self._db = db
        self._ids = ids
        self._tokens = tokens
        self._stops = stops
        self._site_moved = False
        self._recovery = recovery = RecoveryWrites(db)
        self._sign_in = sign_in = SignInWrites(db)
        identities = IdentityWrites(db)
        self._certificates = certificates = CertificateWrites(db, ids)
        passkeys = PasskeyWrites(db)
        self._runs: Mapping[type, Callable[[Any], bool]] = {
            o.AddAccount: self._add_account, o.PutAccount: self._put_account, o.SetPassword: self._set_password,
            o.AddLink: self._add_link, o.PutLink: self._put_link, o.RaiseStop: self._raise_stop,
            o.EndGrant: self._end_grant, o.EndGrantsUnder: self._end_grants_under, o.TurnMobile: self._turn_mobile,
            o.GiveConsent: self._give_consent, o.WithdrawConsent: self._withdraw_consent,
            o.OpenSession: self._open_session, o.CloseSession: self._close_session, o.PutGuesses: self._put_guesses,
            o.AddApiKey: self._add_api_key, o.RevokeApiKey: self._revoke_api_key,
            k.AdoptApiKey: self._adopt_api_key, o.MoveRing: self._move_ring,
            o.StartSetup: self._start_setup, o.NeedNoAdministrator: self._need_no_administrator,
            o.NeedAdministrator: self._need_administrator, o.EraseTraces: self._erase_traces,
            o.NeedOwnAddress: sign_in.is_own_address,
            o.DecideLoss: self._decide_loss, o.Announce: self._announce, Mark: self._mark,
            o.NameSite: self._name_site,
            r.NeedPassword: recovery.need_password,
            r.PutRecovery: recovery.put, r.UseRecovery: recovery.use, r.DropRecovery: recovery.drop,
            o.Spend: self._spend, s.PutSignInPolicy: self._put_policy, s.PutRecoveryCodes: sign_in.put_codes,
            s.UseRecoveryCode: sign_in.use_code, s.ForgetFailedTries: sign_in.forget_tries,
            s.NoteFailedTry: sign_in.note_try, s.WhileSignedIn: sign_in.while_signed_in,
            i.AddIdentity: identities.add, i.PutIdentity: identities.put,
            i.RemoveIdentity: identities.remove, i.NoteSource: identities.note,
            c.AddPin: certificates.add_pin, c.DropPin: certificates.drop_pin,
            c.KeepCertificate: certificates.keep, c.RevokeCertificate: certificates.revoke,
            c.MarkChecked: certificates.mark_checked,
            p.AddPasskey: passkeys.add, p.UsePasskey: passkeys.use, p.MarkCloned: passkeys.mark,
            p.RenamePasskey: passkeys.rename, p.RemovePasskey: passkeys.remove, p.NeedWayIn: sign_in.needed_way,
            p.DropPasskeys: passkeys.drop, v.PutPhoneVisit: PhoneCheckWrites(db).put,
        }  # fmt: skip

    def changed(self, change: o.Change) -> bool:
        """All steps in order and the events, or nothing and False from the first step that fails."""
        self._site_moved = False
        self._db.execute("SAVEPOINT change")
        if not all(self._runs[type(step)](step) for step in change.steps):
            self._db.execute("ROLLBACK TO change")
            self._db.execute("RELEASE change")
            # Texts added under the savepoint are gone with it.
            self._ids.clear()
            return False
        for event in change.events:
            self._tokens.event(event)
        if self._site_moved:
            self._db.execute(_MOVE_SITE)
        self._db.execute("RELEASE change")
        return True

    def _did(self, sql: str, *values: Any) -> bool:
        return self._db.execute(sql, values).rowcount == 1

    def _moved_site(self, moved: bool) -> bool:
        self._site_moved = self._site_moved or moved
        return moved

    def _add_account(self, step: o.AddAccount) -> bool:
        account = step.account
        values = rows.account_values(account)
        return self._did(_ADD_ACCOUNT, *values, account.id, account.stop, account.created_at) and self._recount()

    def _put_account(self, step: o.PutAccount) -> bool:
        account = step.account
        self._recovery.raised(account.id, account.permission)
        asked = (account.id, account.version - 1, account.folded, account.id)
        self._recovery.fell(account)
        done = self._did(_PUT_ACCOUNT, *rows.account_values(account), *asked)
        if done and account.standing is Standing.DELETED:
            self._certificates.forget(account.id)
        return done and self._recount()

    def _recount(self) -> bool:
        """Keep the site's knowledge of whether an administrator exists; always True."""
        there = self._db.execute(_ADMINISTRATOR).fetchone()[0]
        self._moved_site(self._did(_KEEP_ADMINISTRATOR, there))
        return True

    def _set_password(self, step: o.SetPassword) -> bool:
        self._recovery.forget(step.account_id)
        if step.hash is not None:
            return self._did(_SET_PASSWORD, step.hash, step.at, step.account_id)
        self._db.execute(_NO_PASSWORD, (step.account_id,))
        return True

    def _add_link(self, step: o.AddLink) -> bool:
        link = step.link
        values = (*rows.link_values(link), link.id, link.client_id, link.stop, link.created_at)
        return self._moved_site(self._did(_ADD_LINK, *values))

    def _put_link(self, step: o.PutLink) -> bool:
        link = step.link
        return self._moved_site(self._did(_PUT_LINK, *rows.link_values(link), link.id, link.version - 1))

    def _raise_stop(self, step: o.RaiseStop) -> bool:
        done = self._stops.raise_stop(step)
        self._moved_site(done and step.subject is o.Subject.LINK)
        return done

    def _end_grant(self, step: o.EndGrant) -> bool:
        self._tokens.end(step.grant_id, step.reason, step.at)
        return True

    def _end_grants_under(self, step: o.EndGrantsUnder) -> bool:
        self._db.execute(_END_UNDER, (self._ids[step.reason], step.at, step.account_id, step.link_id))
        return True

    def _turn_mobile(self, step: o.TurnMobile) -> bool:
        return self._moved_site(self._did(_TURN_MOBILE, step.enabled, step.link_id, step.site_version))

    def _name_site(self, step: o.NameSite) -> bool:
        return self._moved_site(self._did(_NAME_SITE, step.title, step.site_version))

    def _give_consent(self, step: o.GiveConsent) -> bool:
        one = step.consent
        scope = None if one.scope is None else int(one.scope)
        return self._did(_CONSENT, one.mark, scope, one.given_at, one.account_id, one.link_id, False)

    def _withdraw_consent(self, step: o.WithdrawConsent) -> bool:
        return self._did(_CONSENT, step.mark, None, step.at, step.account_id, step.link_id, True)

    def _open_session(self, step: o.OpenSession) -> bool:
        if step.replaces is not None:
            self._db.execute(_CLOSE_SESSION, (step.replaces,))
        return self._did(_OPEN_SESSION, *rows.session_values(step.session, self._ids), step.session.account_id)

    def _close_session(self, step: o.CloseSession) -> bool:
        self._db.execute(_CLOSE_SESSION, (step.session_id,))
        return True

    def _put_guesses(self, step: o.PutGuesses) -> bool:
        return all(self._put_bucket(*bucket) for bucket in step.buckets)

    def _put_bucket(self, key: bytes, due: int, failures: int) -> bool:
        if due:
            return self._did(_PUT_GUESSES, key, due, failures)
        self._db.execute(_FORGET_GUESSES, (key,))
        return True

    def _spend(self, step: o.Spend) -> bool:
        return self._did(_SPEND, step.digest, step.expires_at)

    def _add_api_key(self, step: o.AddApiKey) -> bool:
        k = step.key
        whose = (k.maker, k.adopted_by, k.adopted_at)
        values = (k.id, k.name, k.digest, int(k.permission), k.created_at, k.expires_at, k.revoked_at, *whose)
        return self._did(_ADD_KEY, *values)

    def _adopt_api_key(self, step: k.AdoptApiKey) -> bool:
        owner = -1 if step.owner is None else step.owner
        return self._did(_ADOPT_KEY, step.adopted_by, step.at, step.expires_at, step.key_id, owner)

    def _revoke_api_key(self, step: o.RevokeApiKey) -> bool:
        return self._did(_REVOKE_KEY, step.at, step.key_id)

    def _move_ring(self, step: o.MoveRing) -> bool:
        return self._moved_site(self._did(_MOVE_RING, step.version, step.fingerprint))

    def _start_setup(self, step: o.StartSetup) -> bool:
        """Digests stand one after another, the newest first."""
        digests = step.digest
        if digests is not None:
            kept = self._db.execute(_SETUPS).fetchone()[0] or b""
            digests = (digests + bytes(kept))[: o.MOST_SETUP_LINKS * len(digests)]
        return self._moved_site(self._did(_START_SETUP, digests))

    def _need_no_administrator(self, _: o.NeedNoAdministrator) -> bool:
        return not self._db.execute(_ADMINISTRATOR).fetchone()[0]

    def _need_administrator(self, step: o.NeedAdministrator) -> bool:
        return self._sign_in.administrator_left(step)

    def _put_policy(self, step: s.PutSignInPolicy) -> bool:
        return self._moved_site(self._sign_in.put_policy(step))

    def _erase_traces(self, step: o.EraseTraces) -> bool:
        row = self._db.execute(_NUMBER, (step.account_id,)).fetchone()
        traces = (
            _ERASE_GRANTS, _ERASE_SESSIONS, _ERASE_CONSENTS, _ERASE_IDENTITIES, _ERASE_TRIES, _ERASE_CODES
        )  # fmt: skip
        for erase in traces if row else ():
            self._db.execute(erase, row)
        self._certificates.forget(step.account_id)
        return row is not None

    def _decide_loss(self, step: o.DecideLoss) -> bool:
        return self._moved_site(self._did(_DECIDE_LOSS, step.heal_until, step.restored_at))

    def _mark(self, step: Mark) -> bool:
        return self._did(_MARK[step.moment], step.at)

    def _announce(self, step: o.Announce) -> bool:
        served = step.served
        return self._did(_ANNOUNCE, served.base_url, served.version, served.at)
