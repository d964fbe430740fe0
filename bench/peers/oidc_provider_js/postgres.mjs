// An adapter on PostgreSQL through `pg`: one table with the payload as jsonb, an index for each way in that oidc-provider
// uses, a pool that stays open, and named statements, which the server plans once a connection.

import { createRequire } from 'node:module';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS artifact (
    model text NOT NULL, id text NOT NULL, payload jsonb NOT NULL, grant_id text, uid text, user_code text,
    consumed bigint, expires bigint, PRIMARY KEY (id, model)
  );
  CREATE INDEX IF NOT EXISTS artifact_grant ON artifact (grant_id) WHERE grant_id IS NOT NULL;
  CREATE INDEX IF NOT EXISTS artifact_uid ON artifact (uid, model) WHERE uid IS NOT NULL;
  CREATE INDEX IF NOT EXISTS artifact_user_code ON artifact (user_code, model) WHERE user_code IS NOT NULL;`;

const STATEMENTS = {
  put: `INSERT INTO artifact (model, id, payload, grant_id, uid, user_code, expires) VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (id, model) DO UPDATE SET payload = excluded.payload, grant_id = excluded.grant_id, uid = excluded.uid,
      user_code = excluded.user_code, expires = excluded.expires`,
  byId: 'SELECT payload, consumed, expires FROM artifact WHERE model = $1 AND id = $2',
  byUid: 'SELECT payload, consumed, expires FROM artifact WHERE model = $1 AND uid = $2',
  byUserCode: 'SELECT payload, consumed, expires FROM artifact WHERE model = $1 AND user_code = $2',
  spend: 'UPDATE artifact SET consumed = $3 WHERE model = $1 AND id = $2',
  drop: 'DELETE FROM artifact WHERE model = $1 AND id = $2',
  dropGrant: 'DELETE FROM artifact WHERE grant_id = $1',
};

export async function adapters(home, url) {
  const { Pool } = createRequire(`${home}/`)('pg');
  // The address as the other peers get it; pg wants a socket's folder apart.
  const { username, pathname, searchParams } = new URL(url.replace('@/', '@localhost/'));
  const pool = new Pool({
    user: username, database: pathname.slice(1), host: searchParams.get('host'), max: 10, idleTimeoutMillis: 0,
  });
  await pool.query(SCHEMA);

  const ask = (name, ...values) => pool.query({ name, text: STATEMENTS[name], values });
  const seconds = () => Math.floor(Date.now() / 1000);
  const live = ({ rows: [row] }) => {
    // bigint arrives as text, since it may be more than a number holds.
    if (!row || (row.expires && Number(row.expires) < seconds())) return undefined;
    return row.consumed ? { ...row.payload, consumed: Number(row.consumed) } : row.payload;
  };

  return (model) => ({
    async upsert(id, payload, expiresIn) {
      const until = expiresIn ? seconds() + expiresIn : null;
      await ask('put', model, id, payload, payload.grantId ?? null, payload.uid ?? null, payload.userCode ?? null, until);
    },
    async find(id) {
      return live(await ask('byId', model, id));
    },
    async findByUid(uid) {
      return live(await ask('byUid', model, uid));
    },
    async findByUserCode(code) {
      return live(await ask('byUserCode', model, code));
    },
    async consume(id) {
      await ask('spend', model, id, seconds());
    },
    async destroy(id) {
      await ask('drop', model, id);
    },
    async revokeByGrantId(grantId) {
      await ask('dropGrant', grantId);
    },
  });
}
