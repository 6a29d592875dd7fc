import { assertLess } from "@std/assert";
import { growthOf } from "../support/growth.ts";

Deno.test("FcgiCore does not remember every name that a client makes up", async () => {
  const growth = await growthOf(`
    let made = 0;
    function run(counts) {
      for (let times = 0; times < (counts ? 500 : 50); times++) {
        const core = new FcgiCore(DEFAULT_LIMITS);
        const variables = [["REQUEST_METHOD", "GET"], ["REQUEST_URI", "/"]];
        for (let i = 0; i < 90; i++) variables.push(["HTTP_" + "N".repeat(200) + made++, "x"]);
        core.input.append(request(variables));
        const head = core.next();
        if ([...head.headers].length < 90) throw new Error("not all of its fields");
      }
    }
  `);
  assertLess(growth, 4 * 1024 * 1024);
});
