-- Sends one shape of request, as the file named after `--` describes it, and prints what came of it as JSON.
-- Each request has an id of its own (same length); heads take turns, one for each session.
local shape, turn, id

function init(args)
  shape = dofile(args[1])
  turn, id = 0, 10000000
end

function request()
  id = id + 1
  turn = turn % #shape.heads + 1
  return shape.heads[turn] .. shape.before .. id .. shape.after
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"seconds":%.6f,"bytes":%d,"refused":%d,"broken":%d,"p50":%.1f,"p99":%.1f,"max":%.1f}\n',
    summary.requests, summary.duration / 1e6, summary.bytes, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end
