-- S1: every sign-in refreshes with the token it got last. A request takes a token out of the queue, its answer puts the
-- successor at the end; a token that was lost or refused is therefore never used again, and every successor is.

local common = dofile(os.getenv("BENCH_LUA") .. "/common.lua")
local data = common.data
local ring, size, head, count = {}, 0, 1, 0
local before = "grant_type=refresh_token" .. data.authentication .. "&refresh_token="

-- Each thread (there are several where there are several nodes) has sign-ins of its own.
function init()
  for index = number, #data.tokens, #data.ports do ring[#ring + 1] = data.tokens[index] end
  size, count, leftover = #ring, #ring, ring
end

if data.pause_ms then
  function delay() return math.random(0, 2 * data.pause_ms) end
end

function request()
  if common.is_probe() then return common.post(data.path, before) end
  if count == 0 then error("no sign-in is left to refresh") end
  local token = ring[head]
  ring[head] = ""
  head, count = head % size + 1, count - 1
  return common.post(data.path, before .. common.escape(token))
end

function response(status, headers, body)
  local access, renew = common.tokens(status, body)
  if not access or access == renew then return common.refuse("refresh", status, body) end
  right = right + 1
  ring[(head + count - 1) % size + 1] = renew
  count = count + 1
end
