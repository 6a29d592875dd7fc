/**
 * Both ends of an exchange: of the socket over HTTP, of the front end's client over FastCGI.
 *
 * @module
 */
import type { Remote, ServerInfo } from "../twig/types.ts";
import type { RequestHead } from "../twig/wire.ts";
import type { Endpoints } from "./connection_host.ts";
import { SOFTWARE } from "./version.ts";

/** The part of a socket that is asked; `Deno.Conn` has it. */
export interface Addresses {
  /** The peer. */
  readonly remoteAddr: Deno.Addr;
  /** Ourselves. */
  readonly localAddr: Deno.Addr;
}

interface HostPort {
  readonly host: string;
  readonly port: number;
}

function hostPort(address: Deno.Addr): HostPort {
  return "hostname" in address ? { host: address.hostname, port: address.port } : { host: "", port: 0 };
}

/** `host` of `host[:port]`, with the brackets of an IPv6 address; front ends also name one without them. */
function nameOf(authority: string): string {
  return /^[^[]*:.*:/.test(authority) ? authority : authority.replace(/:\d*$/, "");
}

/** What is known of a socket. One object a connection, and nothing in it but the socket. */
abstract class SocketEndpoints implements Endpoints {
  /** The protocol spoken there, for the log. */
  abstract readonly wire: string;
  protected readonly socket: Addresses;

  /** @param socket The socket. */
  constructor(socket: Addresses) {
    this.socket = socket;
  }

  /** `host:port` of the peer, for the log; empty on a Unix socket. */
  get peer(): string {
    const { host, port } = hostPort(this.socket.remoteAddr);
    return host === "" ? "" : `${host}:${port}`;
  }

  /** The client's end. */
  abstract remote(head: RequestHead): Remote;
  /** The server's end. */
  abstract server(head: RequestHead): ServerInfo;
}

/** The ends of an HTTP connection. */
export class HttpEndpoints extends SocketEndpoints {
  /** The protocol spoken there, for the log. */
  get wire(): string {
    return "http";
  }

  /** The client is the peer. */
  remote(): Remote {
    const { host, port } = hostPort(this.socket.remoteAddr);
    return { address: host, host, port, user: "" };
  }

  /** The server is named as the client named it. */
  server(head: RequestHead): ServerInfo {
    const { host, port } = hostPort(this.socket.localAddr);
    return {
      name: nameOf(head.authority) || host,
      address: host,
      port,
      protocol: head.protocol,
      software: SOFTWARE,
    };
  }
}

/** The ends as a FastCGI front end tells them; the socket's own where it does not (RFC 3875 §4.1). */
export class FcgiEndpoints extends SocketEndpoints {
  /** The protocol spoken there, for the log. */
  get wire(): string {
    return "fcgi";
  }

  /** The front end's client. */
  remote(head: RequestHead): Remote {
    const peer = hostPort(this.socket.remoteAddr);
    const told = head.variable("REMOTE_ADDR");
    const address = told || peer.host;
    return {
      address,
      host: head.variable("REMOTE_HOST") || address,
      port: port(head.variable("REMOTE_PORT")) ?? (told === "" ? peer.port : 0),
      user: head.variable("REMOTE_USER"),
    };
  }

  /** The front end. */
  server(head: RequestHead): ServerInfo {
    const own = hostPort(this.socket.localAddr);
    return {
      name: nameOf(head.variable("SERVER_NAME") || head.authority),
      address: head.variable("SERVER_ADDR") || own.host,
      port: port(head.variable("SERVER_PORT")) ?? own.port,
      protocol: head.protocol,
      software: SOFTWARE,
    };
  }
}

function port(text: string): number | undefined {
  return /^[0-9]{1,5}$/.test(text) && Number(text) <= 65535 ? Number(text) : undefined;
}
