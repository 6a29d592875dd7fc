/** Archangel behind lighttpd, with the configuration of `docs/behind-a-front-end.md`. */
import { behindFrontEnd, overloaded, overUnixSocket } from "../support/front_end_cases.ts";
import { change } from "../support/front_ends.ts";

const lighttpd = {
  name: "lighttpd",
  reuses: false,
  uploads: "stored",
  joinsFields: true,
  refusesTwoHosts: true,
} as const;

behindFrontEnd({
  ...lighttpd,
  title: "lighttpd",
  liveAnswers: true,
  cutIsNoticed: true,
  leaving: "noticed by writing",
});

behindFrontEnd({
  ...lighttpd,
  title: "lighttpd without stream-response-body",
  edit: (shown) => change(shown, "server.stream-response-body = 2", ""),
  liveAnswers: false,
  cutIsNoticed: false,
  leaving: "not noticed",
});

overUnixSocket("lighttpd");
overloaded("lighttpd");
