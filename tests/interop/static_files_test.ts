/** A folder of files behind front ends over FastCGI: conditions and ranges are as over HTTP. */
import { assertEquals } from "@std/assert";
import { curl } from "../support/curl.ts";
import { FcgiServer } from "../support/fcgi_server.ts";
import { findFrontEnd, FrontEnd, type FrontEndName } from "../support/front_ends.ts";
import { checkStaticSite, StaticSite } from "../support/static_cases.ts";

/**
 * lighttpd cuts a part out of a whole answer itself, and is not as particular about what is a range. Apache takes the
 * length 0 out of an answer to HEAD, unless `HttpContentLengthHeadZero` is on.
 */
const OWN_ANSWERS: Partial<Record<FrontEndName, readonly string[]>> = {
  apache: ["no bytes, head"],
  lighttpd: ["several parts", "a part that ends before it begins"],
};

for (const name of ["nginx", "apache", "lighttpd", "haproxy"] satisfies FrontEndName[]) {
  Deno.test({
    name: `behind ${name}, files: conditions and ranges`,
    ignore: findFrontEnd(name) === undefined || curl === undefined,
    fn: async (t) => {
      using site = await StaticSite.settled();
      await using server = await FcgiServer.start(site.app);
      await using front = await FrontEnd.start(name, server.address);
      await checkStaticSite(t, `${front.url}/`, OWN_ANSWERS[name]);
      assertEquals(server.log, []);
    },
  });
}
