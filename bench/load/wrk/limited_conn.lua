-- Every tenth request asks for the end of its connection, and wrk opens another.
local count = 0

init = function()
  keep = wrk.format("GET")
  close = wrk.format("GET", nil, { ["Connection"] = "close" })
end

request = function()
  count = count + 1
  return count % 10 == 0 and close or keep
end
