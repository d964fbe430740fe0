// An adapter that keeps everything in the process and forgets it when the process ends. The one that comes with
// oidc-provider keeps 1000 entries only, which would drop tokens that are still in use.

export function adapters() {
  const entries = new Map();
  const members = new Map();
  const indexed = new Map();

  return (model) => ({
    async upsert(id, payload, expiresIn) {
      const key = `${model}:${id}`;
      entries.set(key, { payload, until: expiresIn ? Date.now() + expiresIn * 1000 : Infinity });
      if (payload.grantId) {
        let set = members.get(payload.grantId);
        if (!set) members.set(payload.grantId, (set = new Set()));
        set.add(key);
      }
      if (payload.uid) indexed.set(`${model}:uid:${payload.uid}`, id);
      if (payload.userCode) indexed.set(`${model}:user:${payload.userCode}`, id);
    },

    async find(id) {
      const key = `${model}:${id}`;
      const entry = entries.get(key);
      if (!entry) return undefined;
      if (entry.until > Date.now()) return entry.payload;
      entries.delete(key);
      return undefined;
    },

    async findByUid(uid) {
      return this.find(indexed.get(`${model}:uid:${uid}`));
    },

    async findByUserCode(code) {
      return this.find(indexed.get(`${model}:user:${code}`));
    },

    async consume(id) {
      entries.get(`${model}:${id}`).payload.consumed = Math.floor(Date.now() / 1000);
    },

    async destroy(id) {
      const key = `${model}:${id}`;
      const entry = entries.get(key);
      entries.delete(key);
      if (entry?.payload.grantId) members.get(entry.payload.grantId)?.delete(key);
    },

    async revokeByGrantId(grantId) {
      for (const key of members.get(grantId) ?? []) entries.delete(key);
      members.delete(grantId);
    },
  });
}
