/** Archangel behind nginx, with the configuration of `docs/behind-a-front-end.md`. */
import {
  behind,
  behindFrontEnd,
  expectSteps,
  overloaded,
  overUnixSocket,
} from "../support/front_end_cases.ts";
import { change } from "../support/front_ends.ts";

const withoutReuse = (shown: string) => change(shown, "fastcgi_keep_conn on;", "fastcgi_keep_conn off;");
const nginx = { name: "nginx", leaving: "told at once", joinsFields: false, refusesTwoHosts: false } as const;

behindFrontEnd({
  ...nginx,
  title: "nginx",
  reuses: true,
  liveAnswers: true,
  uploads: "stored",
  cutIsNoticed: true,
});

behindFrontEnd({
  ...nginx,
  title: "nginx with all of fastcgi_params",
  edit: (shown) =>
    change(
      shown,
      "fastcgi_param REQUEST_METHOD",
      "include /etc/nginx/fastcgi_params;\n    fastcgi_param REQUEST_METHOD",
    ),
  reuses: true,
  liveAnswers: true,
  uploads: "stored",
  cutIsNoticed: true,
});

behindFrontEnd({
  ...nginx,
  title: "nginx, below /live/",
  prefix: "/live/",
  reuses: true,
  liveAnswers: true,
  uploads: "live",
  cutIsNoticed: false,
});

behindFrontEnd({
  ...nginx,
  title: "nginx without fastcgi_keep_conn",
  edit: withoutReuse,
  reuses: false,
  liveAnswers: false,
  uploads: "stored",
  cutIsNoticed: false,
});

behindFrontEnd({
  ...nginx,
  title: "nginx without fastcgi_keep_conn, below /live/",
  edit: withoutReuse,
  prefix: "/live/",
  reuses: false,
  liveAnswers: true,
  uploads: "live",
  cutIsNoticed: false,
});

behind("nginx", "nginx without fastcgi_keep_conn, an app can ask for a live answer", async (bench) => {
  await expectSteps(bench, "unbuffered", true);
}, { edit: withoutReuse });

overUnixSocket("nginx");
overloaded("nginx");
