-- Sixteen requests in one packet.
init = function()
  local one = wrk.format("GET")
  local all = {}
  for i = 1, 16 do all[i] = one end
  pipeline = table.concat(all)
end

request = function() return pipeline end
