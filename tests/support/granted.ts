/** A process that was started with certain permissions, as `Deno.permissions.querySync` tells it. */
import type { PermissionQuery } from "../../server/permissions.ts";

/** Answers for grants such as `net`, `read=/srv`, and denials such as `!read=/srv/secret`. */
export function processWith(...flags: string[]): PermissionQuery {
  const grants = flags.filter((flag) => !flag.startsWith("!"));
  const denials = flags.filter((flag) => flag.startsWith("!")).map((flag) => flag.slice(1));
  return (descriptor) => {
    const { name, ...rest } = descriptor;
    const value = Object.values(rest)[0] as string | undefined;
    const asked = value === undefined ? name : `${name}=${value}`;
    const isDenied = denials.some((denied) => contains(denied, asked));
    const isGranted = !isDenied && grants.some((grant) => contains(grant, asked));
    return {
      state: isDenied ? "denied" : isGranted ? "granted" : "prompt",
      partial: isGranted && denials.some((denied) => contains(asked, denied)),
    };
  };
}

function contains(one: string, other: string): boolean {
  return one === other || !one.includes("=") && other.startsWith(`${one}=`) ||
    other.startsWith(one.endsWith("/") ? one : `${one}/`);
}
