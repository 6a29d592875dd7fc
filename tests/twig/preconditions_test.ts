import { assertEquals } from "@std/assert";
import { HeaderFields } from "../../twig/headers.ts";
import { allowsPart, precondition, type Validators } from "../../twig/preconditions.ts";

const NOW = Date.UTC(2026, 0, 1);
const MODIFIED = Date.UTC(2024, 1, 29, 12, 0, 0);
const SAME = "Thu, 29 Feb 2024 12:00:00 GMT";
const BEFORE = "Thu, 29 Feb 2024 11:59:59 GMT";
const AFTER = "Thu, 29 Feb 2024 12:00:01 GMT";
/** Fractions of seconds are not told to clients. */
const STRONG: Validators = { etag: '"a"', modified: MODIFIED + 999 };
const WEAK: Validators = { etag: 'W/"a"', modified: MODIFIED };
const NONE: Validators = { etag: undefined, modified: undefined };

type Fields = Record<string, string>;

function decide(fields: Fields, validators = STRONG): 304 | 412 | undefined {
  return precondition(HeaderFields.from(fields), validators, NOW);
}

Deno.test("If-None-Match is 304 where the tag is in the list, weak or strong (RFC 9110 §13.1.2)", () => {
  for (const list of ['"a"', 'W/"a"', '"b", "a"', '"b",W/"a"', "*", ', "a",,', '"a" ']) {
    assertEquals(decide({ "if-none-match": list }), 304, list);
    assertEquals(decide({ "if-none-match": list }, WEAK), 304, list);
  }
  for (const list of ['"b"', "a", '"A"', '"a', "", '"b, a"', '"a, b"', 'w/"b"', '"aa"', '"*"']) {
    assertEquals(decide({ "if-none-match": list }), undefined, list);
  }
  assertEquals(decide({ "if-none-match": '"a"' }, NONE), undefined);
  assertEquals(decide({ "if-none-match": "*" }, NONE), 304);
});

Deno.test("If-Modified-Since is 304 where it is not older than the last change (§13.1.3)", () => {
  assertEquals(decide({ "if-modified-since": SAME }), 304);
  assertEquals(decide({ "if-modified-since": AFTER }), 304);
  assertEquals(decide({ "if-modified-since": BEFORE }), undefined);
  assertEquals(decide({ "if-modified-since": "Thursday, 29-Feb-24 12:00:00 GMT" }), 304);
  assertEquals(decide({ "if-modified-since": "soon" }), undefined);
  assertEquals(decide({ "if-modified-since": SAME }, NONE), undefined);
});

Deno.test("If-Modified-Since does not count beside If-None-Match", () => {
  assertEquals(decide({ "if-none-match": '"b"', "if-modified-since": SAME }), undefined);
  assertEquals(decide({ "if-none-match": '"a"', "if-modified-since": BEFORE }), 304);
});

Deno.test("If-Match is 412 where the tag is not in the list, or one of the two is weak (§13.1.1)", () => {
  for (const list of ['"a"', '"b", "a"', "*"]) assertEquals(decide({ "if-match": list }), undefined, list);
  for (const list of ['"b"', 'W/"a"', ""]) assertEquals(decide({ "if-match": list }), 412, list);
  assertEquals(decide({ "if-match": 'W/"a"' }, WEAK), 412);
  assertEquals(decide({ "if-match": '"a"' }, NONE), 412);
  assertEquals(decide({ "if-match": "*" }, NONE), undefined);
});

Deno.test("If-Unmodified-Since is 412 where it is older, and does not count beside If-Match (§13.1.4)", () => {
  assertEquals(decide({ "if-unmodified-since": BEFORE }), 412);
  assertEquals(decide({ "if-unmodified-since": SAME }), undefined);
  assertEquals(decide({ "if-unmodified-since": "soon" }), undefined);
  assertEquals(decide({ "if-unmodified-since": BEFORE, "if-match": '"a"' }), undefined);
});

Deno.test("what has to match is looked at before what must not (§13.2.2)", () => {
  assertEquals(decide({ "if-match": '"b"', "if-none-match": '"a"' }), 412);
  assertEquals(decide({ "if-match": '"a"', "if-none-match": '"a"' }), 304);
  assertEquals(decide({ "if-unmodified-since": BEFORE, "if-modified-since": SAME }), 412);
});

Deno.test("If-Range takes the very same strong tag or date, and nothing else (§13.1.5)", () => {
  const allows = (condition: string | undefined, validators = STRONG, now = NOW) =>
    allowsPart(condition, validators, now);
  assertEquals(allows(undefined), true);
  assertEquals(allows('"a"'), true);
  assertEquals(allows(SAME), true);
  for (const condition of ['"b"', 'W/"a"', '"a", "b"', BEFORE, AFTER, "soon", "*", ""]) {
    assertEquals(allows(condition), false, condition);
  }
  assertEquals(allows('W/"a"', WEAK), false);
  assertEquals(allows('"a"', NONE), false);
  assertEquals(allows(SAME, NONE), false);
  assertEquals(
    allows(SAME, STRONG, MODIFIED + 1500),
    false,
    "there may be another change in the same second",
  );
});
