/**
 * What black-box suites ask HTTP/1.1 servers, as data: the bytes that are sent, the statuses that have to come back in
 * this order, and whether the connection lives on. Each case stands alone; why it is so is in the section named.
 *
 * The app behind it reads the whole body and answers 200 to everything.
 */

/** One case. */
export interface ProbeCase {
  /** What it is about, unique. */
  readonly name: string;
  /** The section that decides. */
  readonly section: string;
  /** The bytes, one code unit a byte. */
  readonly send: string;
  /** The statuses of the answers, interim ones included. */
  readonly statuses: readonly number[];
  /** Whether another request on the connection is answered. */
  readonly lives: boolean;
}

const cases: ProbeCase[] = [];

function ok(section: string, name: string, send: string, statuses: number[] = [200], lives = true): void {
  cases.push({ section, name, send, statuses, lives });
}

function refused(section: string, name: string, send: string, status = 400): void {
  cases.push({ section, name, send, statuses: [status], lives: false });
}

const line = (requestLine: string) => `${requestLine}\r\nhost: x\r\n\r\n`;
const fields = (lines: string) => `GET / HTTP/1.1\r\nhost: x\r\n${lines}\r\n\r\n`;
const host = (value: string) => `GET / HTTP/1.1\r\nhost: ${value}\r\n\r\n`;
const post = (lines: string, body = "") => `POST / HTTP/1.1\r\nhost: x\r\n${lines}\r\n\r\n${body}`;
const length = (value: string) => post(`content-length: ${value}`, "hello");
const coding = (value: string) => post(`transfer-encoding: ${value}`, "5\r\nhello\r\n0\r\n\r\n");
const chunks = (body: string) => post("transfer-encoding: chunked", body);
const GET = line("GET / HTTP/1.1");

// Lines and their ends.
ok("RFC9112§2.2", "a plain request", GET);
ok("RFC9112§2.2", "one empty line before the request", "\r\n" + GET);
ok("RFC9112§2.2", "an empty line after a body", post("content-length: 5", "hello") + "\r\n" + GET, [
  200,
  200,
]);
refused("RFC9112§2.2", "a line of spaces before the request", "  \r\n" + GET);
refused("RFC9112§2.2", "a thousand empty lines before the request", "\r\n".repeat(1000) + GET);
refused("RFC9112§2.2", "bare LF after the request line", "GET / HTTP/1.1\nhost: x\r\n\r\n");
refused("RFC9112§2.2", "bare LF after a field", "GET / HTTP/1.1\r\nhost: x\na: b\r\n\r\n");
refused("RFC9112§2.2", "bare LF as the empty line", "GET / HTTP/1.1\r\nhost: x\r\n\n");
refused("RFC9112§2.2", "nothing but LF", "GET / HTTP/1.1\nhost: x\n\n");
refused("RFC9112§2.2", "nothing but CR", "GET / HTTP/1.1\rhost: x\r\r");
refused("RFC9112§2.2", "CR in the target", line("GET /\ra HTTP/1.1"));
refused("RFC9112§2.2", "CR in a field value", fields("a: b\rc"));
refused("RFC9112§2.2", "CR before CR LF", fields("a: b\r"));
refused("RFC9112§2.2", "CR before a field name", fields("\ra: b"));
refused("RFC9112§2.2", "NUL in the target", line("GET /\0 HTTP/1.1"));
refused("RFC9112§2.2", "NUL in a field name", fields("a\0: b"));
refused("RFC9110§5.5", "NUL in a field value", fields("a: b\0c"));
refused("RFC9112§2.2", "bytes at random", "\x93\x1f\xe2\x00\x81\xfa\x07\xa5\x66\xd1\r\n\r\n");
refused("RFC9112§2.2", "a TLS handshake", "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03");
refused("RFC9113§3.4", "the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);

// The request line.
refused("RFC9112§3", "two spaces before the target", line("GET  / HTTP/1.1"));
refused("RFC9112§3", "two spaces before the version", line("GET /  HTTP/1.1"));
refused("RFC9112§3", "a space after the version", line("GET / HTTP/1.1 "));
refused("RFC9112§3", "a space before the method", line(" GET / HTTP/1.1"));
refused("RFC9112§3", "tabs instead of spaces", line("GET\t/\tHTTP/1.1"));
refused("RFC9112§3", "no target", line("GET HTTP/1.1"));
refused("RFC9112§3", "no version", line("GET /"));
refused("RFC9112§3", "a request of HTTP/0.9", "GET /\r\n");
refused("RFC9112§3", "four words", line("GET / a HTTP/1.1"));
ok("RFC9110§9.1", "a method in lower case, which is another one", line("get / HTTP/1.1"));
ok("RFC9110§9.1", "a method that nobody knows", line("FROB / HTTP/1.1"));
ok("RFC9110§9.1", "a method of odd characters", line("A!#$%&'*+-.^_`|~ / HTTP/1.1"));
refused("RFC9110§9.1", "a method with a parenthesis", line("GE(T / HTTP/1.1"));
refused("RFC9110§9.1", "a method beyond ASCII", line("G\xc9T / HTTP/1.1"));
refused("RFC9110§9.1", "an empty method", line(" / HTTP/1.1"));
refused("RFC9110§15.6.2", "a method of 1000 letters", line("A".repeat(1000) + " / HTTP/1.1"), 501);
refused("RFC9112§2.3", "version HTTP/1", line("GET / HTTP/1"));
refused("RFC9112§2.3", "version HTTP/1.", line("GET / HTTP/1."));
refused("RFC9112§2.3", "version HTTP/01.1", line("GET / HTTP/01.1"));
refused("RFC9112§2.3", "version HTTP/1.01", line("GET / HTTP/1.01"));
refused("RFC9112§2.3", "version HTTP/1.10", line("GET / HTTP/1.10"));
refused("RFC9112§2.3", "version HTTP/ 1.1", line("GET / HTTP/ 1.1"));
refused("RFC9112§2.3", "version HTTP/1 .1", line("GET / HTTP/1 .1"));
refused("RFC9112§2.3", "version http/1.1", line("GET / http/1.1"));
refused("RFC9112§2.3", "version HTTPS/1.1", line("GET / HTTPS/1.1"));
refused("RFC9112§2.3", "version HTTP/1.x", line("GET / HTTP/1.x"));
refused("RFC9112§2.3", "version HTTP/+1.1", line("GET / HTTP/+1.1"));
ok("RFC9112§2.3", "version HTTP/1.2", line("GET / HTTP/1.2"));
ok("RFC9112§2.3", "version HTTP/1.9", line("GET / HTTP/1.9"));
refused("RFC9110§15.6.6", "version HTTP/2.0", line("GET / HTTP/2.0"), 505);
refused("RFC9110§15.6.6", "version HTTP/0.9", line("GET / HTTP/0.9"), 505);
refused("RFC9110§15.6.6", "version HTTP/9.9", line("GET / HTTP/9.9"), 505);

// Targets.
ok("RFC9112§3.2.1", "a path that begins with two slashes", line("GET //evil/x HTTP/1.1"));
ok("RFC9112§3.2.1", "a path with dot segments", line("GET /../../etc/passwd HTTP/1.1"));
ok("RFC9112§3.2.1", "an empty query", line("GET /? HTTP/1.1"));
ok("RFC9112§3.2.1", "escapes that are none", line("GET /%zz% HTTP/1.1"));
ok("RFC9112§3.2.1", "an escaped NUL", line("GET /%00 HTTP/1.1"));
ok("RFC9112§3.2.1", "an escaped line end", line("GET /%0d%0aa:%20b HTTP/1.1"));
ok("RFC9112§3.2.1", "a backslash", line("GET /a\\b HTTP/1.1"));
refused("RFC9112§3.2", "a fragment", line("GET /a#b HTTP/1.1"));
refused("RFC9112§3.2", "a control byte", line("GET /\x1b HTTP/1.1"));
refused("RFC9112§3.2", "bytes beyond ASCII", line("GET /caf\xc3\xa9 HTTP/1.1"));
refused("RFC9112§3.2", "overlong UTF-8", line("GET /\xc0\xaf HTTP/1.1"));
refused("RFC9112§3.2", "a target without a slash", line("GET a HTTP/1.1"));
refused("RFC9112§3.2", "a query without a path", line("GET ?a HTTP/1.1"));
ok("RFC9112§3.2.2", "absolute-form", line("GET http://x/ HTTP/1.1"));
ok("RFC9112§3.2.2", "absolute-form without a path", line("GET http://x HTTP/1.1"));
ok("RFC9112§3.2.2", "absolute-form for another host than Host", line("GET http://y/ HTTP/1.1"));
ok("RFC9112§3.2.2", "absolute-form with a scheme in capitals", line("GET HTTP://x/ HTTP/1.1"));
refused("RFC9110§4.2.4", "absolute-form with user information", line("GET http://u:p@x/ HTTP/1.1"));
refused("RFC9110§4.2.1", "absolute-form without a host", line("GET http:///a HTTP/1.1"));
refused("RFC9112§3.2.2", "absolute-form of another scheme", line("GET ftp://x/ HTTP/1.1"));
refused("RFC9112§3.2", "absolute-form without a Host line", "GET http://x/ HTTP/1.1\r\n\r\n");
refused("RFC9112§3.2.3", "CONNECT", line("CONNECT x:443 HTTP/1.1"), 501);
refused("RFC9112§3.2.3", "CONNECT to a path", line("CONNECT / HTTP/1.1"));
refused("RFC9112§3.2.3", "authority-form for GET", line("GET x:80 HTTP/1.1"));
ok("RFC9112§3.2.4", "OPTIONS *", line("OPTIONS * HTTP/1.1"), [204]);
ok("RFC9110§9.3.7", "OPTIONS of a path", line("OPTIONS / HTTP/1.1"));
refused("RFC9112§3.2.4", "GET *", line("GET * HTTP/1.1"));
refused("RFC9112§3.2.4", "POST *", line("POST * HTTP/1.1"));
refused("RFC9110§9.3.8", "TRACE", line("TRACE / HTTP/1.1"), 405);
refused(
  "RFC9110§9.3.8",
  "TRACE with a body",
  "TRACE / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello",
  405,
);
refused("RFC9110§15.5.15", "a target of 100 kB", line(`GET /${"a".repeat(100_000)} HTTP/1.1`), 414);
ok("RFC9112§3", "a request line of 8000 bytes", line(`GET /${"a".repeat(7985)} HTTP/1.1`));

// Host.
refused("RFC9112§3.2", "no Host", "GET / HTTP/1.1\r\n\r\n");
refused("RFC9112§3.2", "two Hosts", "GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n");
refused("RFC9112§3.2", "two Hosts that agree", "GET / HTTP/1.1\r\nhost: x\r\nhost: x\r\n\r\n");
refused("RFC9112§3.2", "Host in two cases", "GET / HTTP/1.1\r\nHost: x\r\nHOST: x\r\n\r\n");
ok("RFC9110§7.2", "Host with a port", host("x:8080"));
ok("RFC9110§7.2", "Host with an empty port", host("x:"));
ok("RFC9110§7.2", "Host as an IPv6 address", host("[::1]:80"));
ok("RFC9110§7.2", "Host with a dot at its end", host("x.example."));
refused("RFC9110§4.2.1", "an empty Host", host(""));
refused("RFC9112§3.2", "Host with a path", host("x/y"));
refused("RFC9112§3.2", "Host with user information", host("u@x"));
refused("RFC9112§3.2", "Host with a space", host("x y"));
refused("RFC9112§3.2", "Host as a list", host("x, y"));
refused("RFC9112§3.2", "Host with a comma", host("x,y"));
refused("RFC9112§3.2", "Host with a port that is none", host("x:80a"));
refused("RFC9112§3.2", "Host with a port of 99999", host("x:99999"));
refused("RFC9112§3.2", "Host with two ports", host("x:80:80"));
refused("RFC9112§3.2", "Host as a URL", host("http://x"));
refused("RFC9112§3.2", "Host with an open bracket", host("[::1"));
refused("RFC9112§3.2", "Host with markup", host("<script>"));
refused("RFC9112§3.2", "Host with a query", host("x?y"));
refused("RFC9112§3.2", "Host folded", "GET / HTTP/1.1\r\nhost:\r\n x\r\n\r\n");
refused("RFC9112§5.1", "Host with a space before the colon", "GET / HTTP/1.1\r\nhost : x\r\n\r\n");

// Field lines.
refused("RFC9112§5.1", "a space before the colon", fields("a : b"));
refused("RFC9112§5.1", "a tab before the colon", fields("a\t: b"));
refused("RFC9112§5.1", "a space within a name", fields("a b: c"));
refused("RFC9112§5", "no colon", fields("a"));
refused("RFC9112§5", "no name", fields(": b"));
refused("RFC9112§5", "a name with a bracket", fields("[a]: b"));
refused("RFC9112§5", "a name with a slash", fields("a/b: c"));
refused("RFC9112§5", "a name beyond ASCII", fields("\xe9: b"));
refused("RFC9112§5", "a byte order mark", fields("\xef\xbb\xbfa: b"));
refused("RFC9112§2.2", "a blank before the first field", "GET / HTTP/1.1\r\n host: x\r\n\r\n");
refused("RFC9112§5.2", "a folded value", fields("a: b\r\n c"));
refused("RFC9112§5.2", "a value folded with a tab", fields("a: b\r\n\tc"));
refused("RFC9110§5.5", "ESC in a value", fields("a: \x1b[31m"));
refused("RFC9110§5.5", "VT in a value", fields("a: b\x0bc"));
refused("RFC9110§5.5", "DEL in a value", fields("a: b\x7fc"));
ok("RFC9110§5.5", "an empty value", fields("a:"));
ok("RFC9110§5.5", "a value of blanks", fields("a: \t "));
ok("RFC9110§5.5", "no blank after the colon", fields("a:b"));
ok("RFC9110§5.5", "bytes beyond ASCII in a value", fields("a: \xff\xfe caf\xc3\xa9"));
ok("RFC9110§5.5", "a tab within a value", fields("a: b\tc"));
ok("RFC9110§5.1", "a name of odd characters", fields("!#$%&'*+-.^_`|~: b"));
ok("RFC9110§5.3", "a hundred fields", fields("a: b\r\n".repeat(98) + "a: b"));
refused("RFC6585§5", "a thousand fields", fields("a: b\r\n".repeat(999) + "a: b"), 431);
refused("RFC6585§5", "a value of 100 kB", fields(`a: ${"b".repeat(100_000)}`), 431);
refused("RFC6585§5", "a name of 100 kB", fields(`${"a".repeat(100_000)}: b`), 431);

// Content-Length.
ok("RFC9112§6.2", "a body of its length", length("5"));
ok("RFC9112§6.2", "a length of 0", post("content-length: 0"));
ok("RFC9110§5.5", "a length with blanks around it", length(" \t5\t "));
ok("RFC9110§8.6", "a length with leading zeros", length("0005"));
ok("RFC9112§6.3", "POST with neither length nor coding", post("a: b"));
ok("RFC9110§9.3.1", "GET with a body", "GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello");
ok("RFC9110§9.3.2", "HEAD with a body", "HEAD / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello");
ok(
  "RFC9110§9.3.7",
  "OPTIONS * with a body",
  "OPTIONS * HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello",
  [204],
);
ok("RFC9110§8.6", "content_length, which is another field", post("content_length: 5"));
refused("RFC9112§6.3", "a length with a plus", length("+5"));
refused("RFC9112§6.3", "a length with a minus", length("-5"));
refused("RFC9112§6.3", "a length of -0", length("-0"));
refused("RFC9112§6.3", "a length in hexadecimal", length("0x5"));
refused("RFC9112§6.3", "a length in octal", length("0o5"));
refused("RFC9112§6.3", "a length with an exponent", length("5e0"));
refused("RFC9112§6.3", "a length with a point", length("5.0"));
refused("RFC9112§6.3", "a length with an underscore", length("5_0"));
refused("RFC9112§6.3", "a length with a space within", length("5 0"));
refused("RFC9112§6.3", "a length that is a word", length("five"));
refused("RFC9112§6.3", "an empty length", length(""));
refused("RFC9112§6.3", "a length in quotes", length('"5"'));
refused("RFC9112§6.3", "a length in other digits", length("\xd9\xa5"));
refused("RFC9112§6.3", "a length with a no-break space", length("5\xa0"));
refused("RFC9110§8.6", "a length above 2^64", length("18446744073709551621"));
refused("RFC9110§8.6", "a length above 2^53", length("9007199254740993"));
refused("RFC9110§15.5.14", "a length above the limit", length("99999999999"), 413);
refused("RFC9110§8.6", "two lengths", post("content-length: 5\r\ncontent-length: 6", "hello"));
refused("RFC9110§8.6", "two lengths that agree", post("content-length: 5\r\ncontent-length: 5", "hello"));
refused("RFC9110§8.6", "a list of lengths", length("5, 6"));
refused("RFC9110§8.6", "a list of lengths that agree", length("5, 5"));
refused("RFC9112§5.1", "content-length with a space before the colon", post("content-length : 5", "hello"));
refused("RFC9112§5.2", "content-length folded", post("content-length: 5\r\n 0", "hello"));

// Transfer-Encoding.
ok("RFC9112§7.1", "a chunked body", coding("chunked"));
ok("RFC9112§7", "chunked in capitals", coding("CHUNKED"));
ok("RFC9110§5.5", "chunked with blanks around it", coding("\t chunked \t"));
ok("RFC9112§6.1", "transfer_encoding, which is another field", post("transfer_encoding: chunked"));
refused(
  "RFC9112§6.1",
  "length, then coding",
  post("content-length: 5\r\ntransfer-encoding: chunked", "0\r\n\r\n"),
);
refused(
  "RFC9112§6.1",
  "coding, then length",
  post("transfer-encoding: chunked\r\ncontent-length: 5", "0\r\n\r\n"),
);
refused(
  "RFC9112§6.1",
  "a coding nobody knows, and a length",
  post("transfer-encoding: x\r\ncontent-length: 5", "hello"),
);
refused("RFC9112§6.3", "identity", coding("identity"));
refused("RFC9112§6.3", "chunked, identity", coding("chunked, identity"));
refused("RFC9112§6.3", "chunked, gzip", coding("chunked, gzip"));
refused("RFC9112§6.3", "gzip", coding("gzip"));
refused("RFC9112§6.3", "xchunked", coding("xchunked"));
refused("RFC9112§6.3", "chunked twice in a line", coding("chunked, chunked"));
refused("RFC9112§6.3", "chunked in two lines", coding("chunked\r\ntransfer-encoding: chunked"));
refused(
  "RFC9112§6.3",
  "chunked, then identity in another line",
  coding("chunked\r\ntransfer-encoding: identity"),
);
refused("RFC9112§6.3", "an empty coding", coding(""));
refused("RFC9112§6.3", "chunked with a comma after it", coding("chunked,"));
refused("RFC9112§6.3", "chunked with a parameter", coding("chunked;a=b"));
refused("RFC9112§6.3", "chunked in quotes", coding('"chunked"'));
refused("RFC9110§5.5", "chunked after VT", coding("\x0bchunked"));
refused("RFC9110§5.5", "chunked after FF", coding("\x0cchunked"));
refused("RFC9110§5.5", "chunked before NUL", coding("chunked\0"));
refused("RFC9112§5.2", "chunked folded", coding("\r\n chunked"));
refused(
  "RFC9112§5.1",
  "transfer-encoding with a space before the colon",
  post("transfer-encoding : chunked", "0\r\n\r\n"),
);
refused("RFC9112§6.1", "gzip, chunked", coding("gzip, chunked"), 501);
refused(
  "RFC9112§6.1",
  "a coding in HTTP/1.0",
  "POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
);

// Chunks.
ok("RFC9112§7.1", "no chunks but the last", chunks("0\r\n\r\n"));
ok("RFC9112§7.1", "many chunks", chunks("1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n"));
ok("RFC9112§7.1", "sizes in both cases", chunks("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n"));
ok("RFC9112§7.1", "a size with leading zeros", chunks("0005\r\nhello\r\n0\r\n\r\n"));
ok("RFC9112§7.1.1", "an extension", chunks("5;a=b\r\nhello\r\n0\r\n\r\n"));
ok("RFC9112§7.1.1", "a quoted extension", chunks('5;a="b;c"\r\nhello\r\n0\r\n\r\n'));
ok("RFC9112§7.1.2", "trailers", chunks("5\r\nhello\r\n0\r\na: b\r\n\r\n"));
ok("RFC9110§6.5.1", "a length among the trailers", chunks("5\r\nhello\r\n0\r\ncontent-length: 50\r\n\r\n"));
ok("RFC9110§6.5.1", "close among the trailers", chunks("0\r\nconnection: close\r\n\r\n"));
refused("RFC9112§7.1", "a size with 0x", chunks("0x5\r\nhello\r\n0\r\n\r\n"));
refused("RFC9112§7.1", "a size with a plus", chunks("+5\r\nhello\r\n0\r\n\r\n"));
refused("RFC9112§7.1", "a size with a minus", chunks("-5\r\nhello\r\n0\r\n\r\n"));
refused("RFC9112§7.1", "a size after a space", chunks(" 5\r\nhello\r\n0\r\n\r\n"));
refused("RFC9112§7.1", "a size before a space", chunks("5 \r\nhello\r\n0\r\n\r\n"));
refused("RFC9112§7.1", "a size with an underscore", chunks("0_5\r\nhello\r\n0\r\n\r\n"));
refused("RFC9112§7.1", "a size that is no number", chunks("xyz\r\nhello\r\n0\r\n\r\n"));
refused("RFC9112§7.1", "an empty size", chunks("\r\nhello\r\n0\r\n\r\n"));
refused("RFC9112§7.1", "a size above 2^64", chunks("10000000000000005\r\nhello\r\n0\r\n\r\n"));
refused("RFC9112§7.1", "a size above 2^53", chunks("20000000000005\r\nhello\r\n0\r\n\r\n"));
refused("RFC9112§7.1", "LF after a size", chunks("5\nhello\r\n0\r\n\r\n"));
refused("RFC9112§7.1", "CR after a size", chunks("5\rhello\r\n0\r\n\r\n"));
refused("RFC9112§7.1", "LF after data", chunks("5\r\nhello\n0\r\n\r\n"));
refused("RFC9112§7.1", "nothing after data", chunks("5\r\nhello0\r\n\r\n"));
refused("RFC9112§7.1", "more data than the size", chunks("5\r\nhello!!\r\n0\r\n\r\n"));
refused("RFC9112§7.1", "LF after the last size", chunks("0\n\r\n"));
refused("RFC9112§7.1", "LF as the end", chunks("0\r\n\n"));
refused("RFC9112§7.1.1", "a semicolon without an extension", chunks("5;\r\nhello\r\n0\r\n\r\n"));
refused("RFC9112§7.1.1", "LF in an extension", chunks("5;a\nb\r\nhello\r\n0\r\n\r\n"));
refused("RFC9112§7.1.1", "CR in an extension", chunks("5;a\rb\r\nhello\r\n0\r\n\r\n"));
refused("RFC9112§7.1.1", "NUL in an extension", chunks("5;a\0\r\nhello\r\n0\r\n\r\n"));
refused("RFC9112§7.1.1", "LF in a quoted extension", chunks('5;a="b\n"\r\nhello\r\n0\r\n\r\n'));
refused("RFC9112§7.1.1", "an extension of 64 kB", chunks(`5;${"a".repeat(65536)}\r\nhello\r\n0\r\n\r\n`));
refused("RFC9112§7.1.2", "a trailer without a colon", chunks("0\r\na\r\n\r\n"));
refused("RFC9112§7.1.2", "a trailer with a space before the colon", chunks("0\r\na : b\r\n\r\n"));
refused("RFC9112§7.1.2", "a trailer folded", chunks("0\r\na: b\r\n c\r\n\r\n"));

// Connections.
ok("RFC9112§9.3", "HTTP/1.1 goes on", GET);
ok("RFC9112§9.3", "three requests in one packet", GET + GET + GET, [200, 200, 200]);
ok("RFC9112§9.3", "an error after two requests", GET + GET + "BAD\r\n\r\n", [200, 200, 400], false);
ok("RFC9112§9.6", "close", fields("connection: close"), [200], false);
ok("RFC9112§9.6", "close in capitals", fields("connection: CLOSE"), [200], false);
ok("RFC9112§9.6", "close in a list", fields("connection: a, close, b"), [200], false);
ok(
  "RFC9112§9.6",
  "close and keep-alive",
  fields("connection: keep-alive\r\nconnection: close"),
  [200],
  false,
);
ok("RFC9112§9.3", "keep-alive", fields("connection: keep-alive"));
ok("RFC9112§9.3", "HTTP/1.0 closes", "GET / HTTP/1.0\r\n\r\n", [200], false);
ok("RFC9112§9.3", "HTTP/1.0 with keep-alive", "GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
ok("RFC9112§9.3", "HTTP/1.0 with a body", "POST / HTTP/1.0\r\ncontent-length: 5\r\n\r\nhello", [200], false);
ok(
  "RFC9110§7.8",
  "an upgrade to WebSocket",
  fields("connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: eA=="),
);
ok("RFC9110§7.8", "an upgrade without its connection option", fields("upgrade: websocket"));
ok("RFC9110§7.8", "an upgrade to something unknown", fields("connection: upgrade\r\nupgrade: frob/1"));
ok(
  "RFC9110§7.8",
  "an upgrade to HTTP/2",
  fields("connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk"),
);

// Expectations.
ok(
  "RFC9110§10.1.1",
  "100-continue with the body at once",
  post("expect: 100-continue\r\ncontent-length: 5", "hello"),
);
ok("RFC9110§10.1.1", "100-continue without a body", post("expect: 100-continue"));
ok(
  "RFC9110§10.1.1",
  "100-continue from HTTP/1.0",
  "POST / HTTP/1.0\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\nhello",
  [200],
  false,
);
refused("RFC9110§15.5.18", "another expectation", post("expect: tea\r\ncontent-length: 5", "hello"), 417);
refused(
  "RFC9110§10.1.1",
  "100-continue with a length above the limit",
  post("expect: 100-continue\r\ncontent-length: 99999999999"),
  413,
);

/** All cases. */
export const PROBE_CASES: readonly ProbeCase[] = cases;
