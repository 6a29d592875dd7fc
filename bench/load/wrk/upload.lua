-- A body of 20 MB.
wrk.method = "POST"
wrk.body = string.rep("x", 20000000)
wrk.headers["Content-Type"] = "application/octet-stream"
