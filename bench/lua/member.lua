-- S3, S4, S5: the same questions in turn; an answer is right when its body is one that the harness has parsed and judged
-- before, and (where asked) a header says what it must.

local common = dofile(os.getenv("BENCH_LUA") .. "/common.lua")
local data = common.data
local requests, known, index = data.requests, {}, 0
for _, body in ipairs(data.bodies) do known[body] = true end

function request()
  index = index % #requests + 1
  return requests[index]
end

function response(status, headers, body)
  local said = true
  if data.header then
    local value = headers[data.header] or headers[string.lower(data.header)]
    said = value == data.header_value
  end
  if status == 200 and known[body] and said then
    right = right + 1
  else
    common.refuse("answer", status, body)
  end
end
