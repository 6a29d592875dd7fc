/** Answers in CGI's form (RFC 3875 §6), as front ends need them. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { delay } from "../support/delay.ts";
import { type FcgiAnswer, get, request, TYPE, valuesOf } from "../support/fcgi_client.ts";
import { overBoth } from "../support/fcgi_server.ts";
import type { App, TwigResponse } from "../../twig/mod.ts";

/** What the app of the test that runs now does; each test sets its own. */
let act: (response: TwigResponse) => ReturnType<App> = () => undefined;
const acting: App = (_request, response) => act(response);

/** One test: what the app does, and what the answer must be. */
function answers(
  name: string,
  does: (response: TwigResponse) => ReturnType<App>,
  check: (answer: FcgiAnswer) => void,
  method = "GET",
): void {
  overBoth(name, acting, async (client) => {
    act = does;
    check(await client.ask(get("/", { REQUEST_METHOD: method })));
    // Whatever it was, the connection goes on.
    act = () => "next";
    assertEquals((await client.ask()).body, "next");
  });
}

const names = ({ fields }: FcgiAnswer) => fields.map(([name]) => name);

answers("the Status line comes first, with a reason", () => "x", ({ status }) => assertEquals(status, 200));

answers("Status is sent with Location, too", (response) => {
  response.start(301, { location: "/elsewhere" });
}, (answer) => {
  assertEquals([answer.status, valuesOf(answer, "location")], [301, ["/elsewhere"]]);
});

answers("an app's own Status field is not sent", (response) => {
  response.start(200, { status: "500 no", "x-status": "kept" });
  return "x";
}, (answer) => {
  assertEquals([answer.status, names(answer).includes("status")], [200, false]);
  assertEquals(valuesOf(answer, "x-status"), ["kept"]);
});

for (const name of ["connection", "keep-alive", "transfer-encoding", "upgrade"]) {
  answers(`${name} does not leave: it is the front end's`, (response) => {
    response.start(200, { [name]: "close" });
    return "x";
  }, (answer) => {
    assert(!names(answer).includes(name));
  });
}

answers("there is no Server: the front end has one", () => "x", (answer) => {
  assertEquals(valuesOf(answer, "server"), []);
});

answers("an app's own Server is for the front end to decide", (response) => {
  response.start(200, { "x-a": "b", server: "app/1" });
  return "x";
}, (answer) => {
  assertEquals([valuesOf(answer, "server"), valuesOf(answer, "x-a")], [["app/1"], ["b"]]);
});

answers("Set-Cookie is repeated, not joined, in order", (response) => {
  response.start(200, [["set-cookie", "a=1; Path=/"], ["set-cookie", "b=2"], ["set-cookie", "c=3"]]);
  return "x";
}, (answer) => assertEquals(valuesOf(answer, "set-cookie"), ["a=1; Path=/", "b=2", "c=3"]));

answers("other repeated fields stay repeated", (response) => {
  response.start(200, [["x-a", "1"], ["x-a", "2"]]);
  return "x";
}, (answer) => assertEquals(valuesOf(answer, "x-a"), ["1", "2"]));

answers(
  "CR LF in a field value is a 500, and no field",
  (response) => {
    response.start(200, { "x-a": "1\r\nset-cookie: evil=1" });
    return "x";
  },
  (answer) => {
    assertEquals([answer.status, valuesOf(answer, "set-cookie")], [500, []]);
  },
);

answers("what the front end consumes passes", (response) => {
  response.start(200, { "x-accel-buffering": "no", "x-accel-redirect": "/files/a", "x-sendfile": "/srv/a" });
  return "x";
}, (answer) => assertEquals(valuesOf(answer, "x-accel-buffering"), ["no"]));

answers("an answer known whole has its length", () => "grüße", (answer) => {
  assertEquals([valuesOf(answer, "content-length"), answer.body.length], [["7"], 7]);
});

answers("an answer of unknown length has none, and no chunks", async function* () {
  yield "one";
  await delay(5);
  yield "two";
}, (answer) => assertEquals([names(answer).includes("content-length"), answer.body], [false, "onetwo"]));

for (const status of [204, 304]) {
  answers(`${status} has no body, no length and no type`, (response) => {
    response.start(status, { "content-type": "text/html", "content-length": "7", etag: '"a"' });
    return "ignored";
  }, (answer) => {
    assertEquals([answer.status, answer.body], [status, ""]);
    assertEquals(names(answer).filter((name) => name.startsWith("content-")), []);
    assertEquals(valuesOf(answer, "etag"), ['"a"']);
  });
}

answers("205 has no body", (response) => {
  response.start(205);
  return "ignored";
}, (answer) => assertEquals([answer.status, answer.body], [205, ""]));

answers("HEAD has no body, and the length that GET has", () => "twelve bytes", (answer) => {
  assertEquals([answer.body, valuesOf(answer, "content-length")], ["", ["12"]]);
}, "HEAD");

answers(
  "HEAD of a streamed answer has no body",
  async function* () {
    yield "one";
    await delay(5);
    yield "two";
  },
  (answer) => assertEquals(answer.body, ""),
  "HEAD",
);

answers("no answer at all is an empty 200", () => undefined, (answer) => {
  assertEquals([answer.status, answer.body, valuesOf(answer, "content-length")], [200, "", ["0"]]);
});

answers("an unknown status has a reason of some kind", (response) => {
  response.start(599);
  return "x";
}, ({ status }) => assertEquals(status, 599));

answers("an app that declares less than it yields sends no more than it declared", (response) => {
  response.start(200, { "content-length": "3" });
  return "12345";
}, (answer) => assertEquals([answer.body, valuesOf(answer, "content-length")], ["123", ["3"]]));

overBoth("Status stands behind Location, whose status HAProxy would make 302", acting, async (client) => {
  act = (response) => response.start(308, { location: "/b", "x-a": "1" });
  await client.send(request());
  const head = String.fromCharCode(...(await client.next())!.content);
  assert(head.indexOf("\r\nStatus: 308 ") > head.indexOf("location: /b"), head);
});

overBoth("an app that declares more than it yields is cut: no END_REQUEST", acting, async (client) => {
  act = (response) => {
    response.start(200, { "content-length": "10" });
    return "12345";
  };
  await client.send(request());
  assertEquals((await client.rest()).filter(({ type }) => type === TYPE.end), []);
});

overBoth("interim answers do not leave: CGI has none", acting, async (client) => {
  act = (response) => {
    response.informational(103, { link: "</a.css>; rel=preload" });
    return "x";
  };
  assertEquals((await client.ask()).status, 200);
});

overBoth("each chunk of a stream leaves at once", acting, async (client) => {
  const gates = [1, 2, 3].map(() => Promise.withResolvers<void>());
  act = async function* () {
    for (const [at, { promise }] of gates.entries()) {
      yield `<${at}>`;
      await promise;
    }
  };
  await client.send(request());
  for (const [at, { resolve }] of gates.entries()) {
    await client.receives(`<${at}>`);
    assert(!client.stdoutOf().includes(`<${at + 1}>`));
    resolve();
  }
  assertEquals((await client.answer()).body, "<0><1><2>");
});

overBoth("an event stream's head leaves before its first event", acting, async (client) => {
  const gate = Promise.withResolvers<void>();
  act = async function* (response) {
    response.start(200, { "content-type": "text/event-stream" });
    yield "";
    await gate.promise;
    yield "data: 1\n\n";
  };
  await client.send(request());
  await client.receives("text/event-stream");
  gate.resolve();
  assertEquals((await client.answer()).body, "data: 1\n\n");
});

overBoth("the head goes with the first chunk in one record as far as it may", acting, async (client) => {
  act = () => "hello";
  await client.send(request());
  const records = [];
  do records.push((await client.next())!); while (records.at(-1)!.type !== TYPE.end);
  assert(records.length <= 4);
  assertMatch(String.fromCharCode(...records[0]!.content), /^Status: 200 OK\r\n/);
});
