/** Archangel behind Apache's mod_proxy_fcgi, with the configuration of `docs/behind-a-front-end.md`. */
import { behindFrontEnd, overloaded, overUnixSocket } from "../support/front_end_cases.ts";
import { change } from "../support/front_ends.ts";

const apache = {
  name: "apache",
  leaving: "noticed by writing",
  joinsFields: true,
  refusesTwoHosts: false,
} as const;

behindFrontEnd({
  ...apache,
  title: "Apache",
  reuses: true,
  liveAnswers: true,
  uploads: "live",
  cutIsNoticed: true,
});

behindFrontEnd({
  ...apache,
  title: "Apache without flushpackets and enablereuse, with a signature",
  edit: (shown) => change(shown, "enablereuse=on ttl=10 flushpackets=on", "") + "\nServerSignature On",
  reuses: false,
  liveAnswers: false,
  uploads: "live",
  cutIsNoticed: true,
});

overUnixSocket("apache");
overloaded("apache");
