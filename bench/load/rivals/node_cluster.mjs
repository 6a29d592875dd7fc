/** Node's HTTP server in as many processes as WORKERS says. */
import cluster from "node:cluster";

if (cluster.isPrimary) { for (let i = 0; i < Number(process.env.WORKERS); i++) cluster.fork(); }
else await import("./node_http.mjs");
