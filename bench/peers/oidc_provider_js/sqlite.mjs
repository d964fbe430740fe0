// An adapter on SQLite whose every write is on disk before it is acknowledged (WAL, synchronous=FULL), with prepared
// statements, one table, and an index for each way in that oidc-provider uses.

import { createRequire } from 'node:module';

export function adapters(home, path) {
  const Database = createRequire(`${home}/`)('better-sqlite3');
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.exec(`
    CREATE TABLE IF NOT EXISTS artifact (
      model TEXT NOT NULL, id TEXT NOT NULL, payload TEXT NOT NULL, grant_id TEXT, uid TEXT, user_code TEXT,
      consumed INTEGER, expires INTEGER, PRIMARY KEY (model, id)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS artifact_grant ON artifact (grant_id) WHERE grant_id IS NOT NULL;
    CREATE INDEX IF NOT EXISTS artifact_uid ON artifact (model, uid) WHERE uid IS NOT NULL;
    CREATE INDEX IF NOT EXISTS artifact_user_code ON artifact (model, user_code) WHERE user_code IS NOT NULL;
  `);

  const put = db.prepare(`
    INSERT INTO artifact (model, id, payload, grant_id, uid, user_code, expires) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (model, id) DO UPDATE SET payload = excluded.payload, grant_id = excluded.grant_id,
      uid = excluded.uid, user_code = excluded.user_code, expires = excluded.expires`);
  const byId = db.prepare('SELECT payload, consumed, expires FROM artifact WHERE model = ? AND id = ?');
  const byUid = db.prepare('SELECT payload, consumed, expires FROM artifact WHERE model = ? AND uid = ?');
  const byUserCode = db.prepare('SELECT payload, consumed, expires FROM artifact WHERE model = ? AND user_code = ?');
  const spend = db.prepare('UPDATE artifact SET consumed = ? WHERE model = ? AND id = ?');
  const drop = db.prepare('DELETE FROM artifact WHERE model = ? AND id = ?');
  const dropGrant = db.prepare('DELETE FROM artifact WHERE grant_id = ?');

  const seconds = () => Math.floor(Date.now() / 1000);
  const live = (row) => {
    if (!row || (row.expires && row.expires < seconds())) return undefined;
    const payload = JSON.parse(row.payload);
    return row.consumed ? { ...payload, consumed: row.consumed } : payload;
  };

  return (model) => ({
    async upsert(id, payload, expiresIn) {
      const until = expiresIn ? seconds() + expiresIn : null;
      put.run(model, id, JSON.stringify(payload), payload.grantId ?? null, payload.uid ?? null, payload.userCode ?? null, until);
    },
    async find(id) {
      return live(byId.get(model, id));
    },
    async findByUid(uid) {
      return live(byUid.get(model, uid));
    },
    async findByUserCode(code) {
      return live(byUserCode.get(model, code));
    },
    async consume(id) {
      spend.run(seconds(), model, id);
    },
    async destroy(id) {
      drop.run(model, id);
    },
    async revokeByGrantId(grantId) {
      dropGrant.run(grantId);
    },
  });
}
