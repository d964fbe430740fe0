-- S2, S2c: the whole flow as a state machine, one connection a thread, so that each state belongs to one browser:
-- authorize -> (follow redirects, answer the consent page) -> back at the client with a code -> token. One unit is one
-- flow whose tokens arrived. Forms are filled as a browser fills them; the cookie jar keeps what the site sets.

local common = dofile(os.getenv("BENCH_LUA") .. "/common.lua")
local data = common.data
local pairs_of = data.pkce
local origin = "http://" .. data.host
local jar, step, began, flow, here = {}, "authorize", 0, 0, ""
local pending, state, verifier

function init()
  for name, value in string.gmatch(data.cookies[(number - 1) % #data.cookies + 1], "([^=; ]+)=([^; ]*)") do
    jar[name] = value
  end
  latencies, leftover = {}, {}
end

local function cookie_line()
  local all = {}
  for name, value in pairs(jar) do all[#all + 1] = name .. "=" .. value end
  if #all == 0 then return "" end
  return "Cookie: " .. table.concat(all, "; ") .. "\r\n"
end

local function keep(line)
  local name, value = string.match(line, "^%s*([^=;]+)=([^;]*)")
  if not name then return end
  if value == "" or string.find(string.lower(line), "max-age=0", 1, true) then jar[name] = nil else jar[name] = value end
end

-- wrk shows a script one of several headers of a name, so a peer that sets several cookies repeats them in X-Cookies.
local function keep_cookies(headers)
  local several = headers["X-Cookies"] or headers["x-cookies"]
  if several then
    for line in string.gmatch(several, "[^|]+") do keep(line) end
  else
    local one = headers["Set-Cookie"] or headers["set-cookie"]
    if one then keep(one) end
  end
end

local function get(path)
  here = path
  return "GET " .. path .. " HTTP/1.1\r\nHost: " .. data.host .. "\r\n" .. cookie_line() .. "\r\n"
end

local function authorize()
  flow = flow + 1
  local pair = pairs_of[(number * 7919 + flow) % #pairs_of + 1]
  state, verifier = string.format("s%d.%d", number, flow), pair.verifier
  began = common.now_us()
  return get(data.authorize .. "&state=" .. state .. "&code_challenge=" .. pair.challenge)
end

local function exchange(code)
  local form = "grant_type=authorization_code" .. data.authentication .. "&redirect_uri=" .. common.escape(data.redirect)
    .. "&code_verifier=" .. verifier .. "&code=" .. common.escape(code)
  if data.fresh_device then form = form .. "&device_id=" .. string.format("%s-%d-%d", data.run, number, flow) end
  return common.post(data.token, form)
end

function request()
  if common.is_probe() then return get(data.authorize) end
  local now = pending
  pending = nil
  if now then return now end
  step = "authorize"
  return authorize()
end

local entities = { ["&amp;"] = "&", ["&lt;"] = "<", ["&gt;"] = ">", ["&quot;"] = '"', ["&#34;"] = '"', ["&#39;"] = "'", ["&#x27;"] = "'" }
local function unescaped(text)
  return (string.gsub(text, "&[#%w]+;", entities))
end

local function attribute(tag, name)
  local value = string.match(tag, "[%s\"]" .. name .. '%s*=%s*"([^"]*)"')
  return value and unescaped(value)
end

local function on_site(url)
  if string.sub(url, 1, #origin) == origin then url = string.sub(url, #origin + 1) end
  if string.sub(url, 1, 1) == "/" then return url end
  return nil
end

-- The form that holds the consenting button, filled and sent; nil when the page has none.
local function consent(body)
  for head, inside in string.gmatch(body, "<form([^>]*)>(.-)</form>") do
    if string.find(inside, 'name="' .. data.allow_name .. '"', 1, true) then
      local fields = {}
      for tag in string.gmatch(inside, "<input([^>]*)>") do
        if attribute(tag, "type") == "hidden" then
          fields[#fields + 1] = common.escape(attribute(tag, "name")) .. "=" .. common.escape(attribute(tag, "value") or "")
        end
      end
      fields[#fields + 1] = data.allow_name .. "=" .. data.allow_value
      local action = attribute(head, "action")
      local target = on_site(action and action ~= "" and action or here)
      return target and common.post(target, table.concat(fields, "&"), cookie_line() .. "Origin: " .. origin .. "\r\n")
    end
  end
end

local function back_at_client(url)
  return string.sub(url, 1, #data.redirect + 1) == data.redirect .. "?"
end

local function way_back(body)
  for tag in string.gmatch(body, "<a([^>]*)>") do
    local href = attribute(tag, "href")
    if href and back_at_client(href) then return href end
  end
end

local function take_code(url, status, body)
  local code, echoed = string.match(url, "[?&]code=([^&#]+)"), string.match(url, "[?&]state=([^&#]+)")
  if not code or echoed ~= state then return common.refuse("authorization answer", status, url .. " " .. body) end
  pending, step = exchange(string.gsub(code, "%%(%x%x)", function(h) return string.char(tonumber(h, 16)) end)), "token"
end

local function take_tokens(status, body)
  local access, renew = common.tokens(status, body)
  if not access then return common.refuse("code exchange", status, body) end
  right = right + 1
  latencies[#latencies + 1] = common.now_us() - began
  leftover[1], leftover[2] = access, renew
end

function response(status, headers, body)
  if step == "token" then return take_tokens(status, body) end
  keep_cookies(headers)
  local target = headers["Location"] or headers["location"]
  if target and status >= 301 and status <= 303 then
    if back_at_client(target) then return take_code(target, status, body) end
    local path = on_site(target)
    if not path then return common.refuse("redirect", status, target) end
    pending = get(path)
  elseif status == 200 then
    local back = way_back(body)
    if back then return take_code(back, status, body) end
    pending = consent(body)
    if not pending then common.refuse("page", status, body) end
  else
    common.refuse("authorization request", status, body)
  end
end
