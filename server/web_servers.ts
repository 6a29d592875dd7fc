/**
 * `FCGI_WEB_SERVER_ADDRS` (FastCGI 1.0 §3.2): the only addresses from which FastCGI connections are
 * taken. FastCGI itself asks nobody who he is, and whoever gets in may claim any client address, user
 * and certificate. As the specification has it, a connection that did not come by TCP is not on the
 * list either.
 *
 * @module
 */

/** The variable's name. */
export const WEB_SERVERS_VARIABLE = "FCGI_WEB_SERVER_ADDRS";
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;
const MAPPED = /^::ffff:(?=[\d.]+$)/i;
/** So many peers are complained of, each once: a log line a connection would be a lever. */
const COMPLAINTS = 100;

/** Who may connect. */
export class WebServers {
  readonly #addresses: ReadonlySet<string>;
  readonly #complained = new Set<string>();

  /**
   * Reads a list.
   *
   * @param list IP addresses, separated by commas.
   * @throws {TypeError} If one of them is none.
   */
  constructor(list: string) {
    // A comma too many is no address.
    const items = list.split(",").map((item) => item.trim()).filter((item) => item !== "");
    this.#addresses = new Set(items.map(canonical));
  }

  /**
   * The list of the environment.
   *
   * @returns The list; `undefined` if there is none, or if reading the variable is not permitted.
   * @throws {TypeError} If it cannot be read.
   */
  static fromEnvironment(): WebServers | undefined {
    if (Deno.permissions.querySync({ name: "env", variable: WEB_SERVERS_VARIABLE }).state !== "granted") {
      return undefined;
    }
    const list = Deno.env.get(WEB_SERVERS_VARIABLE) ?? "";
    return list.trim() === "" ? undefined : new WebServers(list);
  }

  /**
   * Whether a peer may connect.
   *
   * @param peer Its end of the connection.
   */
  include(peer: Deno.Addr): boolean {
    return peer.transport === "tcp" && this.#addresses.has(canonical(peer.hostname));
  }

  /**
   * What to log of a peer that may not.
   *
   * @param peer Its end of the connection.
   * @returns A line; `undefined` if it has been said.
   */
  complaint(peer: Deno.Addr): string | undefined {
    const who = peer.transport === "tcp" ? peer.hostname : "a peer without IP address";
    if (this.#complained.has(who) || this.#complained.size >= COMPLAINTS) return undefined;
    this.#complained.add(who);
    return `fcgi ${who}: not in ${WEB_SERVERS_VARIABLE} (closed)`;
  }
}

/** One spelling for each address; a listener on `::` sees IPv4 peers as IPv6 addresses. */
function canonical(address: string): string {
  const plain = address.replace(MAPPED, "");
  if (IPV4.test(plain)) return plain;
  const url = `http://[${plain}]/`;
  if (!URL.canParse(url)) {
    throw new TypeError(`Cannot read ${WEB_SERVERS_VARIABLE}: ${JSON.stringify(address)} is no IP address`);
  }
  return new URL(url).hostname;
}
