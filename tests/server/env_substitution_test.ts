import { assertEquals } from "@std/assert";
import { substitute } from "../../server/env_substitution.ts";

const VALUES: Record<string, string> = { HOST: "example.org", EMPTY: "", SELF: "${HOST}" };
const env = (name: string) => VALUES[name];

Deno.test("substitute() puts variables in, as often as they stand there", () => {
  assertEquals(substitute("${HOST}:${HOST}", env), { text: "example.org:example.org", problems: [] });
});

Deno.test("substitute() takes the default for a variable that is not set or empty", () => {
  assertEquals(substitute("${NO:-a}${EMPTY:-b}${HOST:-c}${NO:-}", env).text, "abexample.org");
  assertEquals(substitute("<${EMPTY}>", env), { text: "<>", problems: [] });
});

Deno.test("substitute() leaves what is escaped, and what came out of a variable", () => {
  assertEquals(substitute("$${HOST} $HOST $$ ${SELF}", env), {
    text: "${HOST} $HOST $$ ${HOST}",
    problems: [],
  });
});

Deno.test("substitute() reports every variable that is not set, and where", () => {
  const { problems } = substitute("${A} ${HOST} ${B}", env);
  assertEquals(problems.map(({ part }) => part), ["${A}", "${B}"]);
  assertEquals(problems[0]?.message, "environment variable A is not set; set it, or write ${A:-default}");
});

Deno.test("substitute() reports what begins like a variable and is none", () => {
  for (const text of ["${", "${1A}", "${A", "${}", "${A:=b}"]) {
    assertEquals(substitute(text, env).problems.length, 1, text);
  }
});
