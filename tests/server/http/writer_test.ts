import { assertEquals } from "@std/assert";
import { Framing, framingOf, writeHead } from "../../../server/http/writer.ts";
import { OutputBuffer } from "../../../twig/output_buffer.ts";

type HeadParts = [
  status: number,
  fields: string,
  extra: string,
  framing: Framing,
  length: number | undefined,
  date: string,
  connection: string,
];

function headOf(...parts: HeadParts): string {
  const out = new OutputBuffer();
  writeHead(out, ...parts);
  return out.take().map((piece) => String.fromCharCode(...piece)).join("");
}

Deno.test("framingOf() is by length if that is known, else by what the client understands", () => {
  assertEquals(framingOf("GET", 200, 5, true), Framing.Length);
  assertEquals(framingOf("GET", 200, 0, false), Framing.Length);
  assertEquals(framingOf("GET", 200, undefined, true), Framing.Chunked);
  assertEquals(framingOf("GET", 200, undefined, false), Framing.Close);
});

Deno.test("framingOf() knows which answers have no body", () => {
  assertEquals(framingOf("HEAD", 200, undefined, true), Framing.None);
  for (const status of [204, 205, 304]) assertEquals(framingOf("GET", status, 5, true), Framing.None);
  assertEquals(framingOf("GET", 404, 5, true), Framing.Length);
});

Deno.test("writeHead() remembers the last head, and writes another whenever any part differs", () => {
  const base: HeadParts = [200, "x: y\r\n", "", Framing.Length, 5, "then", ""];
  const text = "HTTP/1.1 200 OK\r\nx: y\r\ncontent-length: 5\r\ndate: then\r\n\r\n";
  const others: [HeadParts, string][] = [
    [[404, "x: y\r\n", "", Framing.Length, 5, "then", ""], text.replace("200 OK", "404 Not Found")],
    [[200, "x: z\r\n", "", Framing.Length, 5, "then", ""], text.replace("x: y", "x: z")],
    [[200, "x: y\r\n", "", Framing.Length, 6, "then", ""], text.replace("5", "6")],
    [[200, "x: y\r\n", "", Framing.Length, 5, "now", ""], text.replace("then", "now")],
    [[200, "x: y\r\n", "", Framing.Length, 5, "", ""], text.replace("date: then\r\n", "")],
    [
      [200, "x: y\r\n", "", Framing.Length, 5, "then", "connection: close\r\n"],
      text.replace("x: y\r\n", "x: y\r\nconnection: close\r\n"),
    ],
    [
      [200, "x: y\r\n", "", Framing.Chunked, 5, "then", ""],
      text.replace("content-length: 5", "transfer-encoding: chunked"),
    ],
  ];
  for (const [other, expected] of others) {
    for (const repetitions of [1, 2, 3]) {
      for (let i = 0; i < repetitions; i++) assertEquals(headOf(...base), text);
      for (let i = 0; i < repetitions; i++) assertEquals(headOf(...other), expected);
    }
  }
});

Deno.test("writeHead() has one server field, an app's own if there is one", () => {
  const rest = ["server: ours\r\n", Framing.None, undefined, "", ""] as const;
  for (let i = 0; i < 3; i++) {
    for (
      const [fields, sent] of [
        ["x: y\r\n", "x: y\r\nserver: ours\r\n"],
        ["server: own\r\nx: y\r\n", "server: own\r\nx: y\r\n"],
        ["x-server: own\r\n", "x-server: own\r\nserver: ours\r\n"],
      ] as const
    ) {
      assertEquals(headOf(200, fields, ...rest), `HTTP/1.1 200 OK\r\n${sent}\r\n`);
    }
  }
});

Deno.test("writeHead() keeps bytes above 0x7f when a head comes again", () => {
  for (let i = 0; i < 3; i++) {
    assertEquals(
      headOf(200, "x: \u00e9\u00ff\r\n", "", Framing.None, undefined, "", ""),
      "HTTP/1.1 200 OK\r\nx: \u00e9\u00ff\r\n\r\n",
    );
  }
});

Deno.test("writeHead() has the server's name that there is now, though all else is as before", () => {
  for (const name of ["old", "new", "new", "new", "old", ""]) {
    const extra = name === "" ? "" : `server: ${name}\r\n`;
    const head = headOf(200, "x: y\r\n", extra, Framing.None, undefined, "", "");
    assertEquals(head, `HTTP/1.1 200 OK\r\nx: y\r\n${extra}\r\n`);
  }
});
