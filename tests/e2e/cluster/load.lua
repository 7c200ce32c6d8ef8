-- Predictions over kept connections, and an account of everything that was not a right answer.
local threads = {}
wrk.method = "POST"
wrk.body = io.open(os.getenv("LOAD_BODY")):read("a")
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Host"] = os.getenv("LOAD_HOST")
local pause = tonumber(os.getenv("LOAD_PAUSE_MS"))
wrong = 0

function setup(thread)
    table.insert(threads, thread)
end

if pause > 0 then
    function delay()
        return pause
    end
end

function response(status, headers, body)
    if body ~= '{"prediction":3}' then
        wrong = wrong + 1
    end
end

function done(summary, latency, requests)
    local sum = 0
    for _, thread in ipairs(threads) do
        sum = sum + thread:get("wrong")
    end
    local counts = {}
    for index = 1, #latency do
        table.insert(counts, string.format("[%d,%d]", latency(index)))
    end
    local errors = summary.errors
    io.write(string.format(
        '\n{"requests":%d,"seconds":%.3f,"wrong":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d,"latencies":[%s]}\n',
        summary.requests, summary.duration / 1e6, sum, errors.connect, errors.read, errors.write,
        errors.timeout, table.concat(counts, ",")))
end
