/** PARAMS (FastCGI 1.0 §3.4, §5.2): lengths, cuts, limits; and the CGI variables in them (RFC 3875 §4.1). */
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  begin,
  type FcgiAnswer,
  type FcgiClient,
  get,
  pairs,
  params,
  post,
  request,
  stdin,
  stdinEnd,
  TYPE,
} from "../support/fcgi_client.ts";
import { type FcgiServer, overBoth, seenIn } from "../support/fcgi_server.ts";
import { inspect } from "../support/served.ts";
import { bytesOf, concat, slowLength, slowPair, slowRecord } from "../support/slow_fcgi_records.ts";
import type { App } from "../../twig/mod.ts";

const NOTHING = new Uint8Array(0);
const record = (content: Uint8Array, id = 1) => slowRecord(TYPE.params, id, content);

/** Sends a request whose PARAMS are these bytes, in records of so many. */
async function askRaw(client: FcgiClient, bytes: Uint8Array, size = 65535, id = 1): Promise<FcgiAnswer> {
  const records: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) records.push(record(bytes.subarray(at, at + size), id));
  await client.send(begin(id), ...records, record(NOTHING, id), stdinEnd(id));
  return await client.answer(id);
}

async function servesOn(server: FcgiServer, client?: FcgiClient): Promise<void> {
  if (client !== undefined) assertEquals((await client.ask(get("/on"))).status, 200);
  using other = await server.connect();
  assertEquals((await other.ask(get("/on"))).status, 200);
}

// The encoding

overBoth(
  "PARAMS in one record, in two, and in records of every size are the same",
  inspect,
  async (client) => {
    const bytes = pairs(get("/path?query=1", { HTTP_X_LONG: "v".repeat(300) }));
    for (const size of [65535, 200, 64, 13, 3, 2, 1]) {
      const seen = seenIn(await askRaw(client, bytes, size));
      assertEquals([seen.pathInfo, seen.query], ["/path", "query=1"]);
      assertEquals(seen.headers.find(([name]) => name === "x-long")?.[1], "v".repeat(300));
    }
  },
);

overBoth("lengths of four bytes are read, the shortest form or not", inspect, async (client) => {
  const bytes = concat(Object.entries(get("/long")).map(([name, value]) => slowPair(name, value, true)));
  assertEquals(seenIn(await askRaw(client, bytes)).pathInfo, "/long");
  assertEquals(seenIn(await askRaw(client, bytes, 1)).pathInfo, "/long");
});

overBoth("values of 127, 128 and 70000 bytes come whole", inspect, async (client) => {
  for (const size of [0, 1, 126, 127, 128, 129, 255, 256, 16384, 70_000]) {
    const seen = seenIn(await client.ask(get("/", { HTTP_X: "v".repeat(size) })));
    assertEquals(seen.headers.find(([name]) => name === "x")?.[1].length, size);
  }
});

overBoth("an empty name and an empty value are legal", inspect, async (client) => {
  assertEquals((await client.ask(get("/", { "": "nameless", EMPTY: "" }))).status, 200);
});

for (
  const [what, tail] of [
    ["a value longer than what is left", Uint8Array.of(1, 100, 65)],
    ["a name longer than what is left", Uint8Array.of(100, 1, 65)],
    ["a length byte and nothing more", Uint8Array.of(5)],
    ["half a length of four bytes", Uint8Array.of(0x80, 0, 0)],
    ["half a value length", Uint8Array.of(1, 0x80, 0)],
    ["a length of 2 GiB", concat([Uint8Array.of(255, 255, 255, 255, 0), bytesOf("x")])],
    ["two lengths of 2 GiB, whose sum wraps around", concat([new Uint8Array(8).fill(255), bytesOf("AB")])],
    [
      "a sum that wraps around to what is there",
      concat([slowLength(0x7fffffff, true), Uint8Array.of(0xff, 0xff, 0xff, 0xff), bytesOf("x".repeat(100))]),
    ],
  ] as const
) {
  overBoth(`PARAMS with ${what} are 400, for this request alone`, inspect, async (client, server) => {
    const answer = await askRaw(client, concat([pairs(get()), tail]));
    assertEquals([answer.status, answer.protocolStatus], [400, 0]);
    assertMatch(await server.oneLogLine(), /Cannot read PARAMS: a length leads out of it/);
    await servesOn(server, client);
  });
}

// Limits

overBoth("PARAMS up to the limit are taken, in thousands of records, too", inspect, async (client) => {
  const filler = "x".repeat(60_000);
  const bytes = pairs(get("/", { A: filler, B: filler, C: filler }));
  assertEquals((await askRaw(client, bytes)).status, 200);
  assertEquals((await askRaw(client, bytes, 20)).status, 200);
});

overBoth("PARAMS above the limit are 431, and what follows is dropped", inspect, async (client, server) => {
  const bytes = pairs(get("/", { A: "x".repeat(300_000) }));
  assertEquals((await askRaw(client, bytes)).status, 431);
  assertMatch(await server.oneLogLine(), /params-too-large, answered 431/);
  await servesOn(server, client);
});

overBoth("64 MiB of PARAMS cost no memory", inspect, async (client) => {
  await client.send(begin(), record(slowLength(64 * 1024 * 1024, true)));
  const one = record(new Uint8Array(65535));
  const before = Deno.memoryUsage().rss;
  for (let i = 0; i < 1024; i++) await client.send(one);
  assert(Deno.memoryUsage().rss - before < 60 * 1024 * 1024);
  await client.send(record(NOTHING), stdinEnd());
  assertEquals((await client.answer()).status, 431);
  assertEquals((await client.ask(get("/on"), { id: 2 })).status, 200);
});

overBoth(
  "thousands of pairs are taken, more than 50 times limits.headerFields are 431",
  inspect,
  async (client, server) => {
    const asked = Object.entries(get());
    const more = (count: number) => Array.from({ length: count }, (_, at) => [`X${at}`, ""] as const);
    assertEquals((await client.ask([...asked, ...more(5000 - asked.length)])).status, 200);
    assertEquals((await client.ask([...asked, ...more(5001 - asked.length)])).status, 431);
    await servesOn(server, client);
  },
);

overBoth("PARAMS of a hundred requests that never end are bounded", inspect, async (client, server) => {
  const filler = new Uint8Array(60_000);
  for (let id = 1; id <= 150; id++) await client.send(begin(id), record(filler, id));
  await client.send(request(get("/on"), { id: 200 }));
  assertEquals((await client.answer(200)).status, 200);
  // Seventeen of them fit into four times what one may have.
  assertEquals(client.answered.length, 150 - 17);
  assertEquals((await client.answer(18)).status, 503);
  await servesOn(server);
});

// No request in them

overBoth("no PARAMS at all are 400, never a hang", inspect, async (client, server) => {
  await client.send(begin(), record(NOTHING), stdinEnd());
  assertEquals((await client.answer()).status, 400);
  await servesOn(server, client);
});

for (
  const [what, variables] of [
    ["no REQUEST_METHOD", { REQUEST_URI: "/" }],
    ["an empty REQUEST_METHOD", get("/", { REQUEST_METHOD: "" })],
    ["a method with a space", get("/", { REQUEST_METHOD: "GET /" })],
    ["a method with a control byte", get("/", { REQUEST_METHOD: "GE\tT" })],
    ["CR LF in a field", get("/", { HTTP_X: "a\r\nset-cookie: b=1" })],
    ["NUL in a field", get("/", { HTTP_X: "a\0b" })],
    ["LF in the target", get("/a\nb")],
    ["NUL in the target", get("/a\0b")],
    ["CR in REMOTE_ADDR", get("/", { REMOTE_ADDR: "1.2.3.4\r" })],
    ["LF in REMOTE_USER", get("/", { REMOTE_USER: "a\nb" })],
    ["NUL in a variable that no request has", get("/", { OTHER: "\0" })],
    ["LF in a name", { ...get(), "HTTP_X\nY": "1" }],
    ["a Host that is none", get("/", { HTTP_HOST: "a b" })],
    ["a Host with a path", get("/", { HTTP_HOST: "a/b" })],
    ["CONTENT_LENGTH -1", get("/", { CONTENT_LENGTH: "-1" })],
    ["CONTENT_LENGTH +1", get("/", { CONTENT_LENGTH: "+1" })],
    ["CONTENT_LENGTH 1x", get("/", { CONTENT_LENGTH: "1x" })],
    ["CONTENT_LENGTH 0x10", get("/", { CONTENT_LENGTH: "0x10" })],
    ["CONTENT_LENGTH with a space", get("/", { CONTENT_LENGTH: " 1" })],
    ["CONTENT_LENGTH 1, 1", get("/", { CONTENT_LENGTH: "1, 1" })],
    ["CONTENT_LENGTH 1e3", get("/", { CONTENT_LENGTH: "1e3" })],
  ] as const
) {
  overBoth(`${what} is 400, with one line in the log`, inspect, async (client, server) => {
    assertEquals((await client.ask(variables)).status, 400);
    assertMatch(await server.oneLogLine(), /answered 400/);
    await servesOn(server, client);
  });
}

overBoth(
  "a CONTENT_LENGTH above the limit is 413, also if no number holds it",
  inspect,
  async (client, server) => {
    for (const length of ["99999999", "18446744073709551617", "9".repeat(100)]) {
      assertEquals((await client.ask(get("/", { CONTENT_LENGTH: length }))).status, 413);
    }
    await servesOn(server, client);
  },
);

// Variables to request

overBoth("the target is REQUEST_URI as sent", inspect, async (client) => {
  const seen = seenIn(
    await client.ask(get("/a%2Fb%20c/?y=%41&z=a+b", {
      SCRIPT_NAME: "/a/b c/",
      PATH_INFO: "/other",
      QUERY_STRING: "y=A&z=a+b",
      DOCUMENT_URI: "/a/b c/",
    })),
  );
  assertEquals(seen.target, "/a%2Fb%20c/?y=%41&z=a+b");
  assertEquals(seen.query, "y=%41&z=a+b");
});

overBoth(
  "without REQUEST_URI it is made of SCRIPT_NAME, PATH_INFO and QUERY_STRING",
  inspect,
  async (client) => {
    const variables = { ...get(), SCRIPT_NAME: "/app", PATH_INFO: "/a b/\xc3\xa4%", QUERY_STRING: "q=1" };
    for (const uri of [undefined, ""]) {
      const asked: Record<string, string> = { ...variables, REQUEST_URI: uri ?? "" };
      if (uri === undefined) delete asked.REQUEST_URI;
      assertEquals(seenIn(await client.ask(asked)).target, "/app/a%20b/%C3%A4%25?q=1");
    }
  },
);

overBoth("an absolute REQUEST_URI gives the host", inspect, async (client) => {
  const seen = seenIn(await client.ask(get("http://other.test:81/a?b")));
  assertEquals([seen.authority, seen.pathInfo, seen.query], ["other.test:81", "/a", "b"]);
});

overBoth("server.name is SERVER_NAME without a port", ({ server }) => server.name, async (client) => {
  const name = async (given: string) => (await client.ask(get("/", { SERVER_NAME: given }))).body;
  for (
    const [given, seen] of [
      ["b.test", "b.test"],
      ["b.test:8088", "b.test"],
      ["::1", "::1"],
      ["[::1]", "[::1]"],
      ["[::1]:8088", "[::1]"],
      ["fe80::1:80", "fe80::1:80"],
    ]
  ) assertEquals(await name(given!), seen);
});

overBoth("the host is HTTP_HOST, else SERVER_NAME with its port", inspect, async (client) => {
  const authority = async (more: Record<string, string>) => {
    const { HTTP_HOST: _, ...variables } = get();
    return seenIn(await client.ask({ ...variables, ...more })).authority;
  };
  assertEquals(await authority({ HTTP_HOST: "a.test:8080", SERVER_NAME: "b" }), "a.test:8080");
  assertEquals(await authority({ SERVER_NAME: "b.test", SERVER_PORT: "80" }), "b.test");
  assertEquals(await authority({ SERVER_NAME: "b.test", SERVER_PORT: "8080" }), "b.test:8080");
  assertEquals(await authority({ SERVER_NAME: "b.test", SERVER_PORT: "443", HTTPS: "on" }), "b.test");
  // HAProxy has the port in it already.
  assertEquals(await authority({ SERVER_NAME: "b.test:8088", SERVER_PORT: "8088" }), "b.test:8088");
  assertEquals(await authority({ SERVER_NAME: "::1", SERVER_PORT: "8088" }), "[::1]:8088");
});

overBoth("of two HTTP_HOST the last counts, for the target and as a field", inspect, async (client) => {
  const variables = [...Object.entries(get()), ["HTTP_HOST", "set.by.the.front.end"]] as [string, string][];
  const { authority, headers } = seenIn(await client.ask(variables));
  assertEquals(authority, "set.by.the.front.end");
  assertEquals(headers.filter(([name]) => name === "host"), [["host", "set.by.the.front.end"]]);
});

overBoth("HTTP_ variables are fields, repeated ones in order", inspect, async (client) => {
  const { headers } = seenIn(
    await client.ask([...Object.entries(get()), ["HTTP_X_DUP", "1"], ["HTTP_X_DUP", "2"], [
      "HTTP_COOKIE",
      "a=1",
    ]]),
  );
  assertEquals(headers.filter(([name]) => name === "x-dup").map(([, value]) => value), ["1", "2"]);
  assertEquals(headers.find(([name]) => name === "cookie"), ["cookie", "a=1"]);
});

overBoth("type and length come once, whichever variables carry them", inspect, async (client) => {
  const more = { CONTENT_TYPE: "text/plain", HTTP_CONTENT_TYPE: "text/plain", HTTP_CONTENT_LENGTH: "5" };
  const { headers, contentLength, body } = seenIn(await client.ask(post(5, "/", more), { body: "12345" }));
  assertEquals(headers.filter(([name]) => name === "content-type"), [["content-type", "text/plain"]]);
  assertEquals(headers.filter(([name]) => name === "content-length"), [["content-length", "5"]]);
  assertEquals([contentLength, body], [5, "12345"]);
});

overBoth("HTTP_CONTENT_LENGTH and HTTP_CONTENT_TYPE alone say nothing", inspect, async (client) => {
  const more = { HTTP_CONTENT_TYPE: "text/plain", HTTP_CONTENT_LENGTH: "2" };
  const { headers, contentLength, body } = seenIn(
    await client.ask(post(undefined, "/", more), { body: "12345" }),
  );
  assertEquals(headers.filter(([name]) => name.startsWith("content-")), []);
  assertEquals([contentLength, body], [undefined, "12345"]);
});

overBoth("empty CONTENT_TYPE and CONTENT_LENGTH are absent", inspect, async (client) => {
  const { headers } = seenIn(await client.ask(get("/", { CONTENT_TYPE: "", CONTENT_LENGTH: "" })));
  assertEquals(headers.filter(([name]) => name.startsWith("content-")), []);
});

overBoth(
  "line ends may be where they split nothing: in a decoded path, a signature, an environment",
  env,
  async (client) => {
    const more = {
      SERVER_SIGNATURE: "<address>Apache/2.4 Server at example.org Port 80</address>\n",
      SCRIPT_NAME: "/a\nb",
      QUERY_STRING: "c=\r\n",
      OTHER: "two\nlines",
    };
    const { env } = JSON.parse((await client.ask(get("/a%0Ab?c=%0D%0A", more))).body);
    assertEquals(more, {
      ...more,
      ...Object.fromEntries(Object.keys(more).map((name) => [name, env[name]])),
    });
  },
);

overBoth("a target that is made of a decoded path has no line ends", inspect, async (client) => {
  const { target } = seenIn(await client.ask(get("", { SCRIPT_NAME: "/a\nb", QUERY_STRING: "c=\r\n" })));
  assertEquals(target, "/a%0Ab?c=%0D%0A");
});

overBoth("HTTP_PROXY and HTTP_TRANSFER_ENCODING do not reach an app", env, async (client) => {
  const more = { HTTP_PROXY: "http://evil/", HTTP_TRANSFER_ENCODING: "chunked" };
  const { fields, env } = JSON.parse((await client.ask(post(undefined, "/", more), { body: "x" })).body);
  assertEquals(fields.filter(([name]: [string]) => /proxy|transfer/.test(name)), []);
  assertEquals(env.HTTP_PROXY, undefined);
  assertEquals(Deno.env.get("HTTP_PROXY"), undefined);
});

overBoth("bytes above 127 come as they are, in fields and variables", env, async (client) => {
  const more = { HTTP_X: "\xe4\xff\x80", REMOTE_USER: "j\xf6rg" };
  const { fields, env } = JSON.parse((await client.ask(get("/", more))).body);
  // JSON leaves as UTF-8, so it comes back as two bytes each.
  const utf8 = (text: string) => String.fromCharCode(...new TextEncoder().encode(text));
  assertEquals(fields.find(([name]: [string]) => name === "x")[1], utf8("\xe4\xff\x80"));
  assertEquals(env.REMOTE_USER, utf8("j\xf6rg"));
});

overBoth("all variables are in request.env, none in the process's", env, async (client) => {
  const more = { SSL_CLIENT_S_DN: "CN=me", ARCHANGEL_TEST_VARIABLE: "1", __proto__x: "2" };
  const { env } = JSON.parse((await client.ask(get("/", more))).body);
  assertEquals([env.SSL_CLIENT_S_DN, env.ARCHANGEL_TEST_VARIABLE, env.__proto__x], ["CN=me", "1", "2"]);
  assertEquals(Deno.env.get("ARCHANGEL_TEST_VARIABLE"), undefined);
});

overBoth("the ends are those that the front end tells", env, async (client) => {
  const { remote, server: own, secure } = JSON.parse(
    (await client.ask(get("/", {
      REMOTE_ADDR: "203.0.113.7",
      REMOTE_PORT: "4711",
      REMOTE_USER: "me",
      SERVER_ADDR: "198.51.100.1",
      SERVER_PORT: "443",
      SERVER_NAME: "www.test",
      SERVER_PROTOCOL: "HTTP/1.0",
      HTTPS: "on",
    }))).body,
  );
  assertEquals([remote.address, remote.port, remote.user], ["203.0.113.7", 4711, "me"]);
  assertEquals([own.name, own.address, own.port, own.protocol], [
    "www.test",
    "198.51.100.1",
    443,
    "HTTP/1.0",
  ]);
  assertEquals(secure, true);
});

overBoth("a client that the front end does not tell is the front end itself", env, async (client, server) => {
  const told = async (more: Record<string, string>) =>
    JSON.parse((await client.ask(get("/", more))).body).remote;
  const { localAddr } = client.conn;
  const remote = await told({});
  if (server.transport === "Unix") assertEquals([remote.address, remote.host, remote.port], ["", "", 0]);
  else {
    assert(localAddr.transport === "tcp");
    assertEquals([remote.address, remote.port], [localAddr.hostname, localAddr.port]);
  }
  // Its own port is not the one of a client whose address it told.
  assertEquals((await told({ REMOTE_ADDR: "203.0.113.7", REMOTE_PORT: "" })).port, 0);
  assertEquals((await told({ REMOTE_ADDR: "203.0.113.7", REMOTE_HOST: "a.test" })).host, "a.test");
});

overBoth("a port that is none is the socket's own", env, async (client) => {
  for (const port of ["", "65536", "99999", "-1", "8o", "0x50", "123456"]) {
    const { server: own } = JSON.parse((await client.ask(get("/", { SERVER_PORT: port }))).body);
    const { localAddr } = client.conn;
    assert(own.port < 65536 && (localAddr.transport !== "tcp" || own.port > 0), `${port}: ${own.port}`);
  }
  const { server: own } = JSON.parse((await client.ask(get("/", { SERVER_PORT: "65535" }))).body);
  assertEquals(own.port, 65535);
});

overBoth("https is known by HTTPS or REQUEST_SCHEME", env, async (client) => {
  const secure = async (more: Record<string, string>) =>
    JSON.parse((await client.ask(get("/", more))).body).secure;
  for (const value of ["on", "1", "yes", "ON"]) assertEquals(await secure({ HTTPS: value }), true);
  for (const value of ["off", "", "0"]) assertEquals(await secure({ HTTPS: value }), false);
  assertEquals(await secure({ REQUEST_SCHEME: "https" }), true);
  assertEquals(await secure({}), false);
});

function env(...[request]: Parameters<App>): string {
  const { remote, server, secure } = request;
  return JSON.stringify({ fields: [...request.headers], env: request.env, remote, server, secure });
}

// Bodies

overBoth("CONTENT_LENGTH bytes are delivered, and no more", inspect, async (client, server) => {
  assertEquals(seenIn(await client.ask(post(3), { body: "12345" })).body, "123");
  assertEquals(seenIn(await client.ask(get("/", { CONTENT_LENGTH: "0" }), { body: "12345" })).body, "");
  await servesOn(server, client);
});

overBoth("without CONTENT_LENGTH the body ends with STDIN", inspect, async (client) => {
  for (const length of [{}, { CONTENT_LENGTH: "" }]) {
    const { body, contentLength } = seenIn(
      await client.ask(post(undefined, "/", length), { body: "until the end" }),
    );
    assertEquals([body, contentLength], ["until the end", undefined]);
  }
});

overBoth("an empty body without CONTENT_LENGTH is empty", inspect, async (client) => {
  await client.send(begin(), params(post(undefined)));
  assert(await client.silent(20));
  await client.send(stdinEnd());
  assertEquals(seenIn(await client.answer()).body, "");
});

overBoth(
  "STDIN shorter than CONTENT_LENGTH is an error, not a shorter body",
  inspect,
  async (client, server) => {
    assertEquals((await client.ask(post(10), { body: "12345" })).status, 400);
    assertMatch(server.log.join("\n"), /^\S+ [^\n]*ended after 5 of 10 bytes \(cut-short, answered 400\)$/);
    await servesOn(server, client);
  },
);

overBoth("CONTENT_LENGTH with leading zeros is a number", inspect, async (client) => {
  assertEquals(
    seenIn(await client.ask(get("/", { CONTENT_LENGTH: "0005" }), { body: "12345" })).body,
    "12345",
  );
});

overBoth("a body above the app's limit is 413", inspect, async (client) => {
  assertEquals((await client.ask(post(1001), { body: "x".repeat(1001) })).status, 413);
  assertEquals((await client.ask(post(undefined), { body: "x".repeat(1001) })).status, 413);
  assertEquals((await client.ask(post(1000), { body: "x".repeat(1000) })).status, 200);
}, { bodyBytes: 1000 });

overBoth("a body without length above limits.body is 413", inspect, async (client, server) => {
  await client.send(begin(), params(post(undefined)));
  await client.send(stdin(new Uint8Array(3000)), stdinEnd());
  assertEquals((await client.answer()).status, 413);
  await servesOn(server, client);
}, { limits: { bodyBytes: 1000 } });
