// The least that a service on this runtime can be: it listens, and says where.
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: () => new Response("ok"),
});
console.error(`listens at ${server.url.href.replace(/\/$/, "")}`);
