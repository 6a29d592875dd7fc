import { assertEquals, assertThrows } from "@std/assert";
import { parseTime, parseWrk, wrkCommand } from "../../bench/load/wrk.ts";

const REPORT = `Running 2s test @ http://127.0.0.1:9100/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   286.10us  341.12us  12.50ms   98.01%
    Req/Sec   230.11k    11.20k  249.51k    75.00%
  Latency Distribution
     50%  261.00us
     75%  290.00us
     90%  349.00us
     99%    1.17ms
  480221 requests in 2.10s, 68.70MB read
Requests/sec: 228676.66
Transfer/sec:     32.71MB
`;

Deno.test("parseWrk() reads requests, seconds and latencies in milliseconds", () => {
  assertEquals(parseWrk(REPORT), {
    requests: 480221,
    seconds: 2.1,
    p50: 0.261,
    p99: 1.17,
    max: 12.5,
    errors: 0,
  });
});

Deno.test("parseWrk() adds up failed connections and wrong answers", () => {
  const errors =
    "  Socket errors: connect 1, read 20, write 300, timeout 4000\n  Non-2xx or 3xx responses: 50000\n";
  assertEquals(parseWrk(REPORT.replace("Requests/sec", `${errors}Requests/sec`)).errors, 54321);
});

Deno.test("parseWrk() does without percentiles where none were asked for", () => {
  const { p50, p99 } = parseWrk(REPORT.replace(/ {2}Latency Distribution[^]*1.17ms\n/, ""));
  assertEquals([p50, p99], [0, 0]);
});

Deno.test("parseWrk() refuses what is no report, and shows it", () => {
  assertThrows(
    () => parseWrk("unable to connect to 127.0.0.1:1 Connection refused"),
    Error,
    "unable to connect",
  );
});

Deno.test("parseTime() knows every unit that wrk writes", () => {
  assertEquals(["250.00us", "1.50ms", "2.00s", "1.00m", "0.50h"].map(parseTime), [
    0.25,
    1.5,
    2000,
    60_000,
    1_800_000,
  ]);
  assertThrows(() => parseTime("12"), Error, 'Cannot parse time of wrk: "12"');
});

Deno.test("wrkCommand() passes connections, seconds and the script's path", () => {
  const command = wrkCommand({ connections: 7, path: "/", script: "echo.lua" }, "http://127.0.0.1:1/", 3);
  assertEquals(command.slice(0, 7), ["wrk", "-t", "1", "-c", "7", "-d", "3s"]);
  assertEquals(Deno.statSync(command[command.indexOf("-s") + 1]!).isFile, true);
});
