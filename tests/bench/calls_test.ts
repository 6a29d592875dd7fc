import { assertEquals } from "@std/assert";
import { countCalls } from "../../bench/load/calls.ts";

Deno.test("countCalls() counts what the busiest thread did with its sockets, and the most reads at a time", () => {
  const log = [
    "10  epoll_wait(5, [{events=EPOLLIN}], 1024, 0) = 3",
    '10  recvfrom(7, "GET / HTTP/1.1\\r\\n"..., 4096, 0, NULL, NULL) = 41',
    "11  epoll_wait(9,  <unfinished ...>",
    '10  sendto(7, "HTTP/1.1 200 OK\\r"..., 94, MSG_NOSIGNAL, NULL, 0) = 94',
    '10  write(4, "\\1\\0\\0\\0\\0\\0\\0\\0", 8)   = 8',
    "11  <... epoll_wait resumed>[], 1024, 1) = 0",
    '10  recvfrom(8, "GET / HTTP/1.1\\r\\n"..., 4096, 0, NULL, NULL) = 41',
    '10  sendto(8, "HTTP/1.1 200 OK\\r"..., 94, MSG_NOSIGNAL, NULL, 0) = 94',
    "10  recvfrom(8, 0x7f00, 4096, 0, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable)",
    "10  epoll_wait(5, [], 1024, 0) = 0",
    '10  recvfrom(7, "GET / HTTP/1.1\\r\\n"..., 4096, 0, NULL, NULL) = 41',
    "",
  ];
  const { reads, writes, polls, mostReads } = countCalls(log.join("\n"), 3);
  assertEquals([reads, writes, polls, mostReads], [3, 2, 2, 2]);
});

Deno.test("countCalls() tells whether all connections have their turn or some again and again", () => {
  const read = (socket: number) =>
    `10  recvfrom(${socket}, "GET / HTTP/1.1\\r\\n"..., 4096, 0, NULL, NULL) = 41`;
  const different = (sockets: number[]) => countCalls(sockets.map(read).join("\n"), 4).different;
  assertEquals(different([7, 8, 9, 10, 8, 7, 10, 9]), 4);
  assertEquals(different([7, 8, 7, 8, 9, 10, 9, 10]), 2);
});

Deno.test("countCalls() of an empty log is nothing", () => {
  const { reads, writes, polls, mostReads } = countCalls("", 64);
  assertEquals([reads, writes, polls, mostReads], [0, 0, 0, 0]);
});
