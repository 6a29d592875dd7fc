/**
 * Offline stand-in for `@std/http/status`: the table that the runtime's Node API already has, with the phrases that
 * the real package words differently.
 *
 * @module
 */

import { STATUS_CODES } from "node:http";

const { 509: _unregistered, ...registered } = STATUS_CODES;

/** Reason phrase by status code. */
export const STATUS_TEXT: Readonly<Record<number, string>> = {
  ...registered,
  203: "Non Authoritative Info",
  207: "Multi Status",
  407: "Proxy Auth Required",
  413: "Content Too Large",
  418: "I'm a teapot",
} as Record<number, string>;
