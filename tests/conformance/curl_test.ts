/** curl, as people use it. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { curl, type Curled, runCurl } from "../support/curl.ts";
import { delay } from "../support/delay.ts";
import { type Differences, inspect, Served } from "../support/served.ts";
import type { App } from "../../twig/mod.ts";

/** Runs curl; `URL` in an argument stands for the server's. */
function run(server: Served, args: string[], input?: Uint8Array<ArrayBuffer>): Promise<Curled> {
  return runCurl(args.map((each) => each.replace("URL", `http://127.0.0.1:${server.port}`)), input);
}

function curlTest(
  name: string,
  app: App,
  test: (server: Served) => Promise<void>,
  differences?: Differences,
): void {
  Deno.test({
    name: `curl: ${name}`,
    ignore: curl === undefined,
    fn: async () => {
      await using server = await Served.start(app, differences);
      await test(server);
    },
  });
}

curlTest("gets a page", inspect, async (server) => {
  const { code, out } = await run(server, ["-i", "URL/a?b"]);
  assertEquals(code, 0);
  assertStringIncludes(out, "HTTP/1.1 200 OK\r\n");
  assertStringIncludes(out, '"target":"/a?b"');
});

curlTest("speaks HTTP/1.0", async function* () {
  yield "one ";
  await delay(20);
  yield "two";
}, async (server) => {
  assertEquals(await run(server, ["--http1.0", "URL/"]), { code: 0, out: "one two", err: "" });
});

curlTest("uses one connection for several requests", inspect, async (server) => {
  const { out } = await run(server, [
    "-o",
    "/dev/null",
    "-w",
    "%{http_code} %{num_connects}\\n",
    "URL/1",
    "URL/2",
    "URL/3",
  ]);
  assertEquals(out.split("\n").slice(0, 1), ["200 1"]);
  const result = await run(server, [
    ...["-o", "/dev/null", "-o", "/dev/null", "-w", "%{http_code} %{num_connects}\\n", "URL/1", "URL/2"],
  ]);
  assertEquals(result.out, "200 1\n200 0\n");
});

curlTest("asks for the head alone", () => "hello", async (server) => {
  const { code, out } = await run(server, ["-I", "URL/"]);
  assertEquals(code, 0);
  assertStringIncludes(out, "content-length: 5\r\n");
  assert(out.endsWith("\r\n\r\n"));
});

const length: App = async (request) => {
  let size = 0;
  for await (const piece of request.body) size += piece.length;
  return `${size} ${request.get("expect") ?? "-"} ${
    request.get("transfer-encoding") ?? request.get("content-length")
  }`;
};

curlTest("uploads a file, and waits for 100 Continue", length, async (server) => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeFile(file, new Uint8Array(3_000_000));
    const { out, err } = await run(server, ["-v", "-T", file, "URL/"]);
    assertStringIncludes(out, "3000000 100-continue 3000000");
    assertStringIncludes(err, "HTTP/1.1 100 Continue");
  } finally {
    await Deno.remove(file);
  }
});

curlTest("uploads from a pipe in chunks", length, async (server) => {
  const { out } = await run(server, ["-T", "-", "URL/"], new Uint8Array(3_000_000));
  assertStringIncludes(out, "3000000 100-continue chunked");
  const plain = await run(server, ["-H", "Expect:", "-T", "-", "URL/"], new Uint8Array(100_000));
  assertStringIncludes(plain.out, "100000 - chunked");
});

curlTest("shows chunks as they are", async function* () {
  yield "hello";
  await delay(20);
}, async (server) => {
  assertEquals((await run(server, ["--raw", "URL/"])).out, "5\r\nhello\r\n0\r\n\r\n");
});

curlTest("sends forms", async (request) => {
  const form = await request.body.formData();
  const file = form.get("file");
  return `${form.get("name")} ${file instanceof File ? `${file.name} ${await file.text()}` : "-"}`;
}, async (server) => {
  assertEquals((await run(server, ["-d", "name=a%20b", "URL/"])).out, "a b -");
  const multipart = await run(
    server,
    ["-F", "name=c", "-F", "file=@-;filename=d.txt", "URL/"],
    new Uint8Array([104, 105]),
  );
  assertEquals(multipart.out, "c d.txt hi");
});

curlTest("reads why its upload is refused, whether it waits or not", length, async (server) => {
  const body = new Uint8Array(20_000_000);
  for (
    const args of [["--data-binary", "@-"], ["-H", "Expect:", "--data-binary", "@-"], ["-T", "-"], [
      "-H",
      "Expect:",
      "-T",
      "-",
    ]]
  ) {
    const { out } = await run(server, [...args, "-w", " %{http_code}", "URL/"], body);
    assert(out.endsWith(" 413"), `${args.join(" ")}: ${out}`);
  }
}, { limits: { bodyBytes: 1_000_000 } });

curlTest("reads an early answer to a long upload", () => "no, thanks", async (server) => {
  const { out } = await run(
    server,
    ["-H", "Expect:", "--data-binary", "@-", "URL/"],
    new Uint8Array(10_000_000),
  );
  assertEquals(out, "no, thanks");
});

curlTest("asks about the whole server", inspect, async (server) => {
  const { out } = await run(server, ["-i", "-X", "OPTIONS", "--request-target", "*", "URL/"]);
  assertStringIncludes(out, "HTTP/1.1 204 No Content\r\n");
  assertStringIncludes(out, "allow: GET");
});

curlTest("offers HTTP/2 and is answered with HTTP/1.1", inspect, async (server) => {
  const { code, out } = await run(server, ["--http2", "-i", "URL/"]);
  assertEquals(code, 0);
  assertStringIncludes(out, "HTTP/1.1 200 OK\r\n");
});

curlTest("goes through us as through a proxy only in the form of its request", inspect, async (server) => {
  const { out } = await run(server, ["--proxy", "URL", "http://example.test/a?b"]);
  assertStringIncludes(out, '"authority":"example.test"');
  const tunnel = await run(server, ["--proxy", "URL", "--proxytunnel", "http://example.test/"]);
  assertStringIncludes(tunnel.err, "501");
});

curlTest("takes a long answer slowly", () => new Uint8Array(8_000_000), async (server) => {
  const rate = ["--limit-rate", "4M", "-o", "/dev/null"];
  const { code, out } = await run(server, [...rate, "-w", "%{size_download}", "URL/"]);
  assertEquals([code, out], [0, "8000000"]);
}, { timeouts: { idle: 500, header: 500 } });

curlTest("sees that an answer was cut", async function* () {
  yield "half";
  await delay(20);
  throw new Error("on purpose");
}, async (server) => {
  // 18 and 56: partial file, failure in receiving.
  assert([18, 56].includes((await run(server, ["URL/"])).code));
});

curlTest("hangs up, and the app is told", async function* (request) {
  try {
    for (let i = 0;; i++) {
      yield `${i}\n`;
      await delay(20);
    }
  } finally {
    hungUp.resolve(request.signal.aborted);
  }
}, async (server) => {
  const { code, out } = await run(server, ["-N", "--max-time", "1", "URL/"]);
  assertEquals(code, 28);
  assertStringIncludes(out, "0\n1\n2\n");
  assertEquals(await hungUp.promise, true);
});

const hungUp = Promise.withResolvers<boolean>();
