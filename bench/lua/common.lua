-- Shared by the load scripts: the data of a run, counting, and the report that the harness reads.
-- wrk keeps one Lua state per thread and never tells a response which connection it came from.

local common = {}

common.data = dofile(os.getenv("BENCH_DATA"))

-- Globals, because the main state reads them from a thread's state by name.
right, wrong, first_wrong = 0, 0, ""
latencies, leftover = {}, {}

function common.refuse(what, status, body)
  wrong = wrong + 1
  if first_wrong == "" then
    first_wrong = what .. ": status " .. tostring(status) .. ", " .. string.sub(body or "", 1, 300)
  end
end

function common.escape(text)
  return (string.gsub(text, "[^%w%-%._~]", function(c) return string.format("%%%02X", string.byte(c)) end))
end

function common.post(path, form, more)
  return "POST " .. path .. " HTTP/1.1\r\nHost: " .. common.data.host
    .. "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " .. #form
    .. "\r\n" .. (more or "") .. "\r\n" .. form
end

function common.text_of(body, name)
  return string.match(body, '"' .. name .. '"%s*:%s*"([^"\\]+)"')
end

-- The tokens of an answer, or nil when anything that RFC 6749 5.1 demands is missing.
function common.tokens(status, body)
  if status ~= 200 or string.sub(body, 1, 1) ~= "{" or not string.find(body, "}%s*$") then return nil end
  local access, renew = common.text_of(body, "access_token"), common.text_of(body, "refresh_token")
  local kind = common.text_of(body, "token_type")
  local left = tonumber(string.match(body, '"expires_in"%s*:%s*(%d+)%s*[,}]'))
  if not (access and renew and kind and left) or left <= 0 or string.lower(kind) ~= "bearer" then return nil end
  return access, renew
end

local ffi = require("ffi")
ffi.cdef("typedef struct { long seconds; long nanoseconds; } bench_time; int clock_gettime(int, bench_time *);")
local clock = ffi.new("bench_time")
function common.now_us()
  ffi.C.clock_gettime(1, clock)
  return tonumber(clock.seconds) * 1e6 + tonumber(clock.nanoseconds) / 1e3
end

-- Several ports are several nodes of one site: the threads are shared out among them.
local threads, nodes = {}, {}
function setup(thread)
  for index, port in ipairs(nodes[1] and {} or common.data.ports) do
    nodes[index] = wrk.lookup("127.0.0.1", port)[1]
  end
  threads[#threads + 1] = thread
  thread:set("number", #threads)
  thread.addr = nodes[(#threads - 1) % #nodes + 1]
end

-- wrk calls request() once on the first thread before the load, to see that it is well formed; that call sends nothing.
local probed = false
function common.is_probe()
  if probed or number ~= 1 then return false end
  probed = true
  return true
end

local function quoted(text)
  return '"' .. string.gsub(text, '[%c"\\\127-\255]', function(c) return string.format("\\u%04x", string.byte(c)) end) .. '"'
end

local function array(list)
  return "[" .. table.concat(list, ",") .. "]"
end

function done(summary, latency, requests)
  local sum = { right = 0, wrong = 0 }
  local spent, left, fault = {}, {}, ""
  for _, thread in ipairs(threads) do
    sum.right = sum.right + thread:get("right")
    sum.wrong = sum.wrong + thread:get("wrong")
    if fault == "" then fault = thread:get("first_wrong") end
    for _, value in ipairs(thread:get("latencies") or {}) do spent[#spent + 1] = string.format("%d", value) end
    for _, value in ipairs(thread:get("leftover") or {}) do left[#left + 1] = quoted(value) end
  end
  local errors = summary.errors
  local file = io.open(os.getenv("BENCH_RESULT"), "w")
  file:write(string.format(
    '{"right":%d,"wrong":%d,"answers":%d,"duration_us":%d,"socket_errors":%d,"timeouts":%d,"p50_us":%d,"p99_us":%d,',
    sum.right, sum.wrong, summary.requests, summary.duration, errors.connect + errors.read + errors.write,
    errors.timeout, latency:percentile(50), latency:percentile(99)))
  file:write('"first_wrong":', quoted(fault), ',"latencies_us":', array(spent), ',"leftover":', array(left), "}\n")
  file:close()
end

return common
